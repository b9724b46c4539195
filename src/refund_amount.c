/*-------------------------------------------------------------------------
 *
 * refund_amount.c
 *		How much a rule refunds.
 *
 * Limits hold for what all refunds of an order, of a line or of a customer add
 * up to, so that nobody gains by asking in parts.  Limits are rounded down to
 * the currency's minor unit and fees to the nearest one; what was paid is not
 * rounded, so that all of it can be given back.
 *
 * Exact and without overflow: a sum that leaves 64 bits stays at their end,
 * where it is above every limit.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "currency.h"
#include "refund_judge.h"

/* The least of several bounds, if there are any. */
typedef struct Bound
{
	bool		given;
	SvpAmount	most;
} Bound;

/* Amounts that are not below zero. */
static SvpAmount
add(SvpAmount a, SvpAmount b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/*
 * A share of an amount, cut off after the sixth digit.  Taken apart so that
 * nothing overflows.
 */
static SvpAmount
share_of(SvpAmount amount, SvpAmount share)
{
	return amount / SVP_AMOUNT_ONE * share + amount % SVP_AMOUNT_ONE * share / SVP_AMOUNT_ONE;
}

/* The smallest amount of a currency that can be paid. */
static SvpAmount
minor_unit(const char *currency)
{
	SvpAmount	unit = SVP_AMOUNT_ONE;

	for (int i = svp_currency_digits(currency); i > 0; i--)
		unit /= 10;
	return unit;
}

static SvpAmount
round_down(SvpAmount amount, SvpAmount unit)
{
	return amount - amount % unit;
}

/* Halves up.  That digits after the sixth were cut off makes no difference. */
static SvpAmount
round_half_up(SvpAmount amount, SvpAmount unit)
{
	return round_down(add(amount, unit / 2), unit);
}

/*
 * An amount of the document in a currency.  False if it is not given, or only
 * for other currencies.
 */
bool
svp_money_in(const SvpMoney *money, const char *currency, SvpAmount *amount)
{
	if (!money->given)
		return false;
	*amount = money->amount;
	if (money->ncurrencies == 0)
		return true;
	for (int i = 0; currency != NULL && i < money->ncurrencies; i++)
	{
		*amount = money->amounts[i];
		if (svp_currency_same(money->currencies[i], currency))
			return true;
	}
	return false;
}

/* An amount that is a fact; one below zero is nonsense. */
typedef struct Amount
{
	SvpKnowledge knowledge;
	SvpAmount	value;
} Amount;

static Amount
find_amount(const SvpRefundFacts *facts, const char *name)
{
	const SvpRefundFact *fact = svp_refund_fact(facts, name);
	bool		is_nonsense = fact->knowledge == SVP_KNOWN && fact->value < 0;

	return (Amount) {is_nonsense ? SVP_UNREADABLE : fact->knowledge, fact->value};
}

/* What the refund is of, and what was paid. */
typedef struct Amounts
{
	Amount		refund;
	Amount		paid;			/* for the order */
	Amount		line_paid;
} Amounts;

static Amounts
find_amounts(const SvpRefundFacts *facts)
{
	return (Amounts) {
		.refund = find_amount(facts, SVP_FACT_AMOUNT),
		.paid = find_amount(facts, SVP_FACT_PAID_AMOUNT),
		.line_paid = find_amount(facts, SVP_FACT_LINE_PAID)
	};
}

/* Bounds */

static void
bound(Bound *bound, SvpAmount most)
{
	bound->most = bound->given ? Min(bound->most, most) : most;
	bound->given = true;
}

/* Is what was paid an amount in the refund's own currency, as far as is known? */
static bool
paid_alike(const SvpRefundFacts *facts)
{
	return facts->currency == NULL || facts->paid_currency == NULL ||
		svp_currency_same(facts->currency, facts->paid_currency);
}

/*
 * What bounds a refund: the rule, of which an exception may give more, and
 * what was paid, of which none gives more.  Gives the number of bounds.
 */
static int
find_bounds(const SvpRefundRule *rule, const SvpRefundFacts *facts, const Amounts *amounts,
			SvpAmount unit, SvpRefundBound *bounds)
{
	const SvpRefundSums *sums = &facts->sums;
	SvpAmount	extra = facts->relief.extra;
	SvpAmount	paid = amounts->paid.value;
	SvpAmount	line_paid = amounts->line_paid.value;
	bool		has_paid = amounts->paid.knowledge == SVP_KNOWN && paid_alike(facts);
	bool		has_line = amounts->line_paid.knowledge == SVP_KNOWN && paid_alike(facts);
	SvpAmount	amount;
	int			n = 0;

	if (svp_money_in(&rule->max_amount, facts->currency, &amount))
		bounds[n++] = (SvpRefundBound) {"max_amount", SVP_REASON_AMOUNT, SVP_BOUND_ORDER,
			add(round_down(amount, unit), extra), sums->order};
	if (rule->has_max_share && rule->max_share < SVP_AMOUNT_ONE && (has_line || has_paid))
		bounds[n++] = (SvpRefundBound) {"max_share", SVP_REASON_AMOUNT,
			has_line ? SVP_BOUND_LINE : SVP_BOUND_ORDER,
			add(round_down(share_of(has_line ? line_paid : paid, rule->max_share), unit), extra),
			has_line ? sums->line : sums->order};
	if (has_paid)
		bounds[n++] = (SvpRefundBound) {SVP_FACT_PAID_AMOUNT, SVP_REASON_AMOUNT, SVP_BOUND_ORDER,
			paid, sums->order};
	if (has_line)
		bounds[n++] = (SvpRefundBound) {SVP_FACT_LINE_PAID, SVP_REASON_AMOUNT, SVP_BOUND_LINE,
			line_paid, sums->line};
	if (svp_money_in(&rule->customer_amount, facts->currency, &amount))
		bounds[n++] = (SvpRefundBound) {"per_customer", SVP_REASON_CUSTOMER_LIMIT, SVP_BOUND_CUSTOMER,
			round_down(amount, unit), sums->customer};
	if (svp_money_in(&rule->approval_above, facts->currency, &amount))
		bounds[n++] = (SvpRefundBound) {"approval_above", SVP_REASON_NEEDS_APPROVAL, SVP_BOUND_ORDER,
			round_down(amount, unit), sums->order};
	return n;
}

int
svp_refund_bounds(const SvpRefundRule *rule, const SvpRefundFacts *facts, SvpRefundBound *bounds)
{
	Amounts		amounts = find_amounts(facts);

	return find_bounds(rule, facts, &amounts, minor_unit(facts->currency), bounds);
}

SvpAmount
svp_refund_left(const SvpRefundBound *bound)
{
	return Max(bound->most - Max(bound->already, 0), 0);
}

/*
 * The least that is left by the bounds that a reason is about.
 */
static Bound
bound_by(const SvpRefundBound *bounds, int n, SvpRefundReason reason)
{
	Bound		least = {false, 0};

	for (int i = 0; i < n; i++)
	{
		if (bounds[i].reason == reason)
			bound(&least, svp_refund_left(&bounds[i]));
	}
	return least;
}

/* Objections */

/* Does something bound what the refunds of the order, or of a line of it, add up to? */
static bool
order_is_bound(const SvpRefundRule *rule, const Amounts *amounts)
{
	return rule->max_amount.given || rule->approval_above.given ||
		amounts->paid.knowledge == SVP_KNOWN || amounts->line_paid.knowledge == SVP_KNOWN;
}

/* Amounts of several currencies are never compared, nor added. */
static void
judge_currency(SvpJudgement *judgement, const Amounts *amounts)
{
	const SvpRefundRule *rule = judgement->rule;
	const SvpRefundFacts *facts = judgement->facts;
	const SvpMoney *named[] = {
		&rule->max_amount, &rule->approval_above, &rule->shipping_fee, &rule->customer_amount
	};

	if (!paid_alike(facts))
		svp_object(judgement, SVP_REFUND_REFUSED, SVP_REASON_CURRENCY, SVP_FACT_PAID_CURRENCY);
	if (facts->currency == NULL && facts->paid_currency != NULL)
		svp_object(judgement, SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, SVP_FACT_CURRENCY);
	if (facts->sums.other_currency && order_is_bound(rule, amounts))
		svp_object(judgement, SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, SVP_FACT_ORDER_ID);
	for (int i = 0; i < lengthof(named); i++)
	{
		SvpAmount	amount;

		if (named[i]->given && !svp_money_in(named[i], facts->currency, &amount))
			svp_object(judgement, SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, SVP_FACT_CURRENCY);
	}
}

/* Amounts that the rule needs are known, and all that are known can be read. */
static void
judge_amounts_known(SvpJudgement *judgement, const Amounts *amounts)
{
	const SvpRefundRule *rule = judgement->rule;
	bool		needs_amount = rule->max_amount.given || rule->has_max_share ||
		rule->approval_above.given || rule->customer_amount.given;
	SvpKnowledge amount_known = amounts->refund.knowledge;
	SvpKnowledge paid_known = amounts->paid.knowledge;
	SvpKnowledge line_known = amounts->line_paid.knowledge;

	if (amount_known == SVP_UNREADABLE || (amount_known == SVP_MISSING && needs_amount))
		svp_doubt(judgement, SVP_FACT_AMOUNT, amount_known);
	if (line_known == SVP_UNREADABLE)
		svp_doubt(judgement, SVP_FACT_LINE_PAID, line_known);
	if (paid_known == SVP_UNREADABLE ||
		(paid_known == SVP_MISSING && line_known == SVP_MISSING && rule->has_max_share))
		svp_doubt(judgement, SVP_FACT_PAID_AMOUNT, paid_known);
}

/* What is allowed */

/*
 * What needs approval and has it is allowed, whatever the need's reason.
 */
static void
approve(SvpJudgement *judgement, SvpAmount amount)
{
	const SvpRelief *relief = &judgement->facts->relief;
	SvpRefundDecision *decision = judgement->decision;

	if (decision->outcome != SVP_REFUND_NEEDS_APPROVAL || !relief->approved ||
		amount > relief->approved_amount)
		return;
	decision->outcome = SVP_REFUND_ALLOWED;
	decision->reason = SVP_REASON_NONE;
	decision->about = NULL;
}

/*
 * Of the amount asked for what would be allowed, or the most where none is
 * known: without approval if the rule asks for none, else what was approved.
 */
static void
allow(SvpJudgement *judgement, Bound most, Bound without_approval, const SvpAmount *amount)
{
	const SvpRelief *relief = &judgement->facts->relief;
	SvpRefundDecision *decision = judgement->decision;
	bool		approved = relief->approved && amount != NULL;
	Bound		allowed = most;

	decision->has_limit = most.given || without_approval.given;
	decision->limit = !without_approval.given ? most.most :
		most.given ? Min(most.most, without_approval.most) : without_approval.most;

	if (judgement->any_amount == SVP_REFUND_REFUSED ||
		(judgement->any_amount == SVP_REFUND_NEEDS_APPROVAL && !approved))
		bound(&allowed, 0);
	else if (judgement->any_amount == SVP_REFUND_NEEDS_APPROVAL)
		bound(&allowed, relief->approved_amount);
	else if (without_approval.given)
		bound(&allowed, approved ? Max(without_approval.most, relief->approved_amount) :
			  without_approval.most);

	decision->has_allowed_amount = amount != NULL || allowed.given;
	if (amount != NULL)
		bound(&allowed, *amount);
	decision->allowed_amount = allowed.most;
}

/*
 * What the company keeps of the allowed amount.
 */
static SvpAmount
fee(const SvpRefundRule *rule, const SvpRefundFacts *facts, SvpAmount unit, SvpAmount allowed)
{
	SvpAmount	restocking = round_half_up(share_of(allowed, rule->restocking_fee), unit);
	SvpAmount	shipping;

	if (!svp_money_in(&rule->shipping_fee, facts->currency, &shipping))
		shipping = 0;
	return Min(allowed, add(restocking, round_half_up(shipping, unit)));
}

void
svp_judge_amount(SvpJudgement *judgement)
{
	const SvpRefundRule *rule = judgement->rule;
	const SvpRefundFacts *facts = judgement->facts;
	Amounts		amounts = find_amounts(facts);
	SvpRefundBound bounds[SVP_NREFUND_BOUNDS];
	SvpAmount	unit = minor_unit(facts->currency);
	int			n = find_bounds(rule, facts, &amounts, unit, bounds);
	Bound		most = bound_by(bounds, n, SVP_REASON_AMOUNT);
	Bound		customer = bound_by(bounds, n, SVP_REASON_CUSTOMER_LIMIT);
	Bound		without_approval = bound_by(bounds, n, SVP_REASON_NEEDS_APPROVAL);
	SvpAmount	amount = amounts.refund.value;
	bool		has_amount = amounts.refund.knowledge == SVP_KNOWN;

	if (!rule->final_sale)
	{
		judge_currency(judgement, &amounts);
		judge_amounts_known(judgement, &amounts);
	}
	if (has_amount && most.given && amount > most.most)
		svp_object_to_amount(judgement, SVP_REFUND_REFUSED, SVP_REASON_AMOUNT);
	if (has_amount && customer.given && amount > customer.most)
		svp_object_to_amount(judgement, SVP_REFUND_REFUSED, SVP_REASON_CUSTOMER_LIMIT);
	if (has_amount && without_approval.given && amount > without_approval.most)
		svp_object_to_amount(judgement, SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_NEEDS_APPROVAL);

	if (customer.given)
		bound(&most, customer.most);
	if (has_amount)
		approve(judgement, amount);
	allow(judgement, most, without_approval, has_amount ? &amount : NULL);
	judgement->decision->fee = fee(rule, facts, unit, judgement->decision->allowed_amount);
}
