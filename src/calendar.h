/*-------------------------------------------------------------------------
 *
 * calendar.h
 *		Calendars by name, read from their tables and kept compiled.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CALENDAR_H
#define SVP_CALENDAR_H

#include "fmgr.h"

#include "business_time.h"

extern void svp_calendar_init(void);

/*
 * A calendar is good until the end of the transaction.  If there is none of
 * that name, or it has no hours, NULL where missing_ok, else an error.
 */
extern SvpCalendar *svp_calendar_get(const char *name, bool missing_ok);

/* The same if it need not be read for that, else NULL. */
extern SvpCalendar *svp_calendar_cached(const char *name);

/* The same for an SQL function, which remembers in fn_extra what it asked for. */
extern SvpCalendar *svp_calendar_memo(FmgrInfo *flinfo, const text *name);

/* Raise an error, naming the calendar and the remedy, unless the result is SVP_TIME_OK. */
extern void svp_time_check(SvpTimeResult result, const char *calendar);

#endif							/* SVP_CALENDAR_H */
