/*-------------------------------------------------------------------------
 *
 * suspension.c
 *		Is it quiet: does nothing go out, and no action run, for a while?
 *
 * The switch and the maintenance windows are rows of one table.  Those that
 * are not over are kept in the backend, all of the database together: they
 * are few.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "config.h"
#include "suspension.h"
#include "tick.h"

PG_FUNCTION_INFO_V1(svp_sql_suspended_until);
PG_FUNCTION_INFO_V1(svp_sql_suspended_count);

typedef struct Suspension
{
	char	   *attachment;		/* NULL = every one */
	TimestampTz starts_at;
	TimestampTz ends_at;		/* DT_NOEND = when somebody says so */
} Suspension;

typedef struct Suspensions
{
	MemoryContext context;
	uint64		generation;
	int			n;
	Suspension *suspensions;
} Suspensions;

static Suspensions current = {NULL, 0, 0, NULL};

static Datum
column(int row, int number, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, isnull);
}

static void
take_rows(void *arg)
{
	Suspensions *read = arg;
	MemoryContext spi_context = MemoryContextSwitchTo(read->context);

	read->n = SPI_processed;
	read->suspensions = palloc(sizeof(Suspension) * Max(read->n, 1));
	for (int i = 0; i < read->n; i++)
	{
		Suspension *suspension = &read->suspensions[i];
		bool		isnull;
		Datum		value = column(i, 1, &isnull);

		suspension->attachment = isnull ? NULL : TextDatumGetCString(value);
		suspension->starts_at = DatumGetTimestampTz(column(i, 2, &isnull));
		value = column(i, 3, &isnull);
		suspension->ends_at = isnull ? DT_NOEND : DatumGetTimestampTz(value);
	}
	MemoryContextSwitchTo(spi_context);
}

/*
 * What was read replaces what there was when it is complete.  What ended a
 * while ago is left out, whatever moment somebody asks of.
 */
static void
read_suspensions(void)
{
	Suspensions read = {.n = 0};
	Oid			type = TIMESTAMPTZOID;
	Datum		value = TimestampTzGetDatum(GetCurrentTimestamp() - USECS_PER_DAY);

	read.context = AllocSetContextCreate(CurrentMemoryContext, "service_policy suspensions",
										 ALLOCSET_SMALL_SIZES);
	read.generation = svp_config_read(SVP_CONFIG_SUSPENSION,
									  "SELECT attachment, starts_at, ends_at"
									  "  FROM service_policy.suspension"
									  " WHERE ends_at IS NULL OR ends_at > $1",
									  1, &type, &value, take_rows, &read);
	MemoryContextSetParent(read.context, CacheMemoryContext);
	if (current.context != NULL)
		MemoryContextDelete(current.context);
	current = read;
}

/*
 * When those end that are in force at an instant; else that instant.
 */
static TimestampTz
end_of_those_at(const char *attachment, TimestampTz at)
{
	TimestampTz end = at;

	for (int i = 0; i < current.n; i++)
	{
		const Suspension *suspension = &current.suspensions[i];

		if (suspension->starts_at <= at && at < suspension->ends_at &&
			(suspension->attachment == NULL || strcmp(suspension->attachment, attachment) == 0))
			end = Max(end, suspension->ends_at);
	}
	return end;
}

TimestampTz
svp_suspended_until(const char *attachment, TimestampTz at)
{
	if (current.generation != svp_config_generation(SVP_CONFIG_SUSPENSION))
		read_suspensions();
	/* one may begin as another ends */
	for (;;)
	{
		TimestampTz end = end_of_those_at(attachment, at);

		if (end == at || end == DT_NOEND)
			return end;
		at = end;
	}
}

bool
svp_is_suspended(const SvpAttachment *attachment, TimestampTz now)
{
	return svp_suspended_until(attachment->name, now) > now;
}

/*
 * service_policy._suspended_until(name): NULL if nothing suspends it,
 * infinity if it has to be resumed.
 */
Datum
svp_sql_suspended_until(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();
	TimestampTz until = svp_suspended_until(text_to_cstring(PG_GETARG_TEXT_PP(0)), now);

	if (until == now)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(until);
}

/*
 * service_policy._suspended_count(): of the attachments of this database.
 */
Datum
svp_sql_suspended_count(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();
	int			n = 0;
	ListCell   *lc;

	foreach(lc, svp_tick_attachments())
		n += svp_suspended_until(lfirst(lc), now) > now ? 1 : 0;
	PG_RETURN_INT32(n);
}
