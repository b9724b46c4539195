/*-------------------------------------------------------------------------
 *
 * policy_document.c
 *		The policy document: its one parser, which both validates and
 *		compiles.
 *
 * Every section is a list of entries, read by a function of its own that
 * notes each problem and goes on.  What judges tickets and refunds is kept in
 * the SvpPolicy; the other sections are only checked, and read by the views.
 *
 * All memory is of the context that is current.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/varlena.h"

#include "policy_document.h"

#define KEYS(list) list, lengthof(list)

#define SHARE_UP_TO_ONE		1, SVP_MILLION, "above 0 and at most 1"
#define AMOUNT_ABOVE_ZERO	1, SVP_NUMBER_MAX, "above 0 and below a trillion"
#define AMOUNT_FROM_ZERO	0, SVP_NUMBER_MAX, "from 0 and below a trillion"

#define DEFAULT_AT_RISK		(SVP_MILLION / 4 * 3)

/* A hundred years of days, or of months. */
#define MAX_DAYS			36525
#define MAX_MONTHS			1200

/* Words that other sections may refer to, each once. */
typedef struct Known
{
	int			n;
	const char **words;
} Known;

typedef struct Parse
{
	SvpPolicy  *policy;
	SvpCalendarCheck check;
	void	   *arg;
	Known		benchmarks;
	Known		metrics;
} Parse;

typedef void (*EntryParser) (Parse *parse, const SvpNode *entry, int index);

typedef struct Section
{
	const char *key;
	const char *identity;		/* the key that no two entries share, or NULL */
	const char *const *keys;
	int			nkeys;
	EntryParser parse_entry;
} Section;

static const char *const document_keys[] = {
	"policy", "language", "mission", "review_every", "objectives", "promises", "benchmarks",
	"escalations", "refunds", "discretion", "procedures", "values"
};

static const char *const reopen_names[] = {"resume", "new_cycle"};

static const char *const window_unit_names[SVP_NWINDOW_UNITS] = {
	"days", "working_days", "months", "exactly"
};

/* The metrics that have a beginning and an end of their own. */
static const char *const built_in_metrics[] = {
	SVP_METRIC_FIRST_RESPONSE, SVP_METRIC_RESOLUTION, SVP_METRIC_CLOSURE
};

/* What will be built in once messages and owners are recorded. */
static const char *const later_metrics[] = {
	"next_response", "periodic_update", "ownership"
};

/*
 * Read a required name.  NULL if there is none to use.
 */
static char *
read_required_name(const SvpNode *entry, const char *key)
{
	SvpNode		node;

	return svp_node_require(entry, key, &node) ? svp_read_name(&node) : NULL;
}

/*
 * Read a text in several languages that the entry must have, or may have.
 */
static void
check_required_text(const SvpNode *entry, const char *key)
{
	SvpNode		node;
	SvpText		text;

	if (svp_node_require(entry, key, &node))
		svp_read_text(&node, &text);
}

static void
check_optional_text(const SvpNode *entry, const char *key)
{
	SvpNode		node;
	SvpText		text;

	if (svp_node_member(entry, key, &node))
		svp_read_text(&node, &text);
}

/*
 * Read an optional number.  Answers whether there is one.
 */
static bool
read_optional_number(const SvpNode *entry, const char *key, int64 low, int64 high,
					 const char *range, int64 *millionths)
{
	SvpNode		node;

	return svp_node_member(entry, key, &node) &&
		svp_read_number(&node, low, high, range, millionths);
}

static bool
read_optional_whole(const SvpNode *entry, const char *key, int low, int high, int64 *whole)
{
	SvpNode		node;

	return svp_node_member(entry, key, &node) && svp_read_whole(&node, low, high, whole);
}

/*
 * Read an optional calendar, which must exist if that is being checked.
 */
static char *
read_calendar(Parse *parse, const SvpNode *entry)
{
	SvpNode		node;
	char	   *calendar;
	const char *problem = NULL;

	if (!svp_node_member(entry, "calendar", &node))
		return NULL;
	calendar = svp_read_name(&node);
	if (calendar != NULL && parse->check != NULL)
		problem = parse->check(calendar, parse->arg);
	if (problem != NULL)
		svp_node_problem(&node, "calendar %s %s", svp_quote(calendar), problem);
	return calendar;
}

/* The values that a scenario may have in one dimension. */
static void
read_condition(const SvpNode *node, SvpCondition *when, SvpDimension dimension)
{
	int			n = svp_read_list(node);
	char	  **values = palloc(Max(n, 1) * sizeof(char *));

	if (n == 0)
		svp_node_problem(node, "lists no value, so that nothing could match; leave the key out");
	for (int i = 0; i < n; i++)
	{
		SvpNode		item;

		svp_node_item(node, i, &item);
		values[i] = svp_read_string(&item);
	}
	when->values[dimension] = values;
	when->nvalues[dimension] = Max(n, 0);
	when->nconditions++;
}

/*
 * Read under which conditions an entry applies.
 */
static void
read_when(const SvpNode *entry, SvpCondition *when)
{
	SvpNode		node;

	memset(when, 0, sizeof(SvpCondition));
	if (!svp_node_member(entry, "when", &node) ||
		!svp_read_object(&node, KEYS(svp_dimension_names)))
		return;

	for (int d = 0; d < SVP_NDIMENSIONS; d++)
	{
		SvpNode		dimension;

		if (svp_node_member(&node, svp_dimension_names[d], &dimension))
			read_condition(&dimension, when, d);
	}
}

static void
check_when(const SvpNode *entry)
{
	SvpCondition when;

	read_when(entry, &when);
}

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
		state = svp_read_word(&item, "state", KEYS(svp_state_names));
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
	return svp_word_index(KEYS(built_in_metrics), metric) >= 0;
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
	if (svp_word_index(KEYS(later_metrics), benchmark->metric) >= 0)
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
	(void) read_optional_number(entry, "at_risk", SHARE_UP_TO_ONE, &at_risk);
	benchmark->at_risk = share_of_duration(benchmark->target, at_risk);
}

static const char *const benchmark_keys[] = {
	"name", "metric", "when", "target", "calendar", "at_risk", "objective", "industry",
	"start_on", "stop_on", "pause_on", "reopen"
};

static void
parse_benchmark(Parse *parse, const SvpNode *entry, int index)
{
	SvpBenchmark *benchmark = &parse->policy->benchmarks[index];
	SvpNode		node;

	benchmark->name = read_required_name(entry, "name");
	benchmark->metric = read_required_name(entry, "metric");
	check_metric(entry, benchmark);
	read_when(entry, &benchmark->when);
	benchmark->calendar = read_calendar(parse, entry);
	read_target(entry, benchmark);
	(void) read_optional_number(entry, "objective", SHARE_UP_TO_ONE, &benchmark->objective);
	read_clock_states(entry, benchmark);
	check_own_states(entry, benchmark);
	benchmark->resume = true;
	if (svp_node_member(entry, "reopen", &node))
		benchmark->resume = svp_read_word(&node, "way to reopen", KEYS(reopen_names)) != 1;
}

/*
 * Is this the name of a fact that is a time?
 */
static bool
is_time_fact(const char *fact)
{
	int			length = strlen(fact);

	return length > 3 && strcmp(fact + length - 3, "_at") == 0 &&
		fact[0] >= 'a' && fact[0] <= 'z' &&
		strspn(fact, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static char *
read_time_fact(const SvpNode *window)
{
	SvpNode		node;
	char	   *fact;

	if (!svp_node_require(window, "from", &node))
		return NULL;
	fact = svp_read_name(&node);
	if (fact != NULL && !is_time_fact(fact))
	{
		svp_node_problem(&node, "%s is no fact that is a time, such as \"delivered_at\"",
						 svp_quote(fact));
		return NULL;
	}
	return fact;
}

/*
 * Read how long a window is: in exactly one of its units.
 */
static void
read_window_length(const SvpNode *window, SvpWindow *result)
{
	SvpNode		node;
	int			given = 0;

	for (int unit = 0; unit < SVP_NWINDOW_UNITS; unit++)
	{
		if (!svp_node_member(window, window_unit_names[unit], &node))
			continue;
		given++;
		result->unit = unit;
		if (unit == SVP_WINDOW_EXACTLY)
			(void) svp_read_duration(&node, &result->length);
		else
			(void) svp_read_whole(&node, 0, unit == SVP_WINDOW_MONTHS ? MAX_MONTHS : MAX_DAYS,
								  &result->length);
	}
	if (given != 1)
		svp_node_problem(window, "must have exactly one of days, working_days, months, exactly");
}

/*
 * Check that a window has the calendar that it needs, and none that it would
 * not look at.
 */
static void
check_window_calendar(const SvpNode *window, const SvpWindow *result)
{
	SvpNode		node;

	if (result->unit == SVP_WINDOW_EXACTLY)
	{
		if (svp_node_member(window, "calendar", &node))
			svp_node_problem(&node, "an exact duration has no calendar; leave the key out");
		if (result->extend_to_working_day)
		{
			(void) svp_node_member(window, "extend_to_working_day", &node);
			svp_node_problem(&node, "an exact duration has no last day; leave the key out");
		}
		return;
	}
	(void) svp_node_member(window, "calendar", &node);
	if (result->calendar == NULL && result->unit == SVP_WINDOW_WORKING_DAYS)
		svp_node_problem(&node, "is required, since working_days are those of a calendar");
	else if (result->calendar == NULL && result->extend_to_working_day)
		svp_node_problem(&node, "is required, since extend_to_working_day looks for the next one of a calendar");
}

static const char *const window_keys[] = {
	"days", "working_days", "months", "exactly", "from", "calendar", "extend_to_working_day"
};

/*
 * Read a window.  It has the calendar of its rule if it names none.
 */
static bool
read_window(Parse *parse, const SvpNode *rule, const char *key, char *rule_calendar,
			SvpWindow *result)
{
	SvpNode		window;
	SvpNode		node;

	if (!svp_node_member(rule, key, &window) || !svp_read_object(&window, KEYS(window_keys)))
		return false;

	read_window_length(&window, result);
	result->from = read_time_fact(&window);
	result->calendar = read_calendar(parse, &window);
	if (result->calendar == NULL && result->unit != SVP_WINDOW_EXACTLY)
		result->calendar = rule_calendar;
	if (svp_node_member(&window, "extend_to_working_day", &node))
		(void) svp_read_bool(&node, &result->extend_to_working_day);
	check_window_calendar(&window, result);
	return true;
}

/* A claim window that starts when the customer asks would never end. */
static void
check_window_start(const SvpNode *rule, const SvpWindow *window)
{
	SvpNode		window_node;
	SvpNode		node;

	if (window->from == NULL || strcmp(window->from, "requested_at") != 0)
		return;
	(void) svp_node_member(rule, "window", &window_node);
	(void) svp_node_member(&window_node, "from", &node);
	svp_node_problem(&node, "the window is over or not when the customer asks, so it cannot start then");
}

static const char *const per_customer_keys[] = {"count", "days"};

static void
check_per_customer(const SvpNode *rule)
{
	SvpNode		limit;
	SvpNode		node;
	int64		whole;

	if (!svp_node_member(rule, "per_customer", &limit) ||
		!svp_read_object(&limit, KEYS(per_customer_keys)))
		return;
	if (svp_node_require(&limit, "count", &node))
		(void) svp_read_whole(&node, 1, PG_INT16_MAX, &whole);
	if (svp_node_require(&limit, "days", &node))
		(void) svp_read_whole(&node, 1, MAX_DAYS, &whole);
}

/* A final sale is refused whatever its dates and amounts. */
static void
check_final_sale(const SvpNode *rule)
{
	static const char *const limits[] = {
		"window", "issue_limit", "max_amount", "max_share", "restocking_fee",
		"approval_above", "per_customer"
	};

	for (int i = 0; i < lengthof(limits); i++)
	{
		SvpNode		node;

		if (svp_node_member(rule, limits[i], &node))
			svp_node_problem(&node, "a final sale is never refunded and has no limits; leave the key out");
	}
}

static const char *const refund_keys[] = {
	"name", "when", "final_sale", "window", "issue_limit", "max_amount", "max_share",
	"restocking_fee", "approval_above", "per_customer", "mode", "message"
};

static void
parse_refund(Parse *parse, const SvpNode *entry, int index)
{
	SvpRefundRule *rule = &parse->policy->refunds[index];
	SvpNode		node;

	rule->name = read_required_name(entry, "name");
	read_when(entry, &rule->when);
	if (svp_node_member(entry, "final_sale", &node))
		(void) svp_read_bool(&node, &rule->final_sale);
	rule->has_window = read_window(parse, entry, "window", NULL, &rule->window);
	check_window_start(entry, &rule->window);
	rule->has_issue_limit = read_window(parse, entry, "issue_limit", rule->window.calendar,
										&rule->issue_limit);
	rule->has_max_amount = read_optional_number(entry, "max_amount", AMOUNT_ABOVE_ZERO,
												&rule->max_amount);
	rule->has_max_share = read_optional_number(entry, "max_share", SHARE_UP_TO_ONE,
											   &rule->max_share);
	rule->has_approval_above = read_optional_number(entry, "approval_above", AMOUNT_FROM_ZERO,
													&rule->approval_above);
	(void) read_optional_number(entry, "restocking_fee", 0, SVP_MILLION, "from 0 to 1",
								&rule->restocking_fee);
	check_per_customer(entry);
	if (rule->final_sale)
		check_final_sale(entry);
	rule->mode = SVP_MODE_ENFORCE;
	if (svp_node_member(entry, "mode", &node))
		rule->mode = Max(svp_read_word(&node, "mode", KEYS(svp_mode_names)), 0);
	if (svp_node_member(entry, "message", &node))
		svp_read_text(&node, &rule->message);
}

static void
know(Known *known, const char *word)
{
	if (word != NULL && svp_word_index(known->words, known->n, word) < 0)
		known->words[known->n++] = word;
}

/*
 * Learn what the benchmarks are called and measure.
 */
static void
know_benchmarks(Parse *parse)
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

/*
 * Read a name, which must be a known one.
 */
static void
check_reference(const SvpNode *node, const char *what, const Known *known)
{
	char	   *word = svp_read_name(node);

	if (word == NULL || svp_word_index(known->words, known->n, word) >= 0)
		return;
	if (known->n == 0)
		svp_node_problem(node, "there is no benchmark that %s could refer to", svp_quote(word));
	else
		svp_node_unknown(node, what, word, known->words, known->n);
}

static void
check_required_reference(const SvpNode *entry, const char *key, const char *what,
						 const Known *known)
{
	SvpNode		node;

	if (svp_node_require(entry, key, &node))
		check_reference(&node, what, known);
}

static const char *const objective_keys[] = {"name", "statement", "measured_by"};

static void
parse_objective(Parse *parse, const SvpNode *entry, int index)
{
	SvpNode		node;

	(void) read_required_name(entry, "name");
	check_required_text(entry, "statement");
	if (svp_node_member(entry, "measured_by", &node))
		check_reference(&node, "metric", &parse->metrics);
}

static const char *const promise_keys[] = {"name", "statement", "benchmark"};

static void
parse_promise(Parse *parse, const SvpNode *entry, int index)
{
	(void) read_required_name(entry, "name");
	check_required_text(entry, "statement");
	check_required_reference(entry, "benchmark", "benchmark", &parse->benchmarks);
}

/*
 * When an escalation level fires: at a share of the target, or that long
 * after the target has passed.
 */
typedef struct Firing
{
	int64		level;
	bool		has_at;
	bool		has_after;
	int64		at;
	int64		after;
} Firing;

/* Does the level fire before the one that precedes it? */
static bool
fires_earlier(const Firing *firing, const Firing *before)
{
	if (firing->has_at && before->has_at)
		return firing->at < before->at;
	if (firing->has_after && before->has_after)
		return firing->after < before->after;
	return firing->has_at && before->has_after && firing->at <= SVP_MILLION;
}

/* A function is called by its schema and name. */
static void
check_function_name(const SvpNode *node)
{
	char	   *name = svp_read_string(node);
	List	   *parts;

	if (name == NULL)
		return;
	if (!SplitIdentifierString(pstrdup(name), '.', &parts) || list_length(parts) != 2)
		svp_node_problem(node, "%s is no function with its schema, such as \"crm.page_director\"",
						 svp_quote(name));
}

/* A level does something. */
static void
check_level_actions(const SvpNode *level)
{
	SvpNode		node;
	bool		acts = false;

	if (svp_node_member(level, "notify", &node))
	{
		(void) svp_read_name(&node);
		acts = true;
	}
	if (svp_node_member(level, "assign", &node))
	{
		(void) svp_read_name(&node);
		acts = true;
	}
	if (svp_node_member(level, "call", &node))
	{
		check_function_name(&node);
		acts = true;
	}
	if (!acts)
		svp_node_problem(level, "does nothing; say whom it tells or what it does, with notify, assign or call");
}

static const char *const level_keys[] = {"level", "at", "after", "notify", "assign", "call"};

static void
parse_level(const SvpNode *entry, Firing *before)
{
	Firing		firing = {0};
	SvpNode		level;
	SvpNode		node;

	if (!svp_read_object(entry, KEYS(level_keys)))
		return;
	if (svp_node_require(entry, "level", &level) &&
		svp_read_whole(&level, 1, PG_INT16_MAX, &firing.level) && firing.level <= before->level)
		svp_node_problem(&level, "must be more than that of the level before, " INT64_FORMAT, before->level);

	firing.has_at = read_optional_number(entry, "at", 1, 100 * SVP_MILLION,
										 "above 0 and at most 100 times the target", &firing.at);
	firing.has_after = svp_node_member(entry, "after", &node) &&
		svp_read_business_duration(&node, &firing.after);
	if (svp_node_member(entry, "at", &node) == svp_node_member(entry, "after", &node))
		svp_node_problem(entry, "must have exactly one of at (a share of the target) and after (time since the target)");
	else if (fires_earlier(&firing, before))
		svp_node_problem(entry, "fires before the level before it");
	check_level_actions(entry);
	*before = firing;
}

static const char *const escalation_keys[] = {"metric", "when", "levels"};

static void
parse_escalation(Parse *parse, const SvpNode *entry, int index)
{
	Firing		before = {0};
	SvpNode		node;
	int			n;

	check_required_reference(entry, "metric", "metric", &parse->metrics);
	check_when(entry);
	if (!svp_node_require(entry, "levels", &node))
		return;
	n = svp_read_list(&node);
	if (n == 0)
		svp_node_problem(&node, "lists no level");
	for (int i = 0; i < n; i++)
	{
		SvpNode		level;

		svp_node_item(&node, i, &level);
		parse_level(&level, &before);
	}
}

static const char *const discretion_keys[] = {"role", "grace_days", "max_amount", "per_month"};

static void
parse_discretion(Parse *parse, const SvpNode *entry, int index)
{
	SvpNode		node;
	int64		number;

	(void) read_required_name(entry, "role");
	(void) read_optional_whole(entry, "grace_days", 0, MAX_DAYS, &number);
	(void) read_optional_number(entry, "max_amount", AMOUNT_FROM_ZERO, &number);
	(void) read_optional_whole(entry, "per_month", 1, PG_INT16_MAX, &number);
	if (!svp_node_member(entry, "grace_days", &node) && !svp_node_member(entry, "max_amount", &node))
		svp_node_problem(entry, "allows nothing; say how much, with grace_days or max_amount");
}

/* Each step once, in the order in which they are taken. */
static void
check_steps(const SvpNode *entry)
{
	SvpNode		node;
	int			n;
	const char **steps;
	int			nsteps = 0;

	if (!svp_node_require(entry, "steps", &node))
		return;
	n = svp_read_list(&node);
	if (n == 0)
		svp_node_problem(&node, "lists no step");
	steps = palloc(Max(n, 1) * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		SvpNode		item;
		char	   *step;

		svp_node_item(&node, i, &item);
		step = svp_read_name(&item);
		if (step == NULL)
			continue;
		if (svp_word_index(steps, nsteps, step) >= 0)
			svp_node_problem(&item, "%s is already a step", svp_quote(step));
		steps[nsteps++] = step;
	}
}

static const char *const procedure_keys[] = {"name", "when", "before", "steps"};

static void
parse_procedure(Parse *parse, const SvpNode *entry, int index)
{
	SvpNode		node;

	(void) read_required_name(entry, "name");
	check_when(entry);
	if (svp_node_require(entry, "before", &node))
		(void) svp_read_word(&node, "state", KEYS(svp_state_names));
	check_steps(entry);
}

/*
 * Is this a measure, a comparison and a number, each parted by a space?
 */
static bool
is_comparison(const char *text)
{
	static const char *const signs[] = {"<=", ">=", "<", ">", "="};
	int			measure = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
	const char *sign = text + measure + 1;
	int			length;
	const char *number;
	int			whole;

	if (measure == 0 || measure > SVP_NAME_MAX || text[measure] != ' ')
		return false;
	length = strcspn(sign, " ");
	if (sign[length] != ' ' || svp_word_index(KEYS(signs), pnstrdup(sign, length)) < 0)
		return false;

	number = sign + length + 1;
	whole = strspn(number, "0123456789");
	if (whole == 0 || whole > 9)
		return false;
	if (number[whole] != '.')
		return number[whole] == '\0';
	number += whole + 1;
	whole = strspn(number, "0123456789");
	return whole > 0 && whole <= 6 && number[whole] == '\0';
}

static const char *const value_keys[] = {"name", "statement", "keep"};

static void
parse_value(Parse *parse, const SvpNode *entry, int index)
{
	SvpNode		node;
	char	   *keep;

	(void) read_required_name(entry, "name");
	check_optional_text(entry, "statement");
	if (!svp_node_require(entry, "keep", &node))
		return;
	keep = svp_read_string(&node);
	if (keep != NULL && !is_comparison(keep))
		svp_node_problem(&node, "%s is no measure, comparison (<, <=, =, >=, >) and number, "
						 "such as \"satisfaction >= 4\"", svp_quote(keep));
}

/* Benchmarks come first, since others refer to them. */
static const Section sections[] = {
	{"benchmarks", "name", KEYS(benchmark_keys), parse_benchmark},
	{"objectives", "name", KEYS(objective_keys), parse_objective},
	{"promises", "name", KEYS(promise_keys), parse_promise},
	{"escalations", NULL, KEYS(escalation_keys), parse_escalation},
	{"refunds", "name", KEYS(refund_keys), parse_refund},
	{"discretion", "role", KEYS(discretion_keys), parse_discretion},
	{"procedures", "name", KEYS(procedure_keys), parse_procedure},
	{"values", "name", KEYS(value_keys), parse_value}
};

/*
 * Check that no earlier entry has this one's name.
 */
static void
check_identity(const Section *section, const SvpNode *entry, int index, char **names)
{
	SvpNode		node;

	names[index] = NULL;
	if (section->identity == NULL || !svp_node_member(entry, section->identity, &node) ||
		node.value.type != jbvString)
		return;

	names[index] = pnstrdup(node.value.val.string.val, node.value.val.string.len);
	for (int i = 0; i < index; i++)
	{
		if (names[i] != NULL && strcmp(names[i], names[index]) == 0)
		{
			svp_node_problem(&node, "%s is already the %s of %s[%d]",
							 svp_quote(names[index]), section->identity, section->key, i);
			return;
		}
	}
}

static int
count_entries(const SvpNode *root, const char *key, SvpNode *list)
{
	return svp_node_member(root, key, list) ? Max(svp_read_list(list), 0) : 0;
}

static void
parse_section(Parse *parse, const Section *section, const SvpNode *root)
{
	SvpNode		list;
	int			n = count_entries(root, section->key, &list);
	char	  **names = palloc(Max(n, 1) * sizeof(char *));

	if (section->parse_entry == parse_benchmark)
	{
		parse->policy->benchmarks = palloc0(Max(n, 1) * sizeof(SvpBenchmark));
		parse->policy->nbenchmarks = n;
	}
	else if (section->parse_entry == parse_refund)
	{
		parse->policy->refunds = palloc0(Max(n, 1) * sizeof(SvpRefundRule));
		parse->policy->nrefunds = n;
	}

	for (int i = 0; i < n; i++)
	{
		SvpNode		entry;

		svp_node_item(&list, i, &entry);
		names[i] = NULL;
		if (!svp_read_object(&entry, section->keys, section->nkeys))
			continue;
		check_identity(section, &entry, i, names);
		section->parse_entry(parse, &entry, i);
	}
	if (section->parse_entry == parse_benchmark)
		know_benchmarks(parse);
}

/* What is said once, of the whole. */
static void
parse_heading(Parse *parse, const SvpNode *root)
{
	SvpNode		node;
	Interval	interval;

	parse->policy->name = read_required_name(root, "policy");
	if (svp_node_member(root, "language", &node))
		parse->policy->language = svp_read_language(&node);
	check_optional_text(root, "mission");
	if (svp_node_member(root, "review_every", &node))
		(void) svp_read_interval(&node, &interval);
}

/*
 * Compile a document, or find all that is wrong with it.  Whether calendars
 * exist is checked if "check" is given.
 */
SvpPolicy *
svp_policy_parse(Jsonb *document, SvpCalendarCheck check, void *arg, List **problems)
{
	SvpReader	reader = {NIL};
	Parse		parse = {palloc0(sizeof(SvpPolicy)), check, arg};
	SvpNode		root;

	svp_node_root(&reader, document, &root);
	if (svp_read_object(&root, KEYS(document_keys)))
	{
		parse_heading(&parse, &root);
		for (int i = 0; i < lengthof(sections); i++)
			parse_section(&parse, &sections[i], &root);
	}
	*problems = reader.problems;
	return reader.problems == NIL ? parse.policy : NULL;
}
