/*-------------------------------------------------------------------------
 *
 * explain_refund.h
 *		How the decision on a refund came about, in words.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_EXPLAIN_REFUND_H
#define SVP_EXPLAIN_REFUND_H

#include "refund_question.h"
#include "story.h"

/* explain_refund_record.c: what was decided, and whether it would be now */
extern void svp_explain_refund_record(SvpStory *story, const SvpRefundQuestion *question);

/* explain_refund_rule.c: whose version, and which rule of it */
extern void svp_explain_refund_rule(SvpStory *story, const SvpRefundCase *refund);

/* explain_refund_time.c: where the windows end */
extern void svp_explain_refund_time(SvpStory *story, const SvpRefundCase *refund);

/* explain_refund_amount.c: how much is allowed, and what is held against abuse */
extern void svp_explain_refund_amount(SvpStory *story, const SvpRefundCase *refund);
extern void svp_explain_refund_people(SvpStory *story, const SvpRefundCase *refund);

#endif							/* SVP_EXPLAIN_REFUND_H */
