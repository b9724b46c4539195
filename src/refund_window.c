/*-------------------------------------------------------------------------
 *
 * refund_window.c
 *		Where the windows of a refund rule end.
 *
 * A window is counted as Regulation (EEC, Euratom) No 1182/71, Article 3
 * does: the day of its start is not counted, and its last day counts in full
 * (paragraphs 1 and 2), so that the first instant too late is the midnight
 * that ends that day.  A last day that is no working day may be extended to
 * the end of the next one (paragraph 4).
 *
 * All but exact durations is counted in local dates, and becomes an instant
 * at the very end.  All of it is O(1), but for the logarithm in counting
 * working days.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "business_time_compile.h"
#include "refund.h"

/* No window is longer, so that no sum overflows. */
#define LONGEST_DAYS INT64CONST(366000)

/* Local dates.  Without a calendar they are those of UTC. */

static SvpTimeResult
date_of(SvpCalendar *calendar, int64 at, int32 *date)
{
	if (!svp_time_in_range(at))
		return SVP_TIME_OUT_OF_RANGE;
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
 * The date of a day and month, or the last day of a month that is too short
 * for it.
 */
static int32
clamped_date(int32 year, int month, int day)
{
	int32		first_of_next = month == 12 ? svp_date_of(year + 1, 1, 1) :
		svp_date_of(year, month + 1, 1);

	return Min(svp_date_of(year, month, 1) + day - 1, first_of_next - 1);
}

static int32
add_months(int32 date, int64 months)
{
	int32		year;
	int			month;
	int			day;
	int64		count;

	svp_date_parts(date, &year, &month, &day);
	count = year * INT64CONST(12) + (month - 1) + months;
	year = (int32) svp_floor_div(count, 12);
	return clamped_date(year, (int) (count - year * INT64CONST(12)) + 1, day);
}

/*
 * The working day that is so many after a date.  One that a zone has skipped
 * is none, so that counting may start on the day before.
 */
static SvpTimeResult
working_day_after(SvpCalendar *calendar, int32 date, int32 days, int32 *landing)
{
	SvpTimeResult result;
	int64		at;
	int32		found;

	if ((result = svp_local_instant(calendar, date, 0, &at)) != SVP_TIME_OK ||
		(result = date_of(calendar, at, &found)) != SVP_TIME_OK)
		return result;
	if (found > date &&
		(result = svp_local_instant(calendar, date - 1, 0, &at)) != SVP_TIME_OK)
		return result;
	if ((result = svp_days_deadline(calendar, at, days, false, &at)) != SVP_TIME_OK)
		return result;
	return date_of(calendar, at, landing);
}

/*
 * Extend a last day that is no working day to the next one, if the window says so.
 */
static SvpTimeResult
extend(const SvpWindow *window, SvpCalendar *calendar, int32 *last)
{
	SvpTimeResult result;
	bool		working;

	if (!window->extend_to_working_day)
		return SVP_TIME_OK;
	if ((result = svp_is_working_date(calendar, *last, &working)) != SVP_TIME_OK || working)
		return result;
	return working_day_after(calendar, *last, 1, last);
}

/*
 * The last day of a window that starts on a date.
 */
static SvpTimeResult
last_day(const SvpWindow *window, SvpCalendar *calendar, int32 start, int32 *last)
{
	if (window->length < 0 || window->length > LONGEST_DAYS)
		return SVP_TIME_OUT_OF_RANGE;
	*last = start;
	if (window->unit == SVP_WINDOW_WORKING_DAYS && window->length > 0)
		return working_day_after(calendar, start, (int32) window->length, last);
	if (window->unit == SVP_WINDOW_DAYS)
		*last = start + (int32) window->length;
	else if (window->unit == SVP_WINDOW_MONTHS)
		*last = add_months(start, window->length);
	return extend(window, calendar, last);
}

/*
 * The end of a window that is a duration.  Its days, if any are added, have 24
 * hours.
 */
static SvpTimeResult
exact_end(const SvpWindow *window, int64 start, int32 days, int64 *cutoff)
{
	if (!svp_time_in_range(start) || window->length < 0 ||
		window->length > LONGEST_DAYS * SVP_USEC_PER_DAY)
		return SVP_TIME_OUT_OF_RANGE;
	*cutoff = start + window->length + days * SVP_USEC_PER_DAY;
	return SVP_TIME_OK;
}

/*
 * The first instant that is too late for a window which starts at "start", as
 * far as its length says.
 */
SvpTimeResult
svp_window_cutoff(const SvpWindow *window, SvpCalendar *calendar, int64 start, int64 *cutoff)
{
	SvpTimeResult result;
	int32		date;

	if (window->unit == SVP_WINDOW_EXACTLY)
		return exact_end(window, start, 0, cutoff);
	if ((result = date_of(calendar, start, &date)) != SVP_TIME_OK ||
		(result = last_day(window, calendar, date, &date)) != SVP_TIME_OK)
		return result;
	return midnight_after(calendar, date, cutoff);
}

/* Why there is no end */

static void
fail(SvpCutoff *cutoff, SvpTimeResult result, const char *fact)
{
	cutoff->state = result == SVP_TIME_NO_HOURS ? SVP_CUTOFF_NO_CALENDAR : SVP_CUTOFF_UNREADABLE;
	cutoff->about = result == SVP_TIME_NO_HOURS ? cutoff->window->calendar : fact;
}

/*
 * When something happened.  False if it is not known to have: what lies ahead
 * has not.
 */
static bool
has_happened(SvpCutoff *cutoff, const SvpRefundFacts *facts, const char *name, int64 *at)
{
	const SvpRefundFact *fact = svp_refund_fact(facts, name);

	*at = fact->value;
	if (fact->knowledge == SVP_MISSING)
		return false;
	if (fact->knowledge == SVP_UNREADABLE || !svp_time_in_range(fact->value))
	{
		fail(cutoff, SVP_TIME_OUT_OF_RANGE, name);
		return false;
	}
	return fact->value <= facts->issued_at;
}

/*
 * The first of the starts that is known.
 */
static void
find_start(SvpCutoff *cutoff, const SvpRefundFacts *facts)
{
	const SvpWindow *window = cutoff->window;

	for (int i = 0; i < window->nstarts && cutoff->state == SVP_CUTOFF_FOUND; i++)
	{
		const char *fact = window->starts[i].fact;

		if (has_happened(cutoff, facts, fact, &cutoff->start_at))
		{
			cutoff->start = &window->starts[i];
			return;
		}
		if (cutoff->state == SVP_CUTOFF_FOUND && cutoff->future == NULL &&
			svp_refund_fact(facts, fact)->knowledge == SVP_KNOWN)
			cutoff->future = fact;
	}
	if (cutoff->state != SVP_CUTOFF_FOUND)
		return;
	cutoff->state = SVP_CUTOFF_NO_START;
	cutoff->about = cutoff->future != NULL ? cutoff->future : window->from;
}

/* What makes a window longer */

/*
 * Directive 2011/83/EU, Article 10: who was not told within so many months of
 * the start has them added to the window's end; who was told later than at the
 * start, but within them, has the window's length from then.
 */
static SvpTimeResult
apply_duty(SvpCutoff *cutoff, SvpCalendar *calendar, const SvpRefundFacts *facts,
		   int32 start, int32 *last)
{
	const SvpWindow *window = cutoff->window;
	SvpTimeResult result;
	int64		told_at;
	int32		told;

	if (has_happened(cutoff, facts, window->duty.fact, &told_at))
	{
		if ((result = date_of(calendar, told_at, &told)) != SVP_TIME_OK || told <= start)
			return result;
		if (told <= add_months(start, window->duty.months))
		{
			cutoff->duty = SVP_DUTY_TOLD_LATE;
			cutoff->told_at = told_at;
			return last_day(window, calendar, told, last);
		}
	}
	cutoff->duty = SVP_DUTY_NOT_TOLD;
	*last = add_months(*last, window->duty.months);
	return extend(window, calendar, last);
}

static int
compare_in_year(const SvpMonthDay *a, int month, int day)
{
	return a->month != month ? a->month - month : a->day - day;
}

/*
 * The last day that a campaign gives to what happened on a date; false if the
 * date does not fall into it.  One of every year may begin in one and end in
 * the next.
 */
static bool
campaign_covers(const SvpCampaign *campaign, int32 date, int32 *until)
{
	const SvpMonthDay *first = &campaign->first;
	const SvpMonthDay *last = &campaign->last;
	int32		year;
	int			month;
	int			day;
	bool		begun;
	bool		goes_on;

	if (first->year != 0)
	{
		*until = svp_date_of(campaign->until.year, campaign->until.month, campaign->until.day);
		return date >= svp_date_of(first->year, first->month, first->day) &&
			date <= svp_date_of(last->year, last->month, last->day);
	}

	svp_date_parts(date, &year, &month, &day);
	begun = compare_in_year(first, month, day) <= 0;
	goes_on = compare_in_year(last, month, day) >= 0;
	if (compare_in_year(first, last->month, last->day) <= 0)
	{
		if (!begun || !goes_on)
			return false;
	}
	else if (begun)
		year++;
	else if (!goes_on)
		return false;
	*until = clamped_date(year, campaign->until.month, campaign->until.day);
	if (*until < clamped_date(year, last->month, last->day))
		*until = clamped_date(year + 1, campaign->until.month, campaign->until.day);
	return true;
}

static SvpTimeResult
apply_campaigns(SvpCutoff *cutoff, SvpCalendar *calendar, const SvpRefundFacts *facts, int32 *last)
{
	for (int i = 0; i < cutoff->window->ncampaigns; i++)
	{
		const SvpCampaign *campaign = &cutoff->window->campaigns[i];
		SvpTimeResult result;
		int64		at;
		int32		date;
		int32		until;

		if (!has_happened(cutoff, facts, campaign->fact, &at))
			continue;
		if ((result = date_of(calendar, at, &date)) != SVP_TIME_OK)
			return result;
		if (campaign_covers(campaign, date, &until) && until > *last)
		{
			*last = until;
			cutoff->campaign = campaign;
			cutoff->duty = SVP_DUTY_NO_EFFECT;
		}
	}
	return SVP_TIME_OK;
}

/* Put together */

static SvpTimeResult
find_last_day(SvpCutoff *cutoff, SvpCalendar *calendar, const SvpRefundFacts *facts, int32 *last)
{
	SvpTimeResult result;
	int32		start;

	*last = SVP_DATE_ALWAYS;
	if (cutoff->start != NULL)
	{
		if ((result = date_of(calendar, cutoff->start_at, &start)) != SVP_TIME_OK)
			return result;
		start += cutoff->start->transit_days;
		if ((result = last_day(cutoff->window, calendar, start, last)) != SVP_TIME_OK)
			return result;
		if (cutoff->window->duty.fact != NULL &&
			(result = apply_duty(cutoff, calendar, facts, start, last)) != SVP_TIME_OK)
			return result;
	}
	return apply_campaigns(cutoff, calendar, facts, last);
}

/*
 * Find where a window ends, by its starts, its length, and what makes it
 * longer; grace is added to the day that comes out.
 */
void
svp_cutoff_find(const SvpWindow *window, SvpCalendar *calendar, const SvpRefundFacts *facts,
				SvpCutoff *cutoff)
{
	int32		grace = facts->relief.grace_days;
	bool		has_calendar = window->calendar == NULL || calendar != NULL;
	SvpTimeResult result;
	int32		last;

	memset(cutoff, 0, sizeof(*cutoff));
	cutoff->window = window;
	find_start(cutoff, facts);
	if (cutoff->state == SVP_CUTOFF_UNREADABLE ||
		(cutoff->start == NULL && (window->ncampaigns == 0 || !has_calendar)))
		return;

	if (window->unit == SVP_WINDOW_EXACTLY)
		result = exact_end(window, cutoff->start_at, cutoff->start->transit_days + grace, &cutoff->at);
	else if (!has_calendar)
		result = SVP_TIME_NO_HOURS;
	else
	{
		result = find_last_day(cutoff, calendar, facts, &last);
		if (result == SVP_TIME_OK && (cutoff->start != NULL || cutoff->campaign != NULL))
			result = midnight_after(calendar, last + grace, &cutoff->at);
	}
	if (result != SVP_TIME_OK)
		fail(cutoff, result, cutoff->start != NULL ? cutoff->start->fact : window->from);
}
