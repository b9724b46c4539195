/*-------------------------------------------------------------------------
 *
 * calendar_cache.c
 *		Compiled calendars by name, kept per backend.
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
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "calendar.h"
#include "calendar_rows.h"
#include "compat.h"
#include "config.h"
#include "time_zone.h"

typedef struct CalendarEntry
{
	const char *name;			/* hash key */
	uint64		generation;
	SvpCalendar *calendar;		/* NULL until first loaded */
	MemoryContext context;
} CalendarEntry;

static HTAB *calendar_cache = NULL;
static CalendarEntry *latest = NULL;	/* found last: most benchmarks have one and the same */
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
 * Names that never were a calendar's leave nothing behind.
 */
static void
forget_unloaded(CalendarEntry *entry)
{
	char	   *name = unconstify(char *, entry->name);

	if (entry->calendar != NULL)
		return;
	hash_search(calendar_cache, &entry->name, HASH_REMOVE, NULL);
	latest = NULL;
	pfree(name);
}

/*
 * Read a calendar's rows into the entry.  Returns false if there is no such
 * calendar, or none in a zone that is known, where that is ok.
 */
static bool
load_entry(CalendarEntry *entry, bool missing_ok)
{
	SvpCalendarRows rows;
	uint64		generation = svp_calendar_rows_read(entry->name, &rows);
	SvpZone		zone;
	bool		knows_zone = rows.time_zone != NULL && svp_time_zone_get(rows.time_zone, &zone);
	MemoryContext context;
	SvpCalendar *calendar;
	MemoryContext old;

	if (rows.time_zone == NULL || (!knows_zone && missing_ok))
	{
		forget_unloaded(entry);
		return false;
	}
	if (!knows_zone)
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
	if (calendar_cache != NULL && (latest == NULL || strcmp(latest->name, name) != 0))
		latest = hash_search(calendar_cache, &name, HASH_FIND, NULL);
	return latest != NULL && latest->generation == svp_config_generation(SVP_CONFIG_CALENDAR) &&
		svp_calendar_may_open(latest->calendar) ? latest->calendar : NULL;
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
