/*-------------------------------------------------------------------------
 *
 * explain_refund_rule.c
 *		Whose version decides on a refund, and which rule of it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "explain.h"
#include "explain_refund.h"
#include "refund_text.h"

/*
 * Which version, and why that.
 */
static void
tell_version(SvpStory *story, const SvpRefundCase *refund)
{
	const char *fact = refund->claimed_by;
	char	   *version = psprintf("policy %s, version %d", refund->policy->name, refund->policy->version);

	if (fact == NULL)
		svp_tell(story, "%s: in force now, since none that was in force before claims the refund", version);
	else
		svp_tell(story, "%s: in force at %s, %s%s", version, fact,
				 svp_refund_instant(svp_refund_zone(refund), svp_refund_case_fact(refund, fact)->value),
				 refund->rule != NULL && refund->rule->version_at != NULL ?
				 ", which is what its rule goes by" : "");
}

void
svp_explain_refund_rule(SvpStory *story, const SvpRefundCase *refund)
{
	const SvpPolicy *policy = refund->policy;
	SvpScenario scenario = svp_refund_case_scenario(refund);

	if (policy == NULL)
	{
		svp_tell(story, "no version of policy %s was in force then, nor is one now",
				 refund->attachment->policy);
		return;
	}
	tell_version(story, refund);
	if (refund->facts.problem != NULL)
	{
		svp_tell(story, " which of its rules applies cannot be told; the strictest mode of them counts");
		return;
	}
	for (int i = 0; i < policy->nrefunds; i++)
		svp_tell_match(story, psprintf("rule \"%s\"", policy->refunds[i].name), &policy->refunds[i].when,
					   refund->rule == NULL ? NULL : &refund->rule->when, &scenario);
	if (refund->rule == NULL)
		svp_tell(story, " no rule applies");
}
