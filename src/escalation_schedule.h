/*-------------------------------------------------------------------------
 *
 * escalation_schedule.h
 *		When a stored clock escalates next.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ESCALATION_SCHEDULE_H
#define SVP_ESCALATION_SCHEDULE_H

#include "clock_table.h"
#include "escalation.h"
#include "policy.h"

/* Does a chain of the metric look at how often something happened? */
extern bool svp_schedule_counts(const SvpPolicy *policy, const char *metric);

/* The chain of a stored clock, or NULL, and how far the clock has come on it. */
extern const SvpEscalation *svp_schedule_chain(const SvpPolicy *policy,
											   const SvpStoredClock *stored);
extern SvpEscalated svp_schedule_so_far(const SvpEscalation *chain, const SvpHistory *history,
										const SvpStoredClock *stored);

/*
 * Set when it escalates next.  The history is that of its ticket; it is looked
 * at only where svp_schedule_counts().
 */
extern void svp_schedule(const SvpPolicy *policy, const SvpHistory *history,
						 SvpStoredClock *stored);
extern void svp_schedule_at(SvpClimb *climb, int64 at);

extern bool svp_schedule_is_due(const SvpClimb *climb);
extern bool svp_schedule_is_same(const SvpStoredClock *a, const SvpStoredClock *b);
extern void svp_climb_forget_acknowledgement(SvpClimb *climb);

#endif							/* SVP_ESCALATION_SCHEDULE_H */
