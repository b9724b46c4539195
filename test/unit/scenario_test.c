/*-------------------------------------------------------------------------
 *
 * scenario_test.c
 *		Which rule applies: conditions against scenarios.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "scenario.h"
#include "tap.h"

static char *urgent[] = {"urgent"};
static char *urgent_or_high[] = {"high", "urgent"};
static char *phone[] = {"phone"};
static char *gold[] = {"gold"};

static SvpCondition
always(void)
{
	SvpCondition when;

	memset(&when, 0, sizeof(when));
	return when;
}

static SvpCondition
and_one_of(SvpCondition when, SvpDimension dimension, char **values, int nvalues)
{
	when.values[dimension] = values;
	when.nvalues[dimension] = nvalues;
	when.nconditions++;
	return when;
}

static void
test_matches(void)
{
	SvpCondition anything = always();
	SvpCondition by_priority = and_one_of(always(), SVP_PRIORITY, urgent_or_high, 2);
	SvpCondition both = and_one_of(by_priority, SVP_CHANNEL, phone, 1);
	SvpScenario nothing_known = {{NULL}};
	SvpScenario scenario = {{NULL}};

	ok(svp_scenario_matches(&anything, &nothing_known), "no condition is always met");
	ok(!svp_scenario_matches(&by_priority, &nothing_known), "what is unknown meets no condition");

	scenario.value[SVP_PRIORITY] = "urgent";
	ok(svp_scenario_matches(&by_priority, &scenario), "any of the values meets a condition");
	ok(!svp_scenario_matches(&both, &scenario), "every condition has to be met");
	scenario.value[SVP_CHANNEL] = "phone";
	ok(svp_scenario_matches(&both, &scenario), "all conditions are met");

	scenario.value[SVP_PRIORITY] = "Urgent";
	ok(!svp_scenario_matches(&by_priority, &scenario), "letters count as they are written");
	scenario.value[SVP_PRIORITY] = "urgen";
	ok(!svp_scenario_matches(&by_priority, &scenario), "the beginning of a value is not the value");
	scenario.value[SVP_PRIORITY] = "";
	ok(!svp_scenario_matches(&by_priority, &scenario), "an empty value is not the value");
}

/* Each dimension is looked at, the last one too. */
static void
test_each_dimension(void)
{
	for (int d = 0; d < SVP_NDIMENSIONS; d++)
	{
		SvpCondition when = and_one_of(always(), d, gold, 1);
		SvpScenario scenario = {{NULL}};

		scenario.value[d] = "silver";
		ok(!svp_scenario_matches(&when, &scenario), "a dimension that differs");
		scenario.value[d] = "gold";
		ok(svp_scenario_matches(&when, &scenario), "a dimension that agrees");
		for (int other = 0; other < SVP_NDIMENSIONS; other++)
		{
			scenario.value[d] = NULL;
			ok(svp_scenario_meets(&when, &scenario, other) == (other != d),
			   "it is told which dimension is at fault");
		}
	}
}

static void
test_best(void)
{
	SvpCondition anything = always();
	SvpCondition by_priority = and_one_of(always(), SVP_PRIORITY, urgent, 1);
	SvpCondition by_list = and_one_of(always(), SVP_PRIORITY, urgent_or_high, 2);
	SvpCondition by_channel = and_one_of(always(), SVP_CHANNEL, phone, 1);
	SvpCondition both = and_one_of(by_priority, SVP_CHANNEL, phone, 1);
	const SvpCondition *rules[] = {&anything, &by_list, &by_priority, &by_channel, &both};
	SvpScenario scenario = {{NULL}};

	is_int64(svp_scenario_best(rules, 0, &scenario), -1, "no rules, none applies");
	is_int64(svp_scenario_best(rules + 1, 4, &scenario), -1, "no rule applies to what is unknown");
	is_int64(svp_scenario_best(rules, 5, &scenario), 0, "the rule without conditions is the last resort");

	scenario.value[SVP_PRIORITY] = "urgent";
	is_int64(svp_scenario_best(rules, 5, &scenario), 1,
			 "of equally many conditions the earlier; a list counts once");
	is_int64(svp_scenario_best(rules + 2, 3, &scenario), 0, "a shorter list is no more special");

	scenario.value[SVP_CHANNEL] = "phone";
	is_int64(svp_scenario_best(rules, 5, &scenario), 4, "most conditions win over earlier rules");

	scenario.value[SVP_PRIORITY] = "low";
	is_int64(svp_scenario_best(rules, 5, &scenario), 3, "most conditions of those that apply");
}

int
main(void)
{
	test_matches();
	test_each_dimension();
	test_best();
	return done_testing();
}
