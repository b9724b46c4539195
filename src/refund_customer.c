/*-------------------------------------------------------------------------
 *
 * refund_customer.c
 *		What is said of a decision to the customer.
 *
 * The policy's own words, where it has any for the reason, with placeholders
 * filled in; else a sentence of ours, in English.  Ours never tell what is
 * between the company and its staff: up to which amount somebody may decide
 * alone, and by which limits abuse is noticed.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "fill_in.h"
#include "mapping.h"
#include "refund_message.h"
#include "refund_text.h"

/* What a placeholder can stand for besides the facts. */

static char *
tell_cutoff(const SvpRefundCase *refund)
{
	return refund->decision.has_cutoff ?
		svp_refund_instant(svp_refund_zone(refund), refund->decision.cutoff_at) : NULL;
}

/* The date of the last instant that is in time. */
static char *
tell_last_day(const SvpRefundCase *refund)
{
	return refund->decision.has_cutoff ?
		svp_refund_date(svp_refund_zone(refund), refund->decision.cutoff_at - 1) : NULL;
}

/* Not counting today: on the last day none is left. */
static char *
tell_days_left(const SvpRefundCase *refund)
{
	SvpCalendar *zone = svp_refund_zone(refund);
	int32		days;

	if (!refund->decision.has_cutoff)
		return NULL;
	days = svp_refund_local_date(zone, refund->decision.cutoff_at - 1) -
		svp_refund_local_date(zone, refund->now);
	return psprintf("%d", Max(days, 0));
}

static char *
tell_allowed_amount(const SvpRefundCase *refund)
{
	return refund->decision.has_allowed_amount ?
		svp_refund_amount_text(refund, refund->decision.allowed_amount) : NULL;
}

static char *
tell_fee(const SvpRefundCase *refund)
{
	return refund->decision.has_allowed_amount ?
		svp_refund_amount_text(refund, refund->decision.fee) : NULL;
}

static char *
tell_payout(const SvpRefundCase *refund)
{
	return refund->decision.has_allowed_amount ?
		svp_refund_amount_text(refund, refund->decision.allowed_amount - refund->decision.fee) : NULL;
}

/* What could be given at most, with approval if need be. */
static char *
tell_limit(const SvpRefundCase *refund)
{
	SvpRefundBound bound;

	return svp_refund_binding_bound(refund, SVP_REASON_AMOUNT, &bound) ?
		svp_refund_amount_text(refund, svp_refund_left(&bound)) : NULL;
}

/* Of the order, before this refund. */
static char *
tell_refunded(const SvpRefundCase *refund)
{
	return svp_refund_amount_text(refund, refund->sums.order);
}

static char *
tell_rule(const SvpRefundCase *refund)
{
	return refund->rule->name;
}

static const struct
{
	const char *name;
	char	   *(*tell) (const SvpRefundCase *refund);
}			results[] = {
	{"cutoff", tell_cutoff},
	{"last_day", tell_last_day},
	{"days_left", tell_days_left},
	{"allowed_amount", tell_allowed_amount},
	{"fee", tell_fee},
	{"payout", tell_payout},
	{"limit", tell_limit},
	{"refunded", tell_refunded},
	{"rule", tell_rule}
};

/* The facts */

/* The parts of the ticket's key, as one text. */
static char *
tell_ticket(const SvpRefundCase *refund)
{
	StringInfoData text;

	if (!refund->names_ticket)
		return NULL;
	initStringInfo(&text);
	for (int i = svp_mapping_at(refund->mapping, SVP_NAME_TICKET);
		 i < refund->mapping->nfacts && strcmp(refund->mapping->facts[i].name, "ticket") == 0; i++)
		appendStringInfo(&text, "%s%s", text.len > 0 ? "/" : "", refund->facts.values[i].text);
	return text.data;
}

static const char *
tell_text(const SvpRefundCase *refund, const char *name)
{
	int			dimension = svp_word_index(svp_dimension_names, SVP_NDIMENSIONS, name);
	int			i = svp_mapping_find(refund->mapping, name);

	if (dimension >= 0)
		return svp_refund_case_scenario(refund).value[dimension];
	return i >= 0 && refund->facts.values[i].set ? refund->facts.values[i].text : NULL;
}

static const char *
tell_fact(const SvpRefundCase *refund, const char *name)
{
	const SvpRefundFact *fact;

	if (strcmp(name, "ticket") == 0)
		return tell_ticket(refund);
	if (svp_fact_kind(name) == SVP_FACT_TEXT)
		return tell_text(refund, name);
	fact = svp_refund_case_fact(refund, name);
	if (fact == NULL || fact->knowledge != SVP_KNOWN)
		return NULL;
	if (svp_fact_kind(name) == SVP_FACT_TIME)
		return svp_refund_instant(svp_refund_zone(refund), fact->value);
	return svp_refund_amount_text(refund, fact->value);
}

/*
 * Can a placeholder have this name?
 */
bool
svp_refund_placeholder_exists(const char *name)
{
	for (int i = 0; i < lengthof(results); i++)
	{
		if (strcmp(results[i].name, name) == 0)
			return true;
	}
	return svp_mapping_knows("refund", name);
}

static const char *
placeholder(const void *of, const char *name)
{
	const SvpRefundCase *refund = of;

	for (int i = 0; i < lengthof(results); i++)
	{
		if (strcmp(results[i].name, name) == 0)
			return results[i].tell(refund);
	}
	return tell_fact(refund, name);
}

/* Choosing the words */

/*
 * The policy's words for a reason, or those for any.
 */
static const char *
policy_message(const SvpRefundCase *refund, const char *language)
{
	const SvpRefundRule *rule = refund->rule;
	const char *reason = svp_refund_reason_names[refund->decision.reason];

	for (int i = 0; i < rule->nmessages; i++)
	{
		if (strcmp(rule->messages[i].reason, reason) == 0)
			return svp_text_in(&rule->messages[i].text, language, refund->policy->language);
	}
	return svp_text_in(&rule->message, language, refund->policy->language);
}

/* What could be given, with approval if need be. */
static char *
too_much(const SvpRefundCase *refund)
{
	SvpRefundBound bound;

	if (!svp_refund_binding_bound(refund, SVP_REASON_AMOUNT, &bound) || svp_refund_left(&bound) == 0)
		return "We are sorry: all that can be refunded of this was refunded already.";
	return psprintf("We are sorry: we can refund at most %s.",
					svp_refund_money(refund, svp_refund_left(&bound)));
}

/*
 * Our own for a refusal.
 */
static char *
polite_refusal(const SvpRefundCase *refund)
{
	const SvpRefundDecision *decision = &refund->decision;

	switch (decision->reason)
	{
		case SVP_REASON_FINAL_SALE:
			return "We are sorry: this was a final sale, which cannot be refunded.";
		case SVP_REASON_CUTOFF:
			return psprintf("We are sorry: this refund had to be asked for before %s.", tell_cutoff(refund));
		case SVP_REASON_ISSUE_LIMIT:
			return psprintf("We are sorry: this refund could only be given before %s.", tell_cutoff(refund));
		case SVP_REASON_AMOUNT:
			return too_much(refund);
		case SVP_REASON_CURRENCY:
			return "We are sorry: we can refund only in the currency that was paid in.";
		case SVP_REASON_DUPLICATE:
			return "It seems that this refund was given already. Please tell us if it was not.";
		case SVP_REASON_FACT_UNREADABLE:
		case SVP_REASON_FACT_MISSING:
		case SVP_REASON_CALENDAR:
			return "We cannot give this refund yet: something that we know of it has to be put right first.";
		case SVP_REASON_CUSTOMER_LIMIT:
		case SVP_REASON_OWN:
		case SVP_REASON_FOUR_EYES:
		case SVP_REASON_NEEDS_APPROVAL:
		case SVP_REASON_NONE:
		case SVP_REASON_NO_RULE:
			break;
	}
	return "We are sorry: we cannot give this refund as it is. Please ask us if you have questions.";
}

static char *
sentence(char *clause)
{
	clause[0] = pg_ascii_toupper(clause[0]);
	return psprintf("%s.", clause);
}

/*
 * What to tell the customer, in a language if the policy has words in it.
 */
char *
svp_refund_customer_message(const SvpRefundCase *refund, const char *language)
{
	const char *message;

	if (refund->decision.outcome == SVP_REFUND_ALLOWED)
		return sentence(svp_refund_summary(refund));
	message = refund->rule == NULL ? NULL : policy_message(refund, language);
	if (message != NULL)
		return svp_fill_in(message, placeholder, refund);
	if (refund->decision.outcome == SVP_REFUND_NEEDS_APPROVAL)
		return "This refund has to be approved first. We will let you know.";
	return polite_refusal(refund);
}
