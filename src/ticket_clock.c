/*-------------------------------------------------------------------------
 *
 * ticket_clock.c
 *		From a ticket's ledger to the clocks that are stored.
 *
 * What is folded from the ledger is compared with what is stored; a judged
 * clock stays as it is unless an event that came after its judgement changes
 * it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "attempt.h"
#include "clock_table.h"
#include "judge.h"
#include "ticket.h"

static bool
same_clock(const SvpStoredClock *stored, const SvpStoredClock *now)
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
		strcmp(stored->benchmark, now->benchmark) == 0 &&
		svp_record_same_ticket(&stored->record, &now->record);
}

/*
 * A clock that only the leaving cancelled which was taken back.
 */
static bool
is_revived(const SvpTicket *ticket, const SvpClock *clock)
{
	return ticket->returned && clock->state == SVP_CLOCK_CANCELLED &&
		clock->stopped_at >= ticket->left_at;
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

	return SVP_CLOCK_IS_OPEN(a) || SVP_CLOCK_IS_OPEN(b) || is_revived(ticket, a) ||
		(ticket->earliest >= a->stopped_at && b->stopped_at > a->stopped_at &&
		 a->started_at == b->started_at);
}

static void
keep_judged(SvpTicket *ticket, const SvpStoredClock *stored)
{
	if (ticket->earliest < stored->clock.stopped_at || ticket->opening_changed)
		svp_ticket_issue(ticket, "late_event",
					psprintf("The event would change the %s clock, which is judged; it stays as it was.",
							 stored->metric),
					timestamptz_to_str(ticket->earliest));
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

static void
store_clock(SvpTicket *ticket, const SvpStoredClock *stored, const SvpStoredClock *now)
{
	if (stored == NULL)
		svp_clock_add(ticket->attachment, ticket->key, now);
	else if (same_clock(stored, now))
		return;
	else if (may_change(ticket, stored, now))
		svp_clock_change(ticket->attachment, ticket->key, now);
	else
		keep_judged(ticket, stored);
}

/*
 * What was known of the ticket at an event; a reply itself says nothing of it.
 */
static SvpRecord
record_at(const SvpLedger *ledger, int event)
{
	while (event > 0 && ledger->records[event].event.kind == SVP_EVENT_RESPONDED)
		event--;
	return ledger->records[event];
}

/*
 * Store the clocks of one metric.  Stored ones that the ledger no longer gives
 * go, unless they were judged.
 */
static void
store_clocks(SvpTicket *ticket, const SvpJudge *judge, const char *metric,
			 const SvpClock *clocks, int nclocks, SvpStoredClock *stored, int nstored)
{
	for (int i = 0; i < nclocks; i++)
	{
		SvpStoredClock now = {
			.metric = metric,
			.benchmark = clocks[i].benchmark->name,
			.policy_version = judge->policy->version,
			.clock = clocks[i],
			.record = record_at(&ticket->ledger, clocks[i].last_event)
		};

		store_clock(ticket, find_clock(stored, nstored, metric, clocks[i].cycle), &now);
	}
	for (int i = 0; i < nstored; i++)
	{
		if (stored[i].clock.cycle > nclocks && strcmp(stored[i].metric, metric) == 0 &&
			SVP_CLOCK_IS_OPEN(&stored[i].clock))
			svp_clock_drop(ticket->attachment, ticket->key, &stored[i]);
	}
}

static void
report_calendar(SvpTicket *ticket, const char *metric, const char *calendar)
{
	svp_ticket_issue(ticket, "calendar_missing",
					 psprintf("The calendar %s does not exist, has no opening hours or is in an unknown time zone; the %s clock stays as it was.",
							  calendar, metric), calendar);
}

static void
report_range(SvpTicket *ticket, const char *metric)
{
	svp_ticket_issue(ticket, "time_out_of_range",
				psprintf("The %s clock cannot be computed: a time lies outside the years %d to %d,"
						 " or the calendar has no hours left.",
						 metric, SVP_TIME_FIRST_YEAR, SVP_TIME_LAST_YEAR), NULL);
}

typedef struct Appointment
{
	const SvpAttachment *attachment;
	int64		opened_at;
	SvpJudge   *judge;
} Appointment;

static void
appoint(void *arg)
{
	Appointment *appointment = arg;

	svp_judge_appoint(appointment->attachment, appointment->opened_at, appointment->judge);
}

void
svp_ticket_move_clocks(SvpTicket *ticket)
{
	SvpHistory	history = svp_ledger_history(&ticket->ledger);
	SvpClock   *clocks = palloc(sizeof(SvpClock) * (history.nevents + 1));
	SvpJudge	judge;
	Appointment appointment = {ticket->attachment, history.opened_at, &judge};
	ErrorData  *error = svp_attempt(appoint, &appointment);
	SvpStoredClock *stored;
	int			nstored;

	/* a document that a later release or another server no longer takes */
	if (error != NULL)
	{
		svp_ticket_issue(ticket, "policy_unreadable",
						 "The policy cannot be read; the clocks stay as they were.",
						 error->message);
		return;
	}
	if (judge.policy == NULL)
		return;
	stored = svp_clocks_read(ticket->attachment, ticket->key, &nstored);
	for (int i = 0; i < judge.nmetrics; i++)
	{
		const char *metric = judge.metrics[i];
		const char *missing = svp_judge_missing_calendar(&judge, metric);
		int			nclocks;

		if (missing != NULL)
			report_calendar(ticket, metric, missing);
		else if (svp_clock_fold(&history, judge.policy, judge.calendars, metric, NULL, NULL,
								clocks, &nclocks) == SVP_TIME_OK)
			store_clocks(ticket, &judge, metric, clocks, nclocks, stored, nstored);
		else
			report_range(ticket, metric);
	}
}
