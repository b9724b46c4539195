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

#include "refund_exception.h"
#include "refund_message.h"
#include "refund_remedy.h"
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

/* Why a refund is not allowed, as clauses. */

static char *
too_much(const SvpRefundCase *refund)
{
	SvpRefundBound bound;
	char	   *left;
	const char *approval = refund->decision.reason == SVP_REASON_NEEDS_APPROVAL ? " without approval" : "";

	if (!svp_refund_binding_bound(refund, refund->decision.reason, &bound))
		return "it is too much";
	left = svp_refund_money(refund, svp_refund_left(&bound));
	if (bound.already <= 0)
		return psprintf("at most %s is allowed%s", left, approval);
	return psprintf("at most %s is allowed%s, since the %s was refunded %s before", left, approval,
					svp_refund_scope_names[bound.scope], svp_refund_money(refund, bound.already));
}

static char *
too_often(const SvpRefundCase *refund)
{
	const SvpRefundRule *rule = refund->rule;
	SvpRefundBound bound;

	if (strcmp(refund->decision.about, SVP_FACT_AMOUNT) == 0 &&
		svp_refund_binding_bound(refund, SVP_REASON_CUSTOMER_LIMIT, &bound))
		return psprintf("the customer was refunded %s in %d days, and %s is allowed",
						svp_refund_money(refund, bound.already), rule->customer_days,
						svp_refund_money(refund, bound.most));
	return psprintf("the customer has had %d refund%s in %d days, and %d %s allowed",
					refund->sums.customer_count, refund->sums.customer_count == 1 ? "" : "s",
					rule->customer_days, rule->customer_count, rule->customer_count == 1 ? "is" : "are");
}

static char *
wrong_currency(const SvpRefundCase *refund)
{
	const char *currency = svp_refund_case_text(refund, SVP_NAME_CURRENCY);

	if (strcmp(refund->decision.about, SVP_FACT_ORDER_ID) == 0)
		return "its order has refunds in another currency";
	if (currency == NULL)
		return "its currency is not known";
	if (strcmp(refund->decision.about, SVP_FACT_PAID_CURRENCY) == 0)
		return psprintf("it is in %s, and what was paid is in %s", currency,
						svp_refund_case_text(refund, SVP_NAME_PAID_CURRENCY));
	return psprintf("the rule names no amount in %s", currency);
}

static char *
missing(const SvpRefundDecision *decision)
{
	if (decision->future != NULL && strcmp(decision->about, decision->future) == 0)
		return psprintf("%s lies in the future", decision->about);
	return psprintf("the fact %s is missing", decision->about);
}

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
			return too_much(refund);
		case SVP_REASON_FACT_UNREADABLE:
			return about == NULL ? "its facts cannot be read" :
				psprintf("the fact %s cannot be read", about);
		case SVP_REASON_FACT_MISSING:
			return missing(decision);
		case SVP_REASON_CALENDAR:
			return psprintf("the calendar \"%s\" cannot be used", about);
		case SVP_REASON_CURRENCY:
			return wrong_currency(refund);
		case SVP_REASON_CUSTOMER_LIMIT:
			return too_often(refund);
		case SVP_REASON_DUPLICATE:
			return psprintf("one just like it was given in the last %s",
							svp_refund_hours(refund->rule->duplicate_within));
		case SVP_REASON_OWN:
			return psprintf("the agent, %s, is the customer", svp_refund_case_text(refund, SVP_NAME_AGENT));
		case SVP_REASON_FOUR_EYES:
			return decision->outcome == SVP_REFUND_REFUSED ?
				psprintf("the agent, %s, cannot approve it too", svp_refund_case_text(refund, SVP_NAME_AGENT)) :
				"somebody other than the agent has to approve it";
		case SVP_REASON_NONE:
		case SVP_REASON_NO_RULE:
			break;
	}
	return "";
}

/* By which exception or approval it is allowed, if by any. */
static char *
by_relief(const SvpRefundCase *refund)
{
	StringInfoData text;

	initStringInfo(&text);
	if (refund->exception != NULL)
		appendStringInfo(&text, ", by exception " INT64_FORMAT, refund->exception->id);
	if (refund->approval != NULL)
		appendStringInfo(&text, "%s by approval " INT64_FORMAT, text.len > 0 ? " and" : ",",
						 refund->approval->id);
	return text.data;
}

static char *
permission(const SvpRefundCase *refund)
{
	if (refund->policy == NULL)
		return psprintf("no version of policy \"%s\" was in force", refund->attachment->policy);
	if (refund->rule == NULL)
		return psprintf("no rule of policy \"%s\" applies", refund->policy->name);
	return psprintf("allowed by rule \"%s\"%s%s%s", refund->rule->name,
					refund->decision.has_cutoff ? " before " : "",
					refund->decision.has_cutoff ? cutoff_text(refund) : "", by_relief(refund));
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
	else if (i >= 0 && refund->facts.values[i].set)
		appendStringInfoString(text, refund->mapping->facts[i].kind == SVP_FACT_TIME ?
							   "That time is out of range. " : "An amount cannot be below zero. ");
	else if (refund->facts.problem != NULL)
		appendStringInfo(text, "A mapped expression failed: %s. ", refund->facts.problem);
}

/*
 * From where a window was counted.
 */
static void
append_start(StringInfo text, const SvpCutoff *cutoff, SvpCalendar *calendar)
{
	if (cutoff->campaign != NULL)
		appendStringInfo(text, "The cutoff is that of a campaign, by %s", cutoff->campaign->fact);
	else
		appendStringInfo(text, "The cutoff is %s from %s, which is %s", svp_refund_length(cutoff->window),
						 cutoff->start->fact, svp_refund_instant(calendar, cutoff->start_at));
	if (cutoff->campaign == NULL && cutoff->start->transit_days > 0)
		appendStringInfo(text, ", after %d day%s of transit", cutoff->start->transit_days,
						 cutoff->start->transit_days == 1 ? "" : "s");
	if (cutoff->duty == SVP_DUTY_TOLD_LATE)
		appendStringInfo(text, ", counted from %s, which is %s", cutoff->window->duty.fact,
						 svp_refund_instant(calendar, cutoff->told_at));
	else if (cutoff->duty == SVP_DUTY_NOT_TOLD)
		appendStringInfo(text, ", and " INT64_FORMAT " months more for want of %s",
						 cutoff->window->duty.months, cutoff->window->duty.fact);
	if (cutoff->campaign == NULL && cutoff->window->extend_to_working_day)
		appendStringInfoString(text, ", extended to a working day");
}

static void
append_cutoff(StringInfo text, const SvpRefundCase *refund)
{
	const SvpCutoff *cutoff = &refund->decision.cutoff;
	SvpCalendar *calendar = svp_refund_calendar(refund, cutoff->window);
	const SvpRefundFact *asked = svp_refund_case_fact(refund, SVP_FACT_REQUESTED_AT);

	append_start(text, cutoff, calendar);
	if (refund->relief.grace_days > 0)
		appendStringInfo(text, ", with %d day%s of grace", refund->relief.grace_days,
						 refund->relief.grace_days == 1 ? "" : "s");
	if (cutoff->window == &refund->rule->window && asked->value == refund->now)
		appendStringInfoString(text, "; when the customer asked is not known, so it is now");
	else if (cutoff->window == &refund->rule->window && asked->knowledge == SVP_KNOWN)
		appendStringInfo(text, "; the customer asked at %s", svp_refund_instant(calendar, asked->value));
	appendStringInfoString(text, ". ");
}

/*
 * Which bound an amount goes beyond.
 */
static void
append_bound(StringInfo text, const SvpRefundCase *refund)
{
	SvpRefundBound bound;

	if ((refund->decision.reason != SVP_REASON_AMOUNT &&
		 refund->decision.reason != SVP_REASON_NEEDS_APPROVAL) ||
		!svp_refund_binding_bound(refund, refund->decision.reason, &bound))
		return;
	appendStringInfo(text, "The bound is %s, %s", bound.name, svp_refund_money(refund, bound.most));
	if (bound.already > 0)
		appendStringInfo(text, " for the %s", svp_refund_scope_names[bound.scope]);
	appendStringInfoString(text, ". ");
}

/*
 * How the cutoff or the bound that the refund does not keep to came about, and
 * which version judged: an error's detail.
 */
char *
svp_refund_grounds(const SvpRefundCase *refund)
{
	SvpRefundReason reason = refund->decision.reason;
	StringInfoData text;

	initStringInfo(&text);
	if (reason == SVP_REASON_CUTOFF || reason == SVP_REASON_ISSUE_LIMIT)
		append_cutoff(&text, refund);
	append_bound(&text, refund);
	if (reason == SVP_REASON_FACT_UNREADABLE)
		append_unreadable(&text, refund);
	if (refund->exception != NULL)
		appendStringInfo(&text, "Exception " INT64_FORMAT " is counted in. ", refund->exception->id);
	if (refund->policy != NULL)
		appendStringInfo(&text, "Judged by version %d of policy \"%s\".",
						 refund->policy->version, refund->policy->name);
	return text.data;
}

/*
 * What can be done about it: an error's hint, or NULL.  The policy's words
 * tell customers of a refusal, so they are no hint where an approval is what
 * is missing.
 */
char *
svp_refund_hint(const SvpRefundCase *refund)
{
	char	   *remedy = svp_refund_remedy(refund);

	if (refund->decision.outcome == SVP_REFUND_NEEDS_APPROVAL)
		return remedy;
	return psprintf("To tell the customer: %s%s%s", svp_refund_customer_message(refund, NULL),
					remedy == NULL ? "" : "\n", remedy == NULL ? "" : remedy);
}
