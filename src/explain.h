/*-------------------------------------------------------------------------
 *
 * explain.h
 *		How each clock of a ticket came to its value, in words.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_EXPLAIN_H
#define SVP_EXPLAIN_H

#include "deadline_move.h"
#include "judge.h"
#include "story.h"
#include "timeline.h"

/* What is known of the ticket that is told of. */
typedef struct SvpExplanation
{
	SvpStory	story;
	const SvpTimeline *timeline;
	const SvpJudge *judge;
	const SvpStoredClock *stored;
	int			nstored;
	const SvpMove *moves;
	int			nmoves;
	SvpAttachment *attachment;
	const Datum *key;
	SvpClock	last;			/* the clock that is being folded, at its last transition */
} SvpExplanation;

/* explain_clock.c */
extern void svp_explain_metric(SvpExplanation *explanation, const char *metric);

/* explain_match.c */
/* What of a stored clock has escalated, and what does next; "clock" is as the events now give it. */
extern void svp_explain_escalation(SvpExplanation *explanation, const SvpClock *clock,
								   const SvpStoredClock *stored);

extern void svp_explain_match(SvpExplanation *explanation, const char *metric,
							  const SvpScenario *scenario);
extern void svp_tell_match(SvpStory *story, const char *named, const SvpCondition *when,
						   const SvpCondition *counts, const SvpScenario *scenario);

#endif							/* SVP_EXPLAIN_H */
