/*-------------------------------------------------------------------------
 *
 * refund_facts.h
 *		The facts of a refund as they are recorded, and which of them decide.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_FACTS_H
#define SVP_REFUND_FACTS_H

#include "refund_case.h"

/* Among the facts that are kept: why a mapped expression failed. */
#define SVP_KEPT_PROBLEM	"problem"

/* What is different between two versions of a refund's row. */
typedef enum SvpRefundDifference
{
	SVP_DECIDES_SAME,			/* nothing, or that its ticket went */
	SVP_OTHER_APPROVER,			/* nothing that decides, unless the rule looks at people … */
	SVP_OTHER_AGENT,			/* … or, of who refunds, it rests on an approval */
	SVP_DECIDES_ANEW
} SvpRefundDifference;

extern SvpRefundDifference svp_refund_difference(const SvpMapping *mapping, const SvpFacts *before,
												 const SvpFacts *after);
extern bool svp_refund_rule_looks_at_people(const SvpRefundRule *rule);

/*
 * The facts that are known or unreadable, as jsonb; and do those that were
 * recorded decide the same by the refund's rule?
 */
extern Datum svp_refund_facts_jsonb(const SvpRefundCase *refund);
extern bool svp_refund_same_facts(const SvpRefundCase *refund, Datum recorded);

/* An amount as numeric. */
extern Datum svp_refund_numeric(int64 millionths);

#endif							/* SVP_REFUND_FACTS_H */
