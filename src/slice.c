/*-------------------------------------------------------------------------
 *
 * slice.c
 *		Reading mapped tables by ranges of the ticket's key, many rows at once.
 *
 * The mapped expressions and the row filter are columns of one query over the
 * table, whatever it is: plain, partitioned, foreign in parts, distributed.
 * That reads thousands of rows for the price of a few that are read one by
 * one; but a row for which an expression fails makes all of it fail, and then
 * the rows have to be read one by one.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/table.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "attempt.h"
#include "mapping.h"
#include "rows.h"
#include "settings.h"
#include "slice.h"

/*
 * A batch is read by the index in whose order it is, however small the table
 * or old its statistics; and a row security policy is an error rather than a
 * reason to leave tickets out.
 */
static const char *const plan_settings[][2] = {
	{"enable_seqscan", "off"}, {"enable_bitmapscan", "off"}, {"enable_sort", "off"},
	{"max_parallel_workers_per_gather", "0"}, {"jit", "off"}, {"row_security", "off"}
};

static int
enter_settings(void)
{
	int			level = svp_settings_enter();

	for (int i = 0; i < lengthof(plan_settings); i++)
		(void) set_config_option(plan_settings[i][0], plan_settings[i][1], PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/* Building the query */

static void
append_limit(StringInfo query, const SvpKeyRange *range)
{
	if (range->limit > 0)
		appendStringInfo(query, " LIMIT %d", range->limit);
}

/*
 * The ticket's key as expressions over the mapped table.  One that is a column
 * of the key's own type is left bare, so that an index on it serves.
 */
static char **
key_expressions(const SvpMapping *mapping, const SvpKeyOrder *order)
{
	char	  **key = palloc(sizeof(char *) * order->nkey);
	int			part = 0;

	if (strcmp(mapping->alias, "ticket") == 0)
	{
		for (int i = 0; i < order->nkey; i++)
			key[i] = psprintf("ticket.%s", quote_identifier(mapping->key[i]));
		return key;
	}
	for (int i = 0; i < mapping->nfacts && part < order->nkey; i++)
	{
		if (strcmp(mapping->facts[i].name, "ticket") != 0)
			continue;
		key[part] = psprintf("(%s\n)::%s", mapping->facts[i].sql,
							 format_type_be_qualified(order->types[part]));
		if (OidIsValid(order->collations[part]))
			key[part] = psprintf("(%s COLLATE %s)", key[part],
								 generate_collation_name(order->collations[part]));
		part++;
	}
	return key;
}

/*
 * Columns: the key k0 …, the facts f0 …, and whether the row filter lets the
 * row through.
 */
static char *
facts_query(const SvpMapping *mapping, const SvpKeyOrder *order, const SvpKeyRange *range)
{
	char	  **key = key_expressions(mapping, order);
	bool		is_ticket = strcmp(mapping->alias, "ticket") == 0;
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < order->nkey; i++)
		appendStringInfo(&query, "%s%s AS k%d", i > 0 ? ", " : "SELECT ", key[i], i);
	for (int i = 0; i < mapping->nfacts; i++)
		appendStringInfo(&query, ", (%s\n) AS f%d", mapping->facts[i].sql, i);
	appendStringInfo(&query, ", (%s\n) IS TRUE FROM %s AS %s",
					 mapping->only_where == NULL ? "true" : mapping->only_where,
					 mapping->table, mapping->alias);
	svp_key_append_range(&query, order, key, range);
	svp_key_append_order(&query, order, key);
	for (int i = 0; !is_ticket && i < mapping->nkey; i++)
		appendStringInfo(&query, ", %s.%s", mapping->alias, quote_identifier(mapping->key[i]));
	append_limit(&query, range);
	return query.data;
}

/*
 * The mapping as it is of the query's result.
 */
static SvpMapping *
result_mapping(const SvpMapping *mapping, const SvpKeyOrder *order)
{
	SvpMapping *result = palloc(sizeof(SvpMapping));

	*result = *mapping;
	result->only_where = NULL;
	result->nkey = order->nkey;
	result->key = palloc(sizeof(char *) * order->nkey);
	for (int i = 0; i < order->nkey; i++)
		result->key[i] = psprintf("k%d", i);
	result->facts = palloc(sizeof(SvpFactMapping) * Max(mapping->nfacts, 1));
	for (int i = 0; i < mapping->nfacts; i++)
	{
		result->facts[i] = mapping->facts[i];
		result->facts[i].sql = psprintf("f%d", i);
	}
	return result;
}

/* Running it */

/*
 * Run a query, with "steady" under the snapshot that the caller has set.
 */
static void
run(const char *query, const SvpKeyOrder *order, const SvpKeyRange *range, bool steady)
{
	Datum		values[2 * INDEX_MAX_KEYS];
	Oid			types[2 * INDEX_MAX_KEYS];
	const Datum *bounds[2] = {range->after != NULL ? range->after : range->from, range->to};
	int			n = 0;

	for (int bound = 0; bound < 2; bound++)
	{
		for (int i = 0; bounds[bound] != NULL && i < order->nkey; i++)
		{
			values[n] = bounds[bound][i];
			types[n++] = order->types[i];
		}
	}
	if (SPI_execute_with_args(query, n, types, values, NULL, steady, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read tickets: %s", query);
}

/*
 * A copy of the key in a result's first columns; NULL where a part is null.
 */
static Datum *
copy_key(const SvpKeyOrder *order, HeapTuple tuple, TupleDesc descriptor)
{
	Datum	   *key = palloc(sizeof(Datum) * order->nkey);

	for (int i = 0; i < order->nkey; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
		bool		isnull;
		Datum		value = SPI_getbinval(tuple, descriptor, i + 1, &isnull);

		if (isnull)
			return NULL;
		if (attribute->attlen == -1)
			key[i] = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
		else
			key[i] = datumCopy(value, attribute->attbyval, attribute->attlen);
	}
	return key;
}

static SvpSliceRow *
add_row(SvpSlice *slice, Datum *key)
{
	SvpSliceRow *row = &slice->rows[slice->nrows++];

	memset(row, 0, sizeof(*row));
	row->key = key;
	return row;
}

static void
begin_slice(SvpSlice *slice)
{
	slice->nrows = 0;
	slice->rows = MemoryContextAllocHuge(CurrentMemoryContext,
										 sizeof(SvpSliceRow) * Max(SPI_processed, 1));
}

typedef struct Reading
{
	const SvpMapping *mapping;
	const SvpKeyOrder *order;
	const SvpKeyRange *range;
	SvpSlice   *slice;
} Reading;

static void
take_facts(const Reading *reading)
{
	SPITupleTable *result = SPI_tuptable;
	int			last = result->tupdesc->natts;
	SvpRowReader *reader = svp_reader_over(result_mapping(reading->mapping, reading->order),
										   result->tupdesc, CurrentMemoryContext);

	begin_slice(reading->slice);
	for (uint64 i = 0; i < result->numvals; i++)
	{
		Datum	   *key = copy_key(reading->order, result->vals[i], result->tupdesc);
		SvpSliceRow *row;
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (key == NULL)
			continue;
		row = add_row(reading->slice, key);
		svp_reader_read(reader, result->vals[i], &row->facts);
		row->facts.key = key;
		row->facts.included = DatumGetBool(SPI_getbinval(result->vals[i], result->tupdesc,
														 last, &isnull));
	}
	svp_reader_free(reader);
}

static void
read_facts(void *arg)
{
	Reading    *reading = arg;
	int			level = enter_settings();

	run(facts_query(reading->mapping, reading->order, reading->range), reading->order,
		reading->range, true);
	take_facts(reading);
	SPI_freetuptable(SPI_tuptable);
	AtEOXact_GUC(false, level);
}

ErrorData *
svp_slice_read(SvpAttachment *attachment, const SvpMapping *mapping, const SvpKeyOrder *order,
			   const SvpKeyRange *range, SvpSlice *slice)
{
	Reading		reading = {mapping, order, range, slice};

	return svp_attempt(read_facts, &reading);
}

/*
 * Read the facts of a row given as a composite value, as the trigger does.
 */
static void
take_row(SvpSliceRow *row, SvpRowReader *reader, Datum value)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header),.t_data = header};

	svp_reader_read(reader, &tuple, &row->facts);
	row->facts.key = row->key;
}

static char *
rows_query(const SvpMapping *mapping, const SvpKeyOrder *order, const SvpKeyRange *range)
{
	char	  **key = key_expressions(mapping, order);
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < order->nkey; i++)
		appendStringInfo(&query, "%s%s AS k%d", i > 0 ? ", " : "SELECT ", key[i], i);
	/* not "ticket", which may be a column */
	appendStringInfo(&query, ", (ticket.*)::%s FROM %s AS ticket", mapping->table, mapping->table);
	svp_key_append_range(&query, order, key, range);
	svp_key_append_order(&query, order, key);
	append_limit(&query, range);
	return query.data;
}

void
svp_slice_read_rows(SvpAttachment *attachment, const SvpKeyOrder *order, const SvpKeyRange *range,
					SvpSlice *slice)
{
	Relation	relation = table_open(svp_ticket_table(attachment), NoLock);
	const char *problem;
	SvpRowReader *reader = svp_attachment_reader(attachment, attachment->ticket, relation, &problem);
	int			level = enter_settings();
	SPITupleTable *result;

	if (reader == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the mapping of %s no longer fits: %s", attachment->ticket->table, problem),
				 errhint("Call service_policy.detach(%s) and attach again; the evidence is kept.",
						 quote_literal_cstr(attachment->name))));
	run(rows_query(attachment->ticket, order, range), order, range, true);
	result = SPI_tuptable;
	begin_slice(slice);
	for (uint64 i = 0; i < result->numvals; i++)
	{
		Datum	   *key = copy_key(order, result->vals[i], result->tupdesc);
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		if (key != NULL)
			take_row(add_row(slice, key), reader,
					 SPI_getbinval(result->vals[i], result->tupdesc, order->nkey + 1, &isnull));
	}
	SPI_freetuptable(result);
	AtEOXact_GUC(false, level);
	table_close(relation, AccessShareLock);
}

bool
svp_slice_lock_row(SvpAttachment *attachment, const SvpKeyOrder *order, const Datum *key)
{
	Relation	relation = table_open(svp_ticket_table(attachment), NoLock);
	SvpKeyRange range = {.from = key};
	StringInfoData query;
	Oid			user;
	int			context;
	int			level;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT FROM %s AS ticket", attachment->ticket->table);
	for (int i = 0; i < order->nkey; i++)
		appendStringInfo(&query, " %s ticket.%s %s $%d", i == 0 ? "WHERE" : "AND",
						 quote_identifier(attachment->ticket->key[i]),
						 svp_key_operator(order->types[i], BTEqualStrategyNumber), i + 1);
	appendStringInfoString(&query, " FOR NO KEY UPDATE");

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(relation->rd_rel->relowner,
						   context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	level = enter_settings();
	run(query.data, order, &range, false);
	AtEOXact_GUC(false, level);
	SetUserIdAndSecContext(user, context);
	table_close(relation, AccessShareLock);
	return SPI_processed > 0;
}

void
svp_slice_read_known(SvpAttachment *attachment, const SvpKeyOrder *order, const SvpKeyRange *range,
					 SvpSlice *slice)
{
	char	  **key = palloc(sizeof(char *) * order->nkey);
	int			level = enter_settings();
	SPITupleTable *result;
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < order->nkey; i++)
	{
		key[i] = psprintf("known.%s", quote_identifier(attachment->ticket->data_key[i]));
		appendStringInfo(&query, "%s%s", i > 0 ? ", " : "SELECT ", key[i]);
	}
	appendStringInfo(&query, " FROM %s AS known",
					 quote_qualified_identifier(attachment->data_schema, "ledger"));
	svp_key_append_range(&query, order, key, range);
	appendStringInfoString(&query, " AND known.seq = 1");
	svp_key_append_order(&query, order, key);
	run(query.data, order, range, false);
	result = SPI_tuptable;
	begin_slice(slice);
	for (uint64 i = 0; i < result->numvals; i++)
		(void) add_row(slice, copy_key(order, result->vals[i], result->tupdesc));
	SPI_freetuptable(result);
	AtEOXact_GUC(false, level);
}
