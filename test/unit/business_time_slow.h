/*-------------------------------------------------------------------------
 *
 * business_time_slow.h
 *		Business time by painting quarters of an hour: what the compiled
 *		calendar is compared with, in the unit test and under the fuzzer.
 *
 * A case is decoded from bytes: a zone with made-up transitions, weekly
 * hours, exceptions, and questions.  Everything in it lies on quarters of an
 * hour in the 400 days from 2000-01-01, so that painting is exact; questions
 * are moved off the quarters by microseconds.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef BUSINESS_TIME_SLOW_H
#define BUSINESS_TIME_SLOW_H

#include <inttypes.h>

#include "business_time.h"

#define QUARTER (15 * SVP_USEC_PER_MINUTE)
#define DAY SVP_USEC_PER_DAY

/* Painted from 40 days before the 400 to 40 days after. */
#define FIRST_DAY (-40)
#define END_DAY 440
#define NDAYS (END_DAY - FIRST_DAY)
#define NQUARTERS (NDAYS * 96)
#define NOBODY INT32_MAX

typedef struct Bytes
{
	const uint8_t *data;
	size_t		size;
	size_t		used;
} Bytes;

typedef struct FakeZone
{
	int			n;				/* transitions */
	int64		at[8];
	int64		offset[9];		/* before the first transition, and from each on */
} FakeZone;

typedef struct Slow
{
	FakeZone	zone;
	SvpHours	hours[8];
	int			nhours;
	SvpDate		dates[8];
	int			ndates;
	bool		next_opening;
	bool		open[NQUARTERS];
	int32		cleared_by[NQUARTERS];	/* exception date that clears this quarter */
} Slow;

static int
take(Bytes *bytes)
{
	return bytes->used < bytes->size ? bytes->data[bytes->used++] : 0;
}

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

/*
 * By the definition: the first instant at which clocks show this local time;
 * or, if none do, as far after the gap's start as if it were not there.
 */
static int64
slow_instant(const FakeZone *zone, int64 local)
{
	for (int i = 0; i <= zone->n; i++)
	{
		int64		at = local - zone->offset[i];

		if ((i == 0 || at >= zone->at[i - 1]) && (i == zone->n || at < zone->at[i]))
			return at;
	}
	for (int i = 0; i < zone->n; i++)
	{
		if (local >= zone->at[i] + zone->offset[i] && local < zone->at[i] + zone->offset[i + 1])
			return local - zone->offset[i];
	}
	abort();
}

static int64
slow_midnight(const Slow *slow, int32 date)
{
	return slow_instant(&slow->zone, date * DAY);
}

static int
quarter_of(int64 at)
{
	int64		since = at - FIRST_DAY * DAY;

	return since < 0 ? -1 : (int) Min(since / QUARTER, NQUARTERS);
}

/* Month * 32 + day, by counting from 1999-01-01. */
static int
month_and_day(int32 date)
{
	static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int			days = date + 365;
	int			year = 1999;
	int			month = 0;

	for (;;)
	{
		int			n = length[month] + (month == 1 && year == 2000);

		if (days < n)
			return (month + 1) * 32 + days + 1;
		days -= n;
		month = (month + 1) % 12;
		year += month == 0;
	}
}

/* Does this row apply to this date?  A yearly one does not when a dated one does. */
static bool
row_applies(const Slow *slow, const SvpDate *row, int32 date)
{
	if (!row->yearly)
		return row->date == date;
	for (int i = 0; i < slow->ndates; i++)
	{
		if (!slow->dates[i].yearly && slow->dates[i].date == date)
			return false;
	}
	return month_and_day(row->date) == month_and_day(date);
}

static void
paint(Slow *slow, int32 date, int64 opens, int64 closes, int32 own)
{
	int			from = Max(quarter_of(slow_instant(&slow->zone, date * DAY + opens)), 0);
	int			to = quarter_of(slow_instant(&slow->zone, date * DAY + closes));

	for (int q = from; q < to; q++)
	{
		if (slow->cleared_by[q] == NOBODY || slow->cleared_by[q] == own)
			slow->open[q] = true;
	}
}

static void
paint_all(Slow *slow)
{
	for (int q = 0; q < NQUARTERS; q++)
	{
		slow->open[q] = false;
		slow->cleared_by[q] = NOBODY;
	}
	for (int32 date = FIRST_DAY; date < END_DAY; date++)
	{
		for (int i = 0; i < slow->ndates; i++)
		{
			if (!row_applies(slow, &slow->dates[i], date))
				continue;
			for (int q = Max(quarter_of(slow_midnight(slow, date)), 0);
				 q < quarter_of(slow_midnight(slow, date + 1)); q++)
				slow->cleared_by[q] = date;
		}
	}
	for (int32 date = FIRST_DAY; date < END_DAY; date++)
	{
		if (slow_midnight(slow, date) >= slow_midnight(slow, date + 1))
			continue;			/* a skipped date */
		for (int i = 0; i < slow->nhours; i++)
		{
			/* 2000-01-01 was a Saturday. */
			if ((date + 364 + 5) % 7 + 1 == slow->hours[i].weekday &&
				date >= slow->hours[i].valid_from && date < slow->hours[i].valid_to)
				paint(slow, date, slow->hours[i].opens, slow->hours[i].closes, NOBODY);
		}
		for (int i = 0; i < slow->ndates; i++)
		{
			if (slow->dates[i].open && row_applies(slow, &slow->dates[i], date))
				paint(slow, date, slow->dates[i].opens, slow->dates[i].closes, date);
		}
	}
}

static void
decode_window(Bytes *bytes, int64 *opens, int64 *closes)
{
	*opens = take(bytes) % 96 * QUARTER;
	*closes = *opens + (take(bytes) % 96 + 1) * QUARTER;
}

static void
decode(Slow *slow, Bytes *bytes)
{
	static const int change[] = {-96, -12, -8, -4, -2, 2, 4, 8, 12, 96};

	memset(slow, 0, sizeof(*slow));
	slow->next_opening = take(bytes) % 2;
	slow->zone.offset[0] = (take(bytes) % 97 - 48) * QUARTER;
	slow->zone.n = take(bytes) % 6;
	for (int i = 0; i < slow->zone.n; i++)
	{
		slow->zone.at[i] = (i * 60 + take(bytes) % 40) * DAY + take(bytes) % 96 * QUARTER;
		slow->zone.offset[i + 1] = slow->zone.offset[i] +
			change[take(bytes) % lengthof(change)] * QUARTER;
		if (slow->zone.offset[i + 1] < -DAY || slow->zone.offset[i + 1] > DAY)
			slow->zone.offset[i + 1] = 0;
	}
	slow->nhours = take(bytes) % 9;
	for (int i = 0; i < slow->nhours; i++)
	{
		SvpHours   *hours = &slow->hours[i];

		hours->weekday = take(bytes) % 7 + 1;
		decode_window(bytes, &hours->opens, &hours->closes);
		hours->valid_from = take(bytes) % 4 ? SVP_DATE_ALWAYS : take(bytes) * 2;
		hours->valid_to = take(bytes) % 4 ? SVP_DATE_NEVER : take(bytes) * 2;
	}
	slow->ndates = take(bytes) % 9;
	for (int i = 0; i < slow->ndates; i++)
	{
		SvpDate    *date = &slow->dates[i];

		date->date = take(bytes) + take(bytes) % 2 * 180;
		date->yearly = take(bytes) % 2;
		date->open = take(bytes) % 3;
		decode_window(bytes, &date->opens, &date->closes);
	}
	paint_all(slow);
}

static int64
decode_instant(Bytes *bytes)
{
	int64		day = take(bytes) + take(bytes) % 2 * 140;
	int64		at = day * DAY + take(bytes) % 96 * QUARTER;
	int			off = take(bytes);

	return off % 2 ? at + off * 3515625 % QUARTER : at;
}

static bool
slow_is_open(const Slow *slow, int64 at)
{
	return slow->open[quarter_of(at)];
}

static int64
slow_elapsed(const Slow *slow, int64 from, int64 to)
{
	int64		usec = 0;

	if (to < from)
		return -slow_elapsed(slow, to, from);
	for (int64 at = from; at < to;)
	{
		int64		end = Min(to, FIRST_DAY * DAY + (quarter_of(at) + 1) * QUARTER);

		if (slow_is_open(slow, at))
			usec += end - at;
		at = end;
	}
	return usec;
}

/* The first change of open to "open" strictly after an instant; false if not painted. */
static bool
slow_change(const Slow *slow, int64 after, bool open, int64 *at)
{
	for (int q = quarter_of(after) + 1; q < NQUARTERS; q++)
	{
		if (slow->open[q] == open && slow->open[q - 1] != open)
		{
			*at = FIRST_DAY * DAY + q * QUARTER;
			return true;
		}
	}
	return false;
}

/* False if the deadline is not within what is painted. */
static bool
slow_deadline(const Slow *slow, int64 start, int64 budget, int64 *at)
{
	int			q;

	*at = start;
	while (budget > 0)
	{
		int64		end;

		if ((q = quarter_of(*at)) >= NQUARTERS)
			return false;
		end = FIRST_DAY * DAY + (q + 1) * QUARTER;
		if (slow->open[q] && budget <= end - *at)
		{
			*at += budget;
			budget = 0;
			break;
		}
		budget -= slow->open[q] ? end - *at : 0;
		*at = end;
	}
	while (budget < 0)
	{
		int64		begin;

		if ((q = quarter_of(*at - 1)) < 0)
			return false;
		begin = FIRST_DAY * DAY + q * QUARTER;
		if (slow->open[q] && -budget <= *at - begin)
		{
			*at += budget;
			return true;
		}
		budget += slow->open[q] ? *at - begin : 0;
		*at = begin;
	}
	if (quarter_of(*at) >= NQUARTERS)
		return false;
	if (slow->next_opening && !slow_is_open(slow, *at))
		return slow_change(slow, *at, true, at);
	return true;
}

static bool
slow_is_working(const Slow *slow, int32 date)
{
	for (int q = Max(quarter_of(slow_midnight(slow, date)), 0);
		 q < quarter_of(slow_midnight(slow, date + 1)); q++)
	{
		if (slow->open[q])
			return true;
	}
	return false;
}

static int64
slow_local(const Slow *slow, int64 at)
{
	int64		offset;
	int64		until;

	fake_offset_at((void *) &slow->zone, at, &offset, &until);
	return at + offset;
}

static int32
slow_date(const Slow *slow, int64 at)
{
	return (int32) ((slow_local(slow, at) + 1000 * DAY) / DAY) - 1000;
}

/* Dates near the ends of what is painted are not looked at. */
static bool
slow_days_deadline(const Slow *slow, int64 start, int32 days, bool end_of_day, int64 *at)
{
	int32		date = slow_date(slow, start);
	int64		time_of_day = slow_local(slow, start) - date * DAY;
	int			step = days < 0 ? -1 : 1;

	if (days == 0 && !end_of_day)
	{
		*at = start;
		return true;
	}
	for (; days != 0; days -= step)
	{
		do
		{
			date += step;
			if (date < FIRST_DAY + 5 || date > END_DAY - 5)
				return false;
		} while (!slow_is_working(slow, date));
	}
	*at = slow_instant(&slow->zone, date * DAY + (end_of_day ? DAY : time_of_day));
	return true;
}

/* What the comparison found wrong, or NULL. */
#define DIFFERS(...) \
	do { snprintf(difference, sizeof(difference), __VA_ARGS__); return difference; } while (0)

static char difference[500];

static const char *
compare_question(const Slow *slow, SvpCalendar *calendar, Bytes *bytes)
{
	int64		a = decode_instant(bytes);
	int64		b = decode_instant(bytes);
	int64		budget = (take(bytes) - 96) * QUARTER * (1 + take(bytes) % 8) + take(bytes) % 3 * 12345678;
	int32		days = take(bytes) % 41 - 20;
	bool		end_of_day = take(bytes) % 2;
	int64		fast = 0;
	int64		expected;
	int64		opens;
	int64		closes;
	int64		sum = 0;
	bool		flag;
	int32		date;

	if (svp_elapsed(calendar, a, b, &fast) == SVP_TIME_NO_HOURS)
	{
		for (int q = 0; q < NQUARTERS; q++)
		{
			if (slow->open[q])
				DIFFERS("no hours, but there are some");
		}
		return NULL;
	}
	expected = slow_elapsed(slow, a, b);
	if (fast != expected)
		DIFFERS("elapsed(%" PRId64 ", %" PRId64 ") is %" PRId64 ", not %" PRId64, a, b, fast, expected);

	for (int64 at = a; svp_next_window(calendar, at, b, &opens, &closes, &flag) == SVP_TIME_OK && flag;
		 at = closes)
	{
		sum += closes - opens;
		if (slow_elapsed(slow, opens, closes) != closes - opens || opens < at || closes > b ||
			(closes < b && slow_is_open(slow, closes)))
			DIFFERS("window [%" PRId64 ", %" PRId64 ") between %" PRId64 " and %" PRId64, opens, closes, a, b);
	}
	if (a < b && sum != expected)
		DIFFERS("windows between %" PRId64 " and %" PRId64 " are %" PRId64 ", not %" PRId64, a, b, sum, expected);

	if (slow_deadline(slow, a, budget, &expected) &&
		(svp_deadline(calendar, a, budget, &fast) != SVP_TIME_OK || fast != expected))
		DIFFERS("deadline(%" PRId64 ", %" PRId64 ") is %" PRId64 ", not %" PRId64, a, budget, fast, expected);
	if (svp_deadline(calendar, a, budget, &fast) == SVP_TIME_OK &&
		(svp_elapsed(calendar, a, fast, &sum) != SVP_TIME_OK || sum != budget))
		DIFFERS("%" PRId64 " elapse to the deadline(%" PRId64 ", %" PRId64 ")", sum, a, budget);

	if (svp_is_open(calendar, a, &flag) != SVP_TIME_OK || flag != slow_is_open(slow, a))
		DIFFERS("is_open(%" PRId64 ") is %d", a, flag);
	if (slow_change(slow, a, true, &expected) &&
		(svp_next_opening(calendar, a, &fast, &flag) != SVP_TIME_OK || !flag || fast != expected))
		DIFFERS("next_opening(%" PRId64 ") is %" PRId64 ", not %" PRId64, a, fast, expected);
	if (slow_change(slow, a, false, &expected) &&
		(svp_next_closing(calendar, a, &fast, &flag) != SVP_TIME_OK || !flag || fast != expected))
		DIFFERS("next_closing(%" PRId64 ") is %" PRId64 ", not %" PRId64, a, fast, expected);

	if (svp_local_date(calendar, a, &date) != SVP_TIME_OK || date != slow_date(slow, a))
		DIFFERS("local_date(%" PRId64 ") is %d, not %d", a, date, slow_date(slow, a));
	if (svp_is_working_date(calendar, date, &flag) != SVP_TIME_OK || flag != slow_is_working(slow, date))
		DIFFERS("is_working_date(%d) is %d", date, flag);
	if (slow_days_deadline(slow, a, days, end_of_day, &expected) &&
		(svp_days_deadline(calendar, a, days, end_of_day, &fast) != SVP_TIME_OK || fast != expected))
		DIFFERS("days_deadline(%" PRId64 ", %d, %d) is %" PRId64 ", not %" PRId64, a, days, end_of_day, fast, expected);
	return NULL;
}

/* Decode a case, and compare all answers to its questions. */
static const char *
compare_case(const uint8_t *data, size_t size)
{
	static Slow slow;
	Bytes		bytes = {data, size, 0};
	SvpCalendar *calendar;
	const char *differs = NULL;

	decode(&slow, &bytes);
	calendar = svp_calendar_create(NULL, (SvpZone) {&slow.zone, fake_offset_at}, slow.next_opening,
								   slow.hours, slow.nhours, slow.dates, slow.ndates);
	for (int i = 0; i < 8 && differs == NULL; i++)
		differs = compare_question(&slow, calendar, &bytes);
	svp_calendar_free(calendar);
	return differs;
}

#endif							/* BUSINESS_TIME_SLOW_H */
