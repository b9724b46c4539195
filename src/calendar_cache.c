/*-------------------------------------------------------------------------
 *
 * calendar_cache.c
 *		From the tables of a calendar to its compiled form, kept per backend.
 *
 * An entry is good while its generation is the current one (see config.h).
 * A calendar that was replaced may still be in use further up the stack, so
 * it is freed only at the end of the transaction.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "calendar.h"
#include "config.h"

#define UNIX_TO_POSTGRES_SECS ((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY)

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

/* A calendar's rows, read into the caller's memory context. */
typedef struct CalendarRows
{
	MemoryContext context;
	char	   *time_zone;		/* NULL if there is no such calendar */
	bool		next_opening;
	SvpHours   *hours;
	int			nhours;
	SvpDate    *dates;
	int			ndates;
} CalendarRows;

typedef struct CalendarEntry
{
	const char *name;			/* hash key */
	uint64		generation;
	SvpCalendar *calendar;		/* NULL until first loaded */
	MemoryContext context;
} CalendarEntry;

static HTAB *calendar_cache = NULL;
static List *replaced_contexts = NIL;

static uint32
name_hash_of(const void *key, Size keysize)
{
	const char *name = *(const char *const *) key;

	return hash_bytes((const unsigned char *) name, strlen(name));
}

static int
name_compare(const void *a, const void *b, Size keysize)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void
free_replaced(XactEvent event, void *arg)
{
	ListCell   *cell;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE &&
		event != XACT_EVENT_PARALLEL_COMMIT && event != XACT_EVENT_PARALLEL_ABORT)
		return;

	foreach(cell, replaced_contexts)
		MemoryContextDelete(lfirst(cell));
	list_free(replaced_contexts);
	replaced_contexts = NIL;
}

void
svp_calendar_init(void)
{
	RegisterXactCallback(free_replaced, NULL);
}

static CalendarEntry *
find_entry(const char *name)
{
	CalendarEntry *entry;
	bool		found;

	if (calendar_cache == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(char *);
		control.entrysize = sizeof(CalendarEntry);
		control.hash = name_hash_of;
		control.match = name_compare;
		control.hcxt = CacheMemoryContext;
		calendar_cache = hash_create("service_policy calendars", 16, &control,
									 HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	}
	entry = hash_search(calendar_cache, &name, HASH_FIND, NULL);
	if (entry != NULL)
		return entry;

	name = MemoryContextStrdup(CacheMemoryContext, name);
	entry = hash_search(calendar_cache, &name, HASH_ENTER, &found);
	entry->name = name;
	entry->generation = 0;
	entry->calendar = NULL;
	entry->context = NULL;
	return entry;
}

/*
 * The zone's offset at an instant, for the pure core.
 */
static void
zone_offset_at(void *arg, int64 at, int64 *offset, int64 *until)
{
	const pg_tz *zone = arg;
	pg_time_t	t = at / USECS_PER_SEC + UNIX_TO_POSTGRES_SECS;
	pg_time_t	boundary;
	long int	gmtoff;
	long int	next_gmtoff;
	int			isdst;
	int			next_isdst;
	int			result;

	result = pg_next_dst_boundary(&t, &gmtoff, &isdst, &boundary, &next_gmtoff, &next_isdst, zone);
	if (result == 0)
	{
		/* Exactly at the end of its table it sees nothing ahead; just after, it extrapolates. */
		t++;
		result = pg_next_dst_boundary(&t, &gmtoff, &isdst, &boundary, &next_gmtoff, &next_isdst,
									  zone);
	}
	if (result < 0)
		elog(ERROR, "could not determine the offset of time zone \"%s\"",
			 pg_get_timezone_name((pg_tz *) zone));
	*offset = gmtoff * USECS_PER_SEC;
	*until = result == 0 ? PG_INT64_MAX : (boundary - UNIX_TO_POSTGRES_SECS) * USECS_PER_SEC;
}

static bool
has_lower_case(const char *name)
{
	for (; *name; name++)
	{
		if (*name >= 'a' && *name <= 'z')
			return true;
	}
	return false;
}

/*
 * A name that is not in the zone database but reads as a POSIX rule is taken
 * by pg_tzset() as that, in upper case: "Europe/Pariss1" is then a zone one
 * hour west of Greenwich.  So a name is sure only with lower case in it, and
 * the few others ("UTC", "EST5EDT") are looked for in the whole database.
 */
bool
svp_time_zone_exists(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);
	const char *canonical;
	pg_tzenum  *enumeration;
	bool		found = false;

	if (zone == NULL || !pg_tz_acceptable(zone))
		return false;
	canonical = pg_get_timezone_name(zone);
	if (has_lower_case(canonical))
		return true;

	enumeration = pg_tzenumerate_start();
	while (!found && (zone = pg_tzenumerate_next(enumeration)) != NULL)
		found = strcmp(pg_get_timezone_name(zone), canonical) == 0;
	pg_tzenumerate_end(enumeration);
	return found;
}

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
	CalendarRows *rows = arg;
	Datum		value;

	if (SPI_processed == 0)
		return;

	rows->hours = MemoryContextAlloc(rows->context, SPI_processed * sizeof(SvpHours));
	rows->dates = MemoryContextAlloc(rows->context, SPI_processed * sizeof(SvpDate));
	(void) get_column(0, COLUMN_TIME_ZONE, &value);
	rows->time_zone = MemoryContextStrdup(rows->context, TextDatumGetCString(value));
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

/*
 * Names that never were a calendar's leave nothing behind.
 */
static void
forget_unloaded(CalendarEntry *entry)
{
	char	   *name = unconstify(char *, entry->name);

	if (entry->calendar != NULL)
		return;
	hash_search(calendar_cache, &entry->name, HASH_REMOVE, NULL);
	pfree(name);
}

/*
 * Read a calendar's rows into the entry.  Returns false if there is no such
 * calendar, or none in a zone that is known, where that is ok.
 */
static bool
load_entry(CalendarEntry *entry, bool missing_ok)
{
	CalendarRows rows = {0};
	Oid			argtypes[1] = {TEXTOID};
	Datum		values[1];
	uint64		generation;
	SvpZone		zone;
	MemoryContext context;
	SvpCalendar *calendar;
	MemoryContext old;

	rows.context = CurrentMemoryContext;
	values[0] = CStringGetTextDatum(entry->name);
	generation = svp_config_read(SVP_CONFIG_CALENDAR, calendar_query, 1, argtypes, values,
								 consume_rows, &rows);
	zone.arg = rows.time_zone == NULL ? NULL : pg_tzset(rows.time_zone);
	zone.offset_at = zone_offset_at;
	zone.name = zone.arg == NULL ? NULL : pg_get_timezone_name(zone.arg);
	if (rows.time_zone == NULL || (zone.arg == NULL && missing_ok))
	{
		forget_unloaded(entry);
		return false;
	}
	if (zone.arg == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" of calendar \"%s\" is not known to this server",
						rows.time_zone, entry->name),
				 errhint("Update the server's time zone data, or set time_zone in service_policy.calendar to a name in pg_timezone_names.")));

	context = AllocSetContextCreate(CacheMemoryContext, "service_policy calendar",
									ALLOCSET_SMALL_SIZES);
	MemoryContextCopyAndSetIdentifier(context, entry->name);
	calendar = svp_calendar_create(context, zone, rows.next_opening,
								   rows.hours, rows.nhours, rows.dates, rows.ndates);

	old = MemoryContextSwitchTo(CacheMemoryContext);
	if (entry->context != NULL)
		replaced_contexts = lappend(replaced_contexts, entry->context);
	MemoryContextSwitchTo(old);
	entry->calendar = calendar;
	entry->context = context;
	entry->generation = generation;
	return true;
}

/*
 * The good entry of a calendar's name.  If there is no such calendar, or it
 * has no hours, NULL where that is ok.
 */
static CalendarEntry *
get_entry(const char *name, bool missing_ok)
{
	CalendarEntry *entry = find_entry(name);

	if (unlikely(entry->generation != svp_config_generation(SVP_CONFIG_CALENDAR)) &&
		!load_entry(entry, missing_ok))
	{
		if (missing_ok)
			return NULL;
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("calendar \"%s\" does not exist", name),
				 errhint("Insert it into service_policy.calendar, and its opening hours into service_policy.calendar_hours.")));
	}
	if (!svp_calendar_may_open(entry->calendar))
	{
		if (missing_ok)
			return NULL;
		svp_time_check(SVP_TIME_NO_HOURS, name);
	}
	return entry;
}

SvpCalendar *
svp_calendar_get(const char *name, bool missing_ok)
{
	CalendarEntry *entry = get_entry(name, missing_ok);

	return entry ? entry->calendar : NULL;
}

SvpCalendar *
svp_calendar_cached(const char *name)
{
	CalendarEntry *entry = calendar_cache == NULL ? NULL :
		hash_search(calendar_cache, &name, HASH_FIND, NULL);

	return entry != NULL && entry->generation == svp_config_generation(SVP_CONFIG_CALENDAR) &&
		svp_calendar_may_open(entry->calendar) ? entry->calendar : NULL;
}

/*
 * What a call site has looked up already.  A query asks for few calendars, so
 * a slot is chosen by the end of the name, where names that are numbered or
 * of one family differ, without a table.
 */
#define MEMO_SLOTS 64

typedef struct CalendarMemo
{
	struct
	{
		uint64		generation;
		SvpCalendar *calendar;
		const char *name;		/* the entry's */
		int			length;
	}			slot[MEMO_SLOTS];
} CalendarMemo;

static inline int
memo_slot(const char *name, int length)
{
	uint64		end = 0;

	if (length >= sizeof(end))
		memcpy(&end, name + length - sizeof(end), sizeof(end));
	else
	{
		for (int i = 0; i < length; i++)
			end = end << 8 | (unsigned char) name[i];
	}
	return (end * UINT64CONST(0x9E3779B97F4A7C15)) >> 58;
}

SvpCalendar *
svp_calendar_memo(FmgrInfo *flinfo, const text *name)
{
	CalendarMemo *memo = flinfo->fn_extra;
	const char *data = VARDATA_ANY(name);
	int			length = VARSIZE_ANY_EXHDR(name);
	int			i = memo_slot(data, length);
	CalendarEntry *entry;

	if (likely(memo != NULL &&
			   memo->slot[i].generation == svp_config_generation(SVP_CONFIG_CALENDAR) &&
			   memo->slot[i].length == length &&
			   memcmp(memo->slot[i].name, data, length) == 0))
		return memo->slot[i].calendar;

	if (memo == NULL)
	{
		memo = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(CalendarMemo));
		flinfo->fn_extra = memo;
	}
	entry = get_entry(text_to_cstring(name), false);
	memo->slot[i].generation = entry->generation;
	memo->slot[i].calendar = entry->calendar;
	memo->slot[i].name = entry->name;
	memo->slot[i].length = length;
	return entry->calendar;
}

void
svp_time_check(SvpTimeResult result, const char *calendar)
{
	SvpCalendar *known;

	switch (result)
	{
		case SVP_TIME_OK:
			return;

		case SVP_TIME_OUT_OF_RANGE:
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("timestamp out of range for calendar \"%s\"", calendar),
					 errdetail("Business time is defined for the years %d to %d.",
							   SVP_TIME_FIRST_YEAR, SVP_TIME_LAST_YEAR)));
			break;

		case SVP_TIME_TOO_MANY_WINDOWS:
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("calendar \"%s\" has too many windows of opening hours", calendar),
					 errhint("Look for rows of a few minutes in service_policy.calendar_hours, and make one of those that belong together.")));
			break;

		case SVP_TIME_NO_HOURS:
			known = find_entry(calendar)->calendar;
			if (known != NULL && svp_calendar_may_open(known))
				ereport(ERROR,
						(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						 errmsg("calendar \"%s\" has no opening hours left for this budget", calendar),
						 errhint("Look at valid_from and valid_to in service_policy.calendar_hours.")));
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("calendar \"%s\" has no opening hours", calendar),
					 errhint("Insert its weekly hours into service_policy.calendar_hours; for around the clock, 00:00 to 24:00 on each weekday.")));
	}
}
