/*-------------------------------------------------------------------------
 *
 * escalation_text.c
 *		What a level says, with its placeholders filled in.
 *
 * Times are local to the clock's calendar, or in UTC without one.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "escalation_text.h"
#include "fill_in.h"
#include "refund_text.h"
#include "story.h"

/* What a placeholder can stand for besides the scenario's values. */

static const char *
tell_ticket(const SvpEscalationCase *escalation)
{
	return escalation->ticket;
}

static const char *
tell_policy(const SvpEscalationCase *escalation)
{
	return escalation->policy->name;
}

static const char *
tell_metric(const SvpEscalationCase *escalation)
{
	return escalation->stored->metric;
}

static const char *
tell_benchmark(const SvpEscalationCase *escalation)
{
	return escalation->stored->benchmark;
}

static const char *
tell_target(const SvpEscalationCase *escalation)
{
	return svp_tell_duration(escalation->stored->clock.target);
}

static const char *
tell_level(const SvpEscalationCase *escalation)
{
	return psprintf("%d", escalation->point->level->number);
}

static const char *
tell_occurrence(const SvpEscalationCase *escalation)
{
	return psprintf("%d", escalation->point->occurrence);
}

static const char *
tell_notify(const SvpEscalationCase *escalation)
{
	return escalation->point->level->notify;
}

/*
 * To people, to the minute; never later than it is.
 */
static const char *
tell_time(const SvpClock *clock, int64 at)
{
	int64		rest = at % USECS_PER_MINUTE;

	return svp_refund_instant(clock->calendar, at - rest - (rest < 0 ? USECS_PER_MINUTE : 0));
}

static const char *
tell_started_at(const SvpEscalationCase *escalation)
{
	const SvpClock *clock = &escalation->stored->clock;

	return tell_time(clock, clock->started_at);
}

static const char *
tell_due_at(const SvpEscalationCase *escalation)
{
	const SvpClock *clock = &escalation->stored->clock;

	return clock->has_due ? tell_time(clock, clock->due_at) : NULL;
}

static const char *
tell_agent(const SvpEscalationCase *escalation)
{
	return escalation->stored->record.agent;
}

static const char *
tell_customer(const SvpEscalationCase *escalation)
{
	return escalation->stored->record.customer;
}

static const struct
{
	const char *name;
	const char *(*tell) (const SvpEscalationCase *escalation);
}			placeholders[] = {
	{"ticket", tell_ticket},
	{"policy", tell_policy},
	{"metric", tell_metric},
	{"benchmark", tell_benchmark},
	{"target", tell_target},
	{"level", tell_level},
	{"occurrence", tell_occurrence},
	{"notify", tell_notify},
	{"started_at", tell_started_at},
	{"due_at", tell_due_at},
	{"agent", tell_agent},
	{"customer", tell_customer}
};

bool
svp_escalation_placeholder_exists(const char *name)
{
	for (int i = 0; i < lengthof(placeholders); i++)
	{
		if (strcmp(placeholders[i].name, name) == 0)
			return true;
	}
	return svp_word_index(svp_dimension_names, SVP_NDIMENSIONS, name) >= 0;
}

static const char *
value_of(const void *of, const char *name)
{
	const SvpEscalationCase *escalation = of;
	int			dimension = svp_word_index(svp_dimension_names, SVP_NDIMENSIONS, name);

	for (int i = 0; i < lengthof(placeholders); i++)
	{
		if (strcmp(placeholders[i].name, name) == 0)
			return placeholders[i].tell(escalation);
	}
	return dimension < 0 ? NULL : escalation->stored->record.event.scenario.value[dimension];
}

char *
svp_escalation_text(const SvpEscalationCase *escalation, const SvpText *text)
{
	const char *found = svp_text_in(text, escalation->policy->language, escalation->policy->language);

	return found == NULL ? NULL : svp_fill_in(found, value_of, escalation);
}
