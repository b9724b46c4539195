/*-------------------------------------------------------------------------
 *
 * recompute.c
 *		Open clocks follow a calendar that has changed.
 *
 * Each ticket that may be concerned is computed once more from its evidence,
 * and those of its open clocks that come out differently are written.  A
 * clock is locked before its evidence is read, and is left for the next time
 * where somebody else holds it: this never waits for a ticket, so it cannot be
 * part of a deadlock with the application.  Who comes to a ticket later waits
 * for this, computes the clocks from all that then is known, and writes that.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "calendar_change.h"
#include "calendar_progress.h"
#include "deadline_move.h"
#include "escalation_schedule.h"
#include "recompute.h"
#include "result_set.h"
#include "ticket.h"

PG_FUNCTION_INFO_V1(svp_recompute);

typedef struct LockedClock
{
	const char *metric;
	int			cycle;
	bool		is_seen;		/* it was computed */
} LockedClock;

typedef struct Recompute
{
	SvpRevision revision;
	SvpCalendarChanges changes;
	SvpResultSet *report;		/* or NULL */
	SPIPlanPtr	lock;
	bool		stamps;			/* clocks that do not move are marked as looked at, too */
	bool		is_complete;

	/* of the ticket at hand */
	const Datum *key;
	int			nlocked;
	LockedClock *locked;
} Recompute;

/*
 * Lock those open clocks of the ticket that nobody else holds.
 */
static void
lock_clocks(Recompute *work)
{
	bool		isnull;

	svp_revise_run(&work->revision, work->lock, work->key);
	work->nlocked = SPI_processed;
	work->locked = palloc(sizeof(LockedClock) * Max(SPI_processed, 1));
	for (int i = 0; i < work->nlocked; i++)
		work->locked[i] = (LockedClock) {
			.metric = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1),
			.cycle = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2,
												 &isnull))
		};
	SPI_freetuptable(SPI_tuptable);
}

static LockedClock *
find_locked(const Recompute *work, const SvpStoredClock *clock)
{
	for (int i = 0; i < work->nlocked; i++)
	{
		if (work->locked[i].cycle == clock->clock.cycle &&
			strcmp(work->locked[i].metric, clock->metric) == 0)
			return &work->locked[i];
	}
	return NULL;
}

static bool
is_moved(const SvpStoredClock *before, const SvpStoredClock *after)
{
	const SvpClock *a = &before->clock;
	const SvpClock *b = &after->clock;

	return a->state != b->state || before->started_on != after->started_on ||
		a->has_due != b->has_due || (a->has_due && a->due_at != b->due_at) ||
		a->has_at_risk != b->has_at_risk || (a->has_at_risk && a->at_risk_at != b->at_risk_at) ||
		a->target != b->target || a->elapsed != b->elapsed || a->paused != b->paused;
}

static void
report_move(Recompute *work, const SvpStoredClock *before, const SvpStoredClock *after)
{
	const SvpClock *a = &before->clock;
	const SvpClock *b = &after->clock;
	Datum		values[] = {
		svp_revise_key_text(&work->revision, work->key),
		CStringGetTextDatum(after->metric), Int32GetDatum(b->cycle),
		CStringGetTextDatum(after->benchmark), CStringGetTextDatum(after->calendar),
		TimestampTzGetDatum(a->due_at), TimestampTzGetDatum(b->due_at),
		svp_minutes(a->target), svp_minutes(b->target),
		svp_minutes(a->elapsed), svp_minutes(b->elapsed),
		svp_minutes(a->paused), svp_minutes(b->paused),
		Int64GetDatum(before->calendar_revision), Int64GetDatum(after->calendar_revision)
	};
	bool		nulls[lengthof(values)] = {false};

	nulls[5] = !a->has_due;
	nulls[6] = !b->has_due;
	nulls[13] = before->calendar_revision == 0;
	svp_result_add(work->report, values, nulls);
}

/*
 * A clock of the ticket has been computed: write it if it is one of ours.
 */
static void
hear_clock(void *arg, const SvpStoredClock *before, const SvpStoredClock *after)
{
	Recompute  *work = arg;
	SvpAttachment *attachment = work->revision.attachment;
	LockedClock *locked;

	if (before == NULL || before->calendar == NULL || !SVP_CLOCK_IS_OPEN(&before->clock))
		return;
	locked = find_locked(work, before);
	if (locked == NULL)
	{
		work->is_complete = false;
		return;
	}
	locked->is_seen = true;
	if (after == NULL || after->calendar == NULL)
		return;
	if (is_moved(before, after))
	{
		svp_clock_change(attachment, work->key, after);
		svp_move_append(attachment, work->key, work->revision.called_by, before, after);
		if (work->report != NULL)
			report_move(work, before, after);
	}
	else if ((work->stamps && before->calendar_revision != after->calendar_revision) ||
			 !svp_schedule_is_same(before, after))
		svp_clock_change(attachment, work->key, after);
}

/*
 * Has every clock been computed?  None was locked where all are held by
 * others, or were judged meanwhile; it is not told which.
 */
static bool
all_are_seen(const Recompute *work)
{
	for (int i = 0; i < work->nlocked; i++)
	{
		if (!work->locked[i].is_seen)
			return false;
	}
	return work->nlocked > 0;
}

/*
 * Bring a ticket's open clocks up to date.  What is not theirs, as what a
 * missing calendar had kept from being recorded, is left to its next event.
 */
static void
recompute_ticket(Recompute *work)
{
	SvpTicket	ticket = {
		.attachment = work->revision.attachment,
		.recorded_by = work->revision.called_by,
		.key = unconstify(Datum *, work->key),
		.is_preview = true,
		.witness = hear_clock,
		.witness_arg = work
	};

	lock_clocks(work);
	if (work->nlocked > 0)
	{
		svp_ticket_open(&ticket);
		svp_ticket_move_clocks(&ticket);
	}
	if (!all_are_seen(work))
		work->is_complete = false;
}

/*
 * Recompute tickets, at most so many, or all for 0.  Returns how many were
 * looked at.
 */
static int
recompute_tickets(Recompute *work, int limit)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "service_policy ticket",
												  ALLOCSET_DEFAULT_SIZES);
	int			n;
	SPITupleTable *tickets = svp_changes_tickets(&work->revision, &work->changes,
												 limit == 0 ? 0 : limit + 1, &n);
	bool		is_limited = limit > 0 && n > limit;
	int			looked = 0;		/* of the first of them nothing is left */

	if (is_limited)
	{
		n = limit;
		work->is_complete = false;
		work->stamps = true;
	}
	for (int i = 0; i < n; i++)
	{
		bool		is_complete = work->is_complete;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(context);
		work->is_complete = true;
		work->key = svp_revise_key(&work->revision, tickets, i);
		recompute_ticket(work);
		if (work->is_complete && looked == i)
			looked++;
		work->is_complete = work->is_complete && is_complete;
		MemoryContextSwitchTo(caller);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	if (is_limited && looked > 0)
		svp_progress_note(&work->revision, &work->changes,
						  svp_revise_key(&work->revision, tickets, looked - 1));
	return n;
}

/*
 * One at a time: the second has nothing left to do.  False if another is at
 * work, and the caller would rather not wait.
 */
static bool
take_turn(const SvpAttachment *attachment, bool waits)
{
	Oid			namespace = get_namespace_oid(attachment->data_schema, false);
	Oid			relation = get_relname_relid("calendar_state", namespace);

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s does not exist",
						quote_qualified_identifier(attachment->data_schema, "calendar_state"))));
	if (!waits)
		return ConditionalLockRelationOid(relation, ShareRowExclusiveLock);
	LockRelationOid(relation, ShareRowExclusiveLock);
	return true;
}

/*
 * Bring the attachment's open clocks up to date, of at most so many tickets,
 * or of all for 0.  Returns how many were looked at.
 */
static int
recompute(Recompute *work, int limit)
{
	int			n;

	svp_changes_find(&work->revision, &work->changes);
	if (work->changes.n == 0)
		return 0;
	/* not by the index of all open clocks, as a new table without statistics suggests */
	work->lock = svp_revise_prepare(&work->revision, "metric, cycle", "clock",
									"AND state <> ALL ('{met,missed,cancelled}') AND calendar IS NOT NULL"
									" FOR NO KEY UPDATE SKIP LOCKED");
	for (int i = 0; i < work->changes.n; i++)
		work->stamps = work->stamps || work->changes.changes[i].is_repeat;
	n = recompute_tickets(work, limit);
	if (work->is_complete)
		svp_changes_done(&work->revision, &work->changes);
	return n;
}

/*
 * service_policy.recompute(name): brings the open clocks in line with their
 * calendars, and returns those that moved.
 */
Datum
svp_recompute(PG_FUNCTION_ARGS)
{
	SvpAttachment *attachment;
	SvpResultSet report;
	Recompute	work = {.is_complete = true,.report = &report};

	PreventCommandIfReadOnly("recompute()");
	attachment = svp_revise_attachment(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	svp_revise_check_owner(attachment);
	svp_result_begin(fcinfo, &report);
	svp_revise_begin(&work.revision, attachment);
	(void) take_turn(attachment, true);
	(void) recompute(&work, 0);
	svp_revise_end(&work.revision);
	if (!work.is_complete && !work.changes.is_partial)
		ereport(NOTICE,
				(errmsg("some clocks of attachment \"%s\" were being changed and may not be up to date",
						attachment->name),
				 errhint("Call recompute() again, or let tick() do it.")));
	return (Datum) 0;
}

/*
 * What tick() does of that: at most so many tickets, and nothing where another
 * is at it.  Returns how many were looked at.
 */
int
svp_recompute_some(const char *name, int limit)
{
	SvpAttachment *attachment = svp_revise_attachment(name);
	Recompute	work = {.is_complete = true};
	int			n = 0;

	svp_revise_begin(&work.revision, attachment);
	if (take_turn(attachment, false))
		n = recompute(&work, limit);
	svp_revise_end(&work.revision);
	return n;
}
