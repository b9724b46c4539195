/*-------------------------------------------------------------------------
 *
 * explain.c
 *		How each clock of a ticket came to its value, in words.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "explain.h"
#include "message_table.h"
#include "revise.h"

PG_FUNCTION_INFO_V1(svp_explain_ticket);

static void
append_known(StringInfo line, const char *name, const char *value)
{
	if (value != NULL)
		appendStringInfo(line, ", %s %s", name, value);
}

static void
tell_event(SvpExplanation *explanation, const SvpEvent *event, const SvpRecord *record)
{
	StringInfoData line;

	if (SVP_EVENT_IS_MESSAGE(event->kind))
	{
		svp_tell(&explanation->story, "  %s  %s", svp_tell_instant(event->at), event->kind == SVP_EVENT_ASKED ?
			 "message of the customer" : "public reply");
		return;
	}
	initStringInfo(&line);
	for (int i = 0; i < SVP_NDIMENSIONS; i++)
		append_known(&line, svp_dimension_names[i], record->event.scenario.value[i]);
	append_known(&line, "agent", record->agent);
	append_known(&line, "customer", record->customer);
	svp_tell(&explanation->story, "  %s  %s: %s%s%s", svp_tell_instant(event->at), svp_event_names[event->kind],
		 svp_state_names[event->state],
		 record->source_state ? psprintf(" (\"%s\")", record->source_state) : "", line.data);
}

static void
tell_events(SvpExplanation *explanation)
{
	const SvpTimeline *timeline = explanation->timeline;

	svp_tell(&explanation->story, "events, in UTC");
	for (int i = 0; i < timeline->history.nevents; i++)
		tell_event(explanation, &timeline->history.events[i], timeline->records[i]);
}

/*
 * The calendars by which the version counts, each once.
 */
static void
tell_calendars(SvpExplanation *explanation)
{
	const SvpJudge *judge = explanation->judge;

	for (int i = 0; i < judge->policy->nbenchmarks; i++)
	{
		int			first = 0;

		while (judge->calendars[first] != judge->calendars[i])
			first++;
		if (judge->calendars[i] != NULL && first == i)
			svp_tell(&explanation->story, "calendar %s, revision " INT64_FORMAT,
					 judge->policy->benchmarks[i].calendar,
					 svp_calendar_revision(judge->calendars[i]));
	}
}

static void
tell_clocks(SvpExplanation *explanation, const SvpAttachment *attachment)
{
	SvpJudge	judge;

	svp_judge_appoint(attachment, explanation->timeline->history.opened_at, &judge);
	if (judge.policy == NULL)
	{
		svp_tell(&explanation->story,
				 "no version of policy %s was in force when it was opened: it has no clocks",
				 attachment->policy);
		return;
	}
	explanation->judge = &judge;
	svp_tell(&explanation->story, "policy %s, version %d, in force when it was opened",
			 attachment->policy, judge.policy->version);
	tell_calendars(explanation);
	for (int i = 0; i < judge.nmetrics; i++)
		svp_explain_metric(explanation, judge.metrics[i]);
}

static void
tell_ticket(SvpExplanation *explanation, const SvpRevision *revision, const Datum *key)
{
	SvpAttachment *attachment = revision->attachment;
	SvpLedger	ledger = {0};
	SvpTimeline timeline;
	SvpEvent   *messages = NULL;
	int			nmessages = 0;

	svp_ledger_read(attachment, key, &ledger);
	if (ledger.nrecords == 0)
	{
		svp_tell(&explanation->story, "nothing is recorded of this ticket");
		return;
	}
	if (attachment->message != NULL)
		messages = svp_messages_read(attachment, key, &nmessages);
	svp_timeline_make(&timeline, &ledger, messages, nmessages);
	explanation->timeline = &timeline;
	explanation->attachment = attachment;
	explanation->key = key;
	explanation->stored = svp_clocks_read(attachment, key, &explanation->nstored);
	explanation->moves = svp_moves_read(revision, key, &explanation->nmoves);
	tell_events(explanation);
	tell_clocks(explanation, attachment);
}

/*
 * service_policy._explain_ticket(name, key): the lines of the story.  For
 * those who may read the attachment's ticket_status.
 */
Datum
svp_explain_ticket(PG_FUNCTION_ARGS)
{
	SvpAttachment *attachment = svp_revise_attachment(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	SvpExplanation explanation = {.story = {.context = CurrentMemoryContext}};
	SvpRevision revision;

	svp_attachment_check_reader(attachment, "ticket_status");
	svp_revise_begin(&revision, attachment);
	tell_ticket(&explanation, &revision,
				svp_revise_key_of(attachment, PG_GETARG_ARRAYTYPE_P(1)));
	svp_revise_end(&revision);
	PG_RETURN_DATUM(makeArrayResult(explanation.story.lines, CurrentMemoryContext));
}
