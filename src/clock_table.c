/*-------------------------------------------------------------------------
 *
 * clock_table.c
 *		The clocks of a ticket, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "bulk.h"
#include "clock_table.h"
#include "wake.h"

/* So many cycles that are not the newest are read rather than looked past. */
#define CYCLES_READ 4

static void
read_clock(const Datum *values, const bool *nulls, SvpStoredClock *stored)
{
	SvpClock   *clock = &stored->clock;
	SvpClimb   *climb = &stored->climb;

	memset(stored, 0, sizeof(SvpStoredClock));
	stored->metric = svp_value_text(values, nulls, 0);
	clock->cycle = svp_value_int(values, nulls, 1);
	stored->is_disputed = !nulls[2] && DatumGetBool(values[2]);
	clock->stopped_at = svp_value_time(values, nulls, 3, NULL);
	climb->next_at = svp_value_time(values, nulls, 4, &climb->has_next);
	stored->benchmark = svp_value_text(values, nulls, 5);
	if (stored->benchmark == NULL)
		stored->benchmark = "";
	stored->policy_version = svp_value_int(values, nulls, 6);
	stored->calendar = svp_value_text(values, nulls, 7);
	clock->state = svp_value_word(values, nulls, 8, svp_clock_state_names, SVP_NCLOCK_STATES,
								  SVP_CLOCK_RUNNING);
	clock->started_at = svp_value_time(values, nulls, 9, NULL);
	stored->started_on = svp_value_int(values, nulls, 10);
	clock->due_at = svp_value_time(values, nulls, 11, &clock->has_due);
	clock->at_risk_at = svp_value_time(values, nulls, 12, &clock->has_at_risk);
	clock->target = svp_value_time(values, nulls, 13, NULL);
	clock->elapsed = svp_value_time(values, nulls, 14, NULL);
	clock->paused = svp_value_time(values, nulls, 15, NULL);
	clock->counted_from = svp_value_time(values, nulls, 16, NULL);
	clock->paused_at = svp_value_time(values, nulls, 17, NULL);
	stored->stopped_on = svp_value_int(values, nulls, 18);
	svp_record_read_ticket(values + 19, nulls + 19, &stored->record);
	stored->calendar_revision = svp_value_time(values, nulls, 28, NULL);
	stored->imported_at = svp_value_time(values, nulls, 29, &stored->is_imported);
	climb->level = svp_value_int(values, nulls, 30);
	climb->occurrence = svp_value_int(values, nulls, 31);
	climb->acknowledged_at = svp_value_time(values, nulls, 32, &climb->is_acknowledged);
	climb->acknowledged_by = svp_value_text(values, nulls, 33);
}

static void
take_row(SvpStoredClock *clock, int nkey, ItemPointer place, const Datum *values, const bool *nulls)
{
	read_clock(values + nkey, nulls + nkey, clock);
	if (place != NULL)
		clock->place = *place;
}

typedef struct Reading
{
	int			nkey;
	SvpStoredClock *clocks;
	int			n;
	int			capacity;
} Reading;

static bool
take_clock(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	Reading    *reading = arg;

	if (reading->n == reading->capacity)
	{
		reading->capacity *= 2;
		reading->clocks = repalloc_huge(reading->clocks,
										sizeof(SvpStoredClock) * (Size) reading->capacity);
	}
	take_row(&reading->clocks[reading->n++], reading->nkey, place, values, nulls);
	return true;
}

/*
 * Read a ticket's clocks, in order of metric and cycle.
 */
SvpStoredClock *
svp_clocks_read(SvpAttachment *attachment, const Datum *key, int *nclocks)
{
	Reading		reading = {attachment->ticket->nkey, palloc(sizeof(SvpStoredClock) * 8), 0, 8};

	/* a ticket that is written in bulk is new */
	if (!svp_bulk_takes(attachment, SVP_CLOCK))
		svp_rows_scan(attachment, SVP_CLOCK, reading.nkey, key, false, take_clock, &reading);
	*nclocks = reading.n;
	return reading.clocks;
}

static bool
take_one(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	(void) take_clock(arg, place, values, nulls);
	return false;
}

typedef struct Latest
{
	int			nkey;
	int			nmetrics;
	const char *const *metrics;
	SvpStoredClock *clocks;
	int			nfound;
	int			nread;
} Latest;

/*
 * From the last metric's newest cycle on.  Where one has many cycles, the
 * metrics before it are looked for one by one.
 */
static bool
take_latest(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	Latest	   *latest = arg;
	int			metric = svp_value_word(values + latest->nkey, nulls + latest->nkey, 0,
										latest->metrics, latest->nmetrics, -1);

	if (metric >= 0 && latest->clocks[metric].clock.cycle == 0)
	{
		take_row(&latest->clocks[metric], latest->nkey, place, values, nulls);
		latest->nfound++;
	}
	return latest->nfound < latest->nmetrics && ++latest->nread < latest->nmetrics + CYCLES_READ;
}

static void
read_latest(SvpAttachment *attachment, const Datum *key, const char *metric,
			SvpStoredClock *clock)
{
	Reading		reading = {attachment->ticket->nkey, clock, 0, 1};
	SvpRow		prefix;

	svp_row_begin(&prefix);
	svp_row_add_key(&prefix, reading.nkey, key);
	svp_row_add_text(&prefix, metric);
	svp_rows_scan(attachment, SVP_CLOCK, prefix.n, prefix.values, true, take_one, &reading);
}

void
svp_clocks_latest(SvpAttachment *attachment, const Datum *key, int nmetrics,
				  const char *const *metrics, SvpStoredClock *clocks)
{
	Latest		latest = {attachment->ticket->nkey, nmetrics, metrics, clocks};

	memset(clocks, 0, sizeof(SvpStoredClock) * nmetrics);
	svp_rows_scan(attachment, SVP_CLOCK, latest.nkey, key, true, take_latest, &latest);
	for (int i = 0; i < nmetrics && latest.nread == nmetrics + CYCLES_READ; i++)
	{
		if (clocks[i].clock.cycle == 0)
			read_latest(attachment, key, metrics[i], &clocks[i]);
	}
}

static void
fill_row(SvpRow *row, const SvpAttachment *attachment, const Datum *key,
		 const SvpStoredClock *stored)
{
	const SvpClock *clock = &stored->clock;
	const SvpClimb *climb = &stored->climb;
	bool		stopped = !SVP_CLOCK_IS_OPEN(clock);

	svp_row_begin(row);
	svp_row_add_key(row, attachment->ticket->nkey, key);
	svp_row_add_text(row, stored->metric);
	svp_row_add(row, Int32GetDatum(clock->cycle));
	svp_row_add(row, BoolGetDatum(stored->is_disputed));
	svp_row_add_optional(row, stopped, TimestampTzGetDatum(clock->stopped_at));
	svp_row_add_optional(row, climb->has_next, TimestampTzGetDatum(climb->next_at));
	svp_row_add_text(row, stored->benchmark);
	svp_row_add(row, Int32GetDatum(stored->policy_version));
	svp_row_add_text(row, stored->calendar);
	svp_row_add_text(row, svp_clock_state_names[clock->state]);
	svp_row_add(row, TimestampTzGetDatum(clock->started_at));
	svp_row_add(row, DateADTGetDatum(stored->started_on));
	svp_row_add_optional(row, clock->has_due, TimestampTzGetDatum(clock->due_at));
	svp_row_add_optional(row, clock->has_at_risk, TimestampTzGetDatum(clock->at_risk_at));
	svp_row_add(row, Int64GetDatum(clock->target));
	svp_row_add(row, Int64GetDatum(clock->elapsed));
	svp_row_add(row, Int64GetDatum(clock->paused));
	svp_row_add_optional(row, clock->state == SVP_CLOCK_RUNNING,
						 TimestampTzGetDatum(clock->counted_from));
	svp_row_add_optional(row, clock->state == SVP_CLOCK_PAUSED,
						 TimestampTzGetDatum(clock->paused_at));
	svp_row_add_optional(row, stopped, DateADTGetDatum(stored->stopped_on));
	svp_record_write_ticket(row, &stored->record);
	svp_row_add_optional(row, stored->calendar != NULL, Int64GetDatum(stored->calendar_revision));
	svp_row_add_optional(row, stored->is_imported, TimestampTzGetDatum(stored->imported_at));
	svp_row_add_optional(row, climb->level > 0, Int32GetDatum(climb->level));
	svp_row_add_optional(row, climb->level > 0, Int32GetDatum(climb->occurrence));
	svp_row_add_optional(row, climb->is_acknowledged, TimestampTzGetDatum(climb->acknowledged_at));
	svp_row_add_text(row, climb->acknowledged_by);
}

/*
 * It is due earlier than is known, perhaps.
 */
static void
wake(const SvpStoredClock *clock)
{
	if (clock->climb.has_next)
		svp_wake_at(clock->climb.next_at);
}

/*
 * Add a clock.  One that a snapshot is too old to see is a serialization
 * failure, and no duplicate key of the CRM's.
 */
void
svp_clock_add(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *clock)
{
	SvpRow		row;

	fill_row(&row, attachment, key, clock);
	if (!IsolationUsesXactSnapshot())
		(void) svp_rows_insert(attachment, SVP_CLOCK, row.values, row.nulls);
	else if (!svp_rows_insert_new(attachment, SVP_CLOCK, row.values, row.nulls))
		elog(ERROR, "cycle %d of %s is among a ticket's clocks already", clock->clock.cycle,
			 clock->metric);
	wake(clock);
}

void
svp_clock_change(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *clock)
{
	ItemPointerData place = clock->place;
	SvpRow		row;

	fill_row(&row, attachment, key, clock);
	(void) svp_rows_update(attachment, SVP_CLOCK, ItemPointerIsValid(&place) ? &place : NULL,
						   row.values, row.nulls);
	wake(clock);
}

static void
fill_key(SvpRow *row, const SvpAttachment *attachment, const Datum *key,
		 const SvpStoredClock *stored)
{
	svp_row_begin(row);
	svp_row_add_key(row, attachment->ticket->nkey, key);
	svp_row_add_text(row, stored->metric);
	svp_row_add(row, Int32GetDatum(stored->clock.cycle));
}

bool
svp_clock_lock(SvpAttachment *attachment, const Datum *key, SvpStoredClock *clock)
{
	SvpRow		row;

	fill_key(&row, attachment, key, clock);
	return svp_rows_lock(attachment, SVP_CLOCK, row.values) &&
		svp_clock_reread(attachment, key, clock);
}

bool
svp_clock_reread(SvpAttachment *attachment, const Datum *key, SvpStoredClock *clock)
{
	Reading		reading = {attachment->ticket->nkey, clock, 0, 1};
	SvpRow		row;

	fill_key(&row, attachment, key, clock);
	svp_rows_scan(attachment, SVP_CLOCK, row.n, row.values, false, take_one, &reading);
	return reading.n > 0;
}

void
svp_clock_drop(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *stored)
{
	SvpRow		row;

	fill_key(&row, attachment, key, stored);
	(void) svp_rows_delete(attachment, SVP_CLOCK, row.values);
}
