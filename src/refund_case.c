/*-------------------------------------------------------------------------
 *
 * refund_case.c
 *		One refund, from its facts to its decision: the trigger and
 *		refund_check() both decide by this.
 *
 * A refund is judged by the version in force when its ticket was opened, or
 * without a recorded ticket when the customer asked.  What the refund does
 * not say itself (when the customer asked, its scenario) its ticket may.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "attempt.h"
#include "calendar.h"
#include "key.h"
#include "refund_case.h"
#include "refund_exception.h"

#define FACT_TICKET		"ticket"
#define FACT_OPENED_AT	"opened_at"

/* The ticket */

typedef struct TicketSearch
{
	SvpRefundCase *refund;
	char	  **parts;
	MemoryContext context;
} TicketSearch;

/*
 * The ticket as it is now, but opened when that was first recorded: nobody
 * lets a customer have asked earlier by dating his ticket back.
 */
static const SvpRecord *
as_opened(const SvpLedger *ledger)
{
	const SvpRecord *latest = svp_ledger_latest(ledger);
	SvpRecord  *ticket;

	if (latest == NULL)
		return NULL;
	ticket = palloc(sizeof(SvpRecord));
	*ticket = *latest;
	if (ledger->records[0].event.kind == SVP_EVENT_OPENED)
		ticket->opened_at = ledger->records[0].opened_at;
	return ticket;
}

static void
find_ticket_by_key(void *arg)
{
	TicketSearch *search = arg;
	SvpRefundCase *refund = search->refund;
	MemoryContext inside = MemoryContextSwitchTo(search->context);
	SvpLedger	ledger = {0};

	refund->ticket_key = svp_key_from_text(refund->attachment->key_types,
										   refund->attachment->ticket->nkey, search->parts);
	svp_ledger_read(refund->attachment, refund->ticket_key, &ledger);
	refund->ticket = as_opened(&ledger);
	MemoryContextSwitchTo(inside);
}

/*
 * Look for what is recorded of the refund's ticket.  A key that cannot be one
 * is like that of a ticket which is not there.
 */
static void
find_ticket(SvpRefundCase *refund)
{
	int			nkey = refund->attachment->ticket->nkey;
	int			first = svp_mapping_find(refund->mapping, FACT_TICKET);
	TicketSearch search = {refund, palloc(sizeof(char *) * nkey), CurrentMemoryContext};

	if (first < 0)
		return;
	for (int i = 0; i < nkey; i++)
	{
		if (first + i >= refund->mapping->nfacts || !refund->facts.values[first + i].set ||
			strcmp(refund->mapping->facts[first + i].name, FACT_TICKET) != 0)
			return;
		search.parts[i] = pstrdup(refund->facts.values[first + i].text);
	}
	refund->names_ticket = true;
	if (svp_attempt(find_ticket_by_key, &search) != NULL)
		refund->ticket_key = NULL;
}

/* The facts that decide */

static SvpKnowledge
knowledge_of(const SvpRefundCase *refund, const SvpFactValue *value)
{
	if (value->set)
		return SVP_KNOWN;
	return value->problem != NULL || refund->facts.problem != NULL ? SVP_UNREADABLE : SVP_MISSING;
}

static void
know(SvpRefundCase *refund, const char *name, SvpKnowledge knowledge, int64 value)
{
	if (svp_refund_case_fact(refund, name) == NULL)
		refund->known[refund->nknown++] = (SvpRefundFact) {name, knowledge, value};
}

/*
 * Collect times and amounts.  What the row leaves open is taken from the
 * ticket; a customer who is not said to have asked before asks now.
 */
static void
collect_facts(SvpRefundCase *refund)
{
	const SvpMapping *mapping = refund->mapping;

	refund->known = palloc(sizeof(SvpRefundFact) * (mapping->nfacts + 2));
	for (int i = 0; i < mapping->nfacts; i++)
	{
		const SvpFactValue *value = &refund->facts.values[i];
		SvpKnowledge knowledge = knowledge_of(refund, value);

		if (mapping->facts[i].kind != SVP_FACT_TEXT && knowledge != SVP_MISSING)
			know(refund, mapping->facts[i].name, knowledge, value->number);
	}
	if (refund->ticket != NULL)
		know(refund, FACT_OPENED_AT, SVP_KNOWN, refund->ticket->opened_at);
	know(refund, SVP_FACT_REQUESTED_AT, SVP_KNOWN,
		 refund->ticket != NULL ? refund->ticket->opened_at : refund->now);
}

const SvpRefundFact *
svp_refund_case_fact(const SvpRefundCase *refund, const char *name)
{
	for (int i = 0; i < refund->nknown; i++)
	{
		if (strcmp(refund->known[i].name, name) == 0)
			return &refund->known[i];
	}
	return NULL;
}

const char *
svp_refund_case_text(const SvpRefundCase *refund, const char *name)
{
	int			i = svp_mapping_find(refund->mapping, name);

	return i >= 0 && refund->facts.values[i].set ? refund->facts.values[i].text : NULL;
}

/* The rule */

/*
 * Whose version judges: that of the ticket's opening, or without a recorded
 * ticket of when the customer asked.  What is older than the policy is judged
 * by the version in force now, or a date in the past would allow everything.
 */
static int64
judged_as_of(const SvpRefundCase *refund)
{
	const SvpRefundFact *asked = svp_refund_case_fact(refund, SVP_FACT_REQUESTED_AT);

	if (refund->ticket != NULL)
		return refund->ticket->opened_at;
	return asked->knowledge == SVP_KNOWN ? asked->value : refund->now;
}

static void
find_rule(SvpRefundCase *refund)
{
	SvpScenario scenario;
	const SvpCondition **when;
	int			best;

	refund->policy = svp_policy_at(refund->attachment->policy, judged_as_of(refund));
	if (refund->policy == NULL)
		refund->policy = svp_policy_at(refund->attachment->policy, refund->now);
	if (refund->policy == NULL)
		return;
	for (int i = 0; i < SVP_NDIMENSIONS; i++)
	{
		scenario.value[i] = svp_refund_case_text(refund, svp_dimension_names[i]);
		if (scenario.value[i] == NULL && refund->ticket != NULL)
			scenario.value[i] = refund->ticket->event.scenario.value[i];
	}
	when = palloc(sizeof(SvpCondition *) * Max(refund->policy->nrefunds, 1));
	for (int i = 0; i < refund->policy->nrefunds; i++)
		when[i] = &refund->policy->refunds[i].when;
	best = svp_scenario_best(when, refund->policy->nrefunds, &scenario);
	refund->rule = best < 0 ? NULL : &refund->policy->refunds[best];
}

static void
find_calendars(void *arg)
{
	SvpRefundCase *refund = arg;
	const SvpRefundRule *rule = refund->rule;

	if (rule->has_window && rule->window.calendar != NULL)
		refund->calendars.window = svp_calendar_get(rule->window.calendar, true);
	if (rule->has_issue_limit && rule->issue_limit.calendar != NULL)
		refund->calendars.issue_limit = svp_calendar_get(rule->issue_limit.calendar, true);
}

/*
 * When the mapped expressions fail, nobody knows whether one of the rules
 * applies; if any of those would be enforced, so is this.
 */
static void
refuse_unreadable(SvpRefundCase *refund)
{
	refund->rule = NULL;
	refund->mode = SVP_MODE_OBSERVE;
	for (int i = 0; i < refund->policy->nrefunds; i++)
		refund->mode = Min(refund->mode, refund->policy->refunds[i].mode);
	refund->decision.outcome = SVP_REFUND_REFUSED;
	refund->decision.reason = SVP_REASON_FACT_UNREADABLE;
}

SvpRefundFacts
svp_refund_case_facts(const SvpRefundCase *refund)
{
	return (SvpRefundFacts) {
		.nfacts = refund->nknown,
		.facts = refund->known,
		.issued_at = refund->now,
		.currency = svp_refund_case_text(refund, "currency"),
		.paid_currency = svp_refund_case_text(refund, "paid_currency"),
		.agent = svp_refund_case_text(refund, "agent"),
		.approved_by = svp_refund_case_text(refund, "approved_by"),
		.customer = svp_refund_case_text(refund, "customer"),
		.sums = refund->sums,
		.relief = refund->relief
	};
}

void
svp_refund_case_judge(SvpRefundCase *refund)
{
	SvpRefundFacts facts;

	svp_exceptions_forget(refund);
	find_ticket(refund);
	collect_facts(refund);
	find_rule(refund);
	/* A calendar that cannot be used is left NULL, which is a reason of its own. */
	if (refund->rule != NULL)
		(void) svp_attempt(find_calendars, refund);

	facts = svp_refund_case_facts(refund);
	svp_refund_decide(refund->rule, &refund->calendars, &facts, &refund->decision);
	refund->mode = refund->rule == NULL ? SVP_MODE_OBSERVE : refund->rule->mode;
	if (refund->facts.problem != NULL && refund->policy != NULL && refund->policy->nrefunds > 0)
		refuse_unreadable(refund);
	if (refund->decision.outcome != SVP_REFUND_ALLOWED)
		(void) svp_exceptions_relieve(refund);
}
