/*-------------------------------------------------------------------------
 *
 * calendar_change.c
 *		Which open clocks a change of their calendar may have moved.
 *
 * The attachment's table calendar_state knows up to which revision of each
 * calendar all open clocks are, so that nothing is read where nothing changed.
 * It is written only when nothing was left out.  A transaction that was under
 * way when the calendar changed may still write clocks by the old revision;
 * therefore the clocks are looked at once more when all such have ended.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "calendar.h"
#include "calendar_change.h"
#include "calendar_progress.h"
#include "policy.h"

PG_FUNCTION_INFO_V1(svp_sql_clock_moved);

/* The versions of the attachment's policy that can be read. */
typedef struct Policies
{
	const char *name;
	int			version;		/* to read */
	int			n;
	const SvpPolicy **policies;
} Policies;

static void
read_version(void *arg)
{
	Policies   *policies = arg;
	const SvpPolicy *policy = svp_policy_version(policies->name, policies->version);

	if (policy != NULL)
		policies->policies[policies->n++] = policy;
}

static void
read_policies(const SvpRevision *revision, Policies *policies, bool *is_partial)
{
	int			n;
	int		   *versions = svp_policy_versions(revision->attachment->policy, &n);

	*policies = (Policies) {revision->attachment->policy};
	policies->policies = palloc(sizeof(SvpPolicy *) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		ErrorData  *error;

		policies->version = versions[i];
		error = svp_attempt(read_version, policies);
		if (error == NULL)
			continue;
		*is_partial = true;
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("version %d of policy \"%s\" cannot be read: %s", versions[i],
						policies->name, error->message),
				 errdetail("Its clocks of attachment \"%s\" stay as they are.",
						   revision->attachment->name)));
	}
}

/* What has changed */

static bool
is_known(const SvpCalendarChanges *changes, const char *calendar)
{
	for (int i = 0; i < changes->n; i++)
	{
		if (strcmp(changes->changes[i].calendar, calendar) == 0)
			return true;
	}
	return false;
}

/*
 * Add a calendar that benchmarks count by, unless it cannot be used: then the
 * clocks stay as they are.
 */
static void
add_calendar(const SvpRevision *revision, SvpCalendarChanges *changes, const char *name)
{
	SvpCalendar *calendar;

	if (is_known(changes, name))
		return;
	calendar = svp_calendar_get(name, true);
	if (calendar == NULL)
	{
		changes->is_partial = true;
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("calendar \"%s\" does not exist, has no opening hours or is in an unknown time zone",
						name),
				 errdetail("Its clocks of attachment \"%s\" stay as they are.",
						   revision->attachment->name)));
		return;
	}
	changes->changes[changes->n++] = (SvpCalendarChange) {
		.calendar = name,
		.revision = svp_calendar_revision(calendar)
	};
}

static void
list_calendars(const SvpRevision *revision, SvpCalendarChanges *changes)
{
	Policies	policies;
	int			most = 1;

	read_policies(revision, &policies, &changes->is_partial);
	for (int i = 0; i < policies.n; i++)
		most += policies.policies[i]->nbenchmarks;
	changes->changes = palloc(sizeof(SvpCalendarChange) * most);
	for (int i = 0; i < policies.n; i++)
	{
		for (int j = 0; j < policies.policies[i]->nbenchmarks; j++)
		{
			const char *calendar = policies.policies[i]->benchmarks[j].calendar;

			if (calendar != NULL)
				add_calendar(revision, changes, calendar);
		}
	}
}

static const char *
state_table(const SvpRevision *revision)
{
	return quote_qualified_identifier(revision->attachment->data_schema, "calendar_state");
}

static void
run(const SvpRevision *revision, const char *query, int n, Oid *types, Datum *values,
	const char *nulls, int expected)
{
	int			result = SPI_execute_with_args(query, n, types, values, nulls, false, 0);

	if (result != expected)
		elog(ERROR, "a statement over the evidence of %s failed: %s",
			 revision->attachment->name, SPI_result_code_string(result));
}

static ArrayType *
looked_until(SPITupleTable *states, int row)
{
	bool		isnull;
	Datum		key = SPI_getbinval(states->vals[row], states->tupdesc, 4, &isnull);

	return isnull ? NULL : DatumGetArrayTypePCopy(key);
}

/*
 * Leave a calendar out whose clocks are known to be right.
 */
static bool
is_current(SvpCalendarChange *change, SPITupleTable *states, int nstates)
{
	for (int i = 0; i < nstates; i++)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(states->vals[i], states->tupdesc, 1, &isnull);
		char	   *name = TextDatumGetCString(value);

		if (strcmp(name, change->calendar) != 0)
			continue;
		value = SPI_getbinval(states->vals[i], states->tupdesc, 2, &isnull);
		change->every = isnull;
		if (isnull)
			change->looked_until = looked_until(states, i);
		if (isnull || DatumGetInt64(value) != change->revision)
			return false;
		/* NULL: nobody was writing when they were looked at */
		value = SPI_getbinval(states->vals[i], states->tupdesc, 3, &isnull);
		change->is_repeat = true;
		change->is_settled = !isnull && DatumGetBool(value);
		return isnull;
	}
	return false;
}

/*
 * Which transactions are writing now?  Those that began when the calendar was
 * as it is now do no harm, but they cannot be told from the others.
 */
static void
find_writers(const SvpRevision *revision, SvpCalendarChanges *changes)
{
	bool		isnull;

	run(revision,
		"SELECT pg_snapshot_xmax(pg_current_snapshot())"
		" WHERE EXISTS (SELECT FROM pg_snapshot_xip(pg_current_snapshot()))",
		0, NULL, NULL, NULL, SPI_OK_SELECT);
	changes->has_writers = SPI_processed > 0;
	if (changes->has_writers)
		changes->writers_until = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
											   &isnull);
}

/*
 * Find the calendars whose open clocks are to be looked at.
 */
void
svp_changes_find(const SvpRevision *revision, SvpCalendarChanges *changes)
{
	SPITupleTable *states;
	int			nstates;
	int			n = 0;

	*changes = (SvpCalendarChanges) {0};
	list_calendars(revision, changes);
	if (changes->n == 0)
		return;
	/*
	 * A number beyond all that there are came with a dump, from another
	 * server.  The owner may have changed the types: therefore the casts.
	 */
	run(revision,
		psprintf("SELECT calendar::text, revision::bigint,"
				 "       writers_until::xid8 <= pg_snapshot_xmin(pg_current_snapshot())"
				 "       OR writers_until::xid8 > pg_snapshot_xmax(pg_current_snapshot()),"
				 "       looked_until::text[]"
				 "  FROM %s WHERE calendar IS NOT NULL", state_table(revision)),
		0, NULL, NULL, NULL, SPI_OK_SELECT);
	states = SPI_tuptable;
	nstates = SPI_processed;
	for (int i = 0; i < changes->n; i++)
	{
		if (!is_current(&changes->changes[i], states, nstates))
			changes->changes[n++] = changes->changes[i];
	}
	changes->n = n;
	changes->looked_until = svp_progress_of(revision, changes);
	if (n > 0)
		find_writers(revision, changes);
}

/* Which tickets that may concern */

/* The columns of a parameter that is a table, as they are filled in. */
typedef struct Columns
{
	int			n;
	Datum	   *column[8];
} Columns;

static Datum
array_of(Datum *values, int n, Oid type)
{
	int16		length;
	bool		by_value;
	char		alignment;

	get_typlenbyvalalign(type, &length, &by_value, &alignment);
	return PointerGetDatum(construct_array(values, n, type, length, by_value, alignment));
}

static void
make_columns(Columns *columns, int ncolumns, int nrows)
{
	columns->n = 0;
	for (int i = 0; i < ncolumns; i++)
		columns->column[i] = palloc(sizeof(Datum) * Max(nrows, 1));
}

static void
set_changes(const SvpCalendarChanges *changes, Datum *values)
{
	Columns		columns;

	make_columns(&columns, 3, changes->n);
	for (int i = 0; i < changes->n; i++)
	{
		columns.column[0][i] = CStringGetTextDatum(changes->changes[i].calendar);
		columns.column[1][i] = Int64GetDatum(changes->changes[i].revision);
		columns.column[2][i] = BoolGetDatum(changes->changes[i].every);
	}
	values[0] = array_of(columns.column[0], changes->n, TEXTOID);
	values[1] = array_of(columns.column[1], changes->n, INT8OID);
	values[2] = array_of(columns.column[2], changes->n, BOOLOID);
}

static void
add_benchmark(Columns *columns, const SvpPolicy *policy, const SvpBenchmark *benchmark)
{
	int			row = columns->n++;

	columns->column[0][row] = Int32GetDatum(policy->version);
	columns->column[1][row] = CStringGetTextDatum(benchmark->name);
	columns->column[2][row] = CStringGetTextDatum(benchmark->calendar);
	columns->column[3][row] = Int64GetDatum(benchmark->target);
	columns->column[4][row] = Int32GetDatum(benchmark->target_days);
	columns->column[5][row] = BoolGetDatum(benchmark->end_of_day);
	columns->column[6][row] = Int64GetDatum(benchmark->at_risk);
}

static void
set_benchmarks(const SvpRevision *revision, SvpCalendarChanges *changes, Datum *values)
{
	static const Oid types[] = {INT4OID, TEXTOID, TEXTOID, INT8OID, INT4OID, BOOLOID, INT8OID};
	Policies	policies;
	Columns		columns;
	int			n = 0;

	read_policies(revision, &policies, &changes->is_partial);
	for (int i = 0; i < policies.n; i++)
		n += policies.policies[i]->nbenchmarks;
	make_columns(&columns, lengthof(types), n);
	for (int i = 0; i < policies.n; i++)
	{
		for (int j = 0; j < policies.policies[i]->nbenchmarks; j++)
		{
			if (policies.policies[i]->benchmarks[j].calendar != NULL)
				add_benchmark(&columns, policies.policies[i], &policies.policies[i]->benchmarks[j]);
		}
	}
	for (int i = 0; i < lengthof(types); i++)
		values[i] = array_of(columns.column[i], columns.n, types[i]);
}

/*
 * Append parameters that are a key.
 */
static int
add_key(const SvpAttachment *attachment, const Datum *key, int n, Oid *types, Datum *values)
{
	if (key == NULL)
		return n;
	memcpy(types + n, attachment->key_types, sizeof(Oid) * attachment->ticket->nkey);
	memcpy(values + n, key, sizeof(Datum) * attachment->ticket->nkey);
	return n + attachment->ticket->nkey;
}

/*
 * The tickets with an open clock that a change may have moved: at most
 * "limit" of them, or all for 0.  With a limit they go on from where those
 * before ended.
 *
 * Of a clock that has run since it started the answer is exact, and one query
 * gives it for all.  One with pauses or a reopening behind it is told only by
 * its ticket's events, and one that escalates by its chain, so those are
 * always among them.
 */
SPITupleTable *
svp_changes_tickets(const SvpRevision *revision, SvpCalendarChanges *changes, int limit, int *n)
{
	Oid			types[11 + INDEX_MAX_KEYS] = {
		TEXTARRAYOID, INT8ARRAYOID, BOOLARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
		INT8ARRAYOID, INT4ARRAYOID, BOOLARRAYOID, INT8ARRAYOID, INT8OID
	};
	Datum		values[lengthof(types)];
	char		nulls[lengthof(types)];
	const SvpAttachment *attachment = revision->attachment;
	const Datum *after = limit == 0 ? NULL : changes->looked_until;
	const char *key = svp_revise_key_columns(attachment, "c.");
	int			nparameters = add_key(attachment, after, 11, types, values);

	memset(nulls, ' ', sizeof(nulls));
	set_changes(changes, values);
	set_benchmarks(revision, changes, values + 3);
	values[10] = Int64GetDatum(limit);
	if (limit == 0)
		nulls[10] = 'n';
	run(revision,
		psprintf("SELECT %s"
				 "  FROM %s c"
				 "  JOIN unnest($1, $2, $3) AS changed (calendar, revision, every)"
				 "       ON changed.calendar = c.calendar"
				 "  JOIN unnest($4, $5, $6, $7, $8, $9, $10)"
				 "       AS b (version, name, calendar, target, days, end_of_day, at_risk)"
				 "       ON b.version = c.policy_version AND b.name = c.benchmark"
				 "      AND b.calendar = c.calendar"
				 " WHERE c.stopped_at IS NULL"
				 "   AND ((changed.every AND %s) OR c.calendar_revision IS DISTINCT FROM changed.revision)"
				 "   AND (c.state = 'paused' OR c.counted_from IS DISTINCT FROM c.started_at"
				 "        OR c.next_escalation_at IS NOT NULL"
				 "        OR service_policy._clock_moved(c.calendar, c.started_at, c.started_on, c.due_at,"
				 "                                       c.at_risk_at, c.target_us,"
				 "                                       b.target, b.days, b.end_of_day, b.at_risk))"
				 " GROUP BY %s ORDER BY %s LIMIT $11",
				 key, quote_qualified_identifier(attachment->data_schema, "clock"),
				 after == NULL ? "true" : svp_progress_after(attachment, 12), key, key),
		nparameters, types, values, nulls, SPI_OK_SELECT);
	*n = SPI_processed;
	return SPI_tuptable;
}

/*
 * service_policy._clock_moved(calendar, started_at, started_on, due_at,
 * at_risk_at, target_us, and of the benchmark: target_us, target_days,
 * end_of_day, at_risk): would a clock that has run since it started be
 * another by the calendar as it now is?
 */
Datum
svp_sql_clock_moved(PG_FUNCTION_ARGS)
{
	SvpBenchmark benchmark = {0};
	SvpCalendar *calendar;
	SvpClock	clock;
	int32		started_on;

	for (int i = 0; i < 10; i++)
	{
		if (PG_ARGISNULL(i) && i != 3 && i != 4)
			PG_RETURN_NULL();
	}
	benchmark.target = PG_GETARG_INT64(6);
	benchmark.target_days = PG_GETARG_INT32(7);
	benchmark.end_of_day = PG_GETARG_BOOL(8);
	benchmark.at_risk = PG_GETARG_INT64(9);
	calendar = svp_calendar_memo(fcinfo->flinfo, PG_GETARG_TEXT_PP(0));
	if (svp_clock_begin(&benchmark, calendar, PG_GETARG_TIMESTAMPTZ(1), &clock) != SVP_TIME_OK ||
		svp_local_date(calendar, clock.started_at, &started_on) != SVP_TIME_OK)
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(started_on != PG_GETARG_DATEADT(2) ||
				   clock.has_due == PG_ARGISNULL(3) ||
				   (clock.has_due && clock.due_at != PG_GETARG_TIMESTAMPTZ(3)) ||
				   clock.has_at_risk == PG_ARGISNULL(4) ||
				   (clock.has_at_risk && clock.at_risk_at != PG_GETARG_TIMESTAMPTZ(4)) ||
				   clock.target != PG_GETARG_INT64(5));
}

/*
 * Remember up to where all open clocks are.  What was looked at while others
 * were writing is looked at again.
 */
void
svp_changes_done(const SvpRevision *revision, const SvpCalendarChanges *changes)
{
	Oid			types[] = {TEXTOID, INT8OID, XID8OID};

	if (changes->is_partial)
		return;
	for (int i = 0; i < changes->n; i++)
	{
		const SvpCalendarChange *change = &changes->changes[i];
		Datum		values[] = {CStringGetTextDatum(change->calendar),
			Int64GetDatum(change->revision), changes->writers_until
		};
		bool		no_writers = change->is_repeat || !changes->has_writers;

		if (change->is_repeat && !change->is_settled)
			continue;
		run(revision,
			psprintf("INSERT INTO %s AS s (calendar, revision, recomputed_at, writers_until)"
					 " VALUES ($1, $2, now(), $3)"
					 " ON CONFLICT (calendar) DO UPDATE SET revision = excluded.revision,"
					 " recomputed_at = excluded.recomputed_at, writers_until = excluded.writers_until,"
					 " looked_until = NULL",
					 state_table(revision)),
			lengthof(types), types, values, no_writers ? "  n" : "   ", SPI_OK_INSERT);
	}
}
