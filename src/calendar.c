/*-------------------------------------------------------------------------
 *
 * calendar.c
 *		SQL functions over calendars.
 *
 * All are STABLE: they read the calendar's tables, and nothing of a session's
 * TimeZone, DateStyle or search_path.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "calendar.h"
#include "compat.h"
#include "time_zone.h"

PG_FUNCTION_INFO_V1(svp_business_elapsed);
PG_FUNCTION_INFO_V1(svp_business_seconds);
PG_FUNCTION_INFO_V1(svp_business_deadline);
PG_FUNCTION_INFO_V1(svp_business_days_deadline);
PG_FUNCTION_INFO_V1(svp_is_business_time);
PG_FUNCTION_INFO_V1(svp_sql_next_opening);
PG_FUNCTION_INFO_V1(svp_sql_next_closing);
PG_FUNCTION_INFO_V1(svp_business_windows);
PG_FUNCTION_INFO_V1(svp_sql_calendar_revision);
PG_FUNCTION_INFO_V1(svp_calendar_check);

/*
 * The calendar that the first argument names.
 */
static inline SvpCalendar *
calendar_of(FunctionCallInfo fcinfo)
{
	return svp_calendar_memo(fcinfo->flinfo, PG_GETARG_TEXT_PP(0));
}

static inline void
check_result(FunctionCallInfo fcinfo, SvpTimeResult result)
{
	if (unlikely(result != SVP_TIME_OK))
		svp_time_check(result, text_to_cstring(PG_GETARG_TEXT_PP(0)));
}

/*
 * A timestamp argument, which must be finite.
 */
static inline TimestampTz
get_instant(FunctionCallInfo fcinfo, int argument)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(argument);

	if (unlikely(TIMESTAMP_NOT_FINITE(at)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("business time is not defined for infinite timestamps"),
				 errhint("Use NULL, or now(), for what has not ended.")));
	return at;
}

static inline int64
elapsed(FunctionCallInfo fcinfo)
{
	SvpCalendar *calendar = calendar_of(fcinfo);
	int64		usec;

	check_result(fcinfo, svp_elapsed(calendar, get_instant(fcinfo, 1), get_instant(fcinfo, 2),
									 &usec));
	return usec;
}

/*
 * business_elapsed(calendar, started, ended): an interval of time only, so
 * that its sums and comparisons are exact.
 */
Datum
svp_business_elapsed(PG_FUNCTION_ARGS)
{
	int64		usec = elapsed(fcinfo);
	Interval   *result = palloc(sizeof(Interval));

	result->time = usec;
	result->day = 0;
	result->month = 0;
	PG_RETURN_INTERVAL_P(result);
}

/*
 * business_seconds(calendar, started, ended)
 */
Datum
svp_business_seconds(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(elapsed(fcinfo) / 1000000.0);
}

/*
 * business_deadline(calendar, started, budget)
 */
Datum
svp_business_deadline(PG_FUNCTION_ARGS)
{
	SvpCalendar *calendar = calendar_of(fcinfo);
	Interval   *budget = PG_GETARG_INTERVAL_P(2);
	int64		at;

	if (INTERVAL_NOT_FINITE(budget))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("budget of business time must be finite")));
	if (budget->day != 0 || budget->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("budget of business time must not have days or months"),
				 errdetail("How many opening hours a day has depends on the calendar and the date."),
				 errhint("Say it in hours, such as interval '8 hours', or use service_policy.business_days_deadline() for working days.")));

	check_result(fcinfo, svp_deadline(calendar, get_instant(fcinfo, 1), budget->time, &at));
	PG_RETURN_TIMESTAMPTZ(at);
}

/*
 * business_days_deadline(calendar, started, days, landing)
 */
Datum
svp_business_days_deadline(PG_FUNCTION_ARGS)
{
	SvpCalendar *calendar = calendar_of(fcinfo);
	char	   *landing = text_to_cstring(PG_GETARG_TEXT_PP(3));
	bool		end_of_day = strcmp(landing, "end_of_day") == 0;
	int64		at;

	if (!end_of_day && strcmp(landing, "same_time") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("landing must be \"same_time\" or \"end_of_day\", not \"%s\"", landing)));

	check_result(fcinfo, svp_days_deadline(calendar, get_instant(fcinfo, 1), PG_GETARG_INT32(2),
										   end_of_day, &at));
	PG_RETURN_TIMESTAMPTZ(at);
}

/*
 * is_business_time(calendar, at)
 */
Datum
svp_is_business_time(PG_FUNCTION_ARGS)
{
	SvpCalendar *calendar = calendar_of(fcinfo);
	bool		open;

	check_result(fcinfo, svp_is_open(calendar, get_instant(fcinfo, 1), &open));
	PG_RETURN_BOOL(open);
}

/*
 * next_opening(calendar, at): strictly after "at"; NULL if there is none.
 */
Datum
svp_sql_next_opening(PG_FUNCTION_ARGS)
{
	SvpCalendar *calendar = calendar_of(fcinfo);
	int64		at;
	bool		found;

	check_result(fcinfo, svp_next_opening(calendar, get_instant(fcinfo, 1), &at, &found));
	if (!found)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(at);
}

/*
 * next_closing(calendar, at): strictly after "at"; NULL if there is none.
 */
Datum
svp_sql_next_closing(PG_FUNCTION_ARGS)
{
	SvpCalendar *calendar = calendar_of(fcinfo);
	int64		at;
	bool		found;

	check_result(fcinfo, svp_next_closing(calendar, get_instant(fcinfo, 1), &at, &found));
	if (!found)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(at);
}

/* What is left of a business_windows() call between two of its rows. */
typedef struct WindowsState
{
	SvpCalendar *calendar;
	int64		from;
	int64		to;
} WindowsState;

/*
 * business_windows(calendar, from_at, to_at)
 */
Datum
svp_business_windows(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	WindowsState *state;
	int64		opens;
	int64		closes;
	bool		found;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &call->tuple_desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		BlessTupleDesc(call->tuple_desc);
		state = palloc(sizeof(WindowsState));
		state->calendar = svp_calendar_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
		state->from = get_instant(fcinfo, 1);
		state->to = get_instant(fcinfo, 2);
		call->user_fctx = state;
		MemoryContextSwitchTo(old);
	}

	call = SRF_PERCALL_SETUP();
	state = call->user_fctx;
	check_result(fcinfo, svp_next_window(state->calendar, state->from, state->to,
										 &opens, &closes, &found));
	if (found)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};

		values[0] = TimestampTzGetDatum(opens);
		values[1] = TimestampTzGetDatum(closes);
		state->from = closes;
		SRF_RETURN_NEXT(call,
						HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
	}
	SRF_RETURN_DONE(call);
}

/*
 * calendar_revision(calendar)
 */
Datum
svp_sql_calendar_revision(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(svp_calendar_revision(calendar_of(fcinfo)));
}

/*
 * _calendar_check(): trigger on service_policy.calendar, before a row with a
 * new time zone is stored.
 */
Datum
svp_calendar_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	HeapTuple	row;
	char	   *zone;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("_calendar_check() can only be called as a trigger for each row before INSERT or UPDATE")));

	row = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	zone = SPI_getvalue(row, RelationGetDescr(trigger->tg_relation),
						SPI_fnumber(RelationGetDescr(trigger->tg_relation), "time_zone"));

	/* NULL is for the column's own constraint to refuse. */
	if (zone != NULL && !svp_time_zone_exists(zone))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" does not exist", zone),
				 errhint("Use a name that is in pg_timezone_names, such as \"Europe/Paris\" or \"UTC\".")));
	return PointerGetDatum(row);
}
