/*-------------------------------------------------------------------------
 *
 * refund_message.c
 *		What is said of a decision to whoever writes the refund.
 *
 * Times are local to the calendar of the window that they are about.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "refund_message.h"
#include "refund_text.h"

static char *
cutoff_text(const SvpRefundCase *refund)
{
	const SvpRefundDecision *decision = &refund->decision;

	return svp_refund_instant(svp_refund_calendar(refund, decision->bound_by), decision->cutoff_at);
}

static char *
subject(const SvpRefundCase *refund)
{
	const SvpRefundFact *amount = svp_refund_case_fact(refund, SVP_FACT_AMOUNT);

	return amount == NULL || amount->knowledge != SVP_KNOWN ? "refund" :
		psprintf("refund of %s", svp_refund_money(refund, amount->value));
}

/*
 * Why a refund is not allowed, as a clause.
 */
static char *
objection(const SvpRefundCase *refund)
{
	const SvpRefundDecision *decision = &refund->decision;
	const char *about = decision->about;

	switch (decision->reason)
	{
		case SVP_REASON_FINAL_SALE:
			return "the sale is final";
		case SVP_REASON_CUTOFF:
			return psprintf("it had to be asked for before %s", cutoff_text(refund));
		case SVP_REASON_ISSUE_LIMIT:
			return psprintf("it had to be issued before %s", cutoff_text(refund));
		case SVP_REASON_AMOUNT:
		case SVP_REASON_NEEDS_APPROVAL:
			return psprintf("at most %s is allowed%s", svp_refund_money(refund, decision->allowed_amount),
							decision->reason == SVP_REASON_AMOUNT ? "" : " without approval");
		case SVP_REASON_FACT_UNREADABLE:
			return about == NULL ? "its facts cannot be read" :
				psprintf("the fact %s cannot be read", about);
		case SVP_REASON_FACT_MISSING:
			return psprintf("the fact %s is missing", about);
		case SVP_REASON_CALENDAR:
			return psprintf("the calendar \"%s\" cannot be used", about);
		case SVP_REASON_CURRENCY:
			return strcmp(about, SVP_FACT_ORDER_ID) == 0 ? "its order has refunds in another currency" :
				"the rule does not allow for its currency";
		case SVP_REASON_CUSTOMER_LIMIT:
			return psprintf("the customer has had as much as is allowed in %d days",
							refund->rule->customer_days);
		case SVP_REASON_DUPLICATE:
			return "one just like it was given already";
		case SVP_REASON_OWN:
			return "the agent is the customer";
		case SVP_REASON_FOUR_EYES:
			return "somebody other than who asks for it has to approve it";
		case SVP_REASON_NONE:
		case SVP_REASON_NO_RULE:
			break;
	}
	return "";
}

static char *
permission(const SvpRefundCase *refund)
{
	if (refund->policy == NULL)
		return psprintf("no version of policy \"%s\" was in force", refund->attachment->policy);
	if (refund->rule == NULL)
		return psprintf("no rule of policy \"%s\" applies", refund->policy->name);
	if (!refund->decision.has_cutoff)
		return psprintf("allowed by rule \"%s\"", refund->rule->name);
	return psprintf("allowed by rule \"%s\" before %s", refund->rule->name, cutoff_text(refund));
}

/*
 * The decision in one sentence, as an error's primary message.
 */
char *
svp_refund_summary(const SvpRefundCase *refund)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, subject(refund));
	if (refund->decision.outcome == SVP_REFUND_ALLOWED)
	{
		appendStringInfo(&text, ": %s", permission(refund));
		return text.data;
	}
	appendStringInfoString(&text, refund->decision.outcome == SVP_REFUND_REFUSED ?
						   " is refused" : " needs approval");
	if (refund->rule != NULL)
		appendStringInfo(&text, " by rule \"%s\"", refund->rule->name);
	appendStringInfo(&text, ": %s", objection(refund));
	return text.data;
}

/*
 * Why a fact could not be read.
 */
static void
append_unreadable(StringInfo text, const SvpRefundCase *refund)
{
	const char *about = refund->decision.about;
	int			i = about == NULL ? -1 : svp_mapping_find(refund->mapping, about);

	if (i >= 0 && refund->facts.values[i].problem != NULL)
		appendStringInfo(text, "The value \"%s\" %s. ", refund->facts.values[i].text,
						 refund->facts.values[i].problem);
	else if (i >= 0 && refund->facts.values[i].set && refund->facts.values[i].number < 0)
		appendStringInfoString(text, "An amount cannot be below zero. ");
	else if (refund->facts.problem != NULL)
		appendStringInfo(text, "A mapped expression failed: %s. ", refund->facts.problem);
}

/*
 * How the cutoff came about, and which version judged: an error's detail.
 */
char *
svp_refund_grounds(const SvpRefundCase *refund)
{
	const SvpWindow *window = refund->decision.bound_by;
	StringInfoData text;

	initStringInfo(&text);
	if (window != NULL)
	{
		SvpCalendar *calendar = svp_refund_calendar(refund, window);
		const SvpRefundFact *start = svp_refund_case_fact(refund, window->from);
		const SvpRefundFact *asked = svp_refund_case_fact(refund, SVP_FACT_REQUESTED_AT);

		appendStringInfo(&text, "The cutoff is %s from %s, which is %s", svp_refund_length(window),
						 window->from, svp_refund_instant(calendar, start->value));
		if (window->extend_to_working_day)
			appendStringInfoString(&text, ", extended to a working day");
		if (window == &refund->rule->window && asked->knowledge == SVP_KNOWN)
			appendStringInfo(&text, "; the customer asked at %s", svp_refund_instant(calendar, asked->value));
		appendStringInfoString(&text, ". ");
	}
	if (refund->decision.reason == SVP_REASON_FACT_UNREADABLE)
		append_unreadable(&text, refund);
	if (refund->policy != NULL)
		appendStringInfo(&text, "Judged by version %d of policy \"%s\".",
						 refund->policy->version, refund->policy->name);
	return text.data;
}

/* Can somebody with discretion depart from the rule here? */
static bool
exception_helps(const SvpRefundCase *refund)
{
	return refund->decision.reason == SVP_REASON_CUTOFF ||
		refund->decision.reason == SVP_REASON_ISSUE_LIMIT ||
		refund->decision.reason == SVP_REASON_AMOUNT;
}

/*
 * What can be done about it: an error's hint, or NULL.  The policy's words
 * tell customers of a refusal, so they are no hint where an approval is what
 * is missing.
 */
char *
svp_refund_hint(const SvpRefundCase *refund)
{
	bool		discretion = refund->policy != NULL && refund->policy->ndiscretions > 0;

	if (refund->decision.outcome == SVP_REFUND_NEEDS_APPROVAL)
		return discretion ? "A role to which the policy gives discretion may approve it, with service_policy.approve_refund()." : NULL;
	return psprintf("To tell the customer: %s%s", svp_refund_customer_message(refund, NULL),
					discretion && exception_helps(refund) ?
					"\nA role to which the policy gives discretion may depart from the rule, with service_policy.grant_exception()." : "");
}
