/*-------------------------------------------------------------------------
 *
 * policy_benchmark.c
 *		The benchmarks of a policy document.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy_section.h"

#define DEFAULT_AT_RISK		(SVP_MILLION / 4 * 3)

static const char *const reopen_names[] = {"resume", "new_cycle"};

/* The metrics that have a beginning and an end of their own. */
static const char *const built_in_metrics[] = {
	SVP_METRIC_FIRST_RESPONSE, SVP_METRIC_RESOLUTION, SVP_METRIC_CLOSURE
};

/* What will be built in once messages and owners are recorded. */
static const char *const later_metrics[] = {
	"next_response", "periodic_update", "ownership"
};

/*
 * Read an optional set of states.  A void ticket's clocks are cancelled, so
 * that no clock can start, stop or pause there.
 */
static uint32
read_states(const SvpNode *entry, const char *key)
{
	SvpNode		node;
	uint32		states = 0;
	int			n;

	if (!svp_node_member(entry, key, &node))
		return 0;

	n = svp_read_list(&node);
	for (int i = 0; i < n; i++)
	{
		SvpNode		item;
		int			state;

		svp_node_item(&node, i, &item);
		state = svp_read_word(&item, "state", SVP_KEYS(svp_state_names));
		if (state == SVP_STATE_VOID)
			svp_node_problem(&item, "a void ticket has no clocks");
		else if (state >= 0)
			states |= SVP_STATE_BIT(state);
	}
	return states;
}

/* The name of the first state of a set that is not empty. */
static const char *
first_state(uint32 states)
{
	int			state = 0;

	while (!(states & SVP_STATE_BIT(state)))
		state++;
	return svp_state_names[state];
}

static bool
is_built_in(const char *metric)
{
	return svp_word_index(SVP_KEYS(built_in_metrics), metric) >= 0;
}

/* The states in which a benchmark's clock ends. */
static uint32
end_states(const SvpBenchmark *benchmark)
{
	if (benchmark->stop_on != 0)
		return benchmark->stop_on;
	if (strcmp(benchmark->metric, SVP_METRIC_CLOSURE) == 0)
		return SVP_STATE_BIT(SVP_STATE_CLOSED);
	return SVP_STATE_BIT(SVP_STATE_RESOLVED) | SVP_STATE_BIT(SVP_STATE_CLOSED);
}

/*
 * Read when a benchmark's clock runs.
 */
static void
read_clock_states(const SvpNode *entry, SvpBenchmark *benchmark)
{
	SvpNode		node;
	uint32		both;

	benchmark->start_on = read_states(entry, "start_on");
	benchmark->stop_on = read_states(entry, "stop_on");
	benchmark->pause_on = read_states(entry, "pause_on");
	if (benchmark->metric == NULL)
		return;

	both = benchmark->start_on & end_states(benchmark);
	(void) svp_node_member(entry, "start_on", &node);
	if (both != 0)
		svp_node_problem(&node, "\"%s\" ends this clock, and cannot start it too", first_state(both));

	both = benchmark->pause_on & end_states(benchmark);
	(void) svp_node_member(entry, "pause_on", &node);
	if (both != 0)
		svp_node_problem(&node, "\"%s\" ends this clock, and cannot pause it too", first_state(both));
}

/*
 * A metric is built in, or says in which states its clock starts and ends.
 */
static void
check_metric(const SvpNode *entry, const SvpBenchmark *benchmark)
{
	SvpNode		node;

	if (benchmark->metric == NULL || is_built_in(benchmark->metric) ||
		(svp_node_member(entry, "start_on", &node) && svp_node_member(entry, "stop_on", &node)))
		return;

	(void) svp_node_member(entry, "metric", &node);
	if (svp_word_index(SVP_KEYS(later_metrics), benchmark->metric) >= 0)
		svp_node_problem(&node, "this release does not record what \"%s\" needs; "
						 "say in which states it starts and ends, with start_on and stop_on",
						 benchmark->metric);
	else
		svp_node_problem(&node, "%s is none of those built in (first_response, resolution, closure); "
						 "a metric of your own says in which states it starts and ends, with start_on and stop_on",
						 svp_quote(benchmark->metric));
}

/* A metric of one's own starts and ends somewhere. */
static void
check_own_states(const SvpNode *entry, const SvpBenchmark *benchmark)
{
	SvpNode		node;

	if (benchmark->metric == NULL || is_built_in(benchmark->metric))
		return;
	if (svp_node_member(entry, "start_on", &node) && benchmark->start_on == 0)
		svp_node_problem(&node, "lists no state in which this clock could start");
	if (svp_node_member(entry, "stop_on", &node) && benchmark->stop_on == 0)
		svp_node_problem(&node, "lists no state in which this clock could end");
}

/* Exact, and without overflow: a target has at most 3.2e15 µs. */
static int64
share_of_duration(int64 usec, int64 millionths)
{
	return usec / SVP_MILLION * millionths + usec % SVP_MILLION * millionths / SVP_MILLION;
}

/*
 * Read a target, and when it is at risk.  Days have no length in business
 * time.
 */
static void
read_target(const SvpNode *entry, SvpBenchmark *benchmark)
{
	SvpNode		node;
	int64		at_risk = DEFAULT_AT_RISK;
	int64		industry;

	if (svp_node_require(entry, "target", &node))
	{
		if (benchmark->calendar != NULL)
			(void) svp_read_business_duration(&node, &benchmark->target);
		else
			(void) svp_read_duration(&node, &benchmark->target);
	}
	if (svp_node_member(entry, "industry", &node))
	{
		if (benchmark->calendar != NULL)
			(void) svp_read_business_duration(&node, &industry);
		else
			(void) svp_read_duration(&node, &industry);
	}
	(void) svp_parse_optional_number(entry, "at_risk", SVP_SHARE_UP_TO_ONE, &at_risk);
	benchmark->at_risk = share_of_duration(benchmark->target, at_risk);
}

static const char *const benchmark_keys[] = {
	"name", "metric", "when", "target", "calendar", "at_risk", "objective", "industry",
	"start_on", "stop_on", "pause_on", "reopen"
};

static void
parse_benchmark(SvpParse *parse, const SvpNode *entry, int index)
{
	SvpBenchmark *benchmark = &parse->policy->benchmarks[index];
	SvpNode		node;

	benchmark->name = svp_parse_required_name(entry, "name");
	benchmark->metric = svp_parse_required_name(entry, "metric");
	check_metric(entry, benchmark);
	svp_parse_when(entry, &benchmark->when);
	benchmark->calendar = svp_parse_calendar(parse, entry);
	read_target(entry, benchmark);
	(void) svp_parse_optional_number(entry, "objective", SVP_SHARE_UP_TO_ONE, &benchmark->objective);
	read_clock_states(entry, benchmark);
	check_own_states(entry, benchmark);
	benchmark->resume = true;
	if (svp_node_member(entry, "reopen", &node))
		benchmark->resume = svp_read_word(&node, "way to reopen", SVP_KEYS(reopen_names)) != 1;
}

static void
know(SvpKnown *known, const char *word)
{
	if (word != NULL && svp_word_index(known->words, known->n, word) < 0)
		known->words[known->n++] = word;
}

/*
 * Learn what the benchmarks are called and measure.
 */
static void
know_benchmarks(SvpParse *parse)
{
	SvpPolicy  *policy = parse->policy;

	parse->benchmarks.words = palloc(Max(policy->nbenchmarks, 1) * sizeof(char *));
	parse->metrics.words = palloc(Max(policy->nbenchmarks, 1) * sizeof(char *));
	for (int i = 0; i < policy->nbenchmarks; i++)
	{
		know(&parse->benchmarks, policy->benchmarks[i].name);
		know(&parse->metrics, policy->benchmarks[i].metric);
	}
}

static void
begin_benchmarks(SvpParse *parse, int n)
{
	parse->policy->benchmarks = palloc0(Max(n, 1) * sizeof(SvpBenchmark));
	parse->policy->nbenchmarks = n;
}

const SvpSection svp_benchmark_section = {
	"benchmarks", "name", SVP_KEYS(benchmark_keys), parse_benchmark, begin_benchmarks, know_benchmarks
};
