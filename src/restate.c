/*-------------------------------------------------------------------------
 *
 * restate.c
 *		Judged clocks take what came too late to change them.
 *
 * The clocks are computed from all that is known of the ticket, by its version
 * of the policy and the calendars as they now are, and what differs is
 * written, returned and kept as an issue.  Of all tickets at once only the
 * disputed clocks are taken; of one ticket that was asked for, each.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "escalation_schedule.h"
#include "issue.h"
#include "result_set.h"
#include "revise.h"
#include "ticket.h"

PG_FUNCTION_INFO_V1(svp_restate);

typedef struct Restatement
{
	SvpRevision revision;
	SvpResultSet *report;
	bool		only_disputed;
	SPIPlanPtr	lock_ledger;
	SPIPlanPtr	lock_clocks;
	const Datum *key;			/* of the ticket at hand */
	int			ndisputed;		/* … of its clocks, that are still to be restated */
	int			nbusy;			/* tickets that others were changing */
} Restatement;

static bool
differs(const SvpStoredClock *before, const SvpStoredClock *after)
{
	const SvpClock *a = &before->clock;
	const SvpClock *b = &after->clock;

	return a->state != b->state || strcmp(before->benchmark, after->benchmark) != 0 ||
		before->policy_version != after->policy_version ||
		a->started_at != b->started_at || before->started_on != after->started_on ||
		a->target != b->target || a->elapsed != b->elapsed || a->paused != b->paused ||
		a->has_due != b->has_due || (a->has_due && a->due_at != b->due_at) ||
		a->has_at_risk != b->has_at_risk || (a->has_at_risk && a->at_risk_at != b->at_risk_at) ||
		(!SVP_CLOCK_IS_OPEN(a) && (a->stopped_at != b->stopped_at ||
								   before->stopped_on != after->stopped_on)) ||
		(a->state == SVP_CLOCK_RUNNING && a->counted_from != b->counted_from) ||
		(a->state == SVP_CLOCK_PAUSED && a->paused_at != b->paused_at) ||
		!svp_record_same_ticket(&before->record, &after->record);
}

/* The report */

/* One clock's part of a row; the columns of before and after alternate. */
static void
set_side(Datum *values, bool *nulls, const SvpStoredClock *stored)
{
	const SvpClock *clock;

	for (int i = 0; i < 16; i += 2)
		nulls[i] = true;
	if (stored == NULL)
		return;
	clock = &stored->clock;
	values[0] = CStringGetTextDatum(stored->benchmark);
	values[2] = CStringGetTextDatum(svp_clock_state_names[clock->state]);
	values[4] = svp_minutes(clock->target);
	values[6] = svp_minutes(clock->elapsed);
	values[8] = svp_minutes(clock->paused);
	values[10] = TimestampTzGetDatum(clock->due_at);
	values[12] = TimestampTzGetDatum(clock->stopped_at);
	values[14] = Int64GetDatum(stored->calendar_revision);
	for (int i = 0; i < 10; i += 2)
		nulls[i] = false;
	nulls[10] = !clock->has_due;
	nulls[12] = SVP_CLOCK_IS_OPEN(clock);
	nulls[14] = stored->calendar_revision == 0;
}

static void
report_clock(Restatement *work, const SvpStoredClock *before, const SvpStoredClock *after)
{
	const SvpStoredClock *any = after != NULL ? after : before;
	Datum		values[20] = {
		svp_revise_key_text(&work->revision, work->key),
		CStringGetTextDatum(any->metric), Int32GetDatum(any->clock.cycle),
		Int32GetDatum(any->policy_version)
	};
	bool		nulls[20] = {false};

	set_side(values + 4, nulls + 4, before);
	set_side(values + 5, nulls + 5, after);
	svp_result_add(work->report, values, nulls);
}

static char *
minutes_text(int64 usec)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, svp_minutes(usec)));
}

static char *
verdict(const SvpStoredClock *stored)
{
	if (stored == NULL)
		return "no clock";
	return psprintf("%s with %s of %s minutes", svp_clock_state_names[stored->clock.state],
					minutes_text(stored->clock.elapsed), minutes_text(stored->clock.target));
}

/*
 * The record that stays: who, and from what to what.
 */
static void
record_restatement(Restatement *work, const SvpStoredClock *before, const SvpStoredClock *after)
{
	const SvpStoredClock *any = after != NULL ? after : before;

	svp_issue_append(work->revision.attachment, work->key, "restated",
					 psprintf("The %s clock, cycle %d, was restated by %s: before %s, now %s.",
							  any->metric, any->clock.cycle, work->revision.called_by,
							  verdict(before), verdict(after)),
					 before == NULL ? NULL : svp_clock_state_names[before->clock.state]);
}

static void
write_clock(Restatement *work, const SvpStoredClock *before, const SvpStoredClock *after)
{
	SvpAttachment *attachment = work->revision.attachment;

	if (before == NULL)
		svp_clock_add(attachment, work->key, after);
	else if (after == NULL)
		svp_clock_drop(attachment, work->key, before);
	else
		svp_clock_change(attachment, work->key, after);
}

/*
 * A clock of the ticket has been computed.
 */
static void
hear_clock(void *arg, const SvpStoredClock *before, const SvpStoredClock *after)
{
	Restatement *work = arg;
	bool		is_disputed = before != NULL && before->is_disputed;

	if (is_disputed)
		work->ndisputed--;
	else if (work->only_disputed)
		return;
	if (before != NULL && after != NULL && !differs(before, after))
	{
		if (is_disputed || !svp_schedule_is_same(before, after))
			write_clock(work, before, after);
		return;
	}
	write_clock(work, before, after);
	record_restatement(work, before, after);
	report_clock(work, before, after);
}

/* The tickets */

static void
lock_ticket(void *arg)
{
	Restatement *work = arg;

	svp_revise_run(&work->revision, work->lock_ledger, work->key);
	svp_revise_run(&work->revision, work->lock_clocks, work->key);
}

/*
 * Keep others from the ticket.  Of many nobody waits for one, since who holds
 * it may be waiting for another of them.
 */
static bool
is_locked(Restatement *work)
{
	ErrorData  *error = NULL;

	if (work->only_disputed)
		error = svp_attempt_impatiently(lock_ticket, work);
	else
		lock_ticket(work);
	if (error == NULL)
		return true;
	if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
		ReThrowError(error);
	work->nbusy++;
	return false;
}

static int
count_disputed(Restatement *work)
{
	int			nclocks;
	int			n = 0;
	SvpStoredClock *clocks = svp_clocks_read(work->revision.attachment, work->key, &nclocks);

	for (int i = 0; i < nclocks; i++)
		n += clocks[i].is_disputed ? 1 : 0;
	return n;
}

static void
restate_ticket(Restatement *work)
{
	SvpTicket	ticket = {
		.attachment = work->revision.attachment,
		.recorded_by = work->revision.called_by,
		.key = unconstify(Datum *, work->key),
		.is_preview = true,
		.restates = true,
		.witness = hear_clock,
		.witness_arg = work
	};

	if (!is_locked(work))
		return;
	work->ndisputed = count_disputed(work);
	svp_ticket_open(&ticket);
	svp_ticket_move_clocks(&ticket);
	if (work->ndisputed > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("disputed clocks of ticket %s cannot be computed and stay as they are",
						svp_revise_key_name(&work->revision, work->key)),
				 errhint("explain_ticket() says what is missing.")));
}

static void
restate_disputed(Restatement *work)
{
	SvpAttachment *attachment = work->revision.attachment;
	const char *key = svp_revise_key_columns(attachment, "");
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "service_policy ticket",
												  ALLOCSET_DEFAULT_SIZES);
	SPITupleTable *tickets;
	int			n;

	if (SPI_execute(psprintf("SELECT %s FROM %s WHERE disputed GROUP BY %s ORDER BY %s", key,
							 quote_qualified_identifier(attachment->data_schema, "clock"),
							 key, key), false, 0) != SPI_OK_SELECT)
		elog(ERROR, "the disputed clocks of %s cannot be read", attachment->name);
	tickets = SPI_tuptable;
	n = SPI_processed;
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(context);
		work->key = svp_revise_key(&work->revision, tickets, i);
		restate_ticket(work);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
}

/*
 * service_policy.restate(name, key): computes judged clocks anew, and returns
 * those that changed.
 */
Datum
svp_restate(PG_FUNCTION_ARGS)
{
	SvpAttachment *attachment;
	SvpResultSet report;
	Restatement work = {.report = &report};
	const char *wait;

	PreventCommandIfReadOnly("restate()");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("restate() needs the name of an attachment")));
	attachment = svp_revise_attachment(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	svp_revise_check_owner(attachment);
	svp_result_begin(fcinfo, &report);
	svp_revise_begin(&work.revision, attachment);

	work.only_disputed = PG_ARGISNULL(1);
	wait = work.only_disputed ? " NOWAIT" : "";
	work.lock_ledger = svp_revise_prepare(&work.revision, "seq", "ledger",
										  psprintf("AND seq = 1 FOR NO KEY UPDATE%s", wait));
	work.lock_clocks = svp_revise_prepare(&work.revision, "cycle", "clock",
										  psprintf("FOR NO KEY UPDATE%s", wait));
	if (work.only_disputed)
		restate_disputed(&work);
	else
	{
		work.key = svp_revise_key_of(attachment, PG_GETARG_ARRAYTYPE_P(1));
		restate_ticket(&work);
	}
	svp_revise_end(&work.revision);
	if (work.nbusy > 0)
		ereport(NOTICE,
				(errmsg_plural("%d ticket of attachment \"%s\" was being changed and is not restated",
							   "%d tickets of attachment \"%s\" were being changed and are not restated",
							   work.nbusy, work.nbusy, attachment->name),
				 errhint("Call restate() again.")));
	return (Datum) 0;
}
