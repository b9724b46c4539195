/*-------------------------------------------------------------------------
 *
 * escalation.h
 *		When a clock escalates next.
 *
 * Pure: a chain, a clock and what has happened so far go in, an instant comes
 * out.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ESCALATION_H
#define SVP_ESCALATION_H

#include "clock.h"

/*
 * How far a clock has come along its chain, and what of its ticket counts
 * besides.  All zero is a clock to which nothing has happened.
 */
typedef struct SvpEscalated
{
	int			level;			/* number of the highest level that has fired, or 0 … */
	int			occurrence;		/* … and how often, from 1 */
	bool		is_acknowledged;	/* somebody has said that he takes care */
	bool		is_imported;	/* what was due before … */
	int64		imported_at;	/* … never escalates */
	int			reopened;		/* how often the ticket was, … */
	int64		reopened_at;	/* … last at */
	int			unanswered;		/* messages of the customer since the last reply, … */
	int64		unanswered_at;	/* … the last of them at */
} SvpEscalated;

/* A level that is to fire: the n-th time, from 1, at an instant that may have passed. */
typedef struct SvpEscalationPoint
{
	const SvpEscalationLevel *level;
	int			occurrence;
	int64		at;
} SvpEscalationPoint;

/* The chain of a metric in a scenario, or NULL. */
extern const SvpEscalation *svp_escalation_chain(const SvpPolicy *policy, const char *metric,
												 const SvpScenario *scenario);

/* Does a chain look at how often something happened?  Then that has to be counted. */
extern bool svp_escalation_counts(const SvpEscalation *chain);
extern void svp_escalation_count(const SvpHistory *history, SvpEscalated *so_far);
extern bool svp_escalation_next(const SvpEscalation *chain, const SvpClock *clock,
								const SvpEscalated *so_far, SvpEscalationPoint *next);

#endif							/* SVP_ESCALATION_H */
