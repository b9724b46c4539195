/*-------------------------------------------------------------------------
 *
 * calendar_rows.h
 *		The rows of a calendar, as they are in its tables.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CALENDAR_ROWS_H
#define SVP_CALENDAR_ROWS_H

#include "business_time.h"

/* A calendar's rows, in the memory context of whoever asked. */
typedef struct SvpCalendarRows
{
	char	   *time_zone;		/* NULL if there is no such calendar */
	bool		next_opening;
	SvpHours   *hours;
	int			nhours;
	SvpDate    *dates;
	int			ndates;
} SvpCalendarRows;

/* Read them, and return the generation of configuration that they are of. */
extern uint64 svp_calendar_rows_read(const char *calendar, SvpCalendarRows *rows);

#endif							/* SVP_CALENDAR_ROWS_H */
