/*
 * Facts for the tests of refunds, and the decision by them.
 */
#ifndef SVP_REFUND_MAKE_H
#define SVP_REFUND_MAKE_H

#include "core.h"

#include "business_time_compile.h"
#include "refund.h"
#include "tap.h"

#define HOUR SVP_USEC_PER_HOUR
#define DAY SVP_USEC_PER_DAY
#define AMOUNT(units) ((units) * SVP_AMOUNT_ONE)

/* Starts of windows. */
static SvpWindowStart delivered[] = {{"delivered_at"}};
#define FROM(list) .from = list[0].fact, .nstarts = lengthof(list), .starts = list

static SvpRefundFact known[8];
static SvpRefundFacts given;	/* what else is known */
static SvpRefundCalendars calendars;
static SvpRefundDecision decision;

/* For the next decision only. */
static void
fact(const char *name, int64 value)
{
	known[given.nfacts++] = (SvpRefundFact) {name, SVP_KNOWN, value};
}

static void
unreadable(const char *name)
{
	known[given.nfacts++] = (SvpRefundFact) {name, SVP_UNREADABLE, 0};
}

static void
decide(const SvpRefundRule *rule, int64 issued_at)
{
	given.facts = known;
	given.issued_at = issued_at;
	svp_refund_decide(rule, &calendars, &given, &decision);
	given.nfacts = 0;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static inline void
check(SvpRefundOutcome outcome, SvpRefundReason reason, const char *what)
{
	if (!ok(decision.outcome == outcome && decision.reason == reason, what))
		printf("# got %s, %s\n", svp_refund_outcome_names[decision.outcome],
			   decision.reason ? svp_refund_reason_names[decision.reason] : "no reason");
}

static inline void
check_about(const char *about, const char *what)
{
	if (!ok(same(decision.about, about), what))
		printf("# got %s\n", decision.about ? decision.about : "nothing");
}

static inline int64
midnight(int32 year, int month, int day)
{
	return svp_date_of(year, month, day) * DAY;
}

/* In UTC, from delivered_at. */
static inline SvpWindow
days_of(int64 days)
{
	return (SvpWindow) {.unit = SVP_WINDOW_DAYS, .length = days, FROM(delivered)};
}

#endif							/* SVP_REFUND_MAKE_H */
