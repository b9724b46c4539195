/*-------------------------------------------------------------------------
 *
 * refund_message.c
 *		What is said of a decision: to whoever wrote the refund, and to the
 *		customer.
 *
 * Times are local to the calendar of the window that they are about, whatever
 * the session's TimeZone and DateStyle are.  Amounts are shown to the cent,
 * and only shown so.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "refund_table.h"

#define MILLIONTHS_OF_A_CENT INT64CONST(10000)

/*
 * An amount to the nearest cent, halves away from zero.
 */
static char *
amount_text(int64 millionths)
{
	uint64		magnitude = millionths < 0 ? -(uint64) millionths : (uint64) millionths;
	uint64		cents = (magnitude + MILLIONTHS_OF_A_CENT / 2) / MILLIONTHS_OF_A_CENT;

	return psprintf("%s" UINT64_FORMAT ".%02d", millionths < 0 ? "-" : "", cents / 100,
					(int) (cents % 100));
}

/* A cent too much must not look like the limit. */
static const char *
exact(int64 millionths)
{
	return millionths % MILLIONTHS_OF_A_CENT == 0 ? amount_text(millionths) :
		DatumGetCString(DirectFunctionCall1(numeric_out, svp_refund_numeric(millionths)));
}

static char *
money(const SvpRefundCase *refund, int64 millionths)
{
	const char *currency = svp_refund_case_text(refund, "currency");

	return psprintf("%s%s%s", exact(millionths),
					currency != NULL ? " " : "", currency != NULL ? currency : "");
}

static char *
instant(SvpCalendar *calendar, int64 at)
{
	const char *zone_name = "UTC";
	int64		offset = 0;
	struct pg_tm tm;
	fsec_t		fraction;
	StringInfoData text;

	if (calendar != NULL)
	{
		SvpZone		zone = svp_calendar_zone(calendar);
		int64		until;

		zone.offset_at(zone.arg, at, &offset, &until);
		zone_name = pg_get_timezone_name(zone.arg);
	}
	if (timestamp2tm(at + offset, NULL, &tm, &fraction, NULL, NULL) != 0)
		return "a time out of range";
	initStringInfo(&text);
	appendStringInfo(&text, "%04d-%02d-%02d %02d:%02d", tm.tm_year, tm.tm_mon, tm.tm_mday,
					 tm.tm_hour, tm.tm_min);
	if (tm.tm_sec != 0 || fraction != 0)
		appendStringInfo(&text, ":%02d", tm.tm_sec);
	if (fraction != 0)
		appendStringInfo(&text, ".%06d", (int) fraction);
	appendStringInfo(&text, " %s", zone_name);
	return text.data;
}

static SvpCalendar *
calendar_of(const SvpRefundCase *refund, const SvpWindow *window)
{
	return window == &refund->rule->window ? refund->calendars.window : refund->calendars.issue_limit;
}

static char *
cutoff_text(const SvpRefundCase *refund)
{
	const SvpRefundDecision *decision = &refund->decision;

	return instant(calendar_of(refund, decision->bound_by), decision->cutoff_at);
}

static char *
subject(const SvpRefundCase *refund)
{
	const SvpRefundFact *amount = svp_refund_case_fact(refund, SVP_FACT_AMOUNT);

	return amount == NULL || amount->knowledge != SVP_KNOWN ? "refund" :
		psprintf("refund of %s", money(refund, amount->value));
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
			return psprintf("at most %s is allowed%s", money(refund, decision->allowed_amount),
							decision->reason == SVP_REASON_AMOUNT ? "" : " without approval");
		case SVP_REASON_FACT_UNREADABLE:
			return about == NULL ? "its facts cannot be read" :
				psprintf("the fact %s cannot be read", about);
		case SVP_REASON_FACT_MISSING:
			return psprintf("the fact %s is missing", about);
		case SVP_REASON_CALENDAR:
			return psprintf("the calendar \"%s\" cannot be used", about);
		case SVP_REASON_CURRENCY:
			return "the rule does not allow for its currency";
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

static char *
length_text(const SvpWindow *window)
{
	static const char *const units[] = {"day", "working day", "month"};

	if (window->unit != SVP_WINDOW_EXACTLY)
		return psprintf(INT64_FORMAT " %s%s", window->length, units[window->unit],
						window->length == 1 ? "" : "s");
	return psprintf(INT64_FORMAT ":%02d hours", window->length / SVP_USEC_PER_HOUR,
					(int) (window->length % SVP_USEC_PER_HOUR / SVP_USEC_PER_MINUTE));
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
		SvpCalendar *calendar = calendar_of(refund, window);
		const SvpRefundFact *start = svp_refund_case_fact(refund, window->from);
		const SvpRefundFact *asked = svp_refund_case_fact(refund, SVP_FACT_REQUESTED_AT);

		appendStringInfo(&text, "The cutoff is %s from %s, which is %s", length_text(window),
						 window->from, instant(calendar, start->value));
		if (window->extend_to_working_day)
			appendStringInfoString(&text, ", extended to a working day");
		if (window == &refund->rule->window && asked->knowledge == SVP_KNOWN)
			appendStringInfo(&text, "; the customer asked at %s", instant(calendar, asked->value));
		appendStringInfoString(&text, ". ");
	}
	if (refund->decision.reason == SVP_REASON_FACT_UNREADABLE)
		append_unreadable(&text, refund);
	if (refund->policy != NULL)
		appendStringInfo(&text, "Judged by version %d of policy \"%s\".",
						 refund->policy->version, refund->policy->name);
	return text.data;
}

/* The customer's message */

static const char *
or_dash(const char *text)
{
	return text == NULL ? "-" : text;
}

/*
 * What a placeholder of the policy's message stands for, or NULL for one that
 * is none.
 */
static const char *
placeholder(const SvpRefundCase *refund, const char *name, size_t length)
{
	const SvpRefundDecision *decision = &refund->decision;
	const SvpRefundFact *amount = svp_refund_case_fact(refund, SVP_FACT_AMOUNT);

#define IS(word) (length == strlen(word) && strncmp(name, word, length) == 0)
	if (IS("cutoff"))
		return decision->has_cutoff ? cutoff_text(refund) : "-";
	if (IS("amount"))
		return amount != NULL && amount->knowledge == SVP_KNOWN ?
			amount_text(amount->value) : "-";
	if (IS("allowed_amount"))
		return decision->has_allowed_amount ? amount_text(decision->allowed_amount) : "-";
	if (IS("fee"))
		return decision->has_allowed_amount ? amount_text(decision->fee) : "-";
	if (IS("currency"))
		return or_dash(svp_refund_case_text(refund, "currency"));
	if (IS("rule"))
		return refund->rule->name;
#undef IS
	return NULL;
}

static char *
fill_in(const SvpRefundCase *refund, const char *message)
{
	StringInfoData text;

	initStringInfo(&text);
	while (*message != '\0')
	{
		const char *end = *message == '{' ? strchr(message, '}') : NULL;
		const char *value = end == NULL ? NULL :
			placeholder(refund, message + 1, end - message - 1);

		if (value == NULL)
			appendStringInfoChar(&text, *message++);
		else
		{
			appendStringInfoString(&text, value);
			message = end + 1;
		}
	}
	return text.data;
}

/*
 * What to tell the customer: the rule's own message where the refund is not
 * simply allowed, else a sentence of ours, in English.
 */
char *
svp_refund_customer_message(const SvpRefundCase *refund, const char *language)
{
	char	   *sentence;

	if (refund->decision.outcome != SVP_REFUND_ALLOWED && refund->rule != NULL)
	{
		const char *message = svp_text_in(&refund->rule->message, language,
										  refund->policy->language);

		if (message != NULL)
			return fill_in(refund, message);
	}
	sentence = psprintf("%s.", svp_refund_summary(refund));
	sentence[0] = pg_ascii_toupper(sentence[0]);
	return sentence;
}
