/*-------------------------------------------------------------------------
 *
 * business_time_compile.c
 *		From the rows of a calendar to sorted windows, sums and indexes.
 *
 * Opening hours are local.  A local time that a zone's clocks skip moves
 * forward by as much as they were moved, and of a local time that comes twice
 * the first is meant (RFC 5545, 3.3.5).  An exception clears exactly its own
 * local date, from its midnight to the next, and then adds its own windows.
 *
 * What is under construction is in the caller's memory context; the calendar
 * gets it when it is complete, so an interrupt leaves the calendar as it was.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"

#include "business_time_compile.h"

/* More than 36 windows a day for 600 years: a mistake, not a calendar. */
#define MAX_WINDOWS (8 * 1024 * 1024)

typedef struct SvpSpan
{
	int64		start;
	int64		end;
} SvpSpan;

/* The local dates being compiled, and the windows found so far. */
typedef struct SvpBuild
{
	const SvpCalendar *calendar;
	int64		from;
	int64		to;
	SvpOffset  *offsets;
	int			noffsets;
	int32		first_date;
	int			ndates;
	int64	   *midnight;		/* of each date */
	const SvpDate **exception;	/* first row for each date, or NULL */
	SvpSpan    *spans;
	int			nspans;
	int			max_spans;
	bool		sorted;
} SvpBuild;

/*
 * The date of a day of the proleptic Gregorian calendar.
 */
int32
svp_date_of(int32 year, int month, int day)
{
	/* Years that begin in March put the leap day last. */
	int32		y = month > 2 ? year : year - 1;
	int32		m = month > 2 ? month - 3 : month + 9;
	int32		century = y / 100;

	return (century * 146097) / 4 + ((y % 100) * 1461) / 4 + (m * 153 + 2) / 5 + day - 730426;
}

/*
 * Year, month and day of a date after the year 0.
 */
void
svp_date_parts(int32 date, int32 *year, int *month, int *day)
{
	int32		days = date + 730425;	/* since 0000-03-01 */
	int32		century = (4 * days + 3) / 146097;
	int32		in_century = days - century * 146097 / 4;
	int32		y = (4 * in_century + 3) / 1461;
	int32		in_year = in_century - y * 1461 / 4;
	int32		m = (5 * in_year + 2) / 153;

	*day = in_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = century * 100 + y + (m < 10 ? 0 : 1);
}

/*
 * The instant of a local time.  The walls of the offsets are such that the
 * offset before a gap, and before an overlap, holds for local times in it.
 */
int64
svp_local_to_instant(const SvpOffset *offsets, int noffsets, int64 local)
{
	int			low = 0;
	int			high = noffsets;

	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (offsets[middle].wall <= local)
			low = middle;
		else
			high = middle;
	}
	return local - offsets[low].offset;
}

static inline int64
local_instant(const SvpBuild *build, int32 date, int64 time_of_day)
{
	return svp_local_to_instant(build->offsets, build->noffsets,
								date * SVP_USEC_PER_DAY + time_of_day);
}

/*
 * Ask the zone for its offsets from some days before to some days after.
 */
static void
collect_offsets(SvpBuild *build)
{
	SvpZone		zone = build->calendar->zone;
	int64		at = build->from - SVP_MARGIN_DAYS * 2 * SVP_USEC_PER_DAY;
	int64		end = build->to + SVP_MARGIN_DAYS * 2 * SVP_USEC_PER_DAY;
	int			max_offsets = 64;
	SvpOffset  *last = NULL;

	build->offsets = palloc(max_offsets * sizeof(SvpOffset));
	while (at < end)
	{
		int64		offset;
		int64		until;

		CHECK_FOR_INTERRUPTS();
		zone.offset_at(zone.arg, at, &offset, &until);
		Assert(until > at);
		if (last == NULL || last->offset != offset)
		{
			int64		wall = INT64_MIN;

			if (last != NULL)
				wall = Max(last->wall, at + Max(last->offset, offset));
			if (build->noffsets == max_offsets)
			{
				max_offsets *= 2;
				build->offsets = repalloc(build->offsets, max_offsets * sizeof(SvpOffset));
			}
			last = &build->offsets[build->noffsets++];
			last->at = at;
			last->wall = wall;
			last->offset = offset;
		}
		at = until;
	}
	build->offsets[0].at = INT64_MIN;
}

/*
 * The first of the calendar's dates in [low, high) that is not before "key".
 */
static int
find_date(const SvpCalendar *calendar, int low, int high, int32 key)
{
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (calendar->dates[middle].date < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Fill in which dates are exceptions.  A dated exception replaces a yearly one.
 */
static void
collect_exceptions(SvpBuild *build)
{
	const SvpCalendar *calendar = build->calendar;
	int32		end_date = build->first_date + build->ndates;
	int32		first_year;
	int32		last_year;
	int			month;
	int			day;

	memset(build->exception, 0, build->ndates * sizeof(build->exception[0]));

	svp_date_parts(build->first_date, &first_year, &month, &day);
	svp_date_parts(end_date, &last_year, &month, &day);
	for (int i = calendar->ndates - 1; i >= calendar->ndated; i--)
	{
		CHECK_FOR_INTERRUPTS();
		month = calendar->dates[i].date / 32;
		day = calendar->dates[i].date % 32;
		for (int32 year = first_year; year <= last_year; year++)
		{
			int32		date = svp_date_of(year, month, day);
			int32		y;
			int			m;
			int			d;

			svp_date_parts(date, &y, &m, &d);
			if (m == month && date >= build->first_date && date < end_date)
				build->exception[date - build->first_date] = &calendar->dates[i];
		}
	}

	/* From last to first, so that the first row of a date is what stays. */
	for (int i = find_date(calendar, 0, calendar->ndated, end_date) - 1;
		 i >= 0 && calendar->dates[i].date >= build->first_date; i--)
		build->exception[calendar->dates[i].date - build->first_date] = &calendar->dates[i];
}

static void
add_span(SvpBuild *build, int64 start, int64 end)
{
	SvpSpan    *last = build->nspans > 0 ? &build->spans[build->nspans - 1] : NULL;

	start = Max(start, build->from);
	end = Min(end, build->to);
	if (start >= end)
		return;

	if (last != NULL && last->start <= start && start <= last->end)
	{
		last->end = Max(last->end, end);
		return;
	}
	if (last != NULL && start < last->start)
		build->sorted = false;
	if (build->nspans == build->max_spans)
	{
		build->max_spans *= 2;
		build->spans = repalloc(build->spans, build->max_spans * sizeof(SvpSpan));
	}
	build->spans[build->nspans].start = start;
	build->spans[build->nspans].end = end;
	build->nspans++;
}

/*
 * Add a window of the date numbered "own", without what falls on exceptions
 * from the date numbered "clear" on.
 */
static void
add_window(SvpBuild *build, int own, int clear, int64 opens, int64 closes)
{
	int64		start = local_instant(build, build->first_date + own, opens);
	int64		end = local_instant(build, build->first_date + own, closes);

	for (int i = clear; i < own + 4 && build->midnight[i] < end; i++)
	{
		if (build->exception[i] == NULL || build->midnight[i + 1] <= start)
			continue;
		add_span(build, start, Min(end, build->midnight[i]));
		start = build->midnight[i + 1];
	}
	add_span(build, start, end);
}

/*
 * Add what opens on a date: its weekly hours, which its exception clears, if
 * there is one, only up to midnight; and the exception's own hours.
 */
static void
add_date(SvpBuild *build, int i)
{
	const SvpCalendar *calendar = build->calendar;
	int32		date = build->first_date + i;
	int			weekday = 1 + (int) (date + 5 - svp_floor_div(date + 5, 7) * 7);
	const SvpDate *row = build->exception[i];

	/* A date that the zone skipped has no hours. */
	if (build->midnight[i + 1] <= build->midnight[i])
		return;

	for (int h = calendar->first_hours[weekday]; h < calendar->first_hours[weekday + 1]; h++)
	{
		const SvpHours *hours = &calendar->hours[h];

		if (date >= hours->valid_from && date < hours->valid_to)
			add_window(build, i, i, hours->opens, hours->closes);
	}

	if (row != NULL)
	{
		const SvpDate *end = calendar->dates + (row->yearly ? calendar->ndates : calendar->ndated);
		int32		key = row->date;

		for (; row < end && row->date == key; row++)
		{
			if (row->open)
				add_window(build, i, i + 1, row->opens, row->closes);
		}
	}
}

static int
compare_spans(const void *a, const void *b)
{
	int64		x = ((const SvpSpan *) a)->start;
	int64		y = ((const SvpSpan *) b)->start;

	return (x > y) - (x < y);
}

/*
 * Sort the windows, and merge those that overlap or touch.
 */
static void
merge_spans(SvpBuild *build)
{
	int			kept = 0;

	if (build->sorted)
		return;

	qsort(build->spans, build->nspans, sizeof(SvpSpan), compare_spans);
	for (int i = 1; i < build->nspans; i++)
	{
		if (build->spans[i].start <= build->spans[kept].end)
			build->spans[kept].end = Max(build->spans[kept].end, build->spans[i].end);
		else
			build->spans[++kept] = build->spans[i];
	}
	build->nspans = kept + 1;
}

/*
 * Find all windows.  Returns false if there are too many.
 */
static bool
collect_spans(SvpBuild *build)
{
	build->max_spans = 1024;
	build->spans = palloc(build->max_spans * sizeof(SvpSpan));
	build->sorted = true;

	for (int i = 0; i < build->ndates; i++)
		build->midnight[i] = local_instant(build, build->first_date + i, 0);
	collect_exceptions(build);

	for (int i = 0; i < build->ndates - SVP_MARGIN_DAYS; i++)
	{
		CHECK_FOR_INTERRUPTS();
		add_date(build, i);
		if (build->nspans > MAX_WINDOWS)
			return false;
	}
	merge_spans(build);
	return true;
}

/*
 * The number of buckets is at most about twice that of the openings.
 */
static int
index_shift(int64 range, int nopenings)
{
	int			shift = 0;

	while ((range >> shift) > 2 * (int64) nopenings + 64)
		shift++;
	return shift;
}

static void
fill_index(SvpIndex *index, const SvpOpening *openings, int nopenings,
		   int64 base, int64 range, bool by_start)
{
	int			nentries = (int) (range >> index->shift) + 2;
	uint32		last = 0;

	for (int k = 0; k < nentries; k++)
	{
		int64		limit = base + ((int64) k << index->shift);

		while (last < nopenings &&
			   (by_start ? openings[last + 1].start : openings[last + 1].before) <= limit)
			last++;
		index->entry[k] = last;
	}
}

static uint32 *
alloc_index(MemoryContext context, SvpIndex *index, int64 range, int nopenings)
{
	index->shift = index_shift(range, nopenings);
	index->entry = MemoryContextAlloc(context, ((range >> index->shift) + 2) * sizeof(uint32));
	return index->entry;
}

void
svp_compiled_free(SvpCompiled *compiled)
{
	if (compiled->openings == NULL)
		return;
	pfree(compiled->openings);
	pfree(compiled->by_time.entry);
	pfree(compiled->by_total.entry);
	pfree(compiled->offsets);
	if (compiled->working_before != NULL)
		pfree(compiled->working_before);
}

/*
 * Turn what was collected into the calendar's new compiled form.
 */
static void
publish(SvpCalendar *calendar, const SvpBuild *build, int32 first_year, int32 last_year)
{
	SvpCompiled c = {0};
	int			n = build->nspans;

	c.from = build->from;
	c.to = build->to;
	c.first_year = first_year;
	c.last_year = last_year;

	c.nopenings = n;
	c.openings = MemoryContextAlloc(calendar->context, (n + 2) * sizeof(SvpOpening));
	c.openings[0].start = c.from;
	c.openings[0].before = 0;
	for (int i = 0; i < n; i++)
	{
		c.openings[i + 1].start = build->spans[i].start;
		c.openings[i + 1].before = c.total;
		c.total += build->spans[i].end - build->spans[i].start;
	}
	c.openings[n + 1].start = INT64_MAX;
	c.openings[n + 1].before = c.total;

	alloc_index(calendar->context, &c.by_time, c.to - c.from, n);
	fill_index(&c.by_time, c.openings, n, c.from, c.to - c.from, true);
	alloc_index(calendar->context, &c.by_total, c.total, n);
	fill_index(&c.by_total, c.openings, n, 0, c.total, false);

	c.noffsets = build->noffsets;
	c.offsets = MemoryContextAlloc(calendar->context, c.noffsets * sizeof(SvpOffset));
	memcpy(c.offsets, build->offsets, c.noffsets * sizeof(SvpOffset));

	svp_compiled_free(&calendar->now);
	calendar->now = c;
}

/*
 * Compile a calendar for some years, in place of what it was compiled for.
 */
SvpTimeResult
svp_calendar_compile(SvpCalendar *calendar, int32 first_year, int32 last_year)
{
	SvpBuild	build = {0};
	bool		done;

	build.calendar = calendar;
	build.from = svp_date_of(first_year, 1, 1) * SVP_USEC_PER_DAY;
	build.to = svp_date_of(last_year + 1, 1, 1) * SVP_USEC_PER_DAY;
	build.first_date = svp_date_of(first_year, 1, 1) - SVP_MARGIN_DAYS;
	build.ndates = svp_date_of(last_year + 1, 1, 1) + 2 * SVP_MARGIN_DAYS - build.first_date;
	build.midnight = palloc(build.ndates * sizeof(build.midnight[0]));
	build.exception = palloc(build.ndates * sizeof(build.exception[0]));

	collect_offsets(&build);
	done = collect_spans(&build);
	if (done)
		publish(calendar, &build, first_year, last_year);

	pfree(build.offsets);
	pfree(build.midnight);
	pfree(build.exception);
	pfree(build.spans);
	return done ? SVP_TIME_OK : SVP_TIME_TOO_MANY_WINDOWS;
}
