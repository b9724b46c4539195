/*-------------------------------------------------------------------------
 *
 * refund.c
 *		The decision on a refund by one rule.
 *
 * A window is counted as Regulation (EEC, Euratom) No 1182/71, Article 3
 * does: the day of its start is not counted, and its last day counts in full
 * (paragraphs 1 and 2), so that the first instant too late is the midnight
 * that ends that day.  A last day that is no working day may be extended to
 * the end of the next one (paragraph 4).
 *
 * Pure: no table, no wall clock.  All of it is O(1), but for the logarithm in
 * counting working days.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "business_time_compile.h"
#include "refund.h"

const char *const svp_refund_outcome_names[SVP_NREFUND_OUTCOMES] = {
	"allowed", "needs_approval", "refused"
};

const char *const svp_refund_reason_names[SVP_NREFUND_REASONS] = {
	NULL, "no_rule", "refund_final_sale", "refund_cutoff", "refund_issue_limit",
	"refund_fact_unreadable", "refund_amount", "refund_calendar",
	"refund_fact_missing", "refund_currency", "refund_customer_limit", "refund_duplicate",
	"refund_own", "refund_four_eyes", "refund_needs_approval"
};

/* No window is longer, so that no sum overflows. */
#define LONGEST_DAYS INT64CONST(366000)

/* Local dates.  Without a calendar they are those of UTC. */

static SvpTimeResult
date_of(SvpCalendar *calendar, int64 at, int32 *date)
{
	if (calendar != NULL)
		return svp_local_date(calendar, at, date);
	*date = (int32) svp_floor_div(at, SVP_USEC_PER_DAY);
	return SVP_TIME_OK;
}

static SvpTimeResult
midnight_after(SvpCalendar *calendar, int32 date, int64 *at)
{
	if (calendar != NULL)
		return svp_local_instant(calendar, date, SVP_USEC_PER_DAY, at);
	*at = (date + INT64CONST(1)) * SVP_USEC_PER_DAY;
	return SVP_TIME_OK;
}

/*
 * The same day some months later, or the last day of a month that is too
 * short for it.
 */
static int32
add_months(int32 date, int64 months)
{
	int32		year;
	int			month;
	int			day;
	int64		count;
	int32		first_of_next;

	svp_date_parts(date, &year, &month, &day);
	count = year * INT64CONST(12) + (month - 1) + months;
	year = (int32) svp_floor_div(count, 12);
	month = (int) (count - year * INT64CONST(12)) + 1;
	first_of_next = month == 12 ? svp_date_of(year + 1, 1, 1) : svp_date_of(year, month + 1, 1);
	return Min(svp_date_of(year, month, 1) + day - 1, first_of_next - 1);
}

/*
 * The end of a last day, or of the next working day if it is none.  That is
 * counted from the instant before the last day, which a zone may have skipped.
 */
static SvpTimeResult
end_of_last_day(const SvpWindow *window, SvpCalendar *calendar, int32 last, int64 *cutoff)
{
	SvpTimeResult result;
	bool		working;
	int64		midnight;

	if (!window->extend_to_working_day)
		return midnight_after(calendar, last, cutoff);
	if ((result = svp_is_working_date(calendar, last, &working)) != SVP_TIME_OK)
		return result;
	if (working)
		return midnight_after(calendar, last, cutoff);
	if ((result = svp_local_instant(calendar, last, 0, &midnight)) != SVP_TIME_OK)
		return result;
	return svp_days_deadline(calendar, midnight - 1, 1, true, cutoff);
}

/*
 * The first instant that is too late for a window which starts at "start".
 */
SvpTimeResult
svp_window_cutoff(const SvpWindow *window, SvpCalendar *calendar, int64 start, int64 *cutoff)
{
	SvpTimeResult result;
	int32		date;

	if (start < svp_date_of(SVP_TIME_FIRST_YEAR, 1, 1) * SVP_USEC_PER_DAY ||
		start >= svp_date_of(SVP_TIME_LAST_YEAR + 1, 1, 1) * SVP_USEC_PER_DAY ||
		window->length < 0 || window->length > LONGEST_DAYS * SVP_USEC_PER_DAY)
		return SVP_TIME_OUT_OF_RANGE;
	if (window->unit == SVP_WINDOW_EXACTLY)
	{
		*cutoff = start + window->length;
		return SVP_TIME_OK;
	}
	if (window->length > LONGEST_DAYS)
		return SVP_TIME_OUT_OF_RANGE;
	if (window->unit == SVP_WINDOW_WORKING_DAYS && window->length > 0)
		return svp_days_deadline(calendar, start, (int32) window->length, true, cutoff);

	if ((result = date_of(calendar, start, &date)) != SVP_TIME_OK)
		return result;
	if (window->unit == SVP_WINDOW_DAYS)
		date += (int32) window->length;
	else if (window->unit == SVP_WINDOW_MONTHS)
		date = add_months(date, window->length);
	return end_of_last_day(window, calendar, date, cutoff);
}

/* Facts by name */

static const SvpRefundFact *
find_fact(const SvpRefundFacts *facts, const char *name)
{
	static const SvpRefundFact missing = {NULL, SVP_MISSING, 0};

	for (int i = 0; i < facts->nfacts; i++)
	{
		if (strcmp(facts->facts[i].name, name) == 0)
			return &facts->facts[i];
	}
	return &missing;
}

/* An amount below zero is nonsense. */
static SvpKnowledge
find_amount(const SvpRefundFacts *facts, const char *name, SvpAmount *amount)
{
	const SvpRefundFact *fact = find_fact(facts, name);

	*amount = fact->value;
	if (fact->knowledge == SVP_KNOWN && fact->value < 0)
		return SVP_UNREADABLE;
	return fact->knowledge;
}

/*
 * Give a decision its reason, unless it has one: what is asked first goes
 * before what is asked later.
 */
static void
give_reason(SvpRefundDecision *decision, SvpRefundOutcome outcome, SvpRefundReason reason,
			const char *about)
{
	if (decision->outcome >= outcome)
		return;
	decision->outcome = outcome;
	decision->reason = reason;
	decision->about = about;
}

static void
doubt(SvpRefundDecision *decision, const char *fact, SvpKnowledge knowledge)
{
	if (knowledge == SVP_UNREADABLE)
		give_reason(decision, SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, fact);
	else
		give_reason(decision, SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, fact);
}

/* Cutoffs */

/* One window of a rule, and where its end was found to be. */
typedef struct Cutoff
{
	const SvpWindow *window;
	SvpRefundReason reason;
	const SvpRefundFact *start;
	SvpTimeResult result;		/* of computing its end */
	bool		found;
	bool		too_late;		/* equality is too late */
	int64		at;
} Cutoff;

/*
 * Where a window ends, and whether the moment that it is for lies before.
 */
static void
find_cutoff(Cutoff *cutoff, SvpCalendar *calendar, const SvpRefundFacts *facts,
			SvpKnowledge moment_known, int64 moment)
{
	const SvpWindow *window = cutoff->window;

	cutoff->start = find_fact(facts, window->from);
	cutoff->result = SVP_TIME_NO_HOURS;
	if (cutoff->start->knowledge != SVP_KNOWN ||
		(window->calendar != NULL && calendar == NULL))
		return;
	cutoff->result = svp_window_cutoff(window, calendar, cutoff->start->value, &cutoff->at);
	cutoff->found = cutoff->result == SVP_TIME_OK;
	cutoff->too_late = cutoff->found && moment_known == SVP_KNOWN && moment >= cutoff->at;
}

/*
 * The cutoff to tell: the earliest of those that were missed, else of all.
 */
static const Cutoff *
binding_cutoff(const Cutoff *cutoffs, int n)
{
	const Cutoff *binding = NULL;

	for (int i = 0; i < n; i++)
	{
		const Cutoff *cutoff = &cutoffs[i];

		if (cutoff->found &&
			(binding == NULL ||
			 (cutoff->too_late == binding->too_late ? cutoff->at < binding->at : cutoff->too_late)))
			binding = cutoff;
	}
	return binding;
}

static void
doubt_cutoff(SvpRefundDecision *decision, const Cutoff *cutoff)
{
	if (cutoff->found)
		return;
	if (cutoff->start->knowledge != SVP_KNOWN)
		doubt(decision, cutoff->window->from, cutoff->start->knowledge);
	else if (cutoff->result == SVP_TIME_NO_HOURS)
		give_reason(decision, SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CALENDAR,
					cutoff->window->calendar);
	else
		doubt(decision, cutoff->window->from, SVP_UNREADABLE);
}

static void
judge_time(const SvpRefundRule *rule, const SvpRefundCalendars *calendars,
		   const SvpRefundFacts *facts, SvpRefundDecision *decision)
{
	const SvpRefundFact *asked = find_fact(facts, SVP_FACT_REQUESTED_AT);
	Cutoff		cutoffs[2];
	int			n = 0;
	const Cutoff *binding;

	memset(cutoffs, 0, sizeof(cutoffs));
	if (rule->has_window)
	{
		cutoffs[n].window = &rule->window;
		cutoffs[n].reason = SVP_REASON_CUTOFF;
		find_cutoff(&cutoffs[n++], calendars->window, facts, asked->knowledge, asked->value);
	}
	if (rule->has_issue_limit)
	{
		cutoffs[n].window = &rule->issue_limit;
		cutoffs[n].reason = SVP_REASON_ISSUE_LIMIT;
		find_cutoff(&cutoffs[n++], calendars->issue_limit, facts, SVP_KNOWN, facts->issued_at);
	}

	binding = binding_cutoff(cutoffs, n);
	if (binding != NULL)
	{
		decision->has_cutoff = true;
		decision->cutoff_at = binding->at;
		decision->bound_by = binding->window;
		if (binding->too_late)
			give_reason(decision, SVP_REFUND_REFUSED, binding->reason, binding->window->from);
	}
	if (rule->has_window && asked->knowledge != SVP_KNOWN)
		doubt(decision, SVP_FACT_REQUESTED_AT, asked->knowledge);
	for (int i = 0; i < n; i++)
		doubt_cutoff(decision, &cutoffs[i]);
}

/* Amounts */

/*
 * A share of an amount, rounded to the nearest millionth, halves up.  Taken
 * apart so that nothing overflows 64 bits.
 */
static SvpAmount
share_of(SvpAmount amount, SvpAmount share)
{
	return amount / SVP_AMOUNT_ONE * share +
		(amount % SVP_AMOUNT_ONE * share + SVP_AMOUNT_ONE / 2) / SVP_AMOUNT_ONE;
}

/*
 * What may be refunded at most, with approval if need be: never more than
 * was paid.  False when nothing limits it.
 */
static bool
ceiling(const SvpRefundRule *rule, const SvpRefundFacts *facts, SvpAmount *limit)
{
	SvpAmount	paid;
	bool		limited = rule->max_amount.given;

	*limit = rule->max_amount.given ? rule->max_amount.amount : 0;
	if (find_amount(facts, SVP_FACT_PAID_AMOUNT, &paid) == SVP_KNOWN)
	{
		SvpAmount	share = rule->has_max_share ? share_of(paid, rule->max_share) : paid;

		*limit = limited ? Min(*limit, share) : share;
		limited = true;
	}
	return limited;
}

/*
 * What a rule allows at most without approval, as far as the facts tell.
 * False when nothing limits it.
 */
static bool
refund_limit(const SvpRefundRule *rule, const SvpRefundFacts *facts, SvpAmount *limit)
{
	bool		limited = ceiling(rule, facts, limit);

	if (!rule->approval_above.given)
		return limited;
	*limit = limited ? Min(*limit, rule->approval_above.amount) : rule->approval_above.amount;
	return true;
}

static void
judge_amount(const SvpRefundRule *rule, const SvpRefundFacts *facts, SvpRefundDecision *decision)
{
	SvpAmount	amount;
	SvpAmount	paid;
	SvpAmount	most;
	SvpKnowledge amount_known = find_amount(facts, SVP_FACT_AMOUNT, &amount);
	SvpKnowledge paid_known = find_amount(facts, SVP_FACT_PAID_AMOUNT, &paid);
	bool		needs_amount = rule->max_amount.given || rule->has_max_share || rule->approval_above.given;

	if (amount_known == SVP_UNREADABLE)
		doubt(decision, SVP_FACT_AMOUNT, amount_known);
	if (paid_known == SVP_UNREADABLE)
		doubt(decision, SVP_FACT_PAID_AMOUNT, paid_known);
	if (amount_known == SVP_KNOWN && ceiling(rule, facts, &most) && amount > most)
		give_reason(decision, SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, NULL);
	if (amount_known == SVP_MISSING && needs_amount)
		doubt(decision, SVP_FACT_AMOUNT, amount_known);
	if (paid_known == SVP_MISSING && rule->has_max_share)
		doubt(decision, SVP_FACT_PAID_AMOUNT, paid_known);
	if (amount_known == SVP_KNOWN && rule->approval_above.given && amount > rule->approval_above.amount)
		give_reason(decision, SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_NEEDS_APPROVAL, NULL);
}

/*
 * What would be allowed: of the amount asked for, or the most where none is
 * known.  Nothing when the refund as such is not allowed.
 */
static void
allow_amount(const SvpRefundRule *rule, const SvpRefundFacts *facts, SvpRefundDecision *decision)
{
	SvpAmount	amount;
	bool		has_amount = find_amount(facts, SVP_FACT_AMOUNT, &amount) == SVP_KNOWN;

	decision->has_limit = refund_limit(rule, facts, &decision->limit);
	decision->has_allowed_amount = true;
	if (decision->reason != SVP_REASON_NONE && decision->reason != SVP_REASON_AMOUNT &&
		decision->reason != SVP_REASON_NEEDS_APPROVAL)
		decision->allowed_amount = 0;
	else if (has_amount)
		decision->allowed_amount = decision->has_limit ? Min(amount, decision->limit) : amount;
	else if (decision->has_limit)
		decision->allowed_amount = decision->limit;
	else
		decision->has_allowed_amount = false;
	decision->fee = share_of(decision->allowed_amount, rule->restocking_fee);
}

/*
 * Decide on a refund by a rule; without one it is allowed, and that is said.
 */
void
svp_refund_decide(const SvpRefundRule *rule, const SvpRefundCalendars *calendars,
				  const SvpRefundFacts *facts, SvpRefundDecision *decision)
{
	memset(decision, 0, sizeof(*decision));
	if (rule == NULL)
	{
		decision->reason = SVP_REASON_NO_RULE;
		decision->has_allowed_amount =
			find_amount(facts, SVP_FACT_AMOUNT, &decision->allowed_amount) == SVP_KNOWN;
		return;
	}
	if (rule->final_sale)
		give_reason(decision, SVP_REFUND_REFUSED, SVP_REASON_FINAL_SALE, NULL);
	else
	{
		judge_time(rule, calendars, facts, decision);
		judge_amount(rule, facts, decision);
	}
	allow_amount(rule, facts, decision);
}
