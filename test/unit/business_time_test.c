/*
 * Business time without a server: the edges, one by one, in a zone with a gap
 * and an overlap; and the laws, on many random calendars, against a slow
 * implementation.
 */
#include "core.h"

#include "business_time_slow.h"
#include "tap.h"

#define HOUR SVP_USEC_PER_HOUR
#define MINUTE SVP_USEC_PER_MINUTE

/* 2000-01-03 was a Monday; dates below count from 2000-01-01. */
#define MONDAY 2

/* Clocks go from 02:00 to 03:00 on Sunday 2000-03-26 and back from 03:00 to 02:00 on Sunday 2000-10-29. */
#define SPRING 85
#define AUTUMN 302
static FakeZone europe = {2, {SPRING * DAY + 1 * HOUR, AUTUMN *DAY + 1 * HOUR}, {HOUR, 2 * HOUR, HOUR}};
static FakeZone utc = {0, {0}, {0}};

/* Midnight does not exist on day 50, and comes after 23:00 to 24:00 twice on the eve of day 100. */
static FakeZone midnight = {2, {50 * DAY + 3 * HOUR, 100 * DAY + 2 * HOUR}, {-3 * HOUR, -2 * HOUR, -3 * HOUR}};

/* Day 50 is skipped. */
static FakeZone apia = {1, {50 * DAY + 10 * HOUR}, {-10 * HOUR, 14 * HOUR}};

#define WEEKLY(day, from, to) {day, SVP_DATE_ALWAYS, SVP_DATE_NEVER, from, to}
static const SvpHours nine_to_five[] = {
	WEEKLY(1, 9 * HOUR, 17 * HOUR), WEEKLY(2, 9 * HOUR, 17 * HOUR), WEEKLY(3, 9 * HOUR, 17 * HOUR),
	WEEKLY(4, 9 * HOUR, 17 * HOUR), WEEKLY(5, 9 * HOUR, 17 * HOUR)
};
static const SvpHours always[] = {
	WEEKLY(1, 0, DAY), WEEKLY(2, 0, DAY), WEEKLY(3, 0, DAY), WEEKLY(4, 0, DAY),
	WEEKLY(5, 0, DAY), WEEKLY(6, 0, DAY), WEEKLY(7, 0, DAY)
};

static SvpCalendar *
make(FakeZone *zone, bool next_opening, const SvpHours *hours, int nhours,
	 const SvpDate *dates, int ndates)
{
	return svp_calendar_create(NULL, (SvpZone) {zone, fake_offset_at}, next_opening,
							   hours, nhours, dates, ndates);
}

static int64
elapsed(SvpCalendar *calendar, int64 from, int64 to)
{
	int64		usec = INT64_MIN;

	(void) svp_elapsed(calendar, from, to, &usec);
	return usec;
}

static int64
deadline(SvpCalendar *calendar, int64 start, int64 budget)
{
	int64		at = INT64_MIN;

	(void) svp_deadline(calendar, start, budget, &at);
	return at;
}

static int64
days_deadline(SvpCalendar *calendar, int64 start, int32 days, bool end_of_day)
{
	int64		at = INT64_MIN;

	(void) svp_days_deadline(calendar, start, days, end_of_day, &at);
	return at;
}

static int64
next_opening(SvpCalendar *calendar, int64 after)
{
	int64		at;
	bool		found;

	return svp_next_opening(calendar, after, &at, &found) == SVP_TIME_OK && found ? at : INT64_MIN;
}

static int64
next_closing(SvpCalendar *calendar, int64 after)
{
	int64		at;
	bool		found;

	return svp_next_closing(calendar, after, &at, &found) == SVP_TIME_OK && found ? at : INT64_MIN;
}

static bool
is_open(SvpCalendar *calendar, int64 at)
{
	bool		open;

	return svp_is_open(calendar, at, &open) == SVP_TIME_OK && open;
}

static void
test_week(void)
{
	SvpCalendar *c = make(&utc, false, nine_to_five, 5, NULL, 0);
	int64		monday = MONDAY * DAY;

	is_int64(elapsed(c, monday, monday + 7 * DAY), 40 * HOUR, "a week has forty hours");
	is_int64(elapsed(c, monday + 7 * DAY, monday), -40 * HOUR, "backward it is negative");
	is_int64(elapsed(c, monday + 9 * HOUR, monday + 9 * HOUR + 1), 1, "the opening instant counts");
	is_int64(elapsed(c, monday + 17 * HOUR, monday + 17 * HOUR + 1), 0, "the closing instant does not");
	ok(is_open(c, monday + 9 * HOUR) && !is_open(c, monday + 9 * HOUR - 1), "open from the opening instant on");
	ok(is_open(c, monday + 17 * HOUR - 1) && !is_open(c, monday + 17 * HOUR), "until before the closing instant");

	is_int64(deadline(c, monday + 16 * HOUR, HOUR), monday + 17 * HOUR, "a deadline exactly at closing is that instant");
	is_int64(deadline(c, monday + 16 * HOUR, HOUR + 1), monday + 33 * HOUR + 1, "a microsecond more is the next day");
	is_int64(deadline(c, monday + 4 * DAY + 18 * HOUR, HOUR), monday + 7 * DAY + 10 * HOUR, "over a weekend");
	is_int64(deadline(c, monday, 0), monday, "no budget: the start, though closed");
	is_int64(deadline(c, monday + 10 * HOUR, -HOUR), monday + 9 * HOUR, "backward to the opening exactly");
	is_int64(deadline(c, monday + 10 * HOUR, -HOUR - 1), monday - 2 * DAY - 7 * HOUR - 1, "and a microsecond further");

	is_int64(next_opening(c, monday + 9 * HOUR), monday + 33 * HOUR, "the next opening is strictly after");
	is_int64(next_opening(c, monday + 9 * HOUR - 1), monday + 9 * HOUR, "by a microsecond");
	is_int64(next_closing(c, monday + 17 * HOUR), monday + 41 * HOUR, "the next closing is strictly after");
	is_int64(next_closing(c, monday), monday + 17 * HOUR, "also from before the opening");
	svp_calendar_free(c);

	c = make(&utc, true, nine_to_five, 5, NULL, 0);
	is_int64(deadline(c, monday + 16 * HOUR, HOUR), monday + 33 * HOUR, "next_opening: a deadline at closing moves on");
	is_int64(deadline(c, monday + 16 * HOUR, HOUR - 1), monday + 17 * HOUR - 1, "next_opening: one before closing does not");
	is_int64(deadline(c, monday, 0), monday + 9 * HOUR, "next_opening: no budget is the next opening");
	is_int64(deadline(c, monday + 10 * HOUR, 0), monday + 10 * HOUR, "next_opening: or the start, when open");
	is_int64(deadline(c, monday + 10 * HOUR, -HOUR), monday + 9 * HOUR, "next_opening: backward to the opening");
	svp_calendar_free(c);
}

static void
test_windows_across_midnight(void)
{
	SvpHours	night[] = {WEEKLY(1, 22 * HOUR, 30 * HOUR), WEEKLY(2, 6 * HOUR, 7 * HOUR)};
	SvpDate		tuesday_closed = {MONDAY + 1, false, false, 0, 0};
	SvpDate		monday_closed = {MONDAY, false, false, 0, 0};
	SvpDate		special[] = {{MONDAY, false, true, 20 * HOUR, 26 * HOUR}, {MONDAY + 1, false, true, 3 * HOUR, 4 * HOUR}};
	int64		monday = MONDAY * DAY;
	SvpCalendar *c = make(&utc, false, night, 2, NULL, 0);

	is_int64(elapsed(c, monday, monday + 2 * DAY), 9 * HOUR, "a window across midnight");
	is_int64(next_closing(c, monday + 23 * HOUR), monday + 31 * HOUR, "windows that touch are one");
	svp_calendar_free(c);

	c = make(&utc, false, night, 2, &tuesday_closed, 1);
	is_int64(elapsed(c, monday, monday + 2 * DAY), 2 * HOUR, "a holiday cuts the night before at its midnight");
	svp_calendar_free(c);

	c = make(&utc, false, night, 2, &monday_closed, 1);
	is_int64(elapsed(c, monday, monday + 2 * DAY), 7 * HOUR, "but its own night goes on in the next date");
	svp_calendar_free(c);

	c = make(&utc, false, night, 2, special, 2);
	is_int64(elapsed(c, monday, monday + 2 * DAY), 5 * HOUR, "special hours are cut by the next special date");
	svp_calendar_free(c);

	c = make(&utc, false, always, 7, NULL, 0);
	is_int64(elapsed(c, monday, monday + 100 * DAY), 100 * DAY, "00:00 to 24:00 each day is always");
	is_int64(next_closing(c, monday), INT64_MIN, "and never closes");
	is_int64(next_opening(c, monday), INT64_MIN, "nor opens again");
	is_int64(deadline(c, monday + 1, 1000 * DAY), monday + 1000 * DAY + 1, "a budget runs through");
	svp_calendar_free(c);
}

static void
test_clock_changes(void)
{
	SvpHours	sunday[] = {WEEKLY(7, 2 * HOUR + 30 * MINUTE, 4 * HOUR)};
	SvpHours	inverted[] = {WEEKLY(7, 2 * HOUR + 30 * MINUTE, 3 * HOUR)};
	SvpHours	whole[] = {WEEKLY(7, 0, DAY), WEEKLY(3, 0, HOUR)};
	SvpHours	eve[] = {WEEKLY(7, 22 * HOUR, 23 * HOUR + 30 * MINUTE), WEEKLY(1, 0, HOUR + 30 * MINUTE)};
	SvpCalendar *c = make(&europe, false, sunday, 1, NULL, 0);
	int64		at;

	is_int64(elapsed(c, SPRING * DAY, (SPRING + 1) * DAY), 30 * MINUTE, "an opening in the gap moves forward by it");
	is_int64(next_opening(c, SPRING * DAY - DAY), SPRING * DAY + HOUR + 30 * MINUTE, "to 03:30");
	is_int64(elapsed(c, AUTUMN * DAY, (AUTUMN + 1) * DAY), 150 * MINUTE, "in an overlap the first occurrence opens");
	svp_calendar_free(c);

	c = make(&europe, false, inverted, 1, NULL, 0);
	is_int64(elapsed(c, SPRING * DAY, (SPRING + 1) * DAY), 0, "a window that inverts vanishes");
	svp_calendar_free(c);

	c = make(&europe, false, whole, 2, NULL, 0);
	is_int64(elapsed(c, SPRING * DAY - 2 * HOUR, (SPRING + 1) * DAY), 23 * HOUR, "a whole day in spring has 23 hours");
	is_int64(elapsed(c, AUTUMN * DAY - 2 * HOUR, (AUTUMN + 1) * DAY), 25 * HOUR, "and in autumn 25");
	svp_calendar_free(c);

	/* Day 100 is a Monday. */
	c = make(&midnight, false, eve, 2, NULL, 0);
	is_int64(elapsed(c, 99 * DAY + 12 * HOUR, 100 * DAY + 12 * HOUR), 3 * HOUR, "the first 23:30 closes, midnight comes once");
	(void) svp_local_instant(c, 100, 0, &at);
	is_int64(at, 100 * DAY + 3 * HOUR, "midnight after the hour that came twice");
	(void) svp_local_instant(c, 50, 0, &at);
	is_int64(at, 50 * DAY + 3 * HOUR, "midnight that was skipped is 01:00");
	svp_calendar_free(c);
}

static void
test_skipped_date(void)
{
	SvpDate		special = {50, false, true, 9 * HOUR, 17 * HOUR};
	SvpCalendar *c = make(&apia, false, always, 7, &special, 1);
	int64		transition = apia.at[0];
	int32		date;
	bool		working;

	is_int64(elapsed(c, transition - DAY, transition + DAY), 2 * DAY, "around a skipped date nothing is missing or twice");
	(void) svp_is_working_date(c, 50, &working);
	ok(!working, "a skipped date is no working date");
	(void) svp_local_date(c, transition - 1, &date);
	is_int64(date, 49, "the date before");
	(void) svp_local_date(c, transition, &date);
	is_int64(date, 51, "the date after");
	is_int64(days_deadline(c, transition - HOUR, 1, true), transition + DAY, "one working day later is the date after");
	svp_calendar_free(c);

	c = make(&apia, false, nine_to_five, 0, &special, 1);
	ok(svp_elapsed(c, 0, DAY, &(int64) {0}) == SVP_TIME_NO_HOURS, "hours on a skipped date only are no hours");
	ok(svp_elapsed(c, 0, DAY, &(int64) {0}) == SVP_TIME_NO_HOURS, "and so when asked again");
	svp_calendar_free(c);
}

static void
test_exceptions(void)
{
	SvpDate		dates[] = {
		{MONDAY, true, false, 0, 0},	/* yearly 3 January: closed */
		{MONDAY + 366, false, true, 10 * HOUR, 11 * HOUR},	/* but not on Wednesday 2001-01-03 */
		{MONDAY + 366, false, true, 15 * HOUR, 16 * HOUR},
		{59, true, true, 0, HOUR},	/* yearly 29 February */
	};
	SvpCalendar *c = make(&utc, false, nine_to_five, 5, dates, 4);
	int64		year = 365 * DAY;

	is_int64(elapsed(c, MONDAY * DAY, (MONDAY + 1) * DAY), 0, "a yearly date is closed");
	is_int64(elapsed(c, (MONDAY + 366) * DAY, (MONDAY + 367) * DAY), 2 * HOUR, "a dated exception replaces it, with two windows");
	is_int64(elapsed(c, MONDAY * DAY - year, (MONDAY + 1) * DAY - year), 0, "it was closed in the year before, too");
	is_int64(elapsed(c, 59 * DAY, 60 * DAY), HOUR, "29 February in a leap year");
	is_int64(elapsed(c, 425 * DAY, 426 * DAY), 8 * HOUR, "1 March of another year is not it");
	svp_calendar_free(c);
}

static void
test_change_of_hours(void)
{
	SvpHours	hours[] = {
		{1, SVP_DATE_ALWAYS, MONDAY + 7, 9 * HOUR, 17 * HOUR},
		{1, MONDAY + 7, MONDAY + 21, 8 * HOUR, 12 * HOUR},
	};
	SvpCalendar *c = make(&utc, false, hours, 2, NULL, 0);
	int64		at;
	bool		found;

	is_int64(elapsed(c, MONDAY * DAY, (MONDAY + 7) * DAY), 8 * HOUR, "until valid_to, which does not count");
	is_int64(elapsed(c, (MONDAY + 7) * DAY, (MONDAY + 14) * DAY), 4 * HOUR, "from valid_from on");
	is_int64(elapsed(c, MONDAY * DAY, 3650 * DAY), 16 * HOUR, "hours that have ended");
	is_int64(deadline(c, (MONDAY + 14) * DAY, 4 * HOUR), (MONDAY + 14) * DAY + 12 * HOUR, "the last hour is used up at the last closing");
	ok(svp_deadline(c, (MONDAY + 14) * DAY, 4 * HOUR + 1, &at) == SVP_TIME_NO_HOURS, "a budget beyond the last hour");
	ok(svp_days_deadline(c, MONDAY * DAY, 3, false, &at) == SVP_TIME_NO_HOURS, "working days beyond the last one");
	ok(svp_next_opening(c, 100 * DAY, &at, &found) == SVP_TIME_OK && !found, "no next opening");
	ok(svp_next_closing(c, 100 * DAY, &at, &found) == SVP_TIME_OK && !found, "no next closing");
	svp_calendar_free(c);

	c = make(&utc, true, hours, 2, NULL, 0);
	ok(svp_deadline(c, (MONDAY + 14) * DAY, 4 * HOUR, &at) == SVP_TIME_NO_HOURS, "next_opening when there is none");
	svp_calendar_free(c);
}

static void
test_range(void)
{
	/* A calendar that first opens long after what it is asked about, and one that never opens. */
	SvpHours	late[] = {{1, 36525 + 9131, SVP_DATE_NEVER, 9 * HOUR, 17 * HOUR}};
	SvpHours	never[] = {{1, 10, 10, 9 * HOUR, 17 * HOUR}};
	SvpCalendar *c = make(&utc, false, nine_to_five, 5, NULL, 0);
	const int64 end = INT64CONST(182987) * DAY; /* 2501-01-01 */
	const int64 begin = INT64CONST(-36524) * DAY;	/* 1900-01-01 */
	int64		usec;

	ok(svp_elapsed(c, begin - 1, 0, &usec) == SVP_TIME_OUT_OF_RANGE, "before 1900");
	ok(svp_elapsed(c, 0, end, &usec) == SVP_TIME_OUT_OF_RANGE, "after 2500");
	ok(svp_elapsed(c, INT64_MIN, INT64_MAX, &usec) == SVP_TIME_OUT_OF_RANGE, "far out");
	ok(svp_deadline(c, 0, INT64_MAX, &usec) == SVP_TIME_OUT_OF_RANGE, "a budget beyond 2500");
	ok(svp_deadline(c, 0, INT64_MIN, &usec) == SVP_TIME_OUT_OF_RANGE, "or before 1900");
	ok(svp_days_deadline(c, 0, INT32_MAX, true, &usec) == SVP_TIME_OUT_OF_RANGE, "working days beyond 2500");
	ok(svp_days_deadline(c, 0, INT32_MIN, true, &usec) == SVP_TIME_OUT_OF_RANGE, "or before 1900");
	is_int64(elapsed(c, begin, end - 1), INT64CONST(156795) * 8 * HOUR, "all 156,795 weekdays of 601 years");
	svp_calendar_free(c);

	c = make(&utc, false, late, 1, NULL, 0);
	is_int64(elapsed(c, 0, 30 * DAY), 0, "hours that begin in a hundred years");
	is_int64(next_opening(c, 0), (36525 + INT64CONST(9131)) * DAY + 9 * HOUR, "are found");
	svp_calendar_free(c);

	c = make(&utc, false, never, 1, NULL, 0);
	ok(svp_elapsed(c, 0, 30 * DAY, &usec) == SVP_TIME_NO_HOURS, "hours that are never valid");
	ok(svp_elapsed(c, 0, 30 * DAY, &usec) == SVP_TIME_NO_HOURS, "and so again");
	svp_calendar_free(c);
}

/* A window every other minute, and the same all touching. */
static void
test_dense(void)
{
	static SvpHours hours[7 * 1440];
	SvpCalendar *c;
	int64		usec;

	for (int i = 0; i < lengthof(hours); i++)
		hours[i] = (SvpHours) WEEKLY(1 + i / 1440, i % 1440 * MINUTE, i % 1440 * MINUTE + MINUTE / 2);
	c = make(&utc, false, hours, lengthof(hours), NULL, 0);
	ok(svp_elapsed(c, 0, 30 * DAY, &usec) == SVP_TIME_TOO_MANY_WINDOWS, "too many windows to be meant");
	svp_calendar_free(c);

	for (int i = 0; i < lengthof(hours); i++)
		hours[i].closes = hours[i].opens + MINUTE;
	c = make(&utc, false, hours, lengthof(hours), NULL, 0);
	is_int64(elapsed(c, 0, 30 * DAY), 30 * DAY, "minutes that touch are one window");
	svp_calendar_free(c);
}

static void
test_working_days(void)
{
	SvpCalendar *c = make(&europe, false, nine_to_five, 5, NULL, 0);
	int64		friday = (MONDAY + 4) * DAY + 11 * HOUR;	/* 12:00 local */

	is_int64(days_deadline(c, friday, 1, false), friday + 3 * DAY, "the next working day at the same time");
	is_int64(days_deadline(c, friday, 1, true), (MONDAY + 8) * DAY - HOUR, "or when it ends");
	is_int64(days_deadline(c, friday, 0, false), friday, "no days: the start");
	is_int64(days_deadline(c, friday, 0, true), (MONDAY + 5) * DAY - HOUR, "no days, end of day: of the start's date");
	is_int64(days_deadline(c, friday + DAY, 1, false), friday + 3 * DAY, "from a weekend");
	is_int64(days_deadline(c, friday + 3 * DAY, -1, false), friday, "backward");
	is_int64(days_deadline(c, friday + 2 * DAY, -1, false), friday, "backward from a weekend");
	is_int64(days_deadline(c, friday, 60, false), friday + 84 * DAY - HOUR, "the same local time after clocks changed");
	svp_calendar_free(c);
}

/* Many random calendars, with many questions each. */
static void
test_random(void)
{
	uint64_t	state = 42;
	const char *differs = NULL;
	int			i;

	for (i = 0; i < 400 && differs == NULL; i++)
	{
		uint8_t		data[300];

		for (int k = 0; k < lengthof(data); k++)
		{
			state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			data[k] = (uint8_t) (state >> 56);
		}
		differs = compare_case(data, sizeof(data));
	}
	if (!ok(differs == NULL, "400 random calendars answer as the slow implementation does"))
		printf("# case %d: %s\n", i - 1, differs);
}

/* Additivity over growth: the calendar is extended between the questions. */
static void
test_growth(void)
{
	SvpCalendar *c = make(&europe, false, nine_to_five, 5, NULL, 0);
	int64		whole = elapsed(c, -30000 * DAY, 150000 * DAY);
	int64		parts = 0;

	svp_calendar_free(c);
	c = make(&europe, false, nine_to_five, 5, NULL, 0);
	for (int64 day = 0; day < 150000; day += 1000)
		parts += elapsed(c, day * DAY, (day + 1000) * DAY);
	for (int64 day = 0; day > -30000; day -= 1000)
		parts += elapsed(c, (day - 1000) * DAY, day * DAY);
	is_int64(parts, whole, "a calendar that grows adds up to one asked at once");
	svp_calendar_free(c);
}

int
main(void)
{
	test_week();
	test_windows_across_midnight();
	test_clock_changes();
	test_skipped_date();
	test_exceptions();
	test_change_of_hours();
	test_range();
	test_dense();
	test_working_days();
	test_growth();
	test_random();
	return done_testing();
}
