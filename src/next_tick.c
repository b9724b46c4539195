/*-------------------------------------------------------------------------
 *
 * next_tick.c
 *		When there will be something for tick() to do.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/attnum.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "attachment.h"
#include "attempt.h"
#include "calendar.h"
#include "config.h"
#include "settings.h"
#include "tick.h"
#include "visit.h"

PG_FUNCTION_INFO_V1(svp_next_tick_at);

typedef struct NextTick
{
	const char *schema;
	TimestampTz at;				/* SVP_NEVER: nothing will be due */
} NextTick;

static void
select_rows(const char *query)
{
	if (SPI_execute(query, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read what is due: %s", query);
}

/*
 * Has a calendar changed since all open clocks were in line with it?  One
 * that cannot be used has not.
 */
static bool
calendars_changed(const NextTick *next)
{
	SPITupleTable *states;
	uint64		n;

	select_rows(psprintf("SELECT calendar, revision,"
						 "       writers_until <= pg_snapshot_xmin(pg_current_snapshot())"
						 "       OR writers_until > pg_snapshot_xmax(pg_current_snapshot())"
						 "  FROM %s", quote_qualified_identifier(next->schema, "calendar_state")));
	states = SPI_tuptable;
	n = SPI_processed;
	for (uint64 i = 0; i < n; i++)
	{
		HeapTuple	row = states->vals[i];
		TupleDesc	columns = states->tupdesc;
		SvpCalendar *calendar = svp_calendar_get(SPI_getvalue(row, columns, 1), true);
		bool		is_new;
		bool		has_no_writers;
		Datum		revision = SPI_getbinval(row, columns, 2, &is_new);
		Datum		is_settled = SPI_getbinval(row, columns, 3, &has_no_writers);

		if (calendar != NULL &&
			(is_new || DatumGetInt64(revision) != svp_calendar_revision(calendar) ||
			 (!has_no_writers && DatumGetBool(is_settled))))
			return true;
	}
	return false;
}

static void
note(NextTick *next, TimestampTz at)
{
	next->at = Min(next->at, at);
}

static void
note_escalations(NextTick *next)
{
	bool		isnull;
	Datum		at;

	select_rows(psprintf("SELECT min(next_escalation_at) FROM %s",
						 quote_qualified_identifier(next->schema, "clock")));
	at = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (!isnull)
		note(next, DatumGetTimestampTz(at));
}

static bool
has_escalations(const NextTick *next)
{
	Oid			clock = get_relname_relid("clock", get_namespace_oid(next->schema, false));

	return OidIsValid(clock) && get_attnum(clock, "next_escalation_at") != InvalidAttrNumber;
}

/*
 * As the owner of the evidence, who may have put there what he likes.
 */
static void
ask_attachment(void *arg)
{
	NextTick   *next = arg;
	SvpCaller	caller;
	int			level;

	if (!svp_schema_enter(next->schema, 0, &caller))
		return;
	level = svp_settings_enter();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (calendars_changed(next))
		note(next, GetCurrentTransactionStartTimestamp());
	if (has_escalations(next))
		note_escalations(next);
	SPI_finish();
	svp_settings_leave(level);
	svp_attachment_leave(&caller);
}

/*
 * service_policy.next_tick_at(): the earliest instant at which tick() finds
 * something to do, as far as is known by now.  What cannot be read, since it
 * is broken or locked, tick() complains of.
 */
Datum
svp_next_tick_at(PG_FUNCTION_ARGS)
{
	NextTick	next = {.at = SVP_NEVER};
	ListCell   *lc;

	foreach(lc, svp_tick_attachments())
	{
		next.schema = psprintf("%s_data", (char *) lfirst(lc));
		(void) svp_attempt_impatiently(ask_attachment, &next);
	}
	if (next.at == SVP_NEVER)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(next.at);
}
