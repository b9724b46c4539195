/*-------------------------------------------------------------------------
 *
 * next_tick.c
 *		When there will be something for tick() to do.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/attnum.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "attachment.h"
#include "attempt.h"
#include "calendar.h"
#include "config.h"
#include "limit.h"
#include "settings.h"
#include "settle.h"
#include "suspension.h"
#include "tick.h"
#include "visit.h"

PG_FUNCTION_INFO_V1(svp_next_tick_at);

typedef struct NextTick
{
	const char *name;			/* the attachment at hand */
	const char *schema;
	TimestampTz at;				/* SVP_NEVER: nothing will be due */
} NextTick;

static void
select_rows(const char *query)
{
	if (SPI_execute(query, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read what is due: %s", query);
}

/*
 * Of what is not opened as one of our tables the owner may have changed the
 * types: therefore the casts.
 *
 * Has a calendar changed since all open clocks were in line with it?  One
 * that cannot be used has not.
 */
static bool
calendars_changed(const NextTick *next)
{
	SPITupleTable *states;
	uint64		n;

	select_rows(psprintf("SELECT calendar::text, revision::bigint,"
						 "       writers_until::xid8 <= pg_snapshot_xmin(pg_current_snapshot())"
						 "       OR writers_until::xid8 > pg_snapshot_xmax(pg_current_snapshot())"
						 "  FROM %s WHERE calendar IS NOT NULL", quote_qualified_identifier(next->schema, "calendar_state")));
	states = SPI_tuptable;
	n = SPI_processed;
	for (uint64 i = 0; i < n; i++)
	{
		HeapTuple	row = states->vals[i];
		TupleDesc	columns = states->tupdesc;
		SvpCalendar *calendar = svp_calendar_get(SPI_getvalue(row, columns, 1), true);
		bool		is_new;
		bool		has_no_writers;
		Datum		revision = SPI_getbinval(row, columns, 2, &is_new);
		Datum		is_settled = SPI_getbinval(row, columns, 3, &has_no_writers);

		if (calendar != NULL &&
			(is_new || DatumGetInt64(revision) != svp_calendar_revision(calendar) ||
			 (!has_no_writers && DatumGetBool(is_settled))))
			return true;
	}
	return false;
}

static void
note(NextTick *next, TimestampTz at)
{
	next->at = Min(next->at, at);
}

/*
 * The earliest value of a column; SVP_NEVER if there is none, or not even the
 * column, in evidence of an earlier release.
 */
static TimestampTz
earliest(const NextTick *next, const char *table, const char *column, const char *condition)
{
	Oid			relation = get_relname_relid(table, get_namespace_oid(next->schema, false));
	bool		isnull;
	Datum		at;

	if (!OidIsValid(relation) || get_attnum(relation, column) == InvalidAttrNumber)
		return SVP_NEVER;
	select_rows(psprintf("SELECT min(%s)::timestamptz FROM %s WHERE %s", column,
						 quote_qualified_identifier(next->schema, table), condition));
	at = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	return isnull ? SVP_NEVER : DatumGetTimestampTz(at);
}

/*
 * When the limit allows for more actions, "now" if it does.
 */
static TimestampTz
within_limit_at(const NextTick *next, TimestampTz now)
{
	SvpRevision revision = {.attachment = svp_attachment_get(next->name, false)};

	if (svp_limit_left(&revision, "escalation_action", "done_at", now) > 0)
		return now;
	return earliest(next, "escalation_action", "done_at",
					"done_at > clock_timestamp() - interval '1 minute'") + USECS_PER_MINUTE;
}

/*
 * Actions wait until nothing suspends them, and there are not too many.
 */
static void
note_actions(NextTick *next)
{
	TimestampTz at = earliest(next, "escalation_action", "attempt_at", "state = 'pending'");
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz may_at;

	if (at == SVP_NEVER)
		return;
	may_at = svp_suspended_until(next->name, Max(at, within_limit_at(next, now)));
	if (may_at != DT_NOEND)
		note(next, may_at <= now ? at : Max(at, may_at));
}

/*
 * As the owner of the evidence, who may have put there what he likes.
 */
static void
ask_attachment(void *arg)
{
	NextTick   *next = arg;
	SvpCaller	caller;
	int			level;

	if (!svp_schema_enter(next->schema, SECURITY_RESTRICTED_OPERATION, &caller))
		return;
	level = svp_settings_enter();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (calendars_changed(next))
		note(next, GetCurrentTransactionStartTimestamp());
	note(next, earliest(next, "clock", "next_escalation_at", "stopped_at IS NULL"));
	note_actions(next);
	svp_settle_now();
	SPI_finish();
	svp_settings_leave(level);
	svp_attachment_leave(&caller);
}

/*
 * service_policy.next_tick_at(): the earliest instant at which tick() finds
 * something to do, as far as is known by now.  What cannot be read, since it
 * is broken or locked, tick() complains of.
 */
Datum
svp_next_tick_at(PG_FUNCTION_ARGS)
{
	NextTick	next = {.at = SVP_NEVER};
	ListCell   *lc;

	/* what an owner writes where we read is not left for the caller's commit, see tick() */
	svp_settle_now();
	foreach(lc, svp_tick_attachments())
	{
		next.name = lfirst(lc);
		next.schema = psprintf("%s_data", next.name);
		(void) svp_attempt_impatiently(ask_attachment, &next);
	}
	if (next.at == SVP_NEVER)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(next.at);
}
