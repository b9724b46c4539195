/*-------------------------------------------------------------------------
 *
 * explain.c
 *		How each clock of a ticket came to its value, in words.
 *
 * The ledger is folded once more, with a listener that tells each step.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "pgtime.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "clock_table.h"
#include "key.h"
#include "judge.h"
#include "message_table.h"
#include "timeline.h"

PG_FUNCTION_INFO_V1(svp_explain_ticket);

/* The lines told so far, as text datums. */
typedef struct Story
{
	ArrayBuildState *lines;
	MemoryContext context;		/* outlives the SPI connection */
	const SvpTimeline *timeline;
} Story;

static void tell(Story *story, const char *format,...) pg_attribute_printf(2, 3);

static void
tell(Story *story, const char *format,...)
{
	StringInfoData line;

	initStringInfo(&line);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&line, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&line, needed);
	}
	story->lines = accumArrayResult(story->lines, CStringGetTextDatum(line.data), false,
									TEXTOID, story->context);
}

/*
 * An instant in UTC, whatever the session's time zone is.
 */
static char *
instant(int64 at)
{
	struct pg_tm tm;
	fsec_t		fraction;

	if (timestamp2tm(at, NULL, &tm, &fraction, NULL, NULL) != 0)
		return "out of range";
	if (fraction != 0)
		return psprintf("%04d-%02d-%02d %02d:%02d:%02d.%06d", tm.tm_year, tm.tm_mon, tm.tm_mday,
						tm.tm_hour, tm.tm_min, tm.tm_sec, (int) fraction);
	return psprintf("%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year, tm.tm_mon, tm.tm_mday,
					tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/*
 * A duration in hours, minutes and seconds.
 */
static char *
duration(int64 usec)
{
	int64		seconds = (usec < 0 ? -usec : usec) / USECS_PER_SEC;

	return psprintf("%s" INT64_FORMAT ":%02d:%02d", usec < 0 ? "-" : "",
					seconds / SECS_PER_HOUR,
					(int) (seconds % SECS_PER_HOUR / SECS_PER_MINUTE),
					(int) (seconds % SECS_PER_MINUTE));
}

static char *
deadlines(const SvpClock *clock)
{
	if (!clock->has_due)
		return "no deadline: the calendar's hours end before";
	if (!clock->has_at_risk)
		return psprintf("due %s", instant(clock->due_at));
	return psprintf("at risk from %s, due %s", instant(clock->at_risk_at), instant(clock->due_at));
}

/* Listening to the fold */

static char *
transition(SvpTransition what, const SvpClock *clock)
{
	switch (what)
	{
		case SVP_CLOCK_STARTS:
			return psprintf("starts; %s", deadlines(clock));
		case SVP_CLOCK_PAUSES:
			return psprintf("pauses with %s counted, %s left", duration(clock->elapsed),
							duration(clock->target - clock->elapsed));
		case SVP_CLOCK_RESUMES:
			return psprintf("goes on, %s of pauses so far; %s", duration(clock->paused),
							deadlines(clock));
		case SVP_CLOCK_REOPENS:
			return psprintf("is open again, the time since it stopped is a pause; %s",
							deadlines(clock));
		case SVP_CLOCK_STOPS:
			return psprintf("stops: %s, %s counted of %s%s",
							clock->state == SVP_CLOCK_MET ? "met" : "missed",
							duration(clock->elapsed), duration(clock->target),
							clock->paused > 0 ?
							psprintf(", %s of pauses not counted", duration(clock->paused)) : "");
		case SVP_CLOCK_CANCELS:
			return psprintf("is cancelled with %s counted", duration(clock->elapsed));
		case SVP_CLOCK_REMATCHES:
			return psprintf("the scenario changed: from here on benchmark \"%s\", target %s, counted from the start",
							clock->benchmark->name, duration(clock->target));
	}
	return NULL;
}

static void
hear(void *arg, SvpTransition what, const SvpClock *clock, int event)
{
	Story	   *story = arg;
	int64		at = story->timeline->history.events[event].at;

	if (what == SVP_CLOCK_STARTS)
	{
		at = clock->started_at;
		tell(story, " cycle %d: benchmark \"%s\", target %s %s%s", clock->cycle,
			 clock->benchmark->name, duration(clock->target),
			 clock->benchmark->calendar ? "in calendar " : "around the clock",
			 clock->benchmark->calendar ? clock->benchmark->calendar : "");
	}
	tell(story, "  %s  %s", instant(Max(at, clock->started_at)), transition(what, clock));
}

/* The parts of the story */

static void
append_known(StringInfo line, const char *name, const char *value)
{
	if (value != NULL)
		appendStringInfo(line, ", %s %s", name, value);
}

static void
tell_event(Story *story, const SvpEvent *event, const SvpRecord *record)
{
	StringInfoData line;

	if (SVP_EVENT_IS_MESSAGE(event->kind))
	{
		tell(story, "  %s  %s", instant(event->at), event->kind == SVP_EVENT_ASKED ?
			 "message of the customer" : "public reply");
		return;
	}
	initStringInfo(&line);
	for (int i = 0; i < SVP_NDIMENSIONS; i++)
		append_known(&line, svp_dimension_names[i], record->event.scenario.value[i]);
	append_known(&line, "agent", record->agent);
	append_known(&line, "customer", record->customer);
	tell(story, "  %s  %s: %s%s%s", instant(event->at), svp_event_names[event->kind],
		 svp_state_names[event->state],
		 record->source_state ? psprintf(" (\"%s\")", record->source_state) : "", line.data);
}

static void
tell_events(Story *story)
{
	const SvpTimeline *timeline = story->timeline;

	tell(story, "events, in UTC");
	for (int i = 0; i < timeline->history.nevents; i++)
		tell_event(story, &timeline->history.events[i], timeline->records[i]);
}

/*
 * A judged clock is not rewritten by an event that arrives late: say so where
 * the ledger now tells another story.
 */
static void
tell_difference(Story *story, const SvpClock *clock, const SvpStoredClock *stored, int nstored,
				const char *metric)
{
	for (int i = 0; i < nstored; i++)
	{
		const SvpClock *kept = &stored[i].clock;

		if (kept->cycle != clock->cycle || strcmp(stored[i].metric, metric) != 0)
			continue;
		if (kept->state != clock->state || kept->elapsed != clock->elapsed)
			tell(story, "  the clock stays as it was judged: %s, %s counted; an event that arrived later would change it",
				 svp_clock_state_names[kept->state], duration(kept->elapsed));
	}
}

static void
tell_metric(Story *story, const SvpJudge *judge, const SvpHistory *history, const char *metric,
			const SvpStoredClock *stored, int nstored)
{
	SvpClock   *clocks = palloc(sizeof(SvpClock) * (history->nevents + 1));
	const char *missing = svp_judge_missing_calendar(judge, metric);
	int			nclocks;

	tell(story, "%s", metric);
	if (missing != NULL)
	{
		tell(story, "  calendar %s does not exist or has no opening hours: the clock stays as it was", missing);
		return;
	}
	if (svp_clock_fold(history, judge->policy, judge->calendars, metric, hear, story,
					   clocks, &nclocks) != SVP_TIME_OK)
	{
		tell(story, "  cannot be computed: a time lies outside the years %d to %d, or the calendar has no hours left",
			 SVP_TIME_FIRST_YEAR, SVP_TIME_LAST_YEAR);
		return;
	}
	if (nclocks == 0)
		tell(story, "  no clock: no benchmark matches, or it has not started");
	for (int i = 0; i < nclocks; i++)
	{
		if (SVP_CLOCK_IS_OPEN(&clocks[i]))
			tell(story, "  the clock is %s", svp_clock_state_names[clocks[i].state]);
		tell_difference(story, &clocks[i], stored, nstored, metric);
	}
}

static void
tell_clocks(Story *story, const SvpAttachment *attachment, const SvpHistory *history,
			const SvpStoredClock *stored, int nstored)
{
	SvpJudge	judge;

	svp_judge_appoint(attachment, history->opened_at, &judge);
	if (judge.policy == NULL)
	{
		tell(story, "no version of policy %s was in force when it was opened: it has no clocks",
			 attachment->policy);
		return;
	}
	tell(story, "policy %s, version %d, in force when it was opened", attachment->policy,
		 judge.policy->version);
	for (int i = 0; i < judge.nmetrics; i++)
		tell_metric(story, &judge, history, judge.metrics[i], stored, nstored);
}

static void
tell_ticket(Story *story, SvpAttachment *attachment, char **key)
{
	SvpLedger	ledger = {0};
	SvpTimeline timeline;
	SvpStoredClock *stored;
	SvpEvent   *messages = NULL;
	int			nmessages = 0;
	int			nstored;
	const char *problem;
	Datum	   *value;

	if (!svp_rows_prepare(attachment, &problem))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the evidence of attachment \"%s\" cannot be read: %s",
						attachment->name, problem)));
	value = svp_key_from_text(attachment->key_types, attachment->ticket->nkey, key);
	svp_ledger_read(attachment, value, &ledger);
	if (ledger.nrecords == 0)
	{
		tell(story, "nothing is recorded of this ticket");
		return;
	}
	if (attachment->message != NULL)
		messages = svp_messages_read(attachment, value, &nmessages);
	svp_timeline_make(&timeline, &ledger, messages, nmessages);
	story->timeline = &timeline;
	stored = svp_clocks_read(attachment, value, &nstored);
	tell_events(story);
	tell_clocks(story, attachment, &timeline.history, stored, nstored);
}

/*
 * service_policy._explain_ticket(name, key): the lines of the story.  For
 * those who may read the attachment's ticket_status.
 */
Datum
svp_explain_ticket(PG_FUNCTION_ARGS)
{
	SvpAttachment *attachment = svp_attachment_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
	Story		story = {.context = CurrentMemoryContext};
	SvpCaller	caller;
	int			nkey;
	char	  **key = svp_text_array(PG_GETARG_ARRAYTYPE_P(1), &nkey);

	if (nkey != attachment->ticket->nkey)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("the key of attachment \"%s\" has %d part, not %d",
							   "the key of attachment \"%s\" has %d parts, not %d",
							   attachment->ticket->nkey,
							   attachment->name, attachment->ticket->nkey, nkey)));
	svp_attachment_check_reader(attachment, "ticket_status");
	if (!svp_attachment_enter(attachment, &caller))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", attachment->data_schema)));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	tell_ticket(&story, attachment, key);
	SPI_finish();
	svp_attachment_leave(&caller);
	PG_RETURN_DATUM(makeArrayResult(story.lines, CurrentMemoryContext));
}
