/*-------------------------------------------------------------------------
 *
 * ticket_step.c
 *		Moving a ticket's clocks on by one event that comes after all others.
 *
 * Of the messages only the newest two are read, and of the clocks the latest
 * of each metric: however many there are, an event costs the same.  So it does
 * with any number of records, of which the newest may be all that was read.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "clock_store.h"
#include "escalation_schedule.h"
#include "message_table.h"
#include "pending.h"

/* What happened, to a ticket that was as it was. */
typedef struct Step
{
	SvpEvent	event;
	SvpSituation before;
	const SvpRecord *record;	/* what is known of the ticket after it */
} Step;

/* One metric's clocks before and after the step. */
typedef struct Move
{
	bool		is_outdated;	/* judged, and by a calendar that was another then */
	SvpClock	clocks[2];
	int			nclocks;
} Move;

/*
 * The last record of the first n that says something of the ticket itself.
 */
static const SvpRecord *
known_before(const SvpLedger *ledger, int n)
{
	while (n > 0 && SVP_EVENT_IS_MESSAGE(ledger->records[n - 1].event.kind))
		n--;
	return n > 0 ? &ledger->records[n - 1] : NULL;
}

static bool
take_situation(const SvpLedger *ledger, const SvpRecord *known, Step *step)
{
	if (known == NULL)
		return false;
	step->before = (SvpSituation) {
		.opened_at = svp_ledger_opening(ledger),
		.state = known->event.state,
		.owned = known->agent != NULL,
		.scenario = known->event.scenario
	};
	return true;
}

/*
 * The event is the record that was added to the ledger.
 */
static bool
step_by_record(const SvpTicket *ticket, const SvpEvent *newest, int nnewest, Step *step)
{
	const SvpLedger *ledger = &ticket->ledger;
	const SvpRecord *added = &ledger->records[ledger->nrecords - 1];
	const SvpRecord *former = added - 1;

	/* of a reply at the same instant it tells whose it was, see timeline.c */
	if (ledger->nrecords > 1 && former->event.kind == SVP_EVENT_RESPONDED &&
		former->event.at == added->event.at)
		return false;
	if (added->seq != ticket->next_seq - 1 ||
		!take_situation(ledger, known_before(ledger, ledger->nrecords - 1), step))
		return false;
	step->event = added->event;
	step->event.owned = added->agent != NULL;
	step->record = known_before(ledger, ledger->nrecords);
	return nnewest == 0 || !svp_event_before(&step->event, &newest[0]);
}

/*
 * The event is the newest message.  Of two at the same time it is not known
 * which is new.
 */
static bool
step_by_message(const SvpTicket *ticket, const SvpEvent *newest, int nnewest, Step *step)
{
	const SvpLedger *ledger = &ticket->ledger;

	if (nnewest == 0 || newest[0].at != ticket->earliest ||
		(nnewest > 1 && newest[1].at == newest[0].at) ||
		svp_event_before(&newest[0], &ledger->records[ledger->nrecords - 1].event))
		return false;
	step->event = newest[0];
	step->record = known_before(ledger, ledger->nrecords);
	return take_situation(ledger, step->record, step);
}

/*
 * Was one event added, and does it come after all others?  A message that is
 * kept but still pending has moved no clock yet.
 */
static bool
find_step(const SvpTicket *ticket, Step *step)
{
	SvpEvent	newest[2];
	int			nnewest = 0;

	if (ticket->nevents != 1 || ticket->has_new_opening || ticket->has_returned ||
		ticket->takes_back || ticket->must_fold || ticket->restates || svp_is_pending())
		return false;
	if (ticket->attachment->message != NULL)
		nnewest = svp_messages_newest(ticket->attachment, ticket->key, newest);
	if (ticket->next_seq > ticket->ledger.last_seq + 1)
		return step_by_record(ticket, newest, nnewest, step);
	return step_by_message(ticket, newest, nnewest, step);
}

static const SvpBenchmark *
find_benchmark(const SvpPolicy *policy, const char *metric, const char *name)
{
	for (int i = 0; i < policy->nbenchmarks; i++)
	{
		if (strcmp(policy->benchmarks[i].name, name) == 0 &&
			strcmp(policy->benchmarks[i].metric, metric) == 0)
			return &policy->benchmarks[i];
	}
	return NULL;
}

/*
 * Take a metric's latest clock as what the step begins with.  False when it is
 * not what the evidence gives by this policy and, if open, today's calendar.
 */
static bool
take_stored(const SvpJudge *judge, const char *metric, const SvpStoredClock *stored, Move *move)
{
	const SvpBenchmark *benchmark;
	SvpCalendar *calendar;

	memset(move, 0, sizeof(*move));
	if (stored->clock.cycle == 0)
		return true;
	benchmark = find_benchmark(judge->policy, metric, stored->benchmark);
	if (benchmark == NULL || stored->is_disputed ||
		stored->policy_version != judge->policy->version)
		return false;
	calendar = judge->calendars[benchmark - judge->policy->benchmarks];
	move->clocks[0] = stored->clock;
	move->clocks[0].benchmark = benchmark;
	move->is_outdated = calendar != NULL &&
		stored->calendar_revision != svp_calendar_revision(calendar);
	return !move->is_outdated || !SVP_CLOCK_IS_OPEN(&stored->clock);
}

static bool
move_metric(const SvpJudge *judge, const char *metric, const SvpStoredClock *stored,
			const Step *step, Move *move)
{
	bool		needs_history;

	return svp_judge_missing_calendar(judge, metric) == NULL &&
		!svp_schedule_counts(judge->policy, metric) &&
		take_stored(judge, metric, stored, move) &&
		svp_clock_continue(&step->before, &step->event, judge->policy, judge->calendars, metric,
						   move->clocks, &move->nclocks, &needs_history) == SVP_TIME_OK &&
		!needs_history &&
		!(move->is_outdated && move->clocks[0].last_event >= 0);
}

bool
svp_ticket_step_clocks(SvpTicket *ticket, const SvpJudge *judge)
{
	Move	   *moves = palloc(sizeof(Move) * Max(judge->nmetrics, 1));
	SvpStoredClock *stored = palloc(sizeof(SvpStoredClock) * Max(judge->nmetrics, 1));
	SvpTimeline timeline;
	Step		step;

	if (!find_step(ticket, &step))
		return false;
	svp_clocks_latest(ticket->attachment, ticket->key, judge->nmetrics, judge->metrics, stored);
	for (int i = 0; i < judge->nmetrics; i++)
	{
		if (!move_metric(judge, judge->metrics[i], &stored[i], &step, &moves[i]))
			return false;
	}
	timeline.records = &step.record;
	for (int i = 0; i < judge->nmetrics; i++)
		svp_clocks_store(ticket, judge, judge->metrics[i], &timeline, moves[i].clocks,
						 moves[i].nclocks, &stored[i], stored[i].clock.cycle > 0 ? 1 : 0);
	return true;
}
