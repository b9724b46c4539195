/*
 * Refunds without a server: where windows end, on dates and in zones that are
 * easy to get wrong, and what is decided in which order.
 */
#include "core.h"

#include "business_time_compile.h"
#include "refund.h"
#include "tap.h"

#define HOUR SVP_USEC_PER_HOUR
#define DAY SVP_USEC_PER_DAY
#define AMOUNT(units) ((units) * SVP_AMOUNT_ONE)

/* A zone with at most two transitions. */
typedef struct FakeZone
{
	int			n;
	int64		at[2];
	int64		offset[3];		/* before the first transition, and from each on */
} FakeZone;

static void
fake_offset_at(void *arg, int64 at, int64 *offset, int64 *until)
{
	const FakeZone *zone = arg;
	int			i = 0;

	while (i < zone->n && zone->at[i] <= at)
		i++;
	*offset = zone->offset[i];
	*until = i < zone->n ? zone->at[i] : INT64_MAX;
}

/* Clocks go from 02:00 to 03:00 on Sunday 2000-03-26 and back from 03:00 to 02:00 on Sunday 2000-10-29. */
#define SPRING 85
#define AUTUMN 302
static FakeZone europe = {2, {SPRING * DAY + 1 * HOUR, AUTUMN * DAY + 1 * HOUR}, {HOUR, 2 * HOUR, HOUR}};

/* Midnight does not exist on day 50. */
static FakeZone no_midnight = {1, {50 * DAY + 3 * HOUR}, {-3 * HOUR, -2 * HOUR}};

/* Day 50 is skipped: 2000-02-20, a Sunday. */
static FakeZone apia = {1, {50 * DAY + 10 * HOUR}, {-10 * HOUR, 14 * HOUR}};

static FakeZone kiritimati = {0, {0}, {14 * HOUR}};

#define WEEKLY(day) {day, SVP_DATE_ALWAYS, SVP_DATE_NEVER, 9 * HOUR, 17 * HOUR}
static const SvpHours weekdays[] = {WEEKLY(1), WEEKLY(2), WEEKLY(3), WEEKLY(4), WEEKLY(5)};
static const SvpHours all_days[] = {
	WEEKLY(1), WEEKLY(2), WEEKLY(3), WEEKLY(4), WEEKLY(5), WEEKLY(6), WEEKLY(7)
};

static SvpCalendar *
make(FakeZone *zone, const SvpHours *hours, int nhours, const SvpDate *dates, int ndates)
{
	return svp_calendar_create(NULL, (SvpZone) {zone, fake_offset_at}, false, hours, nhours, dates, ndates);
}

static int64
midnight(int32 year, int month, int day)
{
	return svp_date_of(year, month, day) * DAY;
}

/* Starts of windows. */
static SvpWindowStart delivered[] = {{"delivered_at"}};
static SvpWindowStart opened[] = {{"opened_at"}};
#define FROM(list) .from = list[0].fact, .nstarts = lengthof(list), .starts = list

static int64
cutoff(SvpWindowUnit unit, int64 length, SvpCalendar *calendar, bool extend, int64 start)
{
	SvpWindow	window = {.unit = unit, .length = length, FROM(delivered),
		.calendar = calendar ? "c" : NULL, .extend_to_working_day = extend};
	int64		at = INT64_MIN;

	(void) svp_window_cutoff(&window, calendar, start, &at);
	return at;
}

static int64
days(int64 length, SvpCalendar *calendar, int64 start)
{
	return cutoff(SVP_WINDOW_DAYS, length, calendar, false, start);
}

static int64
months(int64 length, int64 start)
{
	return cutoff(SVP_WINDOW_MONTHS, length, NULL, false, start);
}

static void
test_days(void)
{
	int64		start = midnight(2026, 3, 1);

	is_int64(days(30, NULL, start + 10 * HOUR), midnight(2026, 4, 1), "30 days from 1 March end with 31 March");
	is_int64(days(30, NULL, start), midnight(2026, 4, 1), "from its first instant too");
	is_int64(days(30, NULL, start - 1), midnight(2026, 3, 31), "an instant earlier is the day before");
	is_int64(days(0, NULL, start + HOUR), midnight(2026, 3, 2), "no days: the same day counts in full");
	is_int64(days(1, NULL, midnight(2024, 2, 28) + HOUR), midnight(2024, 3, 1), "a leap day is a last day like any other");
	is_int64(days(1, NULL, midnight(1999, 12, 31) + HOUR), midnight(2000, 1, 2), "2000 is not the start of the world");
	is_int64(days(1, NULL, midnight(1999, 12, 30) - 1), midnight(1999, 12, 31), "before 2000 dates round down, too");
}

static void
test_months(void)
{
	is_int64(months(1, midnight(2026, 1, 31) + HOUR), midnight(2026, 3, 1), "31 January and a month: 28 February");
	is_int64(months(1, midnight(2024, 1, 31) + HOUR), midnight(2024, 3, 1), "29 February in a leap year");
	is_int64(months(13, midnight(2026, 1, 30)), midnight(2027, 3, 1), "and past the end of a year");
	is_int64(months(1, midnight(2026, 12, 31)), midnight(2027, 2, 1), "December and a month is January");
	is_int64(months(11, midnight(2026, 1, 31)), midnight(2027, 1, 1), "January and eleven is December");
	is_int64(months(12, midnight(2024, 2, 29)), midnight(2025, 3, 1), "a year after a leap day");
	is_int64(months(48, midnight(2024, 2, 29)), midnight(2028, 3, 1), "four years after a leap day");
	is_int64(months(1, midnight(2026, 4, 30)), midnight(2026, 5, 31), "clamping does not reach for the end of a longer month");
	is_int64(months(0, midnight(2026, 4, 30)), midnight(2026, 5, 1), "no months: the same day counts in full");
}

static void
test_zones(void)
{
	SvpCalendar *paris = make(&europe, weekdays, 5, NULL, 0);
	SvpCalendar *gap = make(&no_midnight, all_days, 7, NULL, 0);
	SvpCalendar *skipped = make(&apia, all_days, 7, NULL, 0);
	SvpCalendar *east = make(&kiritimati, all_days, 7, NULL, 0);

	is_int64(days(1, paris, (SPRING - 1) * DAY), (SPRING + 1) * DAY - 2 * HOUR, "the day on which clocks go forward has 23 hours");
	is_int64(days(1, paris, (AUTUMN - 1) * DAY), (AUTUMN + 1) * DAY - HOUR, "the day on which they go back has 25");
	is_int64(days(1, paris, 10 * DAY - HOUR), 12 * DAY - HOUR, "the start's date is local");
	is_int64(days(1, paris, 10 * DAY - HOUR - 1), 11 * DAY - HOUR, "up to its last instant");
	is_int64(days(1, gap, 48 * DAY + 12 * HOUR), 50 * DAY + 3 * HOUR, "a midnight that is missing: the first instant after");
	is_int64(days(1, skipped, 48 * DAY + 12 * HOUR), 50 * DAY + 10 * HOUR, "the eve of a day that is skipped");
	is_int64(days(2, skipped, 48 * DAY + 12 * HOUR), 50 * DAY + 10 * HOUR, "a skipped last day ends when it begins");
	is_int64(days(0, east, 9 * DAY + 10 * HOUR), 10 * DAY + 10 * HOUR, "the far east is a day ahead");
	is_int64(cutoff(SVP_WINDOW_EXACTLY, 72 * HOUR, NULL, false, (SPRING - 1) * DAY), (SPRING + 2) * DAY,
			 "an exact duration knows no zone");
}

static void
test_working_days(void)
{
	/* Easter 2000: 21 April was Good Friday, 24 April the Monday after. */
	const SvpDate holidays[] = {{111, false, false, 0, 0}, {114, false, false, 0, 0}};
	SvpCalendar *paris = make(&europe, weekdays, 5, holidays, 2);
	int64		wednesday = 109 * DAY + 12 * HOUR;

	is_int64(cutoff(SVP_WINDOW_WORKING_DAYS, 1, paris, false, wednesday), 111 * DAY - 2 * HOUR, "a working day");
	is_int64(cutoff(SVP_WINDOW_WORKING_DAYS, 2, paris, false, wednesday), 116 * DAY - 2 * HOUR, "two, over Easter");
	is_int64(cutoff(SVP_WINDOW_WORKING_DAYS, 0, paris, false, wednesday), 110 * DAY - 2 * HOUR, "none: the same day");
	is_int64(cutoff(SVP_WINDOW_DAYS, 2, paris, false, wednesday), 112 * DAY - 2 * HOUR, "two days, Good Friday or not");
	is_int64(cutoff(SVP_WINDOW_DAYS, 2, paris, true, wednesday), 116 * DAY - 2 * HOUR, "extended to Tuesday after Easter");
	is_int64(cutoff(SVP_WINDOW_DAYS, 1, paris, true, wednesday), 111 * DAY - 2 * HOUR, "a working last day is not extended");
	is_int64(cutoff(SVP_WINDOW_MONTHS, 1, paris, true, 84 * DAY), 116 * DAY - 2 * HOUR, "months are extended, too");
	is_int64(cutoff(SVP_WINDOW_DAYS, 1, make(&apia, weekdays, 5, NULL, 0), true, 49 * DAY + 12 * HOUR), 52 * DAY - 14 * HOUR,
			 "from a Saturday before a skipped Sunday to Monday");
}

static void
test_range(void)
{
	SvpWindow	window = {.unit = SVP_WINDOW_DAYS, .length = 30, FROM(delivered)};
	SvpHours	past = {1, SVP_DATE_ALWAYS, 0, 9 * HOUR, 17 * HOUR};
	int64		at;

	ok(svp_window_cutoff(&window, NULL, INT64_MAX, &at) == SVP_TIME_OUT_OF_RANGE, "no start beyond all time");
	ok(svp_window_cutoff(&window, NULL, INT64_MIN, &at) == SVP_TIME_OUT_OF_RANGE, "nor before it");
	ok(svp_window_cutoff(&window, NULL, midnight(1900, 1, 1), &at) == SVP_TIME_OK, "1900 is in range");
	ok(svp_window_cutoff(&window, NULL, midnight(2501, 1, 1), &at) == SVP_TIME_OUT_OF_RANGE, "2501 is not");
	window.length = INT64_MAX;
	ok(svp_window_cutoff(&window, NULL, 0, &at) == SVP_TIME_OUT_OF_RANGE, "no window without end");
	window = (SvpWindow) {.unit = SVP_WINDOW_DAYS, .length = 30, FROM(delivered),
		.calendar = "c", .extend_to_working_day = true};
	ok(svp_window_cutoff(&window, make(&europe, &past, 1, NULL, 0), 10 * DAY, &at) == SVP_TIME_NO_HOURS,
	   "no next working day in a calendar that has closed for good");
}

/* Decisions */

static SvpRefundFact known[8];
static int	nknown;
static SvpRefundDecision decision;

static void
fact(const char *name, int64 value)
{
	known[nknown++] = (SvpRefundFact) {name, SVP_KNOWN, value};
}

static void
decide(const SvpRefundRule *rule, int64 issued_at)
{
	static const SvpRefundCalendars none;
	SvpRefundFacts facts = {.nfacts = nknown, .facts = known, .issued_at = issued_at};

	svp_refund_decide(rule, &none, &facts, &decision);
	nknown = 0;
}

static void
check(SvpRefundOutcome outcome, SvpRefundReason reason, const char *what)
{
	if (!ok(decision.outcome == outcome && decision.reason == reason, what))
		printf("# got %s, %s\n", svp_refund_outcome_names[decision.outcome],
			   decision.reason ? svp_refund_reason_names[decision.reason] : "no reason");
}

static SvpRefundRule
thirty_days(void)
{
	SvpRefundRule rule = {"standard"};

	rule.has_window = true;
	rule.window = (SvpWindow) {.unit = SVP_WINDOW_DAYS, .length = 30, FROM(delivered)};
	return rule;
}

static void
test_cutoffs(void)
{
	SvpRefundRule rule = thirty_days();
	int64		end = 31 * DAY;

	fact("delivered_at", 0);
	fact("requested_at", end - 1);
	decide(&rule, end + 5 * DAY);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "asked in the last instant, whenever issued");
	is_int64(decision.cutoff_at, end, "and the cutoff is told");

	fact("delivered_at", 0);
	fact("requested_at", end);
	decide(&rule, end);
	check(SVP_REFUND_REFUSED, SVP_REASON_CUTOFF, "the cutoff itself is too late");
	is_int64(decision.allowed_amount, 0, "nothing is allowed then");

	rule.has_issue_limit = true;
	rule.issue_limit = (SvpWindow) {.unit = SVP_WINDOW_DAYS, .length = 9, FROM(opened)};
	fact("delivered_at", 0);
	fact("requested_at", DAY);
	fact("opened_at", DAY);
	decide(&rule, 11 * DAY - 1);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "issued within the issue limit");
	is_int64(decision.cutoff_at, 11 * DAY, "the earlier of two cutoffs is told");
	ok(decision.bound_by == &rule.issue_limit, "and which one it is");

	fact("delivered_at", 0);
	fact("requested_at", DAY);
	fact("opened_at", DAY);
	decide(&rule, 11 * DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_ISSUE_LIMIT, "issued too late, though asked in time");

	fact("delivered_at", 0);
	fact("requested_at", 25 * DAY);
	fact("opened_at", 25 * DAY);
	decide(&rule, 35 * DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_ISSUE_LIMIT, "only the later cutoff was missed");
	is_int64(decision.cutoff_at, 35 * DAY, "so that is the one to tell");

	fact("delivered_at", 0);
	fact("requested_at", 40 * DAY);
	fact("opened_at", 40 * DAY);
	decide(&rule, 60 * DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_CUTOFF, "both missed: the earlier");
	is_int64(decision.cutoff_at, end, "is the one to tell");
}

static void
test_facts(void)
{
	SvpRefundRule rule = thirty_days();
	static const SvpRefundCalendars none;
	SvpRefundFact unreadable = {"delivered_at", SVP_UNREADABLE, 0};
	SvpRefundFacts facts = {1, &unreadable, 0};

	fact("requested_at", DAY);
	decide(&rule, DAY);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "no start: somebody must look");
	ok(strcmp(decision.about, "delivered_at") == 0, "and learns which fact is missing");
	ok(!decision.has_cutoff, "there is no cutoff then");

	svp_refund_decide(&rule, &none, &facts, &decision);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "a start that is no time is refused");

	fact("requested_at", DAY);
	fact("delivered_at", INT64_MAX);
	decide(&rule, DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "so is one out of range");

	rule.window.calendar = "gone";
	fact("requested_at", DAY);
	fact("delivered_at", 0);
	decide(&rule, DAY);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CALENDAR, "a calendar that is gone");
	ok(strcmp(decision.about, "gone") == 0, "is named");

	rule = thirty_days();
	rule.max_amount.given = true;
	rule.max_amount.amount = AMOUNT(10);
	fact("requested_at", DAY);
	fact("amount", AMOUNT(11));
	decide(&rule, DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "what is wrong goes before what is missing");
}

static void
test_amounts(void)
{
	SvpRefundRule rule = {"limits"};

	rule.max_amount.given = true;
	rule.max_amount.amount = AMOUNT(500);
	rule.approval_above.given = true;
	rule.approval_above.amount = AMOUNT(200);
	rule.restocking_fee = 100000;

	fact("amount", AMOUNT(200));
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "the limit of approval itself needs none");
	is_int64(decision.allowed_amount, AMOUNT(200), "all of it is allowed");
	is_int64(decision.fee, AMOUNT(20), "a tenth is kept");

	fact("amount", AMOUNT(200) + 1);
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_NEEDS_APPROVAL, "a millionth more needs approval");
	is_int64(decision.allowed_amount, AMOUNT(200), "up to the limit it does not");

	fact("amount", AMOUNT(500) + 1);
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "above the maximum is refused");

	fact("amount", AMOUNT(100));
	fact("paid_amount", AMOUNT(99));
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "more than was paid is refused");
	is_int64(decision.allowed_amount, AMOUNT(99), "what was paid would be allowed");

	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "no amount under a rule of amounts");

	fact("amount", -1);
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "less than nothing is no amount");

	fact("amount", 0);
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "nothing is one");
}

static void
test_shares(void)
{
	SvpRefundRule rule = {"half"};

	rule.has_max_share = true;
	rule.max_share = 333333;
	fact("amount", AMOUNT(1));
	fact("paid_amount", AMOUNT(3));
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "a third in millionths is less than a third");
	is_int64(decision.allowed_amount, 990000, "and rounded down to what can be paid");

	rule.max_share = 500000;
	fact("paid_amount", SVP_AMOUNT_LIMIT - 1);
	fact("amount", 0);
	decide(&rule, 0);
	is_int64(decision.limit, SVP_AMOUNT_LIMIT / 2 - 10000, "the greatest amount does not overflow");

	fact("paid_amount", INT64_MAX);
	fact("amount", INT64_MAX / 2 - 10000);
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "nor does the greatest number");

	fact("amount", 1);
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "a share of an unknown amount");
}

static void
test_rules(void)
{
	SvpRefundRule rule = {"final"};

	decide(NULL, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NO_RULE, "without a rule it is allowed, and that is said");
	rule.final_sale = true;
	fact("amount", 1);
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_FINAL_SALE, "a final sale is final");
	rule.final_sale = false;
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "a rule without limits allows");
	ok(!decision.has_allowed_amount && !decision.has_cutoff, "any amount at any time");
}

int
main(void)
{
	test_days();
	test_months();
	test_zones();
	test_working_days();
	test_range();
	test_cutoffs();
	test_facts();
	test_amounts();
	test_shares();
	test_rules();
	return done_testing();
}
