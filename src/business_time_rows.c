/*-------------------------------------------------------------------------
 *
 * business_time_rows.c
 *		A calendar from its rows: weekly hours and dated exceptions, put in the
 *		order in which compiling asks for them.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "business_time_compile.h"

/*
 * Order the weekly rows by weekday.
 */
static void
copy_hours(SvpCalendar *calendar, const SvpHours *hours, int nhours)
{
	int			n = 0;

	calendar->hours = MemoryContextAlloc(calendar->context, nhours * sizeof(SvpHours));
	for (int weekday = 1; weekday <= 7; weekday++)
	{
		calendar->first_hours[weekday] = n;
		for (int i = 0; i < nhours; i++)
		{
			Assert(hours[i].weekday >= 1 && hours[i].weekday <= 7);
			Assert(hours[i].opens < hours[i].closes);
			if (hours[i].weekday == weekday)
				calendar->hours[n++] = hours[i];
		}
	}
	calendar->first_hours[8] = n;
}

static int
compare_dates(const void *a, const void *b)
{
	const SvpDate *x = a;
	const SvpDate *y = b;

	if (x->yearly != y->yearly)
		return x->yearly ? 1 : -1;
	return (x->date > y->date) - (x->date < y->date);
}

/*
 * Order the exceptions; of the yearly ones, month and day take the date's place.
 */
static void
copy_dates(SvpCalendar *calendar, const SvpDate *dates, int ndates)
{
	calendar->dates = MemoryContextAlloc(calendar->context, ndates * sizeof(SvpDate));
	for (int i = 0; i < ndates; i++)
	{
		SvpDate    *row = &calendar->dates[i];

		*row = dates[i];
		if (row->yearly)
		{
			int32		year;
			int			month;
			int			day;

			svp_date_parts(row->date, &year, &month, &day);
			row->date = month * 32 + day;
		}
		else
			calendar->ndated++;
	}
	calendar->ndates = ndates;
	qsort(calendar->dates, ndates, sizeof(SvpDate), compare_dates);
}

/*
 * Widen the calendar's bounds to hours that may open on [first, last).
 */
static void
widen_bounds(SvpCalendar *calendar, int32 first, int32 last)
{
	if (first >= last)
		return;
	calendar->hours_from = Min(calendar->hours_from,
							   (first - SVP_MARGIN_DAYS) * SVP_USEC_PER_DAY);
	calendar->hours_to = Max(calendar->hours_to,
							 (last + (int64) SVP_MARGIN_DAYS) * SVP_USEC_PER_DAY);
}

/*
 * Work out between which instants there can be hours at all, so that a search
 * for the next opening of a calendar that has ended need not go on to 2500.
 */
static void
find_bounds(SvpCalendar *calendar)
{
	int32		first = svp_date_of(SVP_TIME_FIRST_YEAR, 1, 1);
	int32		last = svp_date_of(SVP_TIME_LAST_YEAR + 1, 1, 1);

	calendar->hours_from = INT64_MAX;
	calendar->hours_to = INT64_MIN;
	for (int i = 0; i < calendar->first_hours[8]; i++)
		widen_bounds(calendar, Max(calendar->hours[i].valid_from, first),
					 Min(calendar->hours[i].valid_to, last));
	for (int i = 0; i < calendar->ndates; i++)
	{
		const SvpDate *row = &calendar->dates[i];

		if (row->open && row->yearly)
			widen_bounds(calendar, first, last);
		else if (row->open && row->date >= first && row->date < last)
			widen_bounds(calendar, row->date, row->date + 1);
	}
}

/*
 * Make a calendar.  Nothing is compiled before the first question.
 */
SvpCalendar *
svp_calendar_create(MemoryContext context, SvpZone zone, bool next_opening,
					const SvpHours *hours, int nhours, const SvpDate *dates, int ndates)
{
	SvpCalendar *calendar = MemoryContextAlloc(context, sizeof(SvpCalendar));

	memset(calendar, 0, sizeof(SvpCalendar));
	calendar->context = context;
	calendar->zone = zone;
	calendar->next_opening = next_opening;
	copy_hours(calendar, hours, nhours);
	copy_dates(calendar, dates, ndates);
	find_bounds(calendar);
	calendar->revision = svp_revision_make(calendar, zone.name == NULL ? "" : zone.name);
	return calendar;
}

void
svp_calendar_free(SvpCalendar *calendar)
{
	svp_compiled_free(&calendar->now);
	pfree(calendar->hours);
	pfree(calendar->dates);
	pfree(calendar);
}
