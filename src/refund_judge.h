/*-------------------------------------------------------------------------
 *
 * refund_judge.h
 *		A decision on a refund while it is made; for refund*.c only.
 *
 * Whoever finds something wrong objects.  The reason of the decision is the
 * first of the objections, in the order of SvpRefundReason; a refusal goes
 * before a need for approval.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_JUDGE_H
#define SVP_REFUND_JUDGE_H

#include "refund.h"

typedef struct SvpJudgement
{
	const SvpRefundRule *rule;
	const SvpRefundCalendars *calendars;
	const SvpRefundFacts *facts;
	SvpRefundDecision *decision;
	SvpRefundOutcome any_amount;	/* what it would be even for a smaller amount */
} SvpJudgement;

extern void svp_object(SvpJudgement *judgement, SvpRefundOutcome outcome,
					   SvpRefundReason reason, const char *about);
extern void svp_object_to_amount(SvpJudgement *judgement, SvpRefundOutcome outcome,
								 SvpRefundReason reason);
extern void svp_doubt(SvpJudgement *judgement, const char *fact, SvpKnowledge knowledge);

extern void svp_judge_amount(SvpJudgement *judgement);

#endif							/* SVP_REFUND_JUDGE_H */
