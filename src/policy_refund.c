/*-------------------------------------------------------------------------
 *
 * policy_refund.c
 *		The refund rules of a policy document, and who may depart from them.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy_section.h"
#include "refund.h"
#include "refund_message.h"

static const char *const per_customer_keys[] = {"count", "amount", "days"};

static void
parse_per_customer(const SvpNode *rule, SvpRefundRule *result)
{
	SvpNode		limit;
	SvpNode		node;
	int64		count = 0;
	int64		days = 0;

	if (!svp_node_member(rule, "per_customer", &limit) ||
		!svp_read_object(&limit, SVP_KEYS(per_customer_keys)))
		return;
	(void) svp_parse_optional_whole(&limit, "count", 1, PG_INT16_MAX, &count);
	svp_parse_optional_money(&limit, "amount", SVP_AMOUNT_ABOVE_ZERO, &result->customer_amount);
	if (!svp_node_member(&limit, "count", &node) && !svp_node_member(&limit, "amount", &node))
		svp_node_problem(&limit, "limits nothing; say how much, with count or amount");
	if (svp_node_require(&limit, "days", &node))
		(void) svp_read_whole(&node, 1, SVP_MAX_DAYS, &days);
	result->customer_count = count;
	result->customer_days = days;
}

/* The messages of single reasons. */
static void
parse_messages(const SvpNode *rule, SvpRefundRule *result)
{
	/* those that a refund may not be allowed for */
	const char *const *reasons = &svp_refund_reason_names[SVP_REASON_FINAL_SALE];
	int			nreasons = SVP_NREFUND_REASONS - SVP_REASON_FINAL_SALE;
	SvpNode		node;
	SvpNode    *members;
	int			n;

	if (!svp_node_member(rule, "messages", &node))
		return;
	if (!svp_node_is_object(&node))
	{
		svp_node_problem(&node, "must be an object, not %s", svp_json_type_name(&node.value));
		return;
	}
	n = svp_read_members(&node, &members);
	result->messages = palloc0(Max(n, 1) * sizeof(SvpReasonMessage));
	result->nmessages = Max(n, 0);
	for (int i = 0; i < n; i++)
	{
		result->messages[i].reason = pstrdup(members[i].key);
		svp_parse_template(&members[i], &result->messages[i].text,
						   svp_refund_placeholder_exists, "a refund");
		if (svp_word_index(reasons, nreasons, members[i].key) < 0)
			svp_node_unknown(&members[i], "reason", members[i].key, reasons, nreasons);
	}
}

/* A final sale is refused whatever its dates, amounts and people. */
static void
check_final_sale(const SvpNode *rule)
{
	static const char *const limits[] = {
		"window", "issue_limit", "max_amount", "max_share", "restocking_fee", "shipping_fee",
		"approval_above", "per_customer", "duplicate_within", "agent_is_not_customer", "four_eyes"
	};

	for (int i = 0; i < lengthof(limits); i++)
	{
		SvpNode		node;

		if (svp_node_member(rule, limits[i], &node))
			svp_node_problem(&node, "a final sale is never refunded and has no limits; leave the key out");
	}
}

static void
parse_limits(const SvpNode *entry, SvpRefundRule *rule)
{
	SvpNode		node;

	svp_parse_optional_money(entry, "max_amount", SVP_AMOUNT_ABOVE_ZERO, &rule->max_amount);
	rule->has_max_share = svp_parse_optional_number(entry, "max_share", SVP_SHARE_UP_TO_ONE,
													&rule->max_share);
	svp_parse_optional_money(entry, "approval_above", SVP_AMOUNT_FROM_ZERO, &rule->approval_above);
	(void) svp_parse_optional_number(entry, "restocking_fee", 0, SVP_MILLION, "from 0 to 1",
									 &rule->restocking_fee);
	svp_parse_optional_money(entry, "shipping_fee", SVP_AMOUNT_FROM_ZERO, &rule->shipping_fee);
	parse_per_customer(entry, rule);
	if (svp_node_member(entry, "duplicate_within", &node))
		(void) svp_read_duration(&node, &rule->duplicate_within);
	(void) svp_parse_optional_bool(entry, "agent_is_not_customer", &rule->agent_is_not_customer);
	(void) svp_parse_optional_bool(entry, "four_eyes", &rule->four_eyes);
}

static const char *const refund_keys[] = {
	"name", "when", "version_at", "final_sale", "window", "issue_limit", "max_amount", "max_share",
	"restocking_fee", "shipping_fee", "approval_above", "per_customer", "duplicate_within",
	"agent_is_not_customer", "four_eyes", "mode", "message", "messages"
};

static void
parse_refund(SvpParse *parse, const SvpNode *entry, int index)
{
	SvpRefundRule *rule = &parse->policy->refunds[index];
	SvpNode		node;

	rule->name = svp_parse_required_name(entry, "name");
	svp_parse_when(entry, &rule->when);
	if (svp_node_member(entry, "version_at", &node))
		rule->version_at = svp_parse_time_fact(&node);
	(void) svp_parse_optional_bool(entry, "final_sale", &rule->final_sale);
	rule->has_window = svp_parse_window(parse, entry, "window", NULL, &rule->window);
	rule->has_issue_limit = svp_parse_window(parse, entry, "issue_limit", rule->window.calendar,
											 &rule->issue_limit);
	parse_limits(entry, rule);
	if (rule->final_sale)
		check_final_sale(entry);
	rule->mode = SVP_MODE_ENFORCE;
	if (svp_node_member(entry, "mode", &node))
		rule->mode = Max(svp_read_word(&node, "mode", SVP_KEYS(svp_mode_names)), 0);
	if (svp_node_member(entry, "message", &node))
		svp_parse_template(&node, &rule->message, svp_refund_placeholder_exists, "a refund");
	parse_messages(entry, rule);
}

static void
begin_refunds(SvpParse *parse, int n)
{
	parse->policy->refunds = palloc0(Max(n, 1) * sizeof(SvpRefundRule));
	parse->policy->nrefunds = n;
}

static const char *const discretion_keys[] = {
	"role", "grace_days", "max_amount", "approve_up_to", "per_month"
};

static void
parse_discretion(SvpParse *parse, const SvpNode *entry, int index)
{
	SvpDiscretion *discretion = &parse->policy->discretions[index];
	SvpNode		node;
	int64		grace_days = 0;
	int64		per_month = 0;

	discretion->role = svp_parse_required_name(entry, "role");
	(void) svp_parse_optional_whole(entry, "grace_days", 0, SVP_MAX_DAYS, &grace_days);
	svp_parse_optional_money(entry, "max_amount", SVP_AMOUNT_FROM_ZERO, &discretion->max_amount);
	svp_parse_optional_money(entry, "approve_up_to", SVP_AMOUNT_FROM_ZERO, &discretion->approve_up_to);
	(void) svp_parse_optional_whole(entry, "per_month", 1, PG_INT16_MAX, &per_month);
	discretion->grace_days = grace_days;
	discretion->per_month = per_month;
	if (!svp_node_member(entry, "grace_days", &node) && !svp_node_member(entry, "max_amount", &node) &&
		!svp_node_member(entry, "approve_up_to", &node))
		svp_node_problem(entry, "allows nothing; say how much, with grace_days, max_amount or approve_up_to");
}

static void
begin_discretion(SvpParse *parse, int n)
{
	parse->policy->discretions = palloc0(Max(n, 1) * sizeof(SvpDiscretion));
	parse->policy->ndiscretions = n;
}

const SvpSection svp_refund_section = {
	"refunds", "name", SVP_KEYS(refund_keys), parse_refund, begin_refunds, NULL
};

const SvpSection svp_discretion_section = {
	"discretion", "role", SVP_KEYS(discretion_keys), parse_discretion, begin_discretion, NULL
};
