/*-------------------------------------------------------------------------
 *
 * source.c
 *		Reading rows of the CRM's tables.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "key.h"
#include "settings.h"
#include "source.h"

/* How many rows are fetched at a time. */
#define ROWS_AT_A_TIME 100

typedef struct Source
{
	Relation	relation;
	SvpRowReader *reader;
	SvpSourceConsumer consume;
	void	   *arg;
} Source;

static void
open_source(Source *source, SvpAttachment *attachment, const SvpMapping *mapping)
{
	List	   *names = textToQualifiedNameList(cstring_to_text(mapping->table));
	const char *problem;

	source->relation = relation_openrv(makeRangeVarFromNameList(names), AccessShareLock);
	source->reader = svp_attachment_reader(attachment, mapping, source->relation, &problem);
	if (source->reader == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s", problem)));
}

/*
 * Not "SELECT ticket", which may be a column.
 */
static void
append_select(StringInfo query, const SvpMapping *mapping)
{
	initStringInfo(query);
	appendStringInfo(query, "SELECT (%s.*)::%s FROM %s AS %s", mapping->alias, mapping->table,
					 mapping->table, mapping->alias);
}

static void
consume_rows(Source *source)
{
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTupleData tuple = {0};
		bool		isnull;
		Datum		row = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);

		tuple.t_data = DatumGetHeapTupleHeader(row);
		tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
		tuple.t_tableOid = RelationGetRelid(source->relation);
		source->consume(source->arg, source->reader, &tuple);
	}
}

/*
 * Run a query and hand out its rows, which may be many.
 */
static void
run(Source *source, const char *query, int nargs, Oid *types, Datum *values)
{
	Portal		portal;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	portal = SPI_cursor_open_with_args(NULL, query, nargs, types, values, NULL, false, 0);
	for (;;)
	{
		SPITupleTable *rows;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, ROWS_AT_A_TIME);
		if (SPI_processed == 0)
			break;
		rows = SPI_tuptable;
		consume_rows(source);
		SPI_freetuptable(rows);
	}
	SPI_cursor_close(portal);
	SPI_finish();
}

void
svp_source_by_key(SvpAttachment *attachment, const SvpMapping *mapping, Oid *types, Datum *key,
				  SvpSourceConsumer consume, void *arg)
{
	Source		source = {.consume = consume,.arg = arg};
	StringInfoData query;

	open_source(&source, attachment, mapping);
	append_select(&query, mapping);
	for (int i = 0; i < mapping->nkey; i++)
		appendStringInfo(&query, "%s %s.%s %s $%d", i > 0 ? " AND" : " WHERE", mapping->alias,
						 quote_identifier(mapping->key[i]), svp_equality(types[i]), i + 1);
	run(&source, query.data, mapping->nkey, types, key);
	relation_close(source.relation, NoLock);
}

/*
 * The condition that the fact "ticket" names a ticket.  It compares in the
 * types that its expressions have, so that an index on a column of the table
 * serves even if the ticket's key is of another type; the row filter is part of
 * it for the same reason.
 */
static void
append_ticket_condition(StringInfo query, const Source *source, const SvpMapping *mapping, int nkey)
{
	int			first = svp_mapping_find(mapping, "ticket");

	for (int i = 0; i < nkey; i++)
	{
		Oid			type = svp_reader_fact_type(source->reader, first + i);

		appendStringInfo(query, "%s (%s\n) %s CAST($%d AS %s)", i > 0 ? " AND" : " WHERE",
						 mapping->facts[first + i].sql, svp_equality(type), i + 1,
						 format_type_be_qualified(type));
	}
	if (mapping->only_where != NULL)
		appendStringInfo(query, " AND (%s\n)", mapping->only_where);
}

void
svp_source_by_ticket(SvpAttachment *attachment, const SvpMapping *mapping, const Datum *ticket,
					 SvpSourceConsumer consume, void *arg)
{
	int			nkey = attachment->ticket->nkey;
	Source		source = {.consume = consume,.arg = arg};
	Oid			types[INDEX_MAX_KEYS];
	Datum		values[INDEX_MAX_KEYS];
	StringInfoData query;
	int			level = svp_settings_enter();

	open_source(&source, attachment, mapping);
	for (int i = 0; i < nkey; i++)
	{
		Oid			output;
		bool		is_varlena;

		getTypeOutputInfo(attachment->key_types[i], &output, &is_varlena);
		types[i] = TEXTOID;
		values[i] = CStringGetTextDatum(OidOutputFunctionCall(output, ticket[i]));
	}
	append_select(&query, mapping);
	append_ticket_condition(&query, &source, mapping, nkey);
	run(&source, query.data, nkey, types, values);
	relation_close(source.relation, NoLock);
	svp_settings_leave(level);
}
