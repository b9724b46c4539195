/*-------------------------------------------------------------------------
 *
 * clock_store.c
 *		Bringing the stored clocks of a ticket in line with its evidence.
 *
 * A judged clock stays as it is unless an event that came after its judgement
 * changes it, or it is restated.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/timestamp.h"

#include "clock_store.h"
#include "escalation_schedule.h"

static bool
same_measure(const SvpStoredClock *stored, const SvpStoredClock *now)
{
	const SvpClock *a = &stored->clock;
	const SvpClock *b = &now->clock;

	return a->state == b->state && a->started_at == b->started_at &&
		a->elapsed == b->elapsed && a->paused == b->paused &&
		a->has_due == b->has_due && (!a->has_due || a->due_at == b->due_at) &&
		a->has_at_risk == b->has_at_risk && (!a->has_at_risk || a->at_risk_at == b->at_risk_at) &&
		(a->state != SVP_CLOCK_RUNNING || a->counted_from == b->counted_from) &&
		(a->state != SVP_CLOCK_PAUSED || a->paused_at == b->paused_at) &&
		(SVP_CLOCK_IS_OPEN(a) || a->stopped_at == b->stopped_at) &&
		stored->policy_version == now->policy_version &&
		(!SVP_CLOCK_IS_OPEN(a) || stored->calendar_revision == now->calendar_revision) &&
		strcmp(stored->benchmark, now->benchmark) == 0;
}

static bool
same_clock(const SvpStoredClock *stored, const SvpStoredClock *now)
{
	return same_measure(stored, now) && svp_record_same_ticket(&stored->record, &now->record) &&
		svp_schedule_is_same(stored, now);
}

/*
 * A clock that only the leaving cancelled which was taken back.
 */
static bool
is_revived(const SvpTicket *ticket, const SvpClock *clock)
{
	return ticket->has_returned && clock->state == SVP_CLOCK_CANCELLED &&
		clock->stopped_at >= ticket->left_at;
}

/*
 * Does what is told now belong before the clock's judgement?  What judged it may
 * itself be taken back.
 */
static bool
is_before(const SvpTicket *ticket, const SvpClock *judged)
{
	int64		at = ticket->earliest;

	/* what is dated before the opening counts there */
	if (at < judged->stopped_at)
		at = Max(at, svp_ledger_opening(&ticket->ledger));
	return at < judged->stopped_at || (ticket->takes_back && at == judged->stopped_at);
}

/*
 * Or may it?  At the very instant it can be either.
 */
static bool
is_late(const SvpTicket *ticket, const SvpClock *judged)
{
	return ticket->earliest <= judged->stopped_at || ticket->has_new_opening;
}

/*
 * Was the clock judged by what this same transaction recorded?  An application
 * writes the rows of one save one after the other: none of them is late.
 */
static bool
is_judged_here(const SvpTicket *ticket, const SvpClock *judged)
{
	bool		result = false;

	for (int i = 0; i < ticket->ledger.nrecords; i++)
	{
		const SvpRecord *record = &ticket->ledger.records[i];

		if (record->event.at != judged->stopped_at)
			continue;
		if (record->recorded_at != GetCurrentTransactionStartTimestamp())
			return false;
		result = true;
	}
	return result;
}

/*
 * A judged clock changes only by an event that comes after its judgement, and
 * not because the ticket is now said to have been opened at another time.
 */
static bool
may_change(const SvpTicket *ticket, const SvpStoredClock *stored, const SvpStoredClock *now)
{
	const SvpClock *a = &stored->clock;
	const SvpClock *b = &now->clock;

	if (SVP_CLOCK_IS_OPEN(a) || is_revived(ticket, a) || is_judged_here(ticket, a))
		return true;
	/* whose it was may become known at the same instant */
	if (SVP_CLOCK_IS_OPEN(b) || same_measure(stored, now))
		return !is_before(ticket, a);
	return !is_late(ticket, a) && b->stopped_at > a->stopped_at;
}

static void
add_clock(SvpTicket *ticket, const SvpStoredClock *clock)
{
	if (!ticket->is_preview)
		svp_clock_add(ticket->attachment, ticket->key, clock);
}

static void
change_clock(SvpTicket *ticket, const SvpStoredClock *clock)
{
	if (!ticket->is_preview)
		svp_clock_change(ticket->attachment, ticket->key, clock);
}

/*
 * A judged clock stays as it was.  If that is because an event came late, it
 * is disputed from then on: also where somebody is restating it meanwhile, who
 * does not see the event.
 */
static void
keep_judged(SvpTicket *ticket, SvpStoredClock *stored)
{
	if (!is_late(ticket, &stored->clock))
		return;
	if (!ticket->is_preview && !svp_clock_lock(ticket->attachment, ticket->key, stored))
		return;
	if (stored->is_disputed)
		return;
	stored->is_disputed = true;
	change_clock(ticket, stored);
	svp_ticket_issue(ticket, "late_event",
					 psprintf("The event would change the %s clock, which is judged; it stays as it was until restate() is called.",
							  stored->metric),
					 timestamptz_to_str(ticket->earliest));
}

/*
 * The date of an instant in the zone of the clock's calendar, else in UTC.
 */
static DateADT
date_of(const SvpClock *clock, int64 at)
{
	int32		date;

	if (clock->calendar != NULL && svp_local_date(clock->calendar, at, &date) == SVP_TIME_OK)
		return date;
	return (at - (at < 0 ? USECS_PER_DAY - 1 : 0)) / USECS_PER_DAY;
}

static SvpStoredClock *
find_clock(SvpStoredClock *clocks, int n, const char *metric, int cycle)
{
	for (int i = 0; i < n; i++)
	{
		if (clocks[i].clock.cycle == cycle && strcmp(clocks[i].metric, metric) == 0)
			return &clocks[i];
	}
	return NULL;
}

/*
 * Take over what the evidence does not tell of a clock, and see when it
 * escalates next.
 */
static void
complete_clock(const SvpTicket *ticket, const SvpJudge *judge, const SvpTimeline *timeline,
			   const SvpStoredClock *stored, SvpStoredClock *now)
{
	now->is_imported = stored == NULL ? ticket->is_import : stored->is_imported;
	now->imported_at = stored == NULL ? GetCurrentTransactionStartTimestamp() : stored->imported_at;
	if (stored != NULL)
	{
		now->climb = stored->climb;
		now->place = stored->place;
		/* who took care of it did so until it was solved */
		if (SVP_CLOCK_IS_OPEN(&now->clock) && !SVP_CLOCK_IS_OPEN(&stored->clock))
			svp_climb_forget_acknowledgement(&now->climb);
	}
	svp_schedule(judge->policy, &timeline->history, now);
}

/*
 * Store a clock as it now is, unless the stored one stays.  A level of the
 * stored one may be firing at this moment: only once that is over it is known
 * what there is to take over.
 */
static void
store_clock(SvpTicket *ticket, const SvpJudge *judge, const SvpTimeline *timeline,
			SvpStoredClock *stored, SvpStoredClock *now)
{
	bool		is_same;

	complete_clock(ticket, judge, timeline, stored, now);
	is_same = stored != NULL && same_clock(stored, now);
	if (stored == NULL)
		add_clock(ticket, now);
	else if (!is_same && !ticket->restates && !may_change(ticket, stored, now))
	{
		keep_judged(ticket, stored);
		now = stored;
	}
	else if (!is_same || stored->is_disputed)
	{
		if (!ticket->is_preview && svp_schedule_is_due(&stored->climb) &&
			svp_clock_lock(ticket->attachment, ticket->key, stored))
			complete_clock(ticket, judge, timeline, stored, now);
		change_clock(ticket, now);
	}
	if (ticket->witness != NULL)
		ticket->witness(ticket->witness_arg, stored, now);
}

static SvpStoredClock
clock_to_store(const SvpJudge *judge, const char *metric, const SvpClock *clock,
			   const SvpRecord *record)
{
	SvpStoredClock stored = {
		.metric = metric,
		.benchmark = clock->benchmark->name,
		.policy_version = judge->policy->version,
		.calendar = clock->benchmark->calendar,
		.clock = *clock,
		.started_on = date_of(clock, clock->started_at),
		.record = *record,
		.calendar_revision = clock->calendar == NULL ? 0 : svp_calendar_revision(clock->calendar)
	};

	if (!SVP_CLOCK_IS_OPEN(clock))
		stored.stopped_on = date_of(clock, clock->stopped_at);
	return stored;
}

/*
 * A stored clock that the evidence no longer gives: another scenario's
 * benchmark has not started after it was reopened, or it never did.
 */
static void
drop_or_keep(SvpTicket *ticket, SvpStoredClock *stored)
{
	if (!ticket->restates && !SVP_CLOCK_IS_OPEN(&stored->clock) &&
		!is_judged_here(ticket, &stored->clock) && (stored->is_disputed || is_late(ticket, &stored->clock)))
	{
		keep_judged(ticket, stored);
		return;
	}
	if (!ticket->is_preview)
		svp_clock_drop(ticket->attachment, ticket->key, stored);
	if (ticket->witness != NULL)
		ticket->witness(ticket->witness_arg, stored, NULL);
}

/*
 * Store one clock as it came out of the evidence.  To one without a last event
 * nothing happened.
 */
static void
store_folded(SvpTicket *ticket, const SvpJudge *judge, const char *metric,
			 const SvpTimeline *timeline, const SvpClock *clock, SvpStoredClock *stored)
{
	SvpStoredClock now;

	if (clock->last_event < 0)
	{
		if (ticket->witness != NULL)
			ticket->witness(ticket->witness_arg, stored, stored);
		return;
	}
	now = clock_to_store(judge, metric, clock, timeline->records[clock->last_event]);
	store_clock(ticket, judge, timeline, stored, &now);
}

/*
 * Store the clocks of one metric: all of them, or the latest and what begins
 * after it.
 */
void
svp_clocks_store(SvpTicket *ticket, const SvpJudge *judge, const char *metric,
				 const SvpTimeline *timeline, const SvpClock *clocks, int nclocks,
				 SvpStoredClock *stored, int nstored)
{
	int			last_cycle = nclocks > 0 ? clocks[nclocks - 1].cycle : 0;

	for (int i = 0; i < nclocks; i++)
		store_folded(ticket, judge, metric, timeline, &clocks[i],
					 find_clock(stored, nstored, metric, clocks[i].cycle));
	for (int i = 0; i < nstored; i++)
	{
		if (stored[i].clock.cycle > last_cycle && strcmp(stored[i].metric, metric) == 0)
			drop_or_keep(ticket, &stored[i]);
	}
}
