/*-------------------------------------------------------------------------
 *
 * ticket_status.c
 *		What the view of open clocks computes as of now.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "calendar.h"
#include "clock.h"

PG_FUNCTION_INFO_V1(svp_clock_microseconds);

/*
 * service_policy._clock_microseconds(calendar, from, to): business time in
 * microseconds; around the clock without a calendar.  NULL where it cannot be
 * told, since one calendar that is gone must not take the view down.
 */
Datum
svp_clock_microseconds(PG_FUNCTION_ARGS)
{
	SvpCalendar *calendar = NULL;
	TimestampTz from;
	TimestampTz to;
	int64		usec;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	from = PG_GETARG_TIMESTAMPTZ(1);
	to = PG_GETARG_TIMESTAMPTZ(2);
	if (!PG_ARGISNULL(0))
	{
		calendar = svp_calendar_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), true);
		if (calendar == NULL)
			PG_RETURN_NULL();
	}
	if (TIMESTAMP_NOT_FINITE(from) || TIMESTAMP_NOT_FINITE(to) ||
		svp_clock_measure(calendar, from, to, &usec) != SVP_TIME_OK)
		PG_RETURN_NULL();
	PG_RETURN_INT64(usec);
}
