/*-------------------------------------------------------------------------
 *
 * escalation.c
 *		When a clock escalates next.
 *
 * A chain is climbed: a level that has fired never does again, nor does one
 * below it.  Until the next level fires, one may repeat.
 *
 * Pure: no table, no wall clock.  O(levels), and of one that repeats the times
 * that it has; each takes a look into the calendar.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "escalation.h"

/*
 * Of those that match the one with most conditions, of equals the earlier.
 */
const SvpEscalation *
svp_escalation_chain(const SvpPolicy *policy, const char *metric, const SvpScenario *scenario)
{
	const SvpEscalation *best = NULL;

	for (int i = 0; i < policy->nescalations; i++)
	{
		const SvpEscalation *chain = &policy->escalations[i];

		if (strcmp(chain->metric, metric) != 0 || !svp_scenario_matches(&chain->when, scenario))
			continue;
		if (best == NULL || chain->when.nconditions > best->when.nconditions)
			best = chain;
	}
	return best;
}

bool
svp_escalation_counts(const SvpEscalation *chain)
{
	for (int i = 0; i < chain->nlevels; i++)
	{
		if (chain->levels[i].trigger == SVP_ESCALATE_ON_REOPENED ||
			chain->levels[i].trigger == SVP_ESCALATE_ON_UNANSWERED)
			return true;
	}
	return false;
}

static bool
is_done(SvpState state)
{
	return state == SVP_STATE_RESOLVED || state == SVP_STATE_CLOSED;
}

/*
 * Count how often a ticket was reopened, and how many messages of the
 * customer's wait for an answer.  Solving answers them; the message with which
 * the ticket was opened is the opening.
 */
void
svp_escalation_count(const SvpHistory *history, SvpEscalated *so_far)
{
	bool		was_done = false;

	for (int i = 0; i < history->nevents; i++)
	{
		const SvpEvent *event = &history->events[i];

		if (event->kind == SVP_EVENT_ASKED && event->at > history->opened_at)
		{
			so_far->unanswered++;
			so_far->unanswered_at = event->at;
		}
		else if (event->kind == SVP_EVENT_RESPONDED)
			so_far->unanswered = 0;
		if (SVP_EVENT_IS_MESSAGE(event->kind) || event->kind == SVP_EVENT_LEFT ||
			event->state == SVP_STATE_VOID)
			continue;
		if (is_done(event->state))
			so_far->unanswered = 0;
		else if (was_done)
		{
			so_far->reopened++;
			so_far->reopened_at = Max(event->at, history->opened_at);
		}
		was_done = is_done(event->state);
	}
}

/* A share of a target, without overflow; see svp_benchmark_at_risk(). */
static int64
share_of(int64 target, SvpAmount share)
{
	return target / SVP_AMOUNT_ONE * share + target % SVP_AMOUNT_ONE * share / SVP_AMOUNT_ONE;
}

/*
 * When the clock has counted so much, or had: a budget that is used up is
 * looked for backward, as if there had been no pause.
 */
static bool
when_counted(const SvpClock *clock, int64 counted, int64 *at)
{
	int64		left = counted - clock->elapsed;

	if (clock->calendar != NULL)
		return svp_deadline(clock->calendar, clock->counted_from, left, at) == SVP_TIME_OK;
	*at = clock->counted_from + left;
	return svp_time_in_range(*at);
}

/*
 * When a level fires for the first time.  False: not as things are.
 */
static bool
first_time(const SvpEscalationLevel *level, const SvpClock *clock, const SvpEscalated *so_far,
		   int64 *at)
{
	switch (level->trigger)
	{
		case SVP_ESCALATE_AT_SHARE:
			return when_counted(clock, share_of(clock->target, level->share), at);
		case SVP_ESCALATE_BY_DEADLINE:
			if (!level->around_the_clock)
				return when_counted(clock, clock->target + level->offset, at);
			*at = clock->due_at + level->offset;
			return clock->has_due && svp_time_in_range(*at);
		case SVP_ESCALATE_ON_REOPENED:
			*at = so_far->reopened_at;
			return so_far->reopened >= level->count;
		case SVP_ESCALATE_ON_UNANSWERED:
			*at = so_far->unanswered_at;
			return so_far->unanswered >= level->count;
	}
	return false;
}

/*
 * When it fires so much later.  What is counted adds up, so that this is as
 * good from a time before a pause.
 */
static bool
later(const SvpEscalationLevel *level, const SvpClock *clock, int64 usec, int64 *at)
{
	if (clock->calendar != NULL && !level->around_the_clock)
		return svp_deadline(clock->calendar, *at, usec, at) == SVP_TIME_OK;
	*at += usec;
	return svp_time_in_range(*at);
}

/*
 * Does a level that waits for business hours have to wait, and until when?
 */
static bool
in_hours(const SvpEscalationLevel *level, const SvpClock *clock, int64 *at)
{
	bool		open;
	bool		found;

	if (!level->wait_for_hours || clock->calendar == NULL)
		return true;
	if (svp_is_open(clock->calendar, *at, &open) != SVP_TIME_OK)
		return false;
	return open ||
		(svp_next_opening(clock->calendar, *at, at, &found) == SVP_TIME_OK && found);
}

/*
 * Does a level fire for the n-th time, and when?  From one time to the next it
 * is counted from when it could fire, so that no two wait for the same opening.
 */
static bool
fires(const SvpEscalationLevel *level, const SvpClock *clock, const SvpEscalated *so_far,
	  int occurrence, int64 *at)
{
	if (occurrence > level->times || (level->unless_acknowledged && so_far->is_acknowledged) ||
		!first_time(level, clock, so_far, at) ||
		(so_far->is_imported && *at < so_far->imported_at) || !in_hours(level, clock, at))
		return false;
	for (int i = 1; i < occurrence; i++)
	{
		if (!later(level, clock, level->every, at) || !in_hours(level, clock, at))
			return false;
	}
	return true;
}

/*
 * What fires next, of equals the lower level.  False: nothing does, unless
 * something happens to the ticket; so with a clock that does not run.
 */
bool
svp_escalation_next(const SvpEscalation *chain, const SvpClock *clock,
					const SvpEscalated *so_far, SvpEscalationPoint *next)
{
	bool		found = false;

	if (!clock->started || clock->state != SVP_CLOCK_RUNNING)
		return false;
	for (int i = 0; i < chain->nlevels; i++)
	{
		const SvpEscalationLevel *level = &chain->levels[i];
		int			occurrence = level->number == so_far->level ? so_far->occurrence + 1 : 1;
		int64		at;

		if (level->number < so_far->level ||
			!fires(level, clock, so_far, occurrence, &at) || (found && at >= next->at))
			continue;
		*next = (SvpEscalationPoint) {level, occurrence, at};
		found = true;
	}
	return found;
}
