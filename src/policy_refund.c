/*-------------------------------------------------------------------------
 *
 * policy_refund.c
 *		The refund rules of a policy document.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy_section.h"

static const char *const window_unit_names[SVP_NWINDOW_UNITS] = {
	"days", "working_days", "months", "exactly"
};

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
			(void) svp_read_whole(&node, 0, unit == SVP_WINDOW_MONTHS ? SVP_MAX_MONTHS : SVP_MAX_DAYS,
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
read_window(SvpParse *parse, const SvpNode *rule, const char *key, char *rule_calendar,
			SvpWindow *result)
{
	SvpNode		window;
	SvpNode		node;

	if (!svp_node_member(rule, key, &window) || !svp_read_object(&window, SVP_KEYS(window_keys)))
		return false;

	read_window_length(&window, result);
	result->from = read_time_fact(&window);
	result->calendar = svp_parse_calendar(parse, &window);
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
		!svp_read_object(&limit, SVP_KEYS(per_customer_keys)))
		return;
	if (svp_node_require(&limit, "count", &node))
		(void) svp_read_whole(&node, 1, PG_INT16_MAX, &whole);
	if (svp_node_require(&limit, "days", &node))
		(void) svp_read_whole(&node, 1, SVP_MAX_DAYS, &whole);
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
parse_refund(SvpParse *parse, const SvpNode *entry, int index)
{
	SvpRefundRule *rule = &parse->policy->refunds[index];
	SvpNode		node;

	rule->name = svp_parse_required_name(entry, "name");
	svp_parse_when(entry, &rule->when);
	if (svp_node_member(entry, "final_sale", &node))
		(void) svp_read_bool(&node, &rule->final_sale);
	rule->has_window = read_window(parse, entry, "window", NULL, &rule->window);
	check_window_start(entry, &rule->window);
	rule->has_issue_limit = read_window(parse, entry, "issue_limit", rule->window.calendar,
										&rule->issue_limit);
	rule->max_amount.given = svp_parse_optional_number(entry, "max_amount", SVP_AMOUNT_ABOVE_ZERO,
													 &rule->max_amount.amount);
	rule->has_max_share = svp_parse_optional_number(entry, "max_share", SVP_SHARE_UP_TO_ONE,
													&rule->max_share);
	rule->approval_above.given = svp_parse_optional_number(entry, "approval_above", SVP_AMOUNT_FROM_ZERO,
														 &rule->approval_above.amount);
	(void) svp_parse_optional_number(entry, "restocking_fee", 0, SVP_MILLION, "from 0 to 1",
									 &rule->restocking_fee);
	check_per_customer(entry);
	if (rule->final_sale)
		check_final_sale(entry);
	rule->mode = SVP_MODE_ENFORCE;
	if (svp_node_member(entry, "mode", &node))
		rule->mode = Max(svp_read_word(&node, "mode", SVP_KEYS(svp_mode_names)), 0);
	if (svp_node_member(entry, "message", &node))
		svp_read_text(&node, &rule->message);
}

static void
begin_refunds(SvpParse *parse, int n)
{
	parse->policy->refunds = palloc0(Max(n, 1) * sizeof(SvpRefundRule));
	parse->policy->nrefunds = n;
}

const SvpSection svp_refund_section = {
	"refunds", "name", SVP_KEYS(refund_keys), parse_refund, begin_refunds, NULL
};
