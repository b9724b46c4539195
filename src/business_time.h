/*-------------------------------------------------------------------------
 *
 * business_time.h
 *		Arithmetic in the opening hours of a calendar.
 *
 * A calendar is made from its rows, and compiled for some 22 years around
 * the first instant that it is asked about; it grows when asked for more,
 * within the years 1900 to 2500.  Every answer is exact, in microseconds.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_BUSINESS_TIME_H
#define SVP_BUSINESS_TIME_H

#include "core.h"

typedef enum SvpTimeResult
{
	SVP_TIME_OK,
	SVP_TIME_NO_HOURS,			/* no opening hours, or none left for this */
	SVP_TIME_OUT_OF_RANGE,		/* outside the years 1900 to 2500 */
	SVP_TIME_TOO_MANY_WINDOWS	/* more than anybody's opening hours have */
} SvpTimeResult;

#define SVP_TIME_FIRST_YEAR 1900
#define SVP_TIME_LAST_YEAR	2500

/* For valid_from and valid_to of hours that have always been or have no end. */
#define SVP_DATE_ALWAYS (INT32_MIN / 2)
#define SVP_DATE_NEVER	(INT32_MAX / 2)

/* Weekly hours, valid from a date (inclusive) to a date (exclusive). */
typedef struct SvpHours
{
	int			weekday;		/* ISO: Monday is 1 */
	int32		valid_from;
	int32		valid_to;
	int64		opens;			/* local time of day */
	int64		closes;			/* later than opens; from 24:00 on, of the next day */
} SvpHours;

/* One row of a dated exception; a date with closed rows only is closed. */
typedef struct SvpDate
{
	int32		date;
	bool		yearly;			/* every year on this month and day */
	bool		open;
	int64		opens;			/* as in SvpHours */
	int64		closes;
} SvpDate;

/*
 * A time zone: its offset from UTC at an instant (east is positive, and at most
 * a day), and the first later instant at which that may change (INT64_MAX if
 * never).
 */
typedef struct SvpZone
{
	void	   *arg;
	void		(*offset_at) (void *arg, int64 at, int64 *offset, int64 *until);
	const char *name;			/* NULL counts as "" */
} SvpZone;

typedef struct SvpCalendar SvpCalendar;

/* Rows are copied; everything that the calendar allocates is in "context". */
extern SvpCalendar *svp_calendar_create(MemoryContext context, SvpZone zone, bool next_opening,
										const SvpHours *hours, int nhours,
										const SvpDate *dates, int ndates);
extern void svp_calendar_free(SvpCalendar *calendar);

/* The zone that the calendar was made with. */
extern SvpZone svp_calendar_zone(const SvpCalendar *calendar);

/*
 * A number that changes with whatever changes the calendar's answers: zone,
 * hours and exceptions; the same on every server.  Never 0.
 */
extern int64 svp_calendar_revision(const SvpCalendar *calendar);

/* False once it is certain that the calendar never opens. */
extern bool svp_calendar_may_open(const SvpCalendar *calendar);

extern bool svp_time_in_range(int64 at);
extern SvpTimeResult svp_elapsed(SvpCalendar *calendar, int64 from, int64 to, int64 *usec);
extern SvpTimeResult svp_deadline(SvpCalendar *calendar, int64 start, int64 budget, int64 *at);
extern SvpTimeResult svp_days_deadline(SvpCalendar *calendar, int64 start, int32 days,
									   bool end_of_day, int64 *at);
extern SvpTimeResult svp_is_open(SvpCalendar *calendar, int64 at, bool *open);
extern SvpTimeResult svp_next_opening(SvpCalendar *calendar, int64 after, int64 *at, bool *found);
extern SvpTimeResult svp_next_closing(SvpCalendar *calendar, int64 after, int64 *at, bool *found);
extern SvpTimeResult svp_next_window(SvpCalendar *calendar, int64 from, int64 to,
									 int64 *opens, int64 *closes, bool *found);

extern SvpTimeResult svp_local_date(SvpCalendar *calendar, int64 at, int32 *date);
extern SvpTimeResult svp_local_instant(SvpCalendar *calendar, int32 date, int64 time_of_day,
									   int64 *at);
extern SvpTimeResult svp_is_working_date(SvpCalendar *calendar, int32 date, bool *working);

#endif							/* SVP_BUSINESS_TIME_H */
