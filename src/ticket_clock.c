/*-------------------------------------------------------------------------
 *
 * ticket_clock.c
 *		From a ticket's evidence to its clocks.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "attempt.h"
#include "clock_store.h"
#include "message_table.h"

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

/*
 * The policy that judges the ticket.  False when it cannot be read: a document
 * that a later release or another server no longer takes.
 */
static bool
appoint_judge(SvpTicket *ticket, int64 opened_at, SvpJudge *judge)
{
	Appointment appointment = {ticket->attachment, opened_at, judge};
	ErrorData  *error;

	if (svp_judge_recall(ticket->attachment, opened_at, judge))
		return true;
	error = svp_attempt(appoint, &appointment);
	if (error != NULL)
		svp_ticket_issue(ticket, "policy_unreadable",
						 "The policy cannot be read; the clocks stay as they were.",
						 error->message);
	return error == NULL;
}

/*
 * Fold all that happened into the clocks of one metric, and store them.
 */
static void
fold_metric(SvpTicket *ticket, const SvpJudge *judge, const char *metric,
			const SvpTimeline *timeline, SvpStoredClock *stored, int nstored)
{
	SvpClock   *clocks = palloc(sizeof(SvpClock) * (timeline->history.nevents + 1));
	int			nclocks;

	if (svp_clock_fold(&timeline->history, judge->policy, judge->calendars, metric, NULL, NULL,
					   clocks, &nclocks) == SVP_TIME_OK)
		svp_clocks_store(ticket, judge, metric, timeline, clocks, nclocks, stored, nstored);
	else
		report_range(ticket, metric);
	pfree(clocks);
}

/*
 * Fold all that happened into the clocks.
 */
static void
fold_clocks(SvpTicket *ticket, const SvpJudge *judge)
{
	SvpTimeline timeline;
	SvpStoredClock *stored;
	SvpEvent   *messages = NULL;
	int			nmessages = 0;
	int			nstored;

	if (ticket->attachment->message != NULL)
		messages = svp_messages_read(ticket->attachment, ticket->key, &nmessages);
	svp_timeline_make(&timeline, &ticket->ledger, messages, nmessages);
	stored = svp_clocks_read(ticket->attachment, ticket->key, &nstored);
	for (int i = 0; i < judge->nmetrics; i++)
	{
		const char *missing = svp_judge_missing_calendar(judge, judge->metrics[i]);

		if (missing != NULL)
			report_calendar(ticket, judge->metrics[i], missing);
		else
			fold_metric(ticket, judge, judge->metrics[i], &timeline, stored, nstored);
	}
}

/*
 * Bring the clocks in line with what is recorded of the ticket.
 */
void
svp_ticket_move_clocks(SvpTicket *ticket)
{
	SvpJudge	judge;

	if (ticket->ledger.nrecords == 0 ||
		!appoint_judge(ticket, svp_ledger_opening(&ticket->ledger), &judge) ||
		judge.policy == NULL)
		return;
	/* a history that was read, of a ticket without messages, is short */
	if ((ticket->ledger.is_partial || ticket->attachment->message != NULL) &&
		svp_ticket_step_clocks(ticket, &judge))
		return;
	if (ticket->ledger.is_partial)
		svp_ledger_read(ticket->attachment, ticket->key, &ticket->ledger);
	fold_clocks(ticket, &judge);
}
