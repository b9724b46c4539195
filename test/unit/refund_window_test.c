/*
 * Where the windows of refunds end, without a server: on dates and in zones
 * that are easy to get wrong.
 */
#include "refund_make.h"

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

/* Clocks go from 23:30 on day 50, a Sunday, to 00:30 on day 51, whose midnight is thus 01:00. */
static FakeZone toronto = {1, {51 * DAY + 4 * HOUR + HOUR / 2}, {-5 * HOUR, -4 * HOUR}};

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
	is_int64(cutoff(SVP_WINDOW_MONTHS, 1, paris, true, midnight(2000, 3, 31)), midnight(2000, 5, 2) - 2 * HOUR,
			 "31 March and a month: Sunday 30 April, so Monday");
	is_int64(cutoff(SVP_WINDOW_WORKING_DAYS, 1, make(&toronto, weekdays, 5, NULL, 0), false, 50 * DAY + 12 * HOUR), 52 * DAY + 4 * HOUR,
			 "from the eve of a midnight that is skipped to the Monday after");
	is_int64(cutoff(SVP_WINDOW_WORKING_DAYS, 1, make(&toronto, all_days, 7, NULL, 0), false, 49 * DAY + 12 * HOUR), 51 * DAY + 5 * HOUR,
			 "and to that eve");
	is_int64(cutoff(SVP_WINDOW_WORKING_DAYS, 0, paris, true, 112 * DAY), 116 * DAY - 2 * HOUR, "no working days, extended");
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
	window.length = -1;
	ok(svp_window_cutoff(&window, NULL, 0, &at) == SVP_TIME_OUT_OF_RANGE, "no window ends before it starts");
	window.unit = SVP_WINDOW_EXACTLY;
	ok(svp_window_cutoff(&window, NULL, 0, &at) == SVP_TIME_OUT_OF_RANGE, "nor does an exact one");
	window.length = 0;
	ok(svp_window_cutoff(&window, NULL, 5, &at) == SVP_TIME_OK && at == 5, "it may end as it starts");
	ok(svp_window_cutoff(&window, NULL, INT64_MAX, &at) == SVP_TIME_OUT_OF_RANGE, "but not beyond all time");
	window.unit = SVP_WINDOW_DAYS;
	window.length = INT64_MAX;
	ok(svp_window_cutoff(&window, NULL, 0, &at) == SVP_TIME_OUT_OF_RANGE, "no window without end");
	window = (SvpWindow) {.unit = SVP_WINDOW_DAYS, .length = 30, FROM(delivered),
		.calendar = "c", .extend_to_working_day = true};
	ok(svp_window_cutoff(&window, make(&europe, &past, 1, NULL, 0), 10 * DAY, &at) == SVP_TIME_NO_HOURS,
	   "no next working day in a calendar that has closed for good");
}

/* Starts, campaigns and duties: in one rule's claim window, asked for now */

static SvpWindowStart twice[] = {{"delivered_at"}, {"fulfilled_at", 5}};

/* The cutoff by the facts, as of a moment; INT64_MIN if there is none. */
static int64
end_of(SvpWindow window, SvpCalendar *calendar, int64 now)
{
	static SvpRefundRule rule;

	rule = (SvpRefundRule) {.name = "r", .has_window = true, .window = window};
	if (calendar != NULL)
		rule.window.calendar = "c";
	calendars.window = calendar;
	fact("requested_at", now);
	decide(&rule, now);
	calendars.window = NULL;
	return decision.has_cutoff ? decision.cutoff_at : INT64_MIN;
}

static void
test_starts(void)
{
	SvpWindow	window = {.unit = SVP_WINDOW_DAYS, .length = 10, FROM(twice)};
	SvpWindow	exact = {.unit = SVP_WINDOW_EXACTLY, .length = HOUR, FROM(twice)};
	SvpWindow	working = {.unit = SVP_WINDOW_WORKING_DAYS, .length = 3, FROM(twice)};
	SvpCalendar *paris = make(&europe, weekdays, 5, NULL, 0);
	int64		now = 100 * DAY;

	fact("delivered_at", now - DAY);
	fact("fulfilled_at", now - 2 * DAY);
	is_int64(end_of(window, NULL, now), 110 * DAY, "the first start that is known counts");
	ok(same(decision.cutoff.start->fact, "delivered_at") && decision.cutoff.start_at == now - DAY, "and is told");
	fact("fulfilled_at", now - 2 * DAY + 5);
	is_int64(end_of(window, NULL, now), 114 * DAY, "a parcel on its way: five days for that, and ten");
	ok(same(decision.cutoff.start->fact, "fulfilled_at") && decision.cutoff.start_at == now - 2 * DAY + 5, "from when it was sent");
	ok(decision.future == NULL, "no start lies ahead");

	fact("delivered_at", now + 1);
	fact("fulfilled_at", now);
	is_int64(end_of(window, NULL, now), 116 * DAY, "what lies ahead has not happened; what is now has");
	ok(same(decision.future, "delivered_at"), "that it lies ahead is told");
	fact("delivered_at", now + 1);
	is_int64(end_of(window, NULL, now), INT64_MIN, "no start that has happened: no cutoff");
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "somebody must look");
	check_about("delivered_at", "at the one that lies ahead");
	fact("fulfilled_at", now + 1);
	(void) end_of(window, NULL, now);
	check_about("fulfilled_at", "whichever that is");
	(void) end_of(window, NULL, now);
	check_about("delivered_at", "none at all: the first is missing");

	unreadable("delivered_at");
	fact("fulfilled_at", now);
	(void) end_of(window, NULL, now);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "a start that is no time is no missing one");
	ok(!decision.has_cutoff && decision.future == NULL, "and nothing is told of it");
	fact("delivered_at", now);
	unreadable("fulfilled_at");
	is_int64(end_of(window, NULL, now), 111 * DAY, "one that is not needed is not read");

	/* Monday 3 January 2000 and five days is a Saturday. */
	fact("fulfilled_at", 2 * DAY + 10 * HOUR);
	is_int64(end_of(working, paris, now), 12 * DAY - HOUR, "transit over a weekend, then three working days");
	fact("fulfilled_at", (SPRING - 6) * DAY + 22 * HOUR + 30 * SVP_USEC_PER_MINUTE);
	is_int64(end_of(window, paris, now), (SPRING + 10) * DAY - 2 * HOUR, "transit counts local days, over a change of clocks");
	fact("fulfilled_at", midnight(2500, 12, 20));
	(void) end_of(window, paris, midnight(2500, 12, 21));
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "an end beyond all years");
	check_about("fulfilled_at", "is that of the start that counts");
	fact("fulfilled_at", 7);
	is_int64(end_of(exact, NULL, now), 5 * DAY + HOUR + 7, "in an exact duration it is days of 24 hours");
}

static void
test_if_missing(void)
{
	SvpWindow	window = days_of(10);

	window.if_missing = SVP_IF_MISSING_REFUSED;
	(void) end_of(window, NULL, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_MISSING, "a missing start may be a refusal");
	window.if_missing = SVP_IF_MISSING_OPEN;
	is_int64(end_of(window, NULL, 0), INT64_MIN, "or a window that has not begun");
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "which is not over");
	fact("delivered_at", 5);
	(void) end_of(window, NULL, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "nor is one that begins in the future");
	ok(same(decision.future, "delivered_at"), "of which we are told");
	unreadable("delivered_at");
	(void) end_of(window, NULL, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "what cannot be read is not missing");
	window = (SvpWindow) {.unit = SVP_WINDOW_EXACTLY, .length = HOUR, FROM(delivered)};
	is_int64(end_of(window, NULL, 0), INT64_MIN, "an exact duration needs a start as well");
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "and misses it");
}

static SvpCampaign
campaign(int first, int last, int until)
{
	return (SvpCampaign) {"purchased_at", {first / 10000, first / 100 % 100, first % 100},
		{last / 10000, last / 100 % 100, last % 100}, {until / 10000, until / 100 % 100, until % 100}};
}

/* What is bought and delivered at an instant, with no window but for a campaign. */
static int64
bought(SvpCampaign campaign, SvpCalendar *calendar, int64 at)
{
	SvpWindow	window = days_of(0);

	window.ncampaigns = 1;
	window.campaigns = &campaign;
	fact("purchased_at", at);
	fact("delivered_at", at);
	return end_of(window, calendar, at + 400 * DAY);
}

static void
test_campaigns(void)
{
	SvpCampaign holidays = campaign(1101, 1231, 131);
	SvpCampaign new_year = campaign(1115, 110, 228);
	SvpCampaign dated = campaign(20261101, 20261231, 20270131);
	SvpCampaign leap = campaign(229, 229, 229);
	int64		feb = midnight(2027, 2, 1);

	is_int64(bought(holidays, NULL, midnight(2026, 11, 1)), feb, "bought in the first instant: until 31 January");
	is_int64(bought(holidays, NULL, midnight(2027, 1, 1) - 1), feb, "and in the last");
	is_int64(bought(holidays, NULL, midnight(2026, 11, 1) - 1), midnight(2026, 11, 1), "too early: only the window");
	is_int64(bought(holidays, NULL, midnight(2027, 1, 1)), midnight(2027, 1, 2), "too late: only the window");
	is_int64(bought(holidays, NULL, midnight(2031, 12, 24)), midnight(2032, 2, 1), "in every year");
	is_int64(bought(campaign(701, 731, 915), NULL, midnight(2026, 7, 31)), midnight(2026, 9, 16), "until later in the same year");
	is_int64(bought(campaign(1201, 1231, 1231), NULL, midnight(2026, 12, 1)), midnight(2027, 1, 1), "until the last day itself");

	is_int64(bought(new_year, NULL, midnight(2026, 11, 15)), midnight(2027, 3, 1), "over new year: from the old one");
	is_int64(bought(new_year, NULL, midnight(2027, 1, 11) - 1), midnight(2027, 3, 1), "and from the new one");
	is_int64(bought(new_year, NULL, midnight(2027, 1, 11)), midnight(2027, 1, 12), "not after");
	is_int64(bought(new_year, NULL, midnight(2026, 11, 14)), midnight(2026, 11, 15), "nor before");
	is_int64(bought(campaign(1115, 110, 1120), NULL, midnight(2026, 12, 1)), midnight(2027, 11, 21), "over new year, until late in the new one");
	is_int64(bought(campaign(1115, 110, 105), NULL, midnight(2026, 12, 1)), midnight(2028, 1, 6), "an end before the last day is next year's");

	is_int64(bought(leap, NULL, midnight(2028, 2, 29)), midnight(2028, 3, 1), "29 February falls into itself");
	is_int64(bought(leap, NULL, midnight(2027, 2, 28)), midnight(2027, 3, 1), "its eve does not, though that is the last day of February");
	is_int64(bought(campaign(1201, 1231, 229), NULL, midnight(2026, 12, 1)), midnight(2027, 3, 1), "until 29 February: the 28th");
	is_int64(bought(campaign(1201, 1231, 229), NULL, midnight(2027, 12, 1)), midnight(2028, 3, 1), "but the 29th in a leap year");

	is_int64(bought(campaign(1201, 229, 228), NULL, midnight(2027, 2, 1)), midnight(2027, 3, 1), "of which 29 February is the last day then");
	is_int64(bought(campaign(1201, 229, 228), NULL, midnight(2028, 2, 1)), midnight(2029, 3, 1), "but not in a leap year");

	is_int64(bought(dated, NULL, midnight(2026, 12, 31)), feb, "a campaign of one year");
	is_int64(bought(dated, NULL, midnight(2025, 12, 31)), midnight(2026, 1, 1), "is of no other");
	is_int64(bought(dated, NULL, midnight(2027, 1, 1)), midnight(2027, 1, 2), "and has an end");
	is_int64(bought(campaign(1101, 1231, 131), make(&kiritimati, all_days, 7, NULL, 0), midnight(2026, 10, 31) + 10 * HOUR),
			 feb - 14 * HOUR, "dates are those of the zone");
}

static void
test_campaign_and_window(void)
{
	SvpCampaign both[] = {campaign(1101, 1231, 131), campaign(1201, 1205, 228)};
	SvpWindow	window = days_of(30);
	int64		now = midnight(2027, 1, 20);

	window.ncampaigns = 1;
	window.campaigns = both;
	fact("purchased_at", midnight(2026, 12, 2));
	fact("delivered_at", midnight(2026, 12, 4));
	is_int64(end_of(window, NULL, now), midnight(2027, 2, 1), "the campaign ends later than the window");
	ok(decision.cutoff.campaign == both, "and is told");
	fact("purchased_at", midnight(2026, 12, 2));
	fact("delivered_at", midnight(2027, 1, 2));
	is_int64(end_of(window, NULL, now), midnight(2027, 2, 2), "the window ends later than the campaign");
	ok(decision.cutoff.campaign == NULL, "so that is what counts");
	fact("purchased_at", midnight(2026, 12, 2));
	fact("delivered_at", midnight(2027, 1, 1));
	is_int64(end_of(window, NULL, now), midnight(2027, 2, 1), "both end on one day");
	ok(decision.cutoff.campaign == NULL, "then it takes no campaign");
	window.ncampaigns = 2;
	fact("purchased_at", midnight(2026, 12, 2));
	fact("delivered_at", midnight(2026, 12, 4));
	is_int64(end_of(window, NULL, now), midnight(2027, 3, 1), "of two campaigns the later");
	ok(decision.cutoff.campaign == &both[1], "is told");

	fact("purchased_at", midnight(2026, 12, 24));
	is_int64(end_of(window, NULL, midnight(2027, 2, 1) - 1), midnight(2027, 2, 1), "without a start a campaign is enough");
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "while it goes on");
	ok(decision.cutoff.at == decision.cutoff_at &&decision.cutoff.start == NULL, "though no start is known");
	fact("purchased_at", midnight(2026, 12, 24));
	is_int64(end_of(window, NULL, midnight(2027, 2, 1)), INT64_MIN, "and after it nobody knows");
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "so somebody must look");
	fact("purchased_at", midnight(2027, 12, 24));
	(void) end_of(window, NULL, now);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "what is not bought yet is in no campaign");
	unreadable("purchased_at");
	fact("delivered_at", now);
	(void) end_of(window, NULL, now);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "nor is what was bought at no time");
	check_about("purchased_at", "which is told");
	window.if_missing = SVP_IF_MISSING_REFUSED;
	window.calendar = "gone";
	fact("purchased_at", midnight(2026, 12, 24));
	(void) end_of(window, NULL, now);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_MISSING, "a missing start goes before a calendar that is gone");
	window.calendar = NULL;
	window.if_missing = SVP_IF_MISSING_OPEN;
	fact("purchased_at", midnight(2026, 12, 24));
	is_int64(end_of(window, NULL, now), INT64_MIN, "an open end is later than any campaign's");
}

static SvpWindow
with_duty(int64 days)
{
	SvpWindow	window = days_of(days);

	window.duty = (SvpDuty) {"informed_at", 12};
	return window;
}

/* Delivered on 1 March 2025, and told at an instant. */
static int64
told(int64 at)
{
	fact("delivered_at", midnight(2025, 3, 1) + 12 * HOUR);
	fact("informed_at", at);
	return end_of(with_duty(14), NULL, midnight(2027, 1, 1));
}

static void
test_duty(void)
{
	SvpWindow	extended = with_duty(14);
	SvpCampaign late = campaign(20250301, 20250301, 20270301);

	is_int64(told(midnight(2025, 2, 1)), midnight(2025, 3, 16), "told before the start: as usual");
	ok(decision.cutoff.duty == SVP_DUTY_NO_EFFECT, "the duty has no effect");
	is_int64(told(midnight(2025, 3, 2) - 1), midnight(2025, 3, 16), "told on the same day: as usual");
	ok(decision.cutoff.duty == SVP_DUTY_NO_EFFECT, "so that is not late");
	is_int64(told(midnight(2025, 3, 2)), midnight(2025, 3, 17), "a day later: fourteen days from then");
	ok(decision.cutoff.duty == SVP_DUTY_TOLD_LATE && decision.cutoff.told_at == midnight(2025, 3, 2), "which is told");
	is_int64(told(midnight(2025, 9, 10)), midnight(2025, 9, 25), "long after the usual end: fourteen days from then");
	is_int64(told(midnight(2026, 3, 2) - 1), midnight(2026, 3, 16), "told on the last day of the twelve months");
	ok(decision.cutoff.duty == SVP_DUTY_TOLD_LATE, "is told in time");
	is_int64(told(midnight(2026, 3, 2)), midnight(2026, 3, 16), "later: twelve months from the usual end");
	ok(decision.cutoff.duty == SVP_DUTY_NOT_TOLD, "as if never told");
	is_int64(told(midnight(2027, 1, 1) + 1), midnight(2026, 3, 16), "to be told in the future is not to be told");

	fact("delivered_at", midnight(2025, 3, 1));
	is_int64(end_of(with_duty(14), NULL, midnight(2027, 1, 1)), midnight(2026, 3, 16), "never told: twelve months from the usual end");
	fact("delivered_at", midnight(2024, 2, 15));
	is_int64(end_of(with_duty(14), NULL, midnight(2027, 1, 1)), midnight(2025, 3, 1), "from 29 February: 28 February");
	unreadable("informed_at");
	fact("delivered_at", 0);
	(void) end_of(with_duty(14), NULL, DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "told at no time");
	check_about("informed_at", "is about that");

	/* 14 days from Saturday 1 January 2000 end on Saturday 15, which extends to Monday 17; 17 January 2001 was a Wednesday. */
	extended.extend_to_working_day = true;
	fact("delivered_at", 0);
	is_int64(end_of(extended, make(&europe, weekdays, 5, NULL, 0), 700 * DAY), midnight(2001, 1, 18) - HOUR,
			 "twelve months from an end that was extended");
	fact("delivered_at", 0);
	fact("informed_at", 7 * DAY);
	is_int64(end_of(extended, make(&europe, weekdays, 5, NULL, 0), 700 * DAY), midnight(2000, 1, 25) - HOUR,
			 "what counts from being told is extended as well");
	extended.ncampaigns = 1;
	extended.campaigns = &late;
	extended.extend_to_working_day = false;
	fact("delivered_at", midnight(2025, 3, 1));
	fact("purchased_at", midnight(2025, 3, 1));
	is_int64(end_of(extended, NULL, midnight(2027, 1, 1)), midnight(2027, 3, 2), "a campaign that ends later still");
	ok(decision.cutoff.duty == SVP_DUTY_NO_EFFECT, "needs no duty");
}

static void
test_grace(void)
{
	SvpWindow	exact = {.unit = SVP_WINDOW_EXACTLY, .length = HOUR, FROM(delivered)};
	SvpWindow	extended = days_of(0);
	SvpCalendar *paris = make(&europe, weekdays, 5, NULL, 0);

	given.relief.grace_days = 2;
	fact("delivered_at", 0);
	is_int64(end_of(days_of(10), NULL, 0), 13 * DAY, "days of grace are added");
	fact("delivered_at", (SPRING - 2) * DAY);
	is_int64(end_of(days_of(0), paris, 700 * DAY), (SPRING + 1) * DAY - 2 * HOUR, "as local days, of 23 hours too");
	fact("delivered_at", 0);
	is_int64(end_of(exact, NULL, 0), 2 * DAY + HOUR, "to an exact duration of 24 hours each");
	extended.extend_to_working_day = true;
	fact("delivered_at", 0);
	is_int64(end_of(extended, paris, 700 * DAY), 5 * DAY - HOUR, "to the working day that a window was extended to");
	fact("delivered_at", 3 * DAY);
	given.relief.grace_days = 4;
	is_int64(end_of(extended, paris, 700 * DAY), 8 * DAY - HOUR, "and may end on a Saturday");
	given.relief.grace_days = 0;
}

int
main(void)
{
	test_days();
	test_months();
	test_zones();
	test_working_days();
	test_range();
	test_starts();
	test_if_missing();
	test_campaigns();
	test_campaign_and_window();
	test_duty();
	test_grace();
	return done_testing();
}
