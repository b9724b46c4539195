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
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/varlena.h"

#include "key.h"
#include "mapping.h"
#include "settings.h"
#include "source.h"

/* How many rows are fetched at a time. */
#define ROWS_AT_A_TIME 100

typedef enum Search
{
	BY_KEY,
	BY_TICKET
} Search;

/* The statements kept for one table. */
typedef struct Source
{
	const SvpMapping *mapping;
	SPIPlanPtr	plans[BY_TICKET + 1];
	Oid			types[BY_TICKET + 1][INDEX_MAX_KEYS];	/* of the parts, as the plan has them */
} Source;

/* One search. */
typedef struct Run
{
	Relation	relation;
	SvpRowReader *reader;
	SvpSourceConsumer consume;
	void	   *arg;
	bool		is_steady;		/* under the snapshot that the caller has set */
} Run;

static Source *
source_of(SvpAttachment *attachment, const SvpMapping *mapping)
{
	MemoryContext caller;
	Source	   *source;
	ListCell   *lc;

	foreach(lc, attachment->sources)
	{
		source = lfirst(lc);
		if (source->mapping == mapping)
			return source;
	}
	caller = MemoryContextSwitchTo(attachment->context);
	source = palloc0(sizeof(Source));
	source->mapping = mapping;
	attachment->sources = lappend(attachment->sources, source);
	MemoryContextSwitchTo(caller);
	return source;
}

void
svp_sources_forget(SvpAttachment *attachment)
{
	ListCell   *lc;

	foreach(lc, attachment->sources)
	{
		Source	   *source = lfirst(lc);

		for (int i = 0; i < lengthof(source->plans); i++)
		{
			if (source->plans[i] != NULL)
				SPI_freeplan(source->plans[i]);
		}
	}
}

/* Building the statements */

/*
 * A part is compared in the type that it has in the table, so that an index
 * serves even if a ticket's key is of another type.
 */
static void
append_part(StringInfo query, int part, const char *expression, Oid type)
{
	appendStringInfo(query, "%s (%s\n) %s CAST($%d AS %s)", part > 0 ? " AND" : " WHERE",
					 expression, svp_equality(type), part + 1, format_type_be_qualified(type));
}

static void
append_key_condition(StringInfo query, const SvpMapping *mapping, const Oid *types)
{
	for (int i = 0; i < mapping->nkey; i++)
		append_part(query, i, psprintf("%s.%s", mapping->alias, quote_identifier(mapping->key[i])),
					types[i]);
}

/*
 * The row filter is part of the condition, for it may be what an index is for.
 */
static void
append_ticket_condition(StringInfo query, const SvpMapping *mapping, const Oid *types, int nparts)
{
	int			first = svp_mapping_at(mapping, SVP_NAME_TICKET);

	for (int i = 0; i < nparts; i++)
		append_part(query, i, mapping->facts[first + i].sql, types[i]);
	if (mapping->only_where != NULL)
		appendStringInfo(query, " AND (%s\n)", mapping->only_where);
}

/*
 * The types that the parts have in the table, which may be altered.
 */
static void
find_types(const SvpMapping *mapping, Search search, const Run *run, int nparts, Oid *types)
{
	TupleDesc	columns = RelationGetDescr(run->relation);
	int			first = svp_mapping_at(mapping, SVP_NAME_TICKET);

	for (int i = 0; i < nparts; i++)
		types[i] = search == BY_TICKET ? svp_reader_fact_type(run->reader, first + i) :
			TupleDescAttr(columns, svp_mapping_key_column(mapping, i, columns) - 1)->atttypid;
}

static SPIPlanPtr
plan_of(SvpAttachment *attachment, Source *source, Search search, const Run *run, int nparts)
{
	const SvpMapping *mapping = source->mapping;
	Oid			types[INDEX_MAX_KEYS];
	Oid			parameters[INDEX_MAX_KEYS];
	StringInfoData query;
	SPIPlanPtr	plan;

	find_types(mapping, search, run, nparts, types);
	if (source->plans[search] != NULL &&
		memcmp(source->types[search], types, sizeof(Oid) * nparts) == 0)
		return source->plans[search];
	initStringInfo(&query);
	/* not "SELECT ticket", which may be a column */
	appendStringInfo(&query, "SELECT (%s.*)::%s FROM %s AS %s", mapping->alias, mapping->table,
					 mapping->table, mapping->alias);
	if (search == BY_KEY)
		append_key_condition(&query, mapping, types);
	else
		append_ticket_condition(&query, mapping, types, nparts);
	for (int i = 0; i < nparts; i++)
		parameters[i] = TEXTOID;
	plan = SPI_prepare(query.data, nparts, parameters);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	svp_attachment_keep_plan(&source->plans[search], plan);
	memcpy(source->types[search], types, sizeof(Oid) * nparts);
	return plan;
}

/* Running them */

static void
open_relation(Run *run, SvpAttachment *attachment, const SvpMapping *mapping)
{
	List	   *names = textToQualifiedNameList(cstring_to_text(mapping->table));
	const char *problem;

	run->relation = relation_openrv(makeRangeVarFromNameList(names), AccessShareLock);
	run->reader = svp_attachment_reader(attachment, mapping, run->relation, &problem);
	if (run->reader == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s", problem)));
}

static void
consume_rows(const Run *run)
{
	SPITupleTable *rows = SPI_tuptable;
	uint64		n = SPI_processed;

	for (uint64 i = 0; i < n; i++)
	{
		HeapTupleData tuple = {0};
		bool		isnull;
		Datum		row = SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull);

		tuple.t_data = DatumGetHeapTupleHeader(row);
		tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
		tuple.t_tableOid = RelationGetRelid(run->relation);
		run->consume(run->arg, run->reader, &tuple);
	}
	SPI_freetuptable(rows);
}

/*
 * Hand out the rows, which may be many.
 */
static void
run_plan(const Run *run, SPIPlanPtr plan, char **parts, int nparts)
{
	Datum		values[INDEX_MAX_KEYS];
	Portal		portal;

	for (int i = 0; i < nparts; i++)
		values[i] = CStringGetTextDatum(parts[i]);
	portal = SPI_cursor_open(NULL, plan, values, NULL, run->is_steady);
	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, ROWS_AT_A_TIME);
		if (SPI_processed == 0)
			break;
		consume_rows(run);
	}
	SPI_cursor_close(portal);
}

static void
search_rows(SvpAttachment *attachment, const SvpMapping *mapping, Search search, char **parts,
			int nparts, bool is_steady, SvpSourceConsumer consume, void *arg)
{
	Run			run = {.consume = consume,.arg = arg,.is_steady = is_steady};
	int			level = svp_settings_enter();

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	open_relation(&run, attachment, mapping);
	run_plan(&run, plan_of(attachment, source_of(attachment, mapping), search, &run, nparts),
			 parts, nparts);
	relation_close(run.relation, NoLock);
	SPI_finish();
	svp_settings_leave(level);
}

void
svp_source_by_key(SvpAttachment *attachment, const SvpMapping *mapping, char **parts,
				  SvpSourceConsumer consume, void *arg)
{
	search_rows(attachment, mapping, BY_KEY, parts, mapping->nkey, false, consume, arg);
}

void
svp_source_before(SvpAttachment *attachment, const SvpMapping *mapping, char **parts,
				  SvpSourceConsumer consume, void *arg)
{
	PushCopiedSnapshot(GetTransactionSnapshot());
	GetActiveSnapshot()->curcid = FirstCommandId;
	search_rows(attachment, mapping, BY_KEY, parts, mapping->nkey, true, consume, arg);
	PopActiveSnapshot();
}

void
svp_source_by_ticket(SvpAttachment *attachment, const SvpMapping *mapping, char **parts,
					 SvpSourceConsumer consume, void *arg)
{
	search_rows(attachment, mapping, BY_TICKET, parts, attachment->ticket->nkey, false, consume, arg);
}

char	  **
svp_key_parts(const SvpAttachment *attachment, const Datum *key)
{
	int			nkey = attachment->ticket->nkey;
	char	  **parts = palloc(sizeof(char *) * nkey);
	int			level = svp_settings_enter();

	for (int i = 0; i < nkey; i++)
	{
		parts[i] = svp_key_part_text(attachment->key_types[i], key[i]);
		/* as a cast to text, which other tables may have for it */
		if (attachment->key_types[i] == BPCHAROID)
			parts[i][bpchartruelen(parts[i], strlen(parts[i]))] = '\0';
	}
	svp_settings_leave(level);
	return parts;
}
