/*-------------------------------------------------------------------------
 *
 * escalation_due.c
 *		Which clocks are due to escalate.
 *
 * They are at the left edge of an index.  A transaction elsewhere that stays
 * open for long keeps what was fired there as dead entries, which each tick
 * would read again.  So a session remembers up to where nothing is left, and
 * begins there.  That is right for what is written later, which is never due
 * before its writing (see escalation_schedule.c), but not for what was written
 * before and is committed later: therefore it keeps a distance, and now and
 * then begins at the edge again.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "escalation_due.h"
#include "key.h"

/* Transactions that write clocks are seldom longer than this … */
#define DISTANCE (10 * USECS_PER_SEC)

/* … and those that are have their clocks found by then. */
#define FROM_THE_EDGE_EVERY (60 * USECS_PER_SEC)

/* What a session knows of one attachment's clocks. */
typedef struct Bound
{
	Oid			relid;
	int64		clear_until;
	int64		edge_at;		/* when it last began at the edge */
	bool		is_new;			/* of this transaction: */
	int64		new_clear_until;
	int64		new_edge_at;
} Bound;

static List *bounds = NIL;

static void
at_end_of_transaction(XactEvent event, void *arg)
{
	ListCell   *lc;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	foreach(lc, bounds)
	{
		Bound	   *bound = lfirst(lc);

		if (bound->is_new && event == XACT_EVENT_COMMIT)
		{
			bound->clear_until = bound->new_clear_until;
			bound->edge_at = bound->new_edge_at;
		}
		bound->is_new = false;
	}
}

static Bound *
bound_of(Oid relid)
{
	MemoryContext caller;
	Bound	   *bound;
	ListCell   *lc;

	foreach(lc, bounds)
	{
		bound = lfirst(lc);
		if (bound->relid == relid)
			return bound;
	}
	if (bounds == NIL)
		RegisterXactCallback(at_end_of_transaction, NULL);
	caller = MemoryContextSwitchTo(TopMemoryContext);
	bound = palloc0(sizeof(Bound));
	bound->relid = relid;
	bound->clear_until = bound->edge_at = DT_NOBEGIN;
	bounds = lappend(bounds, bound);
	MemoryContextSwitchTo(caller);
	return bound;
}

/*
 * From where on to look.  A wall clock that was set back makes what is
 * remembered worthless.
 */
static int64
begin_at(const Bound *bound, int64 now)
{
	if (bound->clear_until == DT_NOBEGIN || now < bound->edge_at ||
		now - bound->edge_at >= FROM_THE_EDGE_EVERY)
		return DT_NOBEGIN;
	return bound->clear_until;
}

/*
 * In the order of the index, entry by entry: that is what marks dead ones, and
 * reads no more than it gives, whatever statistics suggest.
 */
static int
plan_by_index(void)
{
	static const char *const others[] = {"enable_seqscan", "enable_bitmapscan", "enable_sort"};
	int			level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(others); i++)
		(void) set_config_option(others[i], "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
	return level;
}

void
svp_due_begin(const SvpRevision *revision, SvpDue *due)
{
	due->now = GetCurrentTimestamp();
	due->relid = svp_data_relation(revision->attachment, "clock");
	due->clear_until = due->now - DISTANCE;
}

/*
 * Those due first come first.  Nothing is locked.
 */
void
svp_due_find(const SvpRevision *revision, int limit, int offset, SvpDue *due)
{
	const SvpAttachment *attachment = revision->attachment;
	Oid			types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT8OID};
	Datum		values[lengthof(types)];
	int			settings = plan_by_index();
	int64		first;
	bool		isnull;

	values[0] = TimestampTzGetDatum(begin_at(bound_of(due->relid), due->now));
	values[1] = TimestampTzGetDatum(due->now);
	values[2] = Int64GetDatum(limit);
	values[3] = Int64GetDatum(offset);
	if (SPI_execute_with_args(psprintf("SELECT %s, metric, cycle, next_escalation_at FROM %s"
									   " WHERE stopped_at IS NULL"
									   "   AND next_escalation_at >= $1 AND next_escalation_at <= $2"
									   " ORDER BY next_escalation_at LIMIT $3 OFFSET $4",
									   svp_revise_key_columns(attachment, ""),
									   quote_qualified_identifier(attachment->data_schema, "clock")),
							  lengthof(types), types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "the clocks of %s cannot be read", attachment->name);
	AtEOXact_GUC(false, settings);
	due->rows = SPI_tuptable;
	due->n = SPI_processed;
	if (due->n == 0)
		return;
	first = DatumGetTimestampTz(SPI_getbinval(due->rows->vals[0], due->rows->tupdesc,
											  attachment->ticket->nkey + 3, &isnull));
	due->clear_until = Min(first, due->clear_until);
}

void
svp_due_remember(const SvpDue *due)
{
	Bound	   *bound = bound_of(due->relid);

	/* what a savepoint brings back is not seen to come back */
	if (GetCurrentTransactionNestLevel() > 1)
		return;
	bound->new_edge_at = begin_at(bound, due->now) == DT_NOBEGIN ? due->now : bound->edge_at;
	bound->new_clear_until = due->clear_until;
	bound->is_new = true;
}
