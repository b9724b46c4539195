/*-------------------------------------------------------------------------
 *
 * statement.c
 *		An attachment's own table by prepared statements, for one that is no
 *		longer as attach() made it.
 *
 * Names and operators are qualified, so a statement means the same under any
 * search_path.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "key.h"
#include "table.h"

/* A scan that may stop early fetches so many rows at a time. */
#define ROWS_AT_ONCE 50

static const char *
column_name(const SvpTable *table, int i)
{
	return quote_identifier(svp_table_column(table, i));
}

static void
append_columns(StringInfo query, const SvpTable *table, int n)
{
	for (int i = 0; i < n; i++)
		appendStringInfo(query, "%s%s", i > 0 ? ", " : "", column_name(table, i));
}

static void
append_condition(StringInfo query, const SvpTable *table, int n)
{
	for (int i = 0; i < n; i++)
		appendStringInfo(query, "%s %s %s $%d", i > 0 ? " AND" : " WHERE", column_name(table, i),
						 svp_equality(svp_table_column_type(table, i)), i + 1);
}

static void
append_insert(StringInfo query, const SvpTable *table, const char *name)
{
	appendStringInfo(query, "INSERT INTO %s (", name);
	append_columns(query, table, SVP_TABLE_WIDTH(table));
	appendStringInfoString(query, ") VALUES (");
	for (int i = 0; i < SVP_TABLE_WIDTH(table); i++)
		appendStringInfo(query, "%s$%d", i > 0 ? ", " : "", i + 1);
	appendStringInfoChar(query, ')');
}

static void
append_update(StringInfo query, const SvpTable *table, const char *name)
{
	int			primary = SVP_TABLE_PRIMARY(table);

	appendStringInfo(query, "UPDATE %s SET ", name);
	for (int i = primary; i < SVP_TABLE_WIDTH(table); i++)
		appendStringInfo(query, "%s%s = $%d", i > primary ? ", " : "", column_name(table, i), i + 1);
	append_condition(query, table, primary);
}

static void
append_scan(StringInfo query, const SvpTable *table, const char *name, int nprefix,
			const char *direction)
{
	appendStringInfoString(query, "SELECT ");
	/* the casts cost nothing, and hold when the owner has altered a column */
	for (int i = 0; i < SVP_TABLE_WIDTH(table); i++)
		appendStringInfo(query, "%s%s::%s", i > 0 ? ", " : "", column_name(table, i),
						 format_type_be_qualified(svp_table_column_type(table, i)));
	appendStringInfo(query, " FROM %s", name);
	append_condition(query, table, nprefix);
	/* the columns, not the results of the same names */
	for (int i = 0; i < SVP_TABLE_PRIMARY(table); i++)
		appendStringInfo(query, "%s%s.%s%s", i > 0 ? ", " : " ORDER BY ",
						 table->shape->name, column_name(table, i), direction);
}

static void
build(StringInfo query, const SvpTable *table, SvpStatement which)
{
	const char *name = quote_qualified_identifier(table->attachment->data_schema,
												  table->shape->name);
	int			primary = SVP_TABLE_PRIMARY(table);

	initStringInfo(query);
	switch (which)
	{
		case SVP_STATEMENT_INSERT:
			append_insert(query, table, name);
			if (table->shape->is_log)
				appendStringInfoString(query, " ON CONFLICT DO NOTHING");
			break;
		case SVP_STATEMENT_INSERT_NEW:
			append_insert(query, table, name);
			appendStringInfoString(query, " ON CONFLICT (");
			append_columns(query, table, primary);
			appendStringInfoString(query, ") DO NOTHING");
			break;
		case SVP_STATEMENT_UPDATE:
			append_update(query, table, name);
			break;
		case SVP_STATEMENT_DELETE:
			appendStringInfo(query, "DELETE FROM %s", name);
			append_condition(query, table, primary);
			break;
		case SVP_STATEMENT_LOCK:
			appendStringInfo(query, "SELECT FROM %s", name);
			append_condition(query, table, primary);
			appendStringInfoString(query, " FOR NO KEY UPDATE");
			break;
		default:
			if (which < SVP_STATEMENT_BACKWARD)
				append_scan(query, table, name, table->nkey + which - SVP_STATEMENT_FORWARD, "");
			else
				append_scan(query, table, name, table->nkey + which - SVP_STATEMENT_BACKWARD,
							" DESC");
			break;
	}
}

static bool
is_needed(const SvpTable *table, SvpStatement which)
{
	int			depth = which < SVP_STATEMENT_BACKWARD ? which - SVP_STATEMENT_FORWARD :
		which - SVP_STATEMENT_BACKWARD;

	return which == SVP_STATEMENT_INSERT || which == SVP_STATEMENT_FORWARD ||
		(!table->shape->is_log && depth <= table->shape->nprimary);
}

static int
count_parameters(const SvpTable *table, SvpStatement which)
{
	if (which >= SVP_STATEMENT_BACKWARD)
		return table->nkey + which - SVP_STATEMENT_BACKWARD;
	if (which >= SVP_STATEMENT_FORWARD)
		return table->nkey + which - SVP_STATEMENT_FORWARD;
	return which >= SVP_STATEMENT_DELETE ? SVP_TABLE_PRIMARY(table) : SVP_TABLE_WIDTH(table);
}

/*
 * Prepare a table's statements, so that what they lack is known at once.
 */
void
svp_statements_make(SvpTable *table)
{
	Oid			types[SVP_MAX_COLUMNS];

	for (int i = 0; i < SVP_TABLE_WIDTH(table); i++)
		types[i] = svp_table_column_type(table, i);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	for (int i = 0; i < SVP_NSTATEMENTS; i++)
	{
		StringInfoData query;
		SPIPlanPtr	plan;

		if (!is_needed(table, (SvpStatement) i))
			continue;
		build(&query, table, (SvpStatement) i);
		plan = SPI_prepare(query.data, count_parameters(table, (SvpStatement) i), types);
		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
		svp_attachment_keep_plan(&table->plans[i], plan);
	}
	SPI_finish();
	table->has_statements = true;
}

/*
 * Are they prepared, and do they mean what they did?  A type or an operator
 * may get another name, of which the table is not told; a scan has all those
 * that the other statements have.
 */
bool
svp_statements_are_good(const SvpTable *table)
{
	return table->has_statements && SPI_plan_is_valid(table->plans[SVP_STATEMENT_FORWARD]);
}

/*
 * Run a statement that gives no rows; was there a row for it?
 */
bool
svp_statement_run(SvpTable *table, SvpStatement which, const Datum *values, const bool *nulls)
{
	int			result;
	bool		found;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	result = SPI_execute_plan(table->plans[which], unconstify(Datum *, values),
							  nulls == NULL ? NULL :
							  svp_null_flags(count_parameters(table, which), nulls), false, 0);
	if (result < 0)
		elog(ERROR, "statement %d of attachment %s: %s", which, table->attachment->name,
			 SPI_result_code_string(result));
	found = SPI_processed > 0;
	SPI_finish();
	return found;
}

/*
 * Hand out the rows just fetched; false when no more are wanted.
 */
static bool
hand_out(const SvpTable *table, MemoryContext caller, SvpRowConsumer consume, void *arg)
{
	SPITupleTable *rows = SPI_tuptable;
	uint64		nrows = SPI_processed;
	MemoryContext inside = MemoryContextSwitchTo(caller);
	Datum		values[SVP_MAX_COLUMNS];
	bool		nulls[SVP_MAX_COLUMNS];
	bool		more = true;

	for (uint64 row = 0; more && row < nrows; row++)
	{
		for (int i = 0; i < SVP_TABLE_WIDTH(table); i++)
			values[i] = SPI_getbinval(rows->vals[row], rows->tupdesc, i + 1, &nulls[i]);
		more = consume(arg, NULL, values, nulls);
	}
	MemoryContextSwitchTo(inside);
	SPI_freetuptable(rows);
	return more && nrows == ROWS_AT_ONCE;
}

void
svp_statement_scan(SvpTable *table, int nprefix, const Datum *prefix, bool backward,
				   SvpRowConsumer consume, void *arg)
{
	SvpStatement which = (backward ? SVP_STATEMENT_BACKWARD : SVP_STATEMENT_FORWARD) +
		nprefix - table->nkey;
	MemoryContext caller = CurrentMemoryContext;
	Portal		portal;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	portal = SPI_cursor_open(NULL, table->plans[which], unconstify(Datum *, prefix), NULL, false);
	do
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, ROWS_AT_ONCE);
	} while (hand_out(table, caller, consume, arg));
	SPI_cursor_close(portal);
	SPI_finish();
}
