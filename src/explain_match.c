/*-------------------------------------------------------------------------
 *
 * explain_match.c
 *		Why one benchmark or rule counts and others do not, in words.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "benchmark.h"
#include "explain.h"

/*
 * What a condition asks for: one value, or one of several.
 */
static void
append_values(StringInfo line, const SvpCondition *when, int dimension)
{
	int			n = when->nvalues[dimension];

	for (int i = 0; i < n; i++)
		appendStringInfo(line, "%s%s", i == 0 ? "" : i == n - 1 ? " or " : ", ",
						 when->values[dimension][i]);
}

/*
 * The conditions that the scenario does not meet, or those that it does.
 */
static char *
conditions(const SvpCondition *when, const SvpScenario *scenario, bool met)
{
	StringInfoData line;

	initStringInfo(&line);
	for (int d = 0; d < SVP_NDIMENSIONS; d++)
	{
		if (when->nvalues[d] == 0 || svp_scenario_meets(when, scenario, d) != met)
			continue;
		appendStringInfo(&line, "%s%s is %s", line.len > 0 ? ", " : "", svp_dimension_names[d],
						 scenario->value[d] == NULL ? "not known" : scenario->value[d]);
		if (met)
			continue;
		appendStringInfoString(&line, ", not ");
		append_values(&line, when, d);
	}
	return line.data;
}

/*
 * Tell of one of those that are chosen from whether it matches a scenario, and
 * whether it is the one that counts, which is given too (or NULL).
 */
void
svp_tell_match(SvpStory *story, const char *named, const SvpCondition *when,
			   const SvpCondition *counts, const SvpScenario *scenario)
{
	if (when == counts)
		svp_tell(story, " %s counts: %s", named, when->nconditions == 0 ?
				 "it has no conditions" : conditions(when, scenario, true));
	else if (svp_scenario_matches(when, scenario))
		svp_tell(story, " %s matches too, but %s", named, when->nconditions < counts->nconditions ?
				 "has fewer conditions" : "comes later in the document");
	else
		svp_tell(story, " %s does not match: %s", named, conditions(when, scenario, false));
}

/*
 * Tell of each benchmark of the metric whether it matches a scenario, and
 * which counts.
 */
void
svp_explain_match(SvpExplanation *explanation, const char *metric, const SvpScenario *scenario)
{
	const SvpPolicy *policy = explanation->judge->policy;
	int			best = svp_benchmark_best(policy, metric, scenario);

	for (int i = 0; i < policy->nbenchmarks; i++)
	{
		const SvpBenchmark *benchmark = &policy->benchmarks[i];

		if (strcmp(benchmark->metric, metric) == 0)
			svp_tell_match(&explanation->story, psprintf("benchmark \"%s\"", benchmark->name),
						   &benchmark->when, best < 0 ? NULL : &policy->benchmarks[best].when, scenario);
	}
}
