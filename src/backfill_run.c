/*-------------------------------------------------------------------------
 *
 * backfill_run.c
 *		A run of backfill() as a row of <name>_data.backfill.
 *
 * The row is written in the transaction of each batch, so that it always says
 * which tickets were gone over, whatever ends the run.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "optimizer/plancat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "backfill.h"
#include "key.h"
#include "rows.h"
#include "settings.h"
#include "source.h"

Oid
svp_backfill_table(const SvpAttachment *attachment)
{
	Oid			table = get_relname_relid("backfill",
										  get_namespace_oid(attachment->data_schema, false));

	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s does not exist",
						quote_qualified_identifier(attachment->data_schema, "backfill")),
				 errhint("Detach and attach again; the evidence is kept.")));
	return table;
}

static Datum
text_array(char **texts, int n)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		elements[i] = CStringGetTextDatum(texts[i]);
	return PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * The names of the key's columns in order of comparison: a position means
 * nothing in another order.
 */
static Datum
names_in_order(const SvpAttachment *attachment, const SvpKeyOrder *order)
{
	char	   *names[INDEX_MAX_KEYS];

	for (int i = 0; i < order->nkey; i++)
		names[i] = attachment->ticket->key[order->parts[i]];
	return text_array(names, order->nkey);
}

static Datum
position_as_text(const SvpBackfill *run, const SvpAttachment *attachment)
{
	return text_array(svp_key_parts(attachment, run->position), attachment->ticket->nkey);
}

/*
 * Remember a key as the position.
 */
void
svp_backfill_move(SvpBackfill *run, const SvpKeyOrder *order, const Datum *key)
{
	MemoryContext caller = MemoryContextSwitchTo(run->context);
	Datum	   *position = palloc(sizeof(Datum) * order->nkey);

	for (int i = 0; i < order->nkey; i++)
	{
		int16		length;
		bool		by_value;

		get_typlenbyval(order->types[i], &length, &by_value);
		position[i] = datumCopy(key[i], by_value, length);
		if (run->position != NULL && !by_value)
			pfree(DatumGetPointer(run->position[i]));
	}
	if (run->position != NULL)
		pfree(run->position);
	run->position = position;
	MemoryContextSwitchTo(caller);
}

static Datum
field(int number, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, number, isnull);
}

/* Tables of up to so many rows are counted: the planner is wrong about small ones. */
#define ROWS_COUNTED 100000

static int64
count_rows(SvpAttachment *attachment)
{
	bool		isnull;
	int64		n;

	if (SPI_execute(psprintf("SELECT pg_catalog.count(*) FROM %s", attachment->ticket->table),
					false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not count the tickets");
	n = DatumGetInt64(field(1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return n;
}

/*
 * The rows of the ticket table, as the planner estimates them by its size.
 */
static int64
estimate_rows(SvpAttachment *attachment)
{
	Oid			table = svp_ticket_table(attachment);
	List	   *relations = find_all_inheritors(table, AccessShareLock, NULL);
	double		total = 0;
	ListCell   *lc;

	foreach(lc, relations)
	{
		Relation	relation = table_open(lfirst_oid(lc), NoLock);
		BlockNumber pages;
		double		tuples = 0;
		double		visible;

		if (relation->rd_rel->relkind == RELKIND_RELATION)
			estimate_rel_size(relation, NULL, &pages, &tuples, &visible);
		total += tuples;
		table_close(relation, NoLock);
	}
	return total <= ROWS_COUNTED ? count_rows(attachment) : (int64) total;
}

static int64
number_field(int number)
{
	bool		isnull;

	return DatumGetInt64(field(number, &isnull));
}

static void
take_position(SvpBackfill *run, SvpAttachment *attachment, const SvpKeyOrder *order)
{
	bool		isnull;
	Datum		position = field(6, &isnull);
	char	  **parts;
	int			nparts;
	int			level;

	if (isnull)
		return;
	parts = svp_text_array(DatumGetArrayTypeP(position), &nparts);
	if (nparts != order->nkey)
		return;
	level = svp_settings_enter();
	svp_backfill_move(run, order, svp_key_from_text(attachment->key_types, nparts, parts));
	svp_settings_leave(level);
}

/*
 * Go on with the latest run, if it did not finish.
 */
static bool
resume_run(SvpBackfill *run, SvpAttachment *attachment, const SvpKeyOrder *order)
{
	Oid			types[1] = {TEXTARRAYOID};
	Datum		values[1] = {names_in_order(attachment, order)};
	const char *query =
		psprintf("SELECT run, done_count, recorded_count, completed_count, restated_count, position, worked_us"
				 "  FROM %s AS b"
				 " WHERE finished_at IS NULL AND ordered_by OPERATOR(pg_catalog.=) $1"
				 "   AND run OPERATOR(pg_catalog.=) (SELECT pg_catalog.max(l.run) FROM %s AS l)",
				 quote_qualified_identifier(attachment->data_schema, "backfill"),
				 quote_qualified_identifier(attachment->data_schema, "backfill"));
	bool		isnull;

	if (SPI_execute_with_args(query, 1, types, values, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the runs of backfill");
	if (SPI_processed == 0)
		return false;
	run->run = DatumGetInt32(field(1, &isnull));
	run->counts = (SvpBackfillCounts) {
		.done = number_field(2),
		.recorded = number_field(3),
		.completed = number_field(4),
		.restated = number_field(5)
	};
	run->worked = number_field(7);
	take_position(run, attachment, order);
	SPI_freetuptable(SPI_tuptable);
	ereport(NOTICE,
			(errmsg("backfill of \"%s\" goes on with run %d after %lld tickets",
					attachment->name, run->run, (long long) run->counts.done)));
	return true;
}

static void
insert_run(SvpBackfill *run, SvpAttachment *attachment, const SvpKeyOrder *order)
{
	Oid			types[3] = {TEXTOID, INT4OID, TEXTARRAYOID};
	Datum		values[3] = {CStringGetTextDatum(run->caller), Int32GetDatum(run->batch),
	names_in_order(attachment, order)};
	const char *table = quote_qualified_identifier(attachment->data_schema, "backfill");
	bool		isnull;

	if (SPI_execute_with_args(psprintf(
			"INSERT INTO %s AS b (run, started_by, started_at, updated_at, batch, ordered_by,"
			"  done_count, recorded_count, completed_count, restated_count, estimated_count, worked_us)"
			" SELECT coalesce(pg_catalog.max(l.run), 0) OPERATOR(pg_catalog.+) 1, $1,"
			"  pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp(), $2, $3, 0, 0, 0, 0, 0, 0"
			"  FROM %s AS l RETURNING b.run", table, table),
							  3, types, values, NULL, false, 0) != SPI_OK_INSERT_RETURNING)
		elog(ERROR, "could not begin a run of backfill");
	run->run = DatumGetInt32(field(1, &isnull));
	SPI_freetuptable(SPI_tuptable);
}

void
svp_backfill_begin(SvpBackfill *run, SvpAttachment *attachment, const SvpKeyOrder *order)
{
	run->counted_to = GetCurrentTimestamp();
	if (!run->resume || !resume_run(run, attachment, order))
		insert_run(run, attachment, order);
	run->estimated = estimate_rows(attachment);
	svp_backfill_save(run, attachment, false);
}

void
svp_backfill_save(SvpBackfill *run, SvpAttachment *attachment, bool is_finished)
{
	Oid			types[] = {INT4OID, INT4OID, TEXTARRAYOID, INT8OID, INT8OID, INT8OID, INT8OID,
	INT8OID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID};
	char		nulls[lengthof(types) + 1] = "           ";
	Datum		values[lengthof(types)];
	int64		now = GetCurrentTimestamp();

	run->worked += Max(now - run->counted_to, 0);
	run->counted_to = now;
	values[0] = Int32GetDatum(run->run);
	values[1] = Int32GetDatum(run->batch);
	if (run->position == NULL)
		nulls[2] = 'n';
	else
		values[2] = position_as_text(run, attachment);
	values[3] = Int64GetDatum(run->counts.done);
	values[4] = Int64GetDatum(run->counts.recorded);
	values[5] = Int64GetDatum(run->counts.completed);
	values[6] = Int64GetDatum(run->counts.restated);
	values[7] = Int64GetDatum(run->estimated);
	values[8] = Int64GetDatum(run->worked);
	values[9] = TimestampTzGetDatum(now);
	values[10] = TimestampTzGetDatum(now);
	if (!is_finished)
		nulls[10] = 'n';
	if (SPI_execute_with_args(psprintf(
			"UPDATE %s SET batch = $2, position = $3, done_count = $4, recorded_count = $5,"
			" completed_count = $6, restated_count = $7, estimated_count = $8, worked_us = $9,"
			" updated_at = $10, finished_at = $11 WHERE run OPERATOR(pg_catalog.=) $1",
			quote_qualified_identifier(attachment->data_schema, "backfill")),
							  lengthof(types), types, values, nulls, false, 0) != SPI_OK_UPDATE ||
		SPI_processed != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("run %d of backfill of \"%s\" is gone from %s", run->run, attachment->name,
						quote_qualified_identifier(attachment->data_schema, "backfill")),
				 errhint("Call backfill() again.")));
}
