/*-------------------------------------------------------------------------
 *
 * calendar_rows.c
 *		The rows of a calendar, as they are in its tables.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "calendar_rows.h"
#include "config.h"

/* One row for each weekly row and each exception; one without either if there are none. */
static const char calendar_query[] =
"SELECT c.time_zone, c.deadline_at_close, r.weekday, r.on_date, r.opens, r.closes,"
"       r.valid_from, r.valid_to, r.yearly"
"  FROM service_policy.calendar c"
"  LEFT JOIN LATERAL ("
"       SELECT h.weekday, NULL::date AS on_date, h.opens, h.closes,"
"              h.valid_from, h.valid_to, NULL::boolean AS yearly"
"         FROM service_policy.calendar_hours h WHERE h.calendar = c.name"
"       UNION ALL"
"       SELECT NULL, d.on_date, d.opens, d.closes, NULL, NULL, d.yearly"
"         FROM service_policy.calendar_date d WHERE d.calendar = c.name) r ON true"
" WHERE c.name = $1";

enum
{
	COLUMN_TIME_ZONE = 1,
	COLUMN_DEADLINE_AT_CLOSE,
	COLUMN_WEEKDAY,
	COLUMN_ON_DATE,
	COLUMN_OPENS,
	COLUMN_CLOSES,
	COLUMN_VALID_FROM,
	COLUMN_VALID_TO,
	COLUMN_YEARLY
};

typedef struct Read
{
	MemoryContext context;		/* for what is read */
	SvpCalendarRows *rows;
} Read;

/*
 * A column of the current row, false if it is NULL.
 */
static bool
get_column(int row, int column, Datum *value)
{
	bool		isnull;

	*value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);
	return !isnull;
}

static int32
get_bound(int row, int column, int32 otherwise)
{
	Datum		value;
	DateADT		date;

	if (!get_column(row, column, &value))
		return otherwise;
	date = DatumGetDateADT(value);
	return Max(SVP_DATE_ALWAYS, Min(date, SVP_DATE_NEVER));
}

/*
 * Opening and closing of a row; closing is made later than opening.
 */
static bool
get_window(int row, int64 *opens, int64 *closes)
{
	Datum		from;
	Datum		to;

	if (!get_column(row, COLUMN_OPENS, &from) || !get_column(row, COLUMN_CLOSES, &to))
		return false;
	*opens = DatumGetTimeADT(from);
	*closes = DatumGetTimeADT(to);
	if (*closes <= *opens)
		*closes += USECS_PER_DAY;
	return true;
}

static void
consume_rows(void *arg)
{
	Read	   *read = arg;
	SvpCalendarRows *rows = read->rows;
	Datum		value;

	if (SPI_processed == 0)
		return;

	rows->hours = MemoryContextAlloc(read->context, SPI_processed * sizeof(SvpHours));
	rows->dates = MemoryContextAlloc(read->context, SPI_processed * sizeof(SvpDate));
	(void) get_column(0, COLUMN_TIME_ZONE, &value);
	rows->time_zone = MemoryContextStrdup(read->context, TextDatumGetCString(value));
	(void) get_column(0, COLUMN_DEADLINE_AT_CLOSE, &value);
	rows->next_opening = strcmp(TextDatumGetCString(value), "next_opening") == 0;

	for (int i = 0; i < SPI_processed; i++)
	{
		if (get_column(i, COLUMN_WEEKDAY, &value))
		{
			SvpHours   *hours = &rows->hours[rows->nhours++];

			hours->weekday = DatumGetInt32(value);
			hours->valid_from = get_bound(i, COLUMN_VALID_FROM, SVP_DATE_ALWAYS);
			hours->valid_to = get_bound(i, COLUMN_VALID_TO, SVP_DATE_NEVER);
			(void) get_window(i, &hours->opens, &hours->closes);
		}
		else if (get_column(i, COLUMN_ON_DATE, &value))
		{
			SvpDate    *date = &rows->dates[rows->ndates++];

			date->date = DatumGetDateADT(value);
			(void) get_column(i, COLUMN_YEARLY, &value);
			date->yearly = DatumGetBool(value);
			date->open = get_window(i, &date->opens, &date->closes);
		}
	}
}

uint64
svp_calendar_rows_read(const char *calendar, SvpCalendarRows *rows)
{
	Read		read = {CurrentMemoryContext, rows};
	Oid			argtypes[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(calendar)};

	memset(rows, 0, sizeof(*rows));
	return svp_config_read(SVP_CONFIG_CALENDAR, calendar_query, 1, argtypes, values, consume_rows,
						   &read);
}
