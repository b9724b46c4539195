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

/* What the refund does not say of its scenario, its ticket may. */
static SvpScenario
scenario_of(const SvpRefundCase *refund)
{
	SvpScenario scenario;

	for (int i = 0; i < SVP_NDIMENSIONS; i++)
	{
		scenario.value[i] = svp_refund_case_text(refund, svp_dimension_names[i]);
		if (scenario.value[i] == NULL && refund->ticket != NULL)
			scenario.value[i] = refund->ticket->event.scenario.value[i];
	}
	return scenario;
}

/*
 * Which version, and since when it was in force.
 */
static void
tell_version(SvpStory *story, const SvpRefundCase *refund)
{
	svp_tell(story, "policy %s, version %d", refund->policy->name, refund->policy->version);
}

void
svp_explain_refund_rule(SvpStory *story, const SvpRefundCase *refund)
{
	const SvpPolicy *policy = refund->policy;
	SvpScenario scenario;

	if (policy == NULL)
	{
		svp_tell(story, "no version of policy %s was in force then, nor is one now",
				 refund->attachment->policy);
		return;
	}
	tell_version(story, refund);
	scenario = scenario_of(refund);
	for (int i = 0; i < policy->nrefunds; i++)
		svp_tell_match(story, psprintf("rule \"%s\"", policy->refunds[i].name), &policy->refunds[i].when,
					   refund->rule == NULL ? NULL : &refund->rule->when, &scenario);
	if (refund->rule == NULL)
		svp_tell(story, " no rule applies");
}
