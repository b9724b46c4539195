/*-------------------------------------------------------------------------
 *
 * refund_case.c
 *		One refund, from its facts to its decision: the trigger and
 *		refund_check() both decide by this.
 *
 * What the refund does not say itself (when the customer asked, its scenario)
 * its ticket may.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "attempt.h"
#include "calendar.h"
#include "key.h"
#include "message.h"
#include "refund_case.h"
#include "refund_exception.h"
#include "refund_facts.h"

#define FACT_OPENED_AT	"opened_at"

/* The ticket */

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

/*
 * Look for what is recorded of the refund's ticket.  A key that cannot be one
 * is like that of a ticket which is not there.
 */
static void
find_ticket(SvpRefundCase *refund)
{
	const char *problem;
	SvpLedger	ledger = {0};

	refund->ticket_key = svp_ticket_named(refund->attachment, refund->mapping, &refund->facts, &problem);
	refund->names_ticket = refund->ticket_key != NULL || problem != NULL;
	if (refund->ticket_key == NULL)
		return;
	svp_ledger_read(refund->attachment, refund->ticket_key, &ledger);
	refund->ticket = as_opened(&ledger);
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
	refund->known[refund->nknown++] = (SvpRefundFact) {name, knowledge, value};
}

/*
 * Collect what the row says of one kind.
 */
static void
collect_kind(SvpRefundCase *refund, SvpFactKind kind)
{
	const SvpMapping *mapping = refund->mapping;

	for (int i = 0; i < mapping->nfacts; i++)
	{
		const SvpFactValue *value = &refund->facts.values[i];
		SvpKnowledge knowledge;

		if (mapping->facts[i].kind != kind)
			continue;
		knowledge = knowledge_of(refund, value);
		if (knowledge != SVP_MISSING)
			know(refund, mapping->facts[i].name, knowledge, value->number);
	}
}

/* What the row says of a fact; NULL if it is not mapped. */
static const SvpFactValue *
said_of(const SvpRefundCase *refund, SvpFactName name)
{
	int			i = svp_mapping_at(refund->mapping, name);

	return i < 0 ? NULL : &refund->facts.values[i];
}

static void
know_time_if_open(SvpRefundCase *refund, SvpFactName name, int64 at)
{
	const SvpFactValue *said = said_of(refund, name);

	if (said == NULL || knowledge_of(refund, said) == SVP_MISSING)
		know(refund, svp_fact_name(name), SVP_KNOWN, at);
}

/*
 * Collect amounts and times.  What the row leaves open is taken from the
 * ticket; a customer who is not said to have asked before asks now.
 */
static void
collect_facts(SvpRefundCase *refund)
{
	const SvpFactValue *amount = said_of(refund, SVP_NAME_AMOUNT);

	refund->known = palloc(sizeof(SvpRefundFact) * (refund->mapping->nfacts + 2));
	refund->nknown = 0;
	collect_kind(refund, SVP_FACT_NUMBER);
	refund->namounts = refund->nknown;
	if (amount != NULL && amount->set)
		refund->amount = svp_refund_numeric(amount->number);

	collect_kind(refund, SVP_FACT_TIME);
	if (refund->ticket != NULL)
		know_time_if_open(refund, SVP_NAME_OPENED_AT, refund->ticket->opened_at);
	know_time_if_open(refund, SVP_NAME_REQUESTED_AT,
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

Datum
svp_refund_case_numeric(const SvpRefundCase *refund, int64 millionths)
{
	const SvpFactValue *amount = said_of(refund, SVP_NAME_AMOUNT);

	return amount != NULL && amount->set && amount->number == millionths ?
		refund->amount : svp_refund_numeric(millionths);
}

const char *
svp_refund_case_text(const SvpRefundCase *refund, SvpFactName name)
{
	const SvpFactValue *said = said_of(refund, name);

	return said != NULL && said->set ? said->text : NULL;
}

const char *
svp_refund_case_person(const SvpRefundCase *refund, SvpFactName name)
{
	const char *person = svp_refund_case_text(refund, name);

	return person == NULL || svp_is_blank(person) ? NULL : person;
}

SvpRefundShare
svp_refund_share(const SvpRefundCase *refund)
{
	const SvpFactValue *amount = said_of(refund, SVP_NAME_AMOUNT);

	return (SvpRefundShare) {
		.order_id = svp_refund_case_text(refund, SVP_NAME_ORDER_ID),
		.line_id = svp_refund_case_text(refund, SVP_NAME_LINE_ID),
		.customer = svp_refund_case_text(refund, SVP_NAME_CUSTOMER),
		.currency = svp_refund_case_text(refund, SVP_NAME_CURRENCY),
		.amount = amount != NULL && amount->set ? Max(amount->number, 0) : 0,
		.counted_at = refund->now
	};
}

/* The rule */

SvpScenario
svp_refund_case_scenario(const SvpRefundCase *refund)
{
	SvpScenario scenario;

	for (int i = 0; i < SVP_NDIMENSIONS; i++)
	{
		scenario.value[i] = svp_refund_case_text(refund, (SvpFactName) i);
		if (scenario.value[i] == NULL && refund->ticket != NULL)
			scenario.value[i] = refund->ticket->event.scenario.value[i];
	}
	return scenario;
}

static const SvpRefundRule *
rule_for(const SvpPolicy *policy, const SvpScenario *scenario)
{
	const SvpCondition **when = palloc(sizeof(SvpCondition *) * Max(policy->nrefunds, 1));
	int			best;

	for (int i = 0; i < policy->nrefunds; i++)
		when[i] = &policy->refunds[i].when;
	best = svp_scenario_best(when, policy->nrefunds, scenario);
	pfree(when);
	return best < 0 ? NULL : &policy->refunds[best];
}

/*
 * Does a version judge as of this fact?  So its rule says; without a ticket,
 * when it was opened is when the customer asked.
 */
static bool
is_claimed_by(const SvpRefundCase *refund, const char *fact, const SvpRefundRule *rule)
{
	const char *wanted = rule == NULL || rule->version_at == NULL ? FACT_OPENED_AT : rule->version_at;

	if (strcmp(wanted, FACT_OPENED_AT) == 0 && svp_refund_case_fact(refund, FACT_OPENED_AT) == NULL)
		wanted = SVP_FACT_REQUESTED_AT;
	return strcmp(fact, wanted) == 0;
}

/*
 * The known times that are not in the future, earliest first.  Gives how many.
 */
static int
times_in_order(const SvpRefundCase *refund, const SvpRefundFact **times)
{
	int			n = 0;

	for (int i = refund->namounts; i < refund->nknown; i++)
	{
		const SvpRefundFact *fact = &refund->known[i];
		int			place = n;

		if (fact->knowledge != SVP_KNOWN || fact->value > refund->now)
			continue;
		for (; place > 0 && times[place - 1]->value > fact->value; place--)
			times[place] = times[place - 1];
		times[place] = fact;
		n++;
	}
	return n;
}

/*
 * Find whose version judges, and by which rule.  The versions are asked in
 * order of time, so that a later one never alters what an earlier one claims.
 * What none claims, as when it is older than the policy, is judged by the
 * version in force now: no date in the past allows everything.
 */
static void
find_rule(SvpRefundCase *refund)
{
	SvpScenario scenario = svp_refund_case_scenario(refund);
	const SvpRefundFact **times = palloc(sizeof(SvpRefundFact *) * Max(refund->nknown, 1));
	int			ntimes = times_in_order(refund, times);
	const SvpPolicy *policy = NULL;

	for (int i = 0; i < ntimes; i++)
	{
		const SvpPolicy *at = svp_policy_at(refund->attachment->policy, times[i]->value);

		if (at == NULL)
			continue;
		if (at != policy)
			refund->rule = rule_for(at, &scenario);
		policy = at;
		if (is_claimed_by(refund, times[i]->name, refund->rule))
		{
			refund->policy = policy;
			refund->claimed_by = times[i]->name;
			return;
		}
	}
	refund->policy = svp_policy_at(refund->attachment->policy, refund->now);
	refund->rule = refund->policy == NULL ? NULL : rule_for(refund->policy, &scenario);
}

typedef struct CalendarSearch
{
	const char *name;
	SvpCalendar *calendar;
} CalendarSearch;

static void
get_calendar(void *arg)
{
	CalendarSearch *search = arg;

	search->calendar = svp_calendar_get(search->name, true);
}

/*
 * The calendar of a window.  One that cannot be used is NULL, which is a
 * reason of its own.
 */
static SvpCalendar *
calendar_of(bool has_window, const SvpWindow *window)
{
	CalendarSearch search = {window->calendar};

	if (!has_window || search.name == NULL)
		return NULL;
	search.calendar = svp_calendar_cached(search.name);
	if (search.calendar == NULL && svp_attempt(get_calendar, &search) != NULL)
		return NULL;
	return search.calendar;
}

void
svp_refund_case_open(SvpRefundCase *refund)
{
	const SvpRefundRule *rule;

	find_ticket(refund);
	collect_facts(refund);
	find_rule(refund);
	rule = refund->rule;
	if (rule == NULL)
		return;
	refund->calendars.window = calendar_of(rule->has_window, &rule->window);
	refund->calendars.issue_limit = calendar_of(rule->has_issue_limit, &rule->issue_limit);
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
		.currency = svp_refund_case_text(refund, SVP_NAME_CURRENCY),
		.paid_currency = svp_refund_case_text(refund, SVP_NAME_PAID_CURRENCY),
		.agent = svp_refund_case_person(refund, SVP_NAME_AGENT),
		.approved_by = svp_refund_case_person(refund, SVP_NAME_APPROVED_BY),
		.customer = svp_refund_case_person(refund, SVP_NAME_CUSTOMER),
		.sums = refund->sums,
		.relief = refund->relief
	};
}

void
svp_refund_case_judge(SvpRefundCase *refund)
{
	SvpRefundFacts facts;

	svp_exceptions_forget(refund);
	if (refund->known == NULL)
		svp_refund_case_open(refund);
	svp_tally_read(refund);
	facts = svp_refund_case_facts(refund);
	svp_refund_decide(refund->rule, &refund->calendars, &facts, &refund->decision);
	refund->mode = refund->rule == NULL ? SVP_MODE_OBSERVE : refund->rule->mode;
	if (refund->facts.problem != NULL && refund->policy != NULL && refund->policy->nrefunds > 0)
		refuse_unreadable(refund);
	if (refund->decision.outcome != SVP_REFUND_ALLOWED)
		(void) svp_exceptions_relieve(refund);
}
