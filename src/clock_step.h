/*-------------------------------------------------------------------------
 *
 * clock_step.h
 *		What one event does to one clock.
 *
 * Internal to the clock's pure core; see clock.h for what it gives.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CLOCK_STEP_H
#define SVP_CLOCK_STEP_H

#include "clock.h"

/* An event, and the ticket around it. */
typedef struct SvpStep
{
	int64		opened_at;
	const SvpEvent *event;
	int			number;			/* the event's position in its history */
	SvpState	state_before;
	SvpState	state;			/* after the event, as all that follows */
	bool		owned;
	SvpClockListener listener;	/* or NULL */
	void	   *arg;
	SvpTimeResult result;
} SvpStep;

extern void svp_step_enter(SvpStep *step, const SvpEvent *event, int number);
extern void svp_step_tell(SvpStep *step, SvpTransition what, const SvpClock *clock);
extern void svp_step_hear(const SvpStep *step, SvpClock *clock);
extern bool svp_step_stays_judged(const SvpStep *step, const SvpClock *clock);
extern bool svp_step_begins_cycle(const SvpStep *step, const SvpClock *clock);
extern void svp_step_clock(SvpStep *step, SvpClock *clock);
extern void svp_step_unmatched(SvpStep *step, SvpClock *clock);

#endif							/* SVP_CLOCK_STEP_H */
