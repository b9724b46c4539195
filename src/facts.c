/*-------------------------------------------------------------------------
 *
 * facts.c
 *		Reading a CRM's row as facts.
 *
 * A fact that is a plain column is taken from the tuple.  The others, and the
 * row filter, are columns of one saved query over the row, which runs in a
 * subtransaction: an expression that fails must not fail the CRM's statement.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "attempt.h"
#include "fact_value.h"
#include "key.h"
#include "mapping.h"
#include "mention.h"
#include "settings.h"

struct SvpRowReader
{
	const SvpMapping *mapping;
	MemoryContext context;
	Oid			relid;
	TupleDesc	descriptor;
	uint64		fitted;			/* relation_changes when last compared */
	AttrNumber *key;
	SvpFactBinding *bindings;
	bool		settings_matter;	/* to what is read of columns */
	int			nresults;		/* columns of the query; 0 = no query */
	Bitmapset  *mentioned;		/* columns of the row in it */
	SPIPlanPtr	plan;
	AttrNumber	last_column;	/* that is looked at */
	TupleTableSlot *versions[2];	/* of a row, while they are compared */
};

/* Counts what may have changed a relation: comparing descriptors costs more. */
static uint64 relation_changes = 1;

static void
relation_changed(Datum arg, Oid relid)
{
	relation_changes++;
}

static void
listen_for_changes(void)
{
	static bool listening = false;

	if (!listening)
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	listening = true;
}

/*
 * The query for what is not a plain column, with the row as $1; NULL when all
 * of it is.
 */
static char *
reader_query(SvpRowReader *reader)
{
	const SvpMapping *mapping = reader->mapping;
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < mapping->nfacts; i++)
	{
		if (reader->bindings[i].column != 0)
			continue;
		appendStringInfo(&query, "%s(%s\n)", reader->nresults == 0 ? "SELECT " : ", ",
						 mapping->facts[i].sql);
		reader->bindings[i].result = ++reader->nresults;
	}
	if (mapping->only_where != NULL)
	{
		appendStringInfo(&query, "%s((%s\n) IS TRUE)", reader->nresults == 0 ? "SELECT " : ", ",
						 mapping->only_where);
		reader->nresults++;
	}
	if (reader->nresults == 0)
		return NULL;
	appendStringInfo(&query, " FROM (SELECT ($1).*) AS %s", mapping->alias);
	return query.data;
}

/*
 * Prepare the query, and bind the facts that it computes.
 */
static void
prepare_query(SvpRowReader *reader, Relation relation)
{
	const SvpMapping *mapping = reader->mapping;
	char	   *query = reader_query(reader);
	Oid			row_type = relation->rd_rel->reltype;
	CachedPlanSource *source;
	Bitmapset  *mentioned;
	MemoryContext caller;

	if (query == NULL)
		return;
	reader->plan = SPI_prepare(query, 1, &row_type);
	if (reader->plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));

	source = svp_query_of_expressions(reader->plan, reader->nresults);
	mentioned = svp_columns_mentioned(linitial_node(Query, source->query_list));
	caller = MemoryContextSwitchTo(reader->context);
	reader->mentioned = bms_copy(mentioned);
	MemoryContextSwitchTo(caller);
	for (int i = 0; i < mapping->nfacts; i++)
	{
		SvpFactBinding *binding = &reader->bindings[i];

		if (binding->column == 0)
			svp_fact_bind(&mapping->facts[i], binding,
					  TupleDescAttr(source->resultDesc, binding->result - 1)->atttypid,
					  reader->context);
	}
}

/*
 * Can a setting change what a value of this type is as text?  Of most keys and
 * words it cannot, and settings cost more than such a fact.
 */
static bool
settings_matter(Oid type)
{
	switch (type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case UUIDOID:
			return false;
		default:
			return !type_is_enum(type);
	}
}

/*
 * A reader of rows with these columns, in a memory context of its own below
 * the current one; facts that are no columns are not yet bound.
 */
static SvpRowReader *
bind_columns(const SvpMapping *mapping, TupleDesc descriptor)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "service_policy row reader",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	SvpRowReader *reader = palloc0(sizeof(SvpRowReader));

	listen_for_changes();
	reader->mapping = mapping;
	reader->context = context;
	reader->descriptor = CreateTupleDescCopyConstr(descriptor);
	reader->bindings = palloc0(sizeof(SvpFactBinding) * Max(mapping->nfacts, 1));
	reader->key = palloc(sizeof(AttrNumber) * mapping->nkey);
	MemoryContextSwitchTo(caller);

	for (int i = 0; i < mapping->nkey; i++)
		reader->key[i] = svp_mapping_key_column(mapping, i, reader->descriptor);
	for (int i = 0; i < mapping->nfacts; i++)
	{
		SvpFactBinding *binding = &reader->bindings[i];

		binding->column = svp_mapping_column(mapping, &mapping->facts[i], reader->descriptor);
		if (binding->column != 0)
			svp_fact_bind(&mapping->facts[i], binding,
					  TupleDescAttr(reader->descriptor, binding->column - 1)->atttypid, context);
	}
	return reader;
}

/*
 * Learn how to compare two versions of a row.
 */
static void
prepare_comparison(SvpRowReader *reader)
{
	MemoryContext caller = MemoryContextSwitchTo(reader->context);

	reader->last_column = Max(bms_prev_member(reader->mentioned, -1), 0);
	for (int i = 0; i < reader->mapping->nkey; i++)
		reader->last_column = Max(reader->last_column, reader->key[i]);
	for (int i = 0; i < reader->mapping->nfacts; i++)
		reader->last_column = Max(reader->last_column, reader->bindings[i].column);
	for (int i = 0; i < lengthof(reader->versions); i++)
		reader->versions[i] = MakeSingleTupleTableSlot(reader->descriptor, &TTSOpsHeapTuple);
	MemoryContextSwitchTo(caller);
}

/*
 * Bind a mapping to a relation.  Errors name the fact.  Runs with the rights
 * of whoever is current.
 */
SvpRowReader *
svp_reader_make(const SvpMapping *mapping, Relation relation, MemoryContext parent)
{
	int			level = svp_settings_enter();
	SvpRowReader *reader = bind_columns(mapping, RelationGetDescr(relation));

	reader->relid = RelationGetRelid(relation);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	prepare_query(reader, relation);
	prepare_comparison(reader);
	for (int i = 0; i < mapping->nfacts; i++)
		reader->settings_matter |= reader->bindings[i].column != 0 &&
			mapping->facts[i].kind != SVP_FACT_TIME && settings_matter(reader->bindings[i].type);
	svp_settings_leave(level);

	/* complete: until here an error leaves nothing behind */
	if (reader->plan != NULL)
		SPI_keepplan(reader->plan);
	SPI_finish();
	MemoryContextSetParent(reader->context, parent);
	return reader;
}

/*
 * The same for rows of a query that has computed the facts already: each is a
 * column.
 */
SvpRowReader *
svp_reader_over(const SvpMapping *mapping, TupleDesc descriptor, MemoryContext parent)
{
	SvpRowReader *reader = bind_columns(mapping, descriptor);

	MemoryContextSetParent(reader->context, parent);
	return reader;
}

void
svp_reader_free(SvpRowReader *reader)
{
	if (reader->plan != NULL)
		SPI_freeplan(reader->plan);
	MemoryContextDelete(reader->context);
}

bool
svp_reader_is_for(const SvpRowReader *reader, const SvpMapping *mapping, Relation relation)
{
	return reader->mapping == mapping && reader->relid == RelationGetRelid(relation);
}

/*
 * Does it take a query to read a row?
 */
bool
svp_reader_computes(const SvpRowReader *reader)
{
	return reader->plan != NULL;
}

/*
 * Is the reader still right for its relation as that now is?
 */
bool
svp_reader_fits(SvpRowReader *reader, Relation relation)
{
	if (reader->fitted == relation_changes)
		return true;
	if (!equalTupleDescs(reader->descriptor, RelationGetDescr(relation)))
		return false;
	reader->fitted = relation_changes;
	return true;
}

static bool
column_same(const SvpRowReader *reader, AttrNumber column)
{
	Form_pg_attribute attribute = TupleDescAttr(reader->descriptor, column - 1);
	const TupleTableSlot *before = reader->versions[0];
	const TupleTableSlot *after = reader->versions[1];
	int			i = column - 1;

	if (before->tts_isnull[i] || after->tts_isnull[i])
		return before->tts_isnull[i] && after->tts_isnull[i];
	return datum_image_eq(before->tts_values[i], after->tts_values[i], attribute->attbyval,
						  attribute->attlen);
}

static bool
columns_same(const SvpRowReader *reader)
{
	int			column = -1;

	for (int i = 0; i < reader->mapping->nkey; i++)
	{
		if (!column_same(reader, reader->key[i]))
			return false;
	}
	for (int i = 0; i < reader->mapping->nfacts; i++)
	{
		if (reader->bindings[i].column != 0 && !column_same(reader, reader->bindings[i].column))
			return false;
	}
	while ((column = bms_next_member(reader->mentioned, column)) >= 0)
	{
		if (!column_same(reader, column))
			return false;
	}
	return true;
}

/*
 * True when two versions of a row are the same as far as the mapping mentions
 * its columns.
 */
bool
svp_reader_untouched(const SvpRowReader *reader, HeapTuple before, HeapTuple after)
{
	bool		same;

	ExecStoreHeapTuple(before, reader->versions[0], false);
	ExecStoreHeapTuple(after, reader->versions[1], false);
	/* at once: behind a text no column's place is known */
	for (int i = 0; i < lengthof(reader->versions); i++)
		slot_getsomeattrs(reader->versions[i], reader->last_column);
	same = columns_same(reader);
	for (int i = 0; i < lengthof(reader->versions); i++)
		ExecClearTuple(reader->versions[i]);
	return same;
}

/*
 * True when no fact can differ between two versions of a row.  What an
 * expression gives is not known without computing it, so then it is false.
 */
bool
svp_reader_same(const SvpRowReader *reader, HeapTuple before, HeapTuple after)
{
	return reader->nresults == 0 && svp_reader_untouched(reader, before, after);
}

/*
 * Take the facts that the query computed.  A type is another than the one that
 * was bound when a table that the expression reads was altered.
 */
static void
take_results(SvpRowReader *reader, SvpFacts *facts, MemoryContext caller)
{
	const SvpMapping *mapping = reader->mapping;
	TupleDesc	descriptor = SPI_tuptable->tupdesc;
	HeapTuple	row = SPI_tuptable->vals[0];
	MemoryContext inside = MemoryContextSwitchTo(caller);
	bool		isnull;

	for (int i = 0; i < mapping->nfacts; i++)
	{
		SvpFactBinding *binding = &reader->bindings[i];
		Oid			type;
		Datum		value;

		if (binding->column != 0)
			continue;
		type = TupleDescAttr(descriptor, binding->result - 1)->atttypid;
		if (type != binding->type)
			svp_fact_bind(&mapping->facts[i], binding, type, reader->context);
		value = SPI_getbinval(row, descriptor, binding->result, &isnull);
		svp_fact_read(&mapping->facts[i], binding, value, isnull, &facts->values[i]);
	}
	if (mapping->only_where != NULL)
		facts->included = DatumGetBool(SPI_getbinval(row, descriptor, reader->nresults, &isnull));
	MemoryContextSwitchTo(inside);
}

typedef struct Computation
{
	SvpRowReader *reader;
	HeapTuple	tuple;
	SvpFacts   *facts;
	MemoryContext caller;
} Computation;

static void
run_query(void *arg)
{
	Computation *run = arg;
	SvpRowReader *reader = run->reader;
	Datum		row = heap_copy_tuple_as_datum(run->tuple, reader->descriptor);
	int			level = svp_settings_enter();

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_plan(reader->plan, &row, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not compute facts");
	take_results(reader, run->facts, run->caller);
	SPI_finish();
	/* within the subtransaction, whose end would look through all settings otherwise */
	svp_settings_leave(level);
}

/*
 * Compute the expressions.  What fails becomes facts->problem.
 */
static void
compute_expressions(SvpRowReader *reader, HeapTuple tuple, SvpFacts *facts)
{
	Computation run = {reader, tuple, facts, CurrentMemoryContext};
	ErrorData  *error = svp_attempt(run_query, &run);

	if (error != NULL)
		facts->problem = error->message;
}

/*
 * NULL, or why keys of these types cannot be taken from the relation: a value
 * of another type must not be passed for one.
 */
const char *
svp_reader_key_problem(const SvpRowReader *reader, const Oid *types)
{
	for (int i = 0; i < reader->mapping->nkey; i++)
	{
		Form_pg_attribute column = TupleDescAttr(reader->descriptor, reader->key[i] - 1);

		if (column->atttypid != types[i])
			return psprintf("key column \"%s\" is of type %s, but was of type %s when it was attached",
							NameStr(column->attname), format_type_be(column->atttypid),
							format_type_be(types[i]));
	}
	return NULL;
}

int32
svp_reader_key_typmod(const SvpRowReader *reader, int part)
{
	return TupleDescAttr(reader->descriptor, reader->key[part] - 1)->atttypmod;
}

/*
 * The key of a row, or NULL when a part of it is null or it is too long.
 */
Datum *
svp_reader_key(const SvpRowReader *reader, HeapTuple tuple)
{
	Datum	   *key = palloc(sizeof(Datum) * reader->mapping->nkey);
	Size		size = 0;
	bool		isnull;

	for (int i = 0; i < reader->mapping->nkey; i++)
	{
		key[i] = heap_getattr(tuple, reader->key[i], reader->descriptor, &isnull);
		if (isnull)
			return NULL;
		if (TupleDescAttr(reader->descriptor, reader->key[i] - 1)->attlen == -1)
			size += toast_raw_datum_size(key[i]);
	}
	return size <= SVP_LONGEST_KEY ? key : NULL;
}

Oid
svp_reader_fact_type(const SvpRowReader *reader, int fact)
{
	return reader->bindings[fact].type;
}

/*
 * A key as one text: its parts, divided by slashes.
 */
char *
svp_reader_key_text(SvpRowReader *reader, const Datum *key)
{
	StringInfoData text;
	int			level = 0;

	initStringInfo(&text);
	for (int i = 0; i < reader->mapping->nkey; i++)
	{
		Oid			type = TupleDescAttr(reader->descriptor, reader->key[i] - 1)->atttypid;

		if (level == 0 && settings_matter(type))
			level = svp_settings_enter();
		appendStringInfo(&text, "%s%s", i > 0 ? "/" : "", svp_key_part_text(type, key[i]));
	}
	if (level != 0)
		svp_settings_leave(level);
	return text.data;
}

static void
read_facts(SvpRowReader *reader, HeapTuple tuple, SvpFacts *facts)
{
	const SvpMapping *mapping = reader->mapping;
	int			ncolumns = reader->descriptor->natts;
	Datum	   *columns = palloc(sizeof(Datum) * ncolumns);
	bool	   *nulls = palloc(sizeof(bool) * ncolumns);

	memset(facts, 0, sizeof(*facts));
	facts->included = true;
	facts->values = palloc0(sizeof(SvpFactValue) * Max(mapping->nfacts, 1));
	facts->key = svp_reader_key(reader, tuple);

	/* at once: behind a text no column's place is known */
	heap_deform_tuple(tuple, reader->descriptor, columns, nulls);
	for (int i = 0; i < mapping->nfacts; i++)
	{
		SvpFactBinding *binding = &reader->bindings[i];

		if (binding->column != 0)
			svp_fact_read(&mapping->facts[i], binding, columns[binding->column - 1],
						  nulls[binding->column - 1], &facts->values[i]);
	}
	if (reader->plan != NULL)
		compute_expressions(reader, tuple, facts);
}

/*
 * Read the facts of a row, into the current memory context, with the rights
 * of the attachment's owner.  Never fails for
 * what the row contains: see the problems in the result.
 */
void
svp_reader_read(SvpRowReader *reader, HeapTuple tuple, SvpFacts *facts)
{
	int			level = 0;

	if (reader->settings_matter)
		level = svp_settings_enter();
	read_facts(reader, tuple, facts);
	if (reader->settings_matter)
		svp_settings_leave(level);
}

/*
 * Has this transaction changed or deleted the row since?
 */
static bool
is_superseded(HeapTuple row)
{
	HeapTupleHeader header = row->t_data;

	return (header->t_infomask & HEAP_XMAX_INVALID) == 0 &&
		!HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) &&
		TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(header));
}

HeapTuple
svp_row_latest(Relation relation, HeapTuple tuple)
{
	TupleTableSlot *slot;

	if (!is_superseded(tuple))
		return tuple;
	slot = table_slot_create(relation, NULL);
	while (tuple != NULL && is_superseded(tuple))
	{
		ItemPointerData next = tuple->t_data->t_ctid;

		if (HeapTupleHeaderIndicatesMovedPartitions(tuple->t_data) ||
			ItemPointerEquals(&next, &tuple->t_self) ||
			!table_tuple_fetch_row_version(relation, &next, SnapshotAny, slot))
			tuple = NULL;
		else
			tuple = ExecCopySlotHeapTuple(slot);
	}
	ExecDropSingleTupleTableSlot(slot);
	return tuple;
}
