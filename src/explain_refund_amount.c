/*-------------------------------------------------------------------------
 *
 * explain_refund_amount.c
 *		How much of a refund is allowed, and what holds against abuse.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "explain_refund.h"
#include "refund_exception.h"
#include "refund_table.h"
#include "refund_text.h"

/* A share, as the document writes it. */
static char *
share_text(SvpAmount share)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, svp_refund_numeric(share)));
}

static void
tell_bound(SvpStory *story, const SvpRefundCase *refund, const SvpRefundBound *bound)
{
	const char *approval = bound->reason == SVP_REASON_NEEDS_APPROVAL ? " without approval" : "";

	if (bound->already == 0)
		svp_tell(story, "  %s: at most %s%s", bound->name,
				 svp_refund_money(refund, bound->most), approval);
	else
		svp_tell(story, "  %s: at most %s%s for the %s, which was refunded %s before: %s is left",
				 bound->name, svp_refund_money(refund, bound->most), approval,
				 svp_refund_scope_names[bound->scope], svp_refund_money(refund, bound->already),
				 svp_refund_money(refund, svp_refund_left(bound)));
}

static void
tell_fee(SvpStory *story, const SvpRefundCase *refund)
{
	const SvpRefundRule *rule = refund->rule;
	SvpAmount	shipping;
	bool		has_shipping = svp_money_in(&rule->shipping_fee, svp_refund_case_text(refund, SVP_NAME_CURRENCY),
											&shipping);

	if (rule->restocking_fee > 0)
		svp_tell(story, "  restocking_fee: %s of what is allowed", share_text(rule->restocking_fee));
	if (has_shipping)
		svp_tell(story, "  shipping_fee: %s", svp_refund_money(refund, shipping));
}

/*
 * Tell of each bound on the amount, and what the company keeps.
 */
void
svp_explain_refund_amount(SvpStory *story, const SvpRefundCase *refund)
{
	const SvpRefundDecision *decision = &refund->decision;
	SvpRefundFacts facts = svp_refund_case_facts(refund);
	SvpRefundBound bounds[SVP_NREFUND_BOUNDS];
	int			n = svp_refund_bounds(refund->rule, &facts, bounds);

	if (refund->rule->final_sale)
		return;
	svp_tell(story, "amounts");
	if (n == 0)
		svp_tell(story, "  nothing limits them");
	for (int i = 0; i < n; i++)
		tell_bound(story, refund, &bounds[i]);
	if (refund->relief.extra > 0)
		svp_tell(story, "  max_amount and max_share are %s more by exception " INT64_FORMAT,
				 svp_refund_money(refund, refund->relief.extra), refund->exception->id);
	if (refund->relief.approved)
		svp_tell(story, "  approved up to %s by approval " INT64_FORMAT,
				 svp_refund_money(refund, refund->relief.approved_amount), refund->approval->id);
	tell_fee(story, refund);
	if (decision->has_allowed_amount)
		svp_tell(story, "  allowed: %s%s", svp_refund_money(refund, decision->allowed_amount),
				 decision->fee == 0 ? "" :
				 psprintf(", of which %s is kept as a fee", svp_refund_money(refund, decision->fee)));
}

/* Against abuse */

static const char *
or_unknown(const char *text)
{
	return text == NULL ? "not known" : text;
}

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void
tell_customer(SvpStory *story, const SvpRefundCase *refund)
{
	const SvpRefundRule *rule = refund->rule;

	if (rule->customer_count > 0)
		svp_tell(story, "  per_customer: at most %d refund%s in %d days; the customer has had %d",
				 rule->customer_count, rule->customer_count == 1 ? "" : "s", rule->customer_days,
				 refund->sums.customer_count);
	if (rule->duplicate_within > 0)
		svp_tell(story, "  duplicate_within: %s in the last %s", refund->sums.duplicate ?
				 "one just like it was given" : "none just like it was given",
				 svp_refund_hours(rule->duplicate_within));
}

/*
 * Tell of who may refund whom, and how often.
 */
void
svp_explain_refund_people(SvpStory *story, const SvpRefundCase *refund)
{
	const SvpRefundRule *rule = refund->rule;
	const char *agent = svp_refund_case_person(refund, SVP_NAME_AGENT);
	const char *customer = svp_refund_case_person(refund, SVP_NAME_CUSTOMER);
	const char *approved_by = svp_refund_case_person(refund, SVP_NAME_APPROVED_BY);

	if (rule->final_sale || (rule->customer_count == 0 && rule->duplicate_within == 0 &&
							 !rule->agent_is_not_customer && !rule->four_eyes))
		return;
	svp_tell(story, "limits against abuse");
	tell_customer(story, refund);
	if (rule->agent_is_not_customer)
		svp_tell(story, "  agent_is_not_customer: the agent is %s, the customer %s%s", or_unknown(agent),
				 or_unknown(customer), is_same(agent, customer) ? ": the same" : "");
	if (rule->four_eyes)
		svp_tell(story, "  four_eyes: the agent is %s, and approved_by is %s%s", or_unknown(agent),
				 or_unknown(approved_by), is_same(agent, approved_by) ? ": the same" : "");
}
