/*-------------------------------------------------------------------------
 *
 * benchmark.c
 *		What a benchmark means: its metric, its end, its match.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "benchmark.h"

typedef struct Metric
{
	const char *name;
	SvpMeasure	measure;
	uint32		end_states;
} Metric;

#define CLOSED				SVP_STATE_BIT(SVP_STATE_CLOSED)
#define RESOLVED_OR_CLOSED	(SVP_STATE_BIT(SVP_STATE_RESOLVED) | CLOSED)

/* A reply that resolves is a reply, so every clock but closure ends there at the latest. */
static const Metric metrics[] = {
	{SVP_METRIC_FIRST_RESPONSE, SVP_BY_FIRST_REPLY, RESOLVED_OR_CLOSED},
	{SVP_METRIC_NEXT_RESPONSE, SVP_BY_EXCHANGE, RESOLVED_OR_CLOSED},
	{SVP_METRIC_PERIODIC_UPDATE, SVP_BY_UPDATE, RESOLVED_OR_CLOSED},
	{SVP_METRIC_RESOLUTION, SVP_BY_STATES, RESOLVED_OR_CLOSED},
	{SVP_METRIC_CLOSURE, SVP_BY_STATES, CLOSED},
	{SVP_METRIC_OWNERSHIP, SVP_BY_OWNER, RESOLVED_OR_CLOSED}
};

static const Metric *
find_metric(const char *name)
{
	for (int i = 0; i < lengthof(metrics); i++)
	{
		if (strcmp(metrics[i].name, name) == 0)
			return &metrics[i];
	}
	return NULL;
}

bool
svp_metric_is_built_in(const char *metric)
{
	return find_metric(metric) != NULL;
}

/*
 * What is left of a measure where the benchmark gives states instead.  With
 * stop_on no reply, update or owner ends the clock; a message still starts it
 * unless start_on does.
 */
static SvpMeasure
measure_of(const Metric *metric, const SvpBenchmark *benchmark)
{
	if (metric == NULL)
		return SVP_BY_STATES;
	if (benchmark->stop_on != 0 &&
		(metric->measure == SVP_BY_UPDATE || metric->measure == SVP_BY_OWNER))
		return SVP_BY_STATES;
	if (benchmark->stop_on != 0 && benchmark->start_on != 0 && metric->measure == SVP_BY_EXCHANGE)
		return SVP_BY_STATES;
	return metric->measure;
}

/*
 * Work out what a benchmark's metric and states come to.  An exchange never
 * resumes.
 */
void
svp_benchmark_complete(SvpBenchmark *benchmark)
{
	const Metric *metric = find_metric(benchmark->metric);

	benchmark->measure = measure_of(metric, benchmark);
	benchmark->end_states = benchmark->stop_on;
	if (benchmark->end_states == 0 && metric != NULL)
		benchmark->end_states = metric->end_states;
	if (benchmark->measure == SVP_BY_EXCHANGE || benchmark->measure == SVP_BY_UPDATE)
		benchmark->resume = false;
}

/*
 * Does a public reply of an agent end the clock?
 */
bool
svp_benchmark_hears_replies(const SvpBenchmark *benchmark)
{
	return benchmark->stop_on == 0 &&
		(benchmark->measure == SVP_BY_FIRST_REPLY || benchmark->measure == SVP_BY_EXCHANGE ||
		 benchmark->measure == SVP_BY_UPDATE);
}

/*
 * The elapsed time from which a clock with this target is at risk: exact, and
 * without overflow, for a target has at most 3.2e15 µs.
 */
int64
svp_benchmark_at_risk(const SvpBenchmark *benchmark, int64 target)
{
	int64		share = benchmark->at_risk;

	return target / SVP_AMOUNT_ONE * share + target % SVP_AMOUNT_ONE * share / SVP_AMOUNT_ONE;
}

/*
 * The benchmark of a metric that counts in this scenario: of those that match
 * the one with most conditions, of equals the earlier.  -1 if none matches.
 */
int
svp_benchmark_best(const SvpPolicy *policy, const char *metric, const SvpScenario *scenario)
{
	int			best = -1;

	for (int i = 0; i < policy->nbenchmarks; i++)
	{
		const SvpBenchmark *benchmark = &policy->benchmarks[i];

		if (best >= 0 && benchmark->when.nconditions <= policy->benchmarks[best].when.nconditions)
			continue;
		if (strcmp(benchmark->metric, metric) == 0 &&
			svp_scenario_matches(&benchmark->when, scenario))
			best = i;
	}
	return best;
}
