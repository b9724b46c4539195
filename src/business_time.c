/*-------------------------------------------------------------------------
 *
 * business_time.c
 *		Questions about the opening hours of a calendar.
 *
 * Let A(t) be the open time before the instant t.  Elapsed time is a
 * difference of A, and a deadline is where A takes a value, so both are one
 * or two lookups in the sorted windows, whatever the span and the calendar.
 * That also makes the laws of elapsed time hold by construction: it is
 * additive and antisymmetric, and elapsed(start, deadline(start, b)) = b.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"

#include "business_time_compile.h"

/* The years for which a calendar is compiled at first; the fuzzer sets fewer. */
#ifndef FIRST_YEARS
#define FIRST_YEARS 22
#endif

/* No budget is longer than all years together, so this stands for any that is. */
#define LONGEST_BUDGET (INT64CONST(700) * 366 * SVP_USEC_PER_DAY)

static int32
utc_date(int64 at)
{
	return (int32) svp_floor_div(at, SVP_USEC_PER_DAY);
}

static int32
utc_year(int64 at)
{
	int32		year;
	int			month;
	int			day;

	svp_date_parts(utc_date(at), &year, &month, &day);
	return year;
}

/*
 * Does an instant lie in the years that business time is defined for?
 */
bool
svp_time_in_range(int64 at)
{
	return at >= svp_date_of(SVP_TIME_FIRST_YEAR, 1, 1) * SVP_USEC_PER_DAY &&
		at < svp_date_of(SVP_TIME_LAST_YEAR + 1, 1, 1) * SVP_USEC_PER_DAY;
}

static SvpTimeResult
compile_years(SvpCalendar *calendar, int32 first_year, int32 last_year)
{
	return svp_calendar_compile(calendar, Max(first_year, SVP_TIME_FIRST_YEAR),
								Min(last_year, SVP_TIME_LAST_YEAR));
}

int64
svp_calendar_revision(const SvpCalendar *calendar)
{
	return calendar->revision;
}

SvpZone
svp_calendar_zone(const SvpCalendar *calendar)
{
	return calendar->zone;
}

bool
svp_calendar_may_open(const SvpCalendar *calendar)
{
	return calendar->hours_from < calendar->hours_to;
}

/*
 * Compile a calendar for the years around one.  When these have no hours at
 * all, look whether any year has: a calendar without hours is an error, one
 * that was closed in those years is not.
 */
static SvpTimeResult
compile_first(SvpCalendar *calendar, int32 year)
{
	SvpTimeResult result;
	bool		found;

	if (!svp_calendar_may_open(calendar))
		return SVP_TIME_NO_HOURS;

	result = compile_years(calendar, year - FIRST_YEARS / 2, year + FIRST_YEARS / 2 - 1);
	if (result != SVP_TIME_OK || calendar->now.nopenings > 0)
		return result;

	found = false;
	for (int32 y = utc_year(calendar->hours_from);
		 !found && y <= Min(utc_year(calendar->hours_to), SVP_TIME_LAST_YEAR);
		 y += FIRST_YEARS)
	{
		result = compile_years(calendar, y, y + FIRST_YEARS - 1);
		if (result != SVP_TIME_OK)
			return result;
		found = calendar->now.nopenings > 0;
	}
	if (!found)
	{
		calendar->hours_to = calendar->hours_from;
		calendar->now.to = calendar->now.from;
		return SVP_TIME_NO_HOURS;
	}
	return compile_years(calendar, year - FIRST_YEARS / 2, year + FIRST_YEARS / 2 - 1);
}

/*
 * Compile a calendar so that it covers an instant as well as what it covers.
 * It at least doubles, so that going on and on costs no more than once over.
 */
static SvpTimeResult
extend(SvpCalendar *calendar, int64 at)
{
	SvpCompiled *now = &calendar->now;
	int32		years = now->last_year - now->first_year + 1;
	int32		year;

	if (!svp_time_in_range(at))
		return SVP_TIME_OUT_OF_RANGE;
	year = utc_year(at);
	if (now->openings == NULL || !svp_calendar_may_open(calendar))
		return compile_first(calendar, year);
	if (at < now->from)
		return compile_years(calendar, Min(year, now->first_year - years), now->last_year);
	return compile_years(calendar, now->first_year, Max(year, now->last_year + years));
}

/*
 * See that the calendar is compiled for an instant.
 */
static inline SvpTimeResult
cover(SvpCalendar *calendar, int64 at)
{
	if (likely(at >= calendar->now.from && at < calendar->now.to))
		return SVP_TIME_OK;
	return extend(calendar, at);
}

/* Can there be hours before, or after, what is compiled? */
static bool
more_before(const SvpCalendar *calendar)
{
	return calendar->now.from > calendar->hours_from &&
		calendar->now.first_year > SVP_TIME_FIRST_YEAR;
}

static bool
more_after(const SvpCalendar *calendar)
{
	return calendar->now.to < calendar->hours_to &&
		calendar->now.last_year < SVP_TIME_LAST_YEAR;
}

/*
 * What to say when a search has reached the end of the hours.
 */
static SvpTimeResult
hours_end(bool hours_go_on)
{
	return hours_go_on ? SVP_TIME_OUT_OF_RANGE : SVP_TIME_NO_HOURS;
}

/*
 * The last opening that starts at or before an instant that is covered.
 */
static inline const SvpOpening *
opening_at(const SvpCompiled *now, int64 at)
{
	return now->openings + svp_index_find(&now->by_time, now->openings, now->from, at, true);
}

static inline int64
opening_end(const SvpOpening *opening)
{
	return opening->start + (opening[1].before - opening->before);
}

/*
 * A(at): the open time before an instant that is covered.
 */
static inline int64
open_before(const SvpCompiled *now, int64 at)
{
	const SvpOpening *opening = opening_at(now, at);
	int64		length = opening[1].before - opening->before;

	return opening->before + Min(at - opening->start, length);
}

/*
 * The last instant of an opening with A(instant) = total, 0 <= total < all.
 */
static inline int64
instant_of(const SvpCompiled *now, int64 total)
{
	const SvpOpening *opening;

	opening = now->openings + svp_index_find(&now->by_total, now->openings, 0, total, false);
	return opening->start + (total - opening->before);
}

/*
 * The open time from one instant to another; negative if they are reversed.
 */
SvpTimeResult
svp_elapsed(SvpCalendar *calendar, int64 from, int64 to, int64 *usec)
{
	SvpTimeResult result;

	if ((result = cover(calendar, from)) != SVP_TIME_OK ||
		(result = cover(calendar, to)) != SVP_TIME_OK)
		return result;
	*usec = open_before(&calendar->now, to) - open_before(&calendar->now, from);
	return SVP_TIME_OK;
}

/*
 * The first instant by which a positive budget is used up; for a calendar
 * with next_opening, the opening when that instant is a closing.
 */
static SvpTimeResult
deadline_after(SvpCalendar *calendar, int64 start, int64 budget, int64 *at)
{
	/* Without next_opening, one microsecond after the last one that counts. */
	int64		last = calendar->next_opening ? 0 : 1;
	int64		total;

	for (;;)
	{
		SvpTimeResult result;

		total = open_before(&calendar->now, start) + budget - last;
		if (likely(total < calendar->now.total))
			break;
		if (!more_after(calendar))
			return hours_end(calendar->hours_to > calendar->now.to);
		if ((result = extend(calendar, calendar->now.to)) != SVP_TIME_OK)
			return result;
	}
	*at = instant_of(&calendar->now, total) + last;
	return SVP_TIME_OK;
}

/*
 * Walking back from "start", the first instant by which a budget is used up.
 */
static SvpTimeResult
deadline_before(SvpCalendar *calendar, int64 start, int64 budget, int64 *at)
{
	int64		total;

	while ((total = open_before(&calendar->now, start) - budget) < 0)
	{
		SvpTimeResult result;

		if (!more_before(calendar))
			return hours_end(calendar->hours_from < calendar->now.from);
		if ((result = extend(calendar, calendar->now.from - 1)) != SVP_TIME_OK)
			return result;
	}
	*at = instant_of(&calendar->now, total);
	return SVP_TIME_OK;
}

/*
 * When a budget that starts to run at "start" is used up.
 */
SvpTimeResult
svp_deadline(SvpCalendar *calendar, int64 start, int64 budget, int64 *at)
{
	SvpTimeResult result = cover(calendar, start);

	if (result != SVP_TIME_OK)
		return result;
	if (budget < 0)
		return deadline_before(calendar, start, -Max(budget, -LONGEST_BUDGET), at);
	if (budget > 0 || calendar->next_opening)
		return deadline_after(calendar, start, Min(budget, LONGEST_BUDGET), at);
	*at = start;
	return SVP_TIME_OK;
}

SvpTimeResult
svp_is_open(SvpCalendar *calendar, int64 at, bool *open)
{
	SvpTimeResult result = cover(calendar, at);

	if (result == SVP_TIME_OK)
		*open = at < opening_end(opening_at(&calendar->now, at));
	return result;
}

/*
 * The first opening strictly after an instant.
 */
SvpTimeResult
svp_next_opening(SvpCalendar *calendar, int64 after, int64 *at, bool *found)
{
	SvpTimeResult result = cover(calendar, after);

	*found = false;
	while (result == SVP_TIME_OK && !*found)
	{
		const SvpOpening *opening = opening_at(&calendar->now, after) + 1;

		if (opening->start != INT64_MAX)
		{
			*at = opening->start;
			*found = true;
		}
		else if (more_after(calendar))
			result = extend(calendar, calendar->now.to);
		else
			break;
	}
	return result;
}

/*
 * The first closing strictly after an instant.  What ends only because the
 * compiled years do is no closing.
 */
SvpTimeResult
svp_next_closing(SvpCalendar *calendar, int64 after, int64 *at, bool *found)
{
	SvpTimeResult result = cover(calendar, after);

	*found = false;
	while (result == SVP_TIME_OK && !*found)
	{
		const SvpOpening *opening = opening_at(&calendar->now, after);

		if (opening_end(opening) <= after)
			opening++;
		if (opening->start != INT64_MAX && opening_end(opening) < calendar->now.to)
		{
			*at = opening_end(opening);
			*found = true;
		}
		else if (more_after(calendar))
			result = extend(calendar, calendar->now.to);
		else
			break;
	}
	return result;
}

/*
 * The first window of the opening hours between two instants, cut at both.
 * Ask again from its end for the next one.
 */
SvpTimeResult
svp_next_window(SvpCalendar *calendar, int64 from, int64 to,
				int64 *opens, int64 *closes, bool *found)
{
	SvpTimeResult result;
	const SvpOpening *opening;

	*found = false;
	if ((result = cover(calendar, from)) != SVP_TIME_OK ||
		(result = cover(calendar, to)) != SVP_TIME_OK)
		return result;

	opening = opening_at(&calendar->now, from);
	if (opening_end(opening) <= from)
		opening++;
	if (opening->start < to)
	{
		*opens = Max(opening->start, from);
		*closes = Min(opening_end(opening), to);
		*found = *opens < *closes;
	}
	return result;
}

/*
 * The offset from UTC of the calendar's zone at an instant that is covered.
 */
static int64
offset_at(const SvpCompiled *now, int64 at)
{
	int			low = 0;
	int			high = now->noffsets;

	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (now->offsets[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return now->offsets[low].offset;
}

/*
 * The date in the calendar's zone.
 */
SvpTimeResult
svp_local_date(SvpCalendar *calendar, int64 at, int32 *date)
{
	SvpTimeResult result = cover(calendar, at);

	if (result == SVP_TIME_OK)
		*date = utc_date(at + offset_at(&calendar->now, at));
	return result;
}

/*
 * See that a local date is covered as a whole, with its neighbours.
 */
static SvpTimeResult
cover_date(SvpCalendar *calendar, int32 date)
{
	SvpTimeResult result;

	if ((result = cover(calendar, (date - 2) * SVP_USEC_PER_DAY)) != SVP_TIME_OK)
		return result;
	return cover(calendar, (date + INT64CONST(4)) * SVP_USEC_PER_DAY);
}

/*
 * The instant of a time of day, up to 24:00, on a date in the calendar's zone.
 */
SvpTimeResult
svp_local_instant(SvpCalendar *calendar, int32 date, int64 time_of_day, int64 *at)
{
	SvpTimeResult result = cover_date(calendar, date);

	if (result == SVP_TIME_OK)
		*at = svp_local_to_instant(calendar->now.offsets, calendar->now.noffsets,
								   date * SVP_USEC_PER_DAY + time_of_day);
	return result;
}

/*
 * Is this local date open at any time of it?
 */
static bool
date_has_hours(const SvpCompiled *now, int32 date)
{
	int64		midnight = svp_local_to_instant(now->offsets, now->noffsets,
												date * SVP_USEC_PER_DAY);
	int64		next = svp_local_to_instant(now->offsets, now->noffsets,
											(date + 1) * SVP_USEC_PER_DAY);

	return open_before(now, next) > open_before(now, midnight);
}

SvpTimeResult
svp_is_working_date(SvpCalendar *calendar, int32 date, bool *working)
{
	SvpTimeResult result = cover_date(calendar, date);

	if (result == SVP_TIME_OK)
		*working = date_has_hours(&calendar->now, date);
	return result;
}

/*
 * Count the working dates before each date that is covered.
 */
static void
count_working_dates(SvpCalendar *calendar)
{
	SvpCompiled *now = &calendar->now;
	int32	   *count;

	if (now->working_before != NULL)
		return;

	now->first_date = utc_date(now->from) + 3;
	now->ndates = utc_date(now->to) - 3 - now->first_date;
	count = MemoryContextAlloc(calendar->context, (now->ndates + 1) * sizeof(int32));
	count[0] = 0;
	for (int i = 0; i < now->ndates; i++)
		count[i + 1] = count[i] + date_has_hours(now, now->first_date + i);
	now->working_before = count;
}

/*
 * The working date that has "rank" working dates before it, among those counted.
 */
static int32
working_date(const SvpCompiled *now, int32 rank)
{
	int			low = 0;
	int			high = now->ndates;

	/* The last date with at most so many before it. */
	while (high - low > 1)
	{
		int			middle = low + (high - low) / 2;

		if (now->working_before[middle] <= rank)
			low = middle;
		else
			high = middle;
	}
	return now->first_date + low;
}

/*
 * The date "days" working dates after a date, or before it when negative; the
 * date itself does not count.
 */
static SvpTimeResult
add_working_days(SvpCalendar *calendar, int32 date, int32 days, int32 *landing)
{
	for (;;)
	{
		SvpCompiled *now = &calendar->now;
		SvpTimeResult result;
		int64		rank;

		count_working_dates(calendar);
		if (days > 0)
			rank = now->working_before[date + 1 - now->first_date] + (int64) days - 1;
		else
			rank = now->working_before[date - now->first_date] + (int64) days;

		if (rank >= 0 && rank < now->working_before[now->ndates])
		{
			*landing = working_date(now, rank);
			return SVP_TIME_OK;
		}
		if (rank < 0)
		{
			if (!more_before(calendar))
				return hours_end(calendar->hours_from < now->from);
			result = extend(calendar, now->from - 1);
		}
		else
		{
			if (!more_after(calendar))
				return hours_end(calendar->hours_to > now->to);
			result = extend(calendar, now->to);
		}
		if (result != SVP_TIME_OK)
			return result;
	}
}

/*
 * When a budget of working days is used up: at the same time of day on the
 * last of them, or when that ends.
 */
SvpTimeResult
svp_days_deadline(SvpCalendar *calendar, int64 start, int32 days, bool end_of_day, int64 *at)
{
	SvpTimeResult result;
	int64		local;
	int32		date;
	int32		landing;

	if ((result = svp_local_date(calendar, start, &date)) != SVP_TIME_OK ||
		(result = cover_date(calendar, date - 4)) != SVP_TIME_OK ||
		(result = cover_date(calendar, date + 4)) != SVP_TIME_OK)
		return result;

	if (days == 0 && !end_of_day)
	{
		*at = start;
		return SVP_TIME_OK;
	}

	local = start + offset_at(&calendar->now, start) - date * SVP_USEC_PER_DAY;
	landing = date;
	if (days != 0 &&
		(result = add_working_days(calendar, date, days, &landing)) != SVP_TIME_OK)
		return result;
	return svp_local_instant(calendar, landing, end_of_day ? SVP_USEC_PER_DAY : local, at);
}
