/*-------------------------------------------------------------------------
 *
 * scenario.c
 *		Which rule of a policy applies: conditions against a ticket's scenario.
 *
 * Pure: no table, no server.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "scenario.h"

/*
 * Is the value one of those listed?  Values are compared byte by byte: what
 * the CRM writes is what the policy says.
 */
static bool
is_listed(char *const *values, int nvalues, const char *value)
{
	for (int i = 0; i < nvalues; i++)
	{
		if (strcmp(values[i], value) == 0)
			return true;
	}
	return false;
}

/*
 * Does the scenario meet what the rule asks of one dimension?
 */
bool
svp_scenario_meets(const SvpCondition *when, const SvpScenario *scenario, int dimension)
{
	const char *value = scenario->value[dimension];

	if (when->nvalues[dimension] == 0)
		return true;
	return value != NULL && is_listed(when->values[dimension], when->nvalues[dimension], value);
}

/*
 * Does a rule apply to this scenario?
 */
bool
svp_scenario_matches(const SvpCondition *when, const SvpScenario *scenario)
{
	if (when->nconditions == 0)
		return true;

	for (int d = 0; d < SVP_NDIMENSIONS; d++)
	{
		if (!svp_scenario_meets(when, scenario, d))
			return false;
	}
	return true;
}

/*
 * Choose among rules: of those that apply, the one with most conditions; of
 * equals, the earlier.  Returns its index, or -1 when none applies.
 */
int
svp_scenario_best(const SvpCondition *const *when, int n, const SvpScenario *scenario)
{
	int			best = -1;

	for (int i = 0; i < n; i++)
	{
		if (best >= 0 && when[i]->nconditions <= when[best]->nconditions)
			continue;
		if (svp_scenario_matches(when[i], scenario))
			best = i;
	}
	return best;
}
