/*-------------------------------------------------------------------------
 *
 * refund.c
 *		The decision on a refund by one rule.
 *
 * Pure: no table, no wall clock.  What is asked of a refund is asked in any
 * order; the reasons have one (see refund_judge.h).
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "refund_judge.h"

const char *const svp_refund_outcome_names[SVP_NREFUND_OUTCOMES] = {
	"allowed", "needs_approval", "refused"
};

const char *const svp_refund_reason_names[SVP_NREFUND_REASONS] = {
	NULL, "no_rule", "refund_final_sale", "refund_cutoff", "refund_issue_limit",
	"refund_fact_unreadable", "refund_own", "refund_duplicate", "refund_currency",
	"refund_amount", "refund_customer_limit", "refund_calendar", "refund_fact_missing",
	"refund_four_eyes", "refund_needs_approval"
};

/*
 * A fact by its name.
 */
const SvpRefundFact *
svp_refund_fact(const SvpRefundFacts *facts, const char *name)
{
	static const SvpRefundFact missing = {NULL, SVP_MISSING, 0};

	for (int i = 0; i < facts->nfacts; i++)
	{
		if (strcmp(facts->facts[i].name, name) == 0)
			return &facts->facts[i];
	}
	return &missing;
}

/* Objections */

static void
give_reason(SvpRefundDecision *decision, SvpRefundOutcome outcome, SvpRefundReason reason,
			const char *about)
{
	if (outcome < decision->outcome ||
		(outcome == decision->outcome && reason >= decision->reason))
		return;
	decision->outcome = outcome;
	decision->reason = reason;
	decision->about = about;
}

/*
 * Object to a refund, whatever its amount.
 */
void
svp_object(SvpJudgement *judgement, SvpRefundOutcome outcome, SvpRefundReason reason,
		   const char *about)
{
	judgement->any_amount = Max(judgement->any_amount, outcome);
	give_reason(judgement->decision, outcome, reason, about);
}

/*
 * Object to an amount that is too high.
 */
void
svp_object_to_amount(SvpJudgement *judgement, SvpRefundOutcome outcome, SvpRefundReason reason)
{
	give_reason(judgement->decision, outcome, reason, SVP_FACT_AMOUNT);
}

/*
 * Object that a fact is not known.
 */
void
svp_doubt(SvpJudgement *judgement, const char *fact, SvpKnowledge knowledge)
{
	if (knowledge == SVP_UNREADABLE)
		svp_object(judgement, SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, fact);
	else
		svp_object(judgement, SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, fact);
}

/* Time */

/* A cutoff, and the moment that it is for. */
typedef struct Limit
{
	SvpCutoff	cutoff;
	SvpRefundReason reason;
	bool		moment_known;
	int64		moment;
} Limit;

/*
 * Is it known where the window ends, as far as this matters?  Without a start
 * a campaign tells at least that it is not over yet.
 */
static bool
has_end(const Limit *limit)
{
	const SvpCutoff *cutoff = &limit->cutoff;

	if (cutoff->state == SVP_CUTOFF_NO_START)
		return cutoff->campaign != NULL && cutoff->window->if_missing != SVP_IF_MISSING_OPEN &&
			limit->moment_known && limit->moment < cutoff->at;
	return cutoff->state == SVP_CUTOFF_FOUND;
}

/* The cutoff itself is too late. */
static bool
is_over(const Limit *limit)
{
	return has_end(limit) && limit->moment_known && limit->moment >= limit->cutoff.at;
}

/*
 * The cutoff to tell: the earliest of those that were missed, else of all.
 */
static const Limit *
binding_limit(const Limit *limits, int n)
{
	const Limit *binding = NULL;

	for (int i = 0; i < n; i++)
	{
		const Limit *limit = &limits[i];

		if (has_end(limit) &&
			(binding == NULL ||
			 (is_over(limit) == is_over(binding) ? limit->cutoff.at < binding->cutoff.at : is_over(limit))))
			binding = limit;
	}
	return binding;
}

static void
doubt_end(SvpJudgement *judgement, const Limit *limit)
{
	const SvpCutoff *cutoff = &limit->cutoff;

	if (has_end(limit))
		return;
	if (cutoff->state == SVP_CUTOFF_NO_CALENDAR)
		svp_object(judgement, SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CALENDAR, cutoff->about);
	else if (cutoff->state == SVP_CUTOFF_UNREADABLE)
		svp_doubt(judgement, cutoff->about, SVP_UNREADABLE);
	else if (cutoff->window->if_missing == SVP_IF_MISSING_APPROVAL)
		svp_doubt(judgement, cutoff->about, SVP_MISSING);
	else if (cutoff->window->if_missing == SVP_IF_MISSING_REFUSED)
		svp_object(judgement, SVP_REFUND_REFUSED, SVP_REASON_FACT_MISSING, cutoff->about);
}

static void
tell_cutoff(SvpJudgement *judgement, const Limit *binding)
{
	SvpRefundDecision *decision = judgement->decision;

	decision->has_cutoff = true;
	decision->cutoff_at = binding->cutoff.at;
	decision->bound_by = binding->cutoff.window;
	decision->cutoff = binding->cutoff;
	if (is_over(binding))
		svp_object(judgement, SVP_REFUND_REFUSED, binding->reason, binding->cutoff.start->fact);
}

/* The claim window is for when the customer asked, the issue limit for now. */
static void
judge_time(SvpJudgement *judgement)
{
	const SvpRefundRule *rule = judgement->rule;
	const SvpRefundFacts *facts = judgement->facts;
	const SvpRefundFact *asked = svp_refund_fact(facts, SVP_FACT_REQUESTED_AT);
	Limit		limits[2];
	int			n = 0;
	const Limit *binding;

	if (rule->has_window)
	{
		Limit	   *limit = &limits[n++];

		svp_cutoff_find(&rule->window, judgement->calendars->window, facts, &limit->cutoff);
		limit->reason = SVP_REASON_CUTOFF;
		limit->moment_known = asked->knowledge == SVP_KNOWN;
		limit->moment = asked->value;
		if (!limit->moment_known)
			svp_doubt(judgement, SVP_FACT_REQUESTED_AT, asked->knowledge);
	}
	if (rule->has_issue_limit)
	{
		Limit	   *limit = &limits[n++];

		svp_cutoff_find(&rule->issue_limit, judgement->calendars->issue_limit, facts, &limit->cutoff);
		limit->reason = SVP_REASON_ISSUE_LIMIT;
		limit->moment_known = true;
		limit->moment = facts->issued_at;
	}

	if ((binding = binding_limit(limits, n)) != NULL)
		tell_cutoff(judgement, binding);
	for (int i = 0; i < n; i++)
	{
		doubt_end(judgement, &limits[i]);
		if (judgement->decision->future == NULL)
			judgement->decision->future = limits[i].cutoff.future;
	}
}

/* People */

/*
 * Has somebody else approved?  Whoever asks cannot.
 */
static void
judge_four_eyes(SvpJudgement *judgement)
{
	const char *agent = judgement->facts->agent;
	const char *approved_by = judgement->facts->approved_by;

	if (!judgement->rule->four_eyes)
		return;
	if (agent != NULL && approved_by != NULL && strcmp(agent, approved_by) == 0)
		svp_object(judgement, SVP_REFUND_REFUSED, SVP_REASON_FOUR_EYES, SVP_FACT_APPROVED_BY);
	else if (approved_by == NULL)
		svp_object(judgement, SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FOUR_EYES, SVP_FACT_APPROVED_BY);
	else if (agent == NULL)
		svp_object(judgement, SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FOUR_EYES, SVP_FACT_AGENT);
}

static void
judge_agent(SvpJudgement *judgement)
{
	const char *agent = judgement->facts->agent;
	const char *customer = judgement->facts->customer;

	if (!judgement->rule->agent_is_not_customer)
		return;
	if (agent == NULL || customer == NULL)
		svp_doubt(judgement, agent == NULL ? SVP_FACT_AGENT : SVP_FACT_CUSTOMER, SVP_MISSING);
	else if (strcmp(agent, customer) == 0)
		svp_object(judgement, SVP_REFUND_REFUSED, SVP_REASON_OWN, SVP_FACT_AGENT);
}

/*
 * How often the customer was refunded before, and whether for this.  How much
 * it was is a matter of amounts.
 */
static void
judge_history(SvpJudgement *judgement)
{
	const SvpRefundRule *rule = judgement->rule;
	const SvpRefundFacts *facts = judgement->facts;
	bool		limits_customer = rule->customer_count > 0 || rule->customer_amount.given;

	if (limits_customer && facts->customer == NULL)
		svp_doubt(judgement, SVP_FACT_CUSTOMER, SVP_MISSING);
	else if (rule->customer_count > 0 && facts->sums.customer_count >= rule->customer_count)
		svp_object(judgement, SVP_REFUND_REFUSED, SVP_REASON_CUSTOMER_LIMIT, SVP_FACT_CUSTOMER);
	if (rule->duplicate_within > 0 && facts->sums.duplicate)
		svp_object(judgement, SVP_REFUND_REFUSED, SVP_REASON_DUPLICATE, NULL);
}

/*
 * Decide on a refund by a rule; without one it is allowed, and that is said.
 */
void
svp_refund_decide(const SvpRefundRule *rule, const SvpRefundCalendars *calendars,
				  const SvpRefundFacts *facts, SvpRefundDecision *decision)
{
	SvpJudgement judgement = {rule, calendars, facts, decision, SVP_REFUND_ALLOWED};

	memset(decision, 0, sizeof(*decision));
	if (rule == NULL)
	{
		const SvpRefundFact *amount = svp_refund_fact(facts, SVP_FACT_AMOUNT);

		decision->reason = SVP_REASON_NO_RULE;
		decision->has_allowed_amount = amount->knowledge == SVP_KNOWN && amount->value >= 0;
		decision->allowed_amount = decision->has_allowed_amount ? amount->value : 0;
		return;
	}
	if (rule->final_sale)
		svp_object(&judgement, SVP_REFUND_REFUSED, SVP_REASON_FINAL_SALE, NULL);
	else
	{
		judge_time(&judgement);
		judge_agent(&judgement);
		judge_four_eyes(&judgement);
		judge_history(&judgement);
	}
	svp_judge_amount(&judgement);
}
