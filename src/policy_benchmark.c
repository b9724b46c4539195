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

#include "benchmark.h"
#include "policy_section.h"

#define DEFAULT_AT_RISK		(SVP_MILLION / 4 * 3)

static const char *const reopen_names[] = {"resume", "new_cycle"};

static const char *const landing_names[] = {"same_time", "end_of_day"};

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
is_named(const SvpBenchmark *benchmark, const char *metric)
{
	return strcmp(benchmark->metric, metric) == 0;
}

/*
 * Does each exchange, or each update, have a clock of its own?  Not where
 * states say both when it starts and when it ends.
 */
static bool
is_by_message(const SvpBenchmark *benchmark)
{
	return benchmark->start_on == 0 && (is_named(benchmark, SVP_METRIC_NEXT_RESPONSE) ||
										is_named(benchmark, SVP_METRIC_PERIODIC_UPDATE));
}

/*
 * What starts with a message cannot start with a state as well.
 */
static void
check_start(const SvpNode *entry, const SvpBenchmark *benchmark)
{
	SvpNode		node;

	if (benchmark->start_on == 0 || benchmark->stop_on != 0)
		return;
	(void) svp_node_member(entry, "start_on", &node);
	if (is_named(benchmark, SVP_METRIC_NEXT_RESPONSE))
		svp_node_problem(&node, "next_response starts with a message of the customer's; "
						 "one that goes by states needs stop_on too");
	else if (is_named(benchmark, SVP_METRIC_PERIODIC_UPDATE))
		svp_node_problem(&node, "periodic_update starts with the opening and with each update; "
						 "one that goes by states needs stop_on too");
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
	check_start(entry, benchmark);
	svp_benchmark_complete(benchmark);

	both = benchmark->start_on & benchmark->end_states;
	(void) svp_node_member(entry, "start_on", &node);
	if (both != 0)
		svp_node_problem(&node, "\"%s\" ends this clock, and cannot start it too", first_state(both));

	both = benchmark->pause_on & benchmark->end_states;
	(void) svp_node_member(entry, "pause_on", &node);
	if (both != 0)
		svp_node_problem(&node, "\"%s\" ends this clock, and cannot pause it too", first_state(both));
}

/*
 * Read whether a reopened ticket goes on with its clock.
 */
static void
read_reopen(const SvpNode *entry, SvpBenchmark *benchmark)
{
	bool		by_message = benchmark->metric != NULL && is_by_message(benchmark);
	SvpNode		node;

	benchmark->resume = !by_message;
	if (!svp_node_member(entry, "reopen", &node))
		return;
	benchmark->resume = svp_read_word(&node, "way to reopen", SVP_KEYS(reopen_names)) != 1;
	if (by_message && benchmark->resume)
		svp_node_problem(&node, "a clock of %s never resumes: each is a cycle of its own",
						 benchmark->metric);
}

/*
 * A metric is built in, or says in which states its clock starts and ends.
 */
static void
check_metric(const SvpNode *entry, const SvpBenchmark *benchmark)
{
	SvpNode		node;

	if (benchmark->metric == NULL || svp_metric_is_built_in(benchmark->metric) ||
		(svp_node_member(entry, "start_on", &node) && svp_node_member(entry, "stop_on", &node)))
		return;

	(void) svp_node_member(entry, "metric", &node);
	svp_node_problem(&node, "%s is none of those built in (first_response, next_response, "
					 "periodic_update, resolution, closure, ownership); "
					 "a metric of your own says in which states it starts and ends, with start_on and stop_on",
					 svp_quote(benchmark->metric));
}

/* A metric of one's own starts and ends somewhere. */
static void
check_own_states(const SvpNode *entry, const SvpBenchmark *benchmark)
{
	SvpNode		node;

	if (benchmark->metric == NULL || svp_metric_is_built_in(benchmark->metric))
		return;
	if (svp_node_member(entry, "start_on", &node) && benchmark->start_on == 0)
		svp_node_problem(&node, "lists no state in which this clock could start");
	if (svp_node_member(entry, "stop_on", &node) && benchmark->stop_on == 0)
		svp_node_problem(&node, "lists no state in which this clock could end");
}

/*
 * Does a text count working days, rightly or not?  Then how many, or 0.
 */
static bool
counts_working_days(const char *text, int32 *days)
{
	size_t		digits = strspn(text, "0123456789");
	const char *unit = strstr(text, "working day");

	if (unit == NULL)
		return false;
	*days = 0;
	if (digits > 0 && digits <= 5 && unit == text + digits + 1 && text[digits] == ' ' &&
		(strcmp(unit, "working days") == 0 || strcmp(unit, "working day") == 0))
		*days = atoi(text);
	return true;
}

/*
 * Read a target of working days.  False where it is none.
 */
static bool
read_working_days(const SvpNode *node, SvpBenchmark *benchmark)
{
	char	   *text;

	if (node->value.type != jbvString)
		return false;
	text = svp_read_string(node);
	if (text == NULL || !counts_working_days(text, &benchmark->target_days))
		return false;
	if (benchmark->target_days < 1 || benchmark->target_days > SVP_MAX_DAYS)
	{
		svp_node_problem(node, "%s is no whole number from 1 to %d of working days, such as \"2 working days\"",
						 svp_quote(text), SVP_MAX_DAYS);
		benchmark->target_days = 1;
	}
	if (benchmark->calendar == NULL)
		svp_node_problem(node, "counts working days, so it needs a calendar");
	return true;
}

static void
read_span(const SvpNode *node, const SvpBenchmark *benchmark, int64 *usec)
{
	if (benchmark->calendar != NULL)
		(void) svp_read_business_duration(node, usec);
	else
		(void) svp_read_duration(node, usec);
}

/*
 * Read where the last of some working days ends.
 */
static void
read_landing(const SvpNode *entry, SvpBenchmark *benchmark)
{
	SvpNode		node;

	if (!svp_node_member(entry, "landing", &node))
		return;
	benchmark->end_of_day = svp_read_word(&node, "landing", SVP_KEYS(landing_names)) == 1;
	if (benchmark->target_days == 0)
		svp_node_problem(&node, "goes with a target of working days only");
}

/*
 * Read a target, and when it is at risk.  Days have no length in business
 * time, but working days may be counted.
 */
static void
read_target(const SvpNode *entry, SvpBenchmark *benchmark)
{
	SvpNode		node;
	int64		industry;

	if (svp_node_require(entry, "target", &node) && !read_working_days(&node, benchmark))
		read_span(&node, benchmark, &benchmark->target);
	read_landing(entry, benchmark);
	if (svp_node_member(entry, "industry", &node))
		read_span(&node, benchmark, &industry);
	benchmark->at_risk = DEFAULT_AT_RISK;
	(void) svp_parse_optional_number(entry, "at_risk", SVP_SHARE_UP_TO_ONE, &benchmark->at_risk);
}

static const char *const benchmark_keys[] = {
	"name", "metric", "when", "target", "landing", "calendar", "at_risk", "objective", "industry",
	"start_on", "stop_on", "pause_on", "reopen"
};

static void
parse_benchmark(SvpParse *parse, const SvpNode *entry, int index)
{
	SvpBenchmark *benchmark = &parse->policy->benchmarks[index];

	benchmark->name = svp_parse_required_name(entry, "name");
	benchmark->metric = svp_parse_required_name(entry, "metric");
	check_metric(entry, benchmark);
	svp_parse_when(entry, &benchmark->when);
	benchmark->calendar = svp_parse_calendar(parse, entry);
	read_target(entry, benchmark);
	(void) svp_parse_optional_number(entry, "objective", SVP_SHARE_UP_TO_ONE, &benchmark->objective);
	read_clock_states(entry, benchmark);
	check_own_states(entry, benchmark);
	read_reopen(entry, benchmark);
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
