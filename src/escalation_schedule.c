/*-------------------------------------------------------------------------
 *
 * escalation_schedule.c
 *		When a stored clock escalates next.
 *
 * That is kept with the clock, so that tick() finds what is due by an index.
 * What is overdue when it is written is kept as due at that moment: it cannot
 * fire earlier, and nothing is ever added far behind what ticks have been
 * through (see escalation_due.c).
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "escalation_schedule.h"

bool
svp_schedule_counts(const SvpPolicy *policy, const char *metric)
{
	for (int i = 0; i < policy->nescalations; i++)
	{
		if (strcmp(policy->escalations[i].metric, metric) == 0 &&
			svp_escalation_counts(&policy->escalations[i]))
			return true;
	}
	return false;
}

const SvpEscalation *
svp_schedule_chain(const SvpPolicy *policy, const SvpStoredClock *stored)
{
	return svp_escalation_chain(policy, stored->metric, &stored->record.event.scenario);
}

SvpEscalated
svp_schedule_so_far(const SvpEscalation *chain, const SvpHistory *history,
					const SvpStoredClock *stored)
{
	SvpEscalated so_far = {
		.level = stored->climb.level,
		.occurrence = stored->climb.occurrence,
		.is_acknowledged = stored->climb.is_acknowledged,
		.is_imported = stored->is_imported,
		.imported_at = stored->imported_at
	};

	if (svp_escalation_counts(chain))
		svp_escalation_count(history, &so_far);
	return so_far;
}

void
svp_schedule_at(SvpClimb *climb, int64 at)
{
	climb->has_next = true;
	climb->next_at = Max(at, GetCurrentTimestamp());
}

void
svp_schedule(const SvpPolicy *policy, const SvpHistory *history, SvpStoredClock *stored)
{
	const SvpEscalation *chain;
	SvpEscalated so_far;
	SvpEscalationPoint next;

	stored->climb.has_next = false;
	if (policy->nescalations == 0 || stored->clock.state != SVP_CLOCK_RUNNING)
		return;
	chain = svp_schedule_chain(policy, stored);
	if (chain == NULL)
		return;
	so_far = svp_schedule_so_far(chain, history, stored);
	if (svp_escalation_next(chain, &stored->clock, &so_far, &next))
		svp_schedule_at(&stored->climb, next.at);
}

/* Might somebody be firing it at this moment? */
bool
svp_schedule_is_due(const SvpClimb *climb)
{
	return climb->has_next && climb->next_at <= GetCurrentTimestamp();
}

/*
 * Of two that are overdue it does not matter since when.
 */
bool
svp_schedule_is_same(const SvpStoredClock *a, const SvpStoredClock *b)
{
	return a->climb.has_next == b->climb.has_next &&
		a->climb.is_acknowledged == b->climb.is_acknowledged &&
		(!a->climb.has_next || a->climb.next_at == b->climb.next_at ||
		 (svp_schedule_is_due(&a->climb) && svp_schedule_is_due(&b->climb)));
}

void
svp_climb_forget_acknowledgement(SvpClimb *climb)
{
	climb->is_acknowledged = false;
	climb->acknowledged_by = NULL;
}
