/*-------------------------------------------------------------------------
 *
 * rows.c
 *		Reading and writing the rows of an attachment's own tables.
 *
 * What is known of a table is kept until an invalidation reaches it, and
 * checked once the table is locked: from then on nobody can change it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "attempt.h"
#include "table.h"

/* What an event or a clock says of its ticket, after SvpDimension's order. */
#define TICKET_COLUMNS \
	{"priority", TEXTOID}, {"channel", TEXTOID}, {"category", TEXTOID}, \
	{"product", TEXTOID}, {"customer_tier", TEXTOID}, {"region", TEXTOID}, \
	{"team", TEXTOID}, {"agent", TEXTOID}, {"customer", TEXTOID}

static const SvpColumn ledger_columns[] = {
	{"seq", INT4OID}, {"at", TIMESTAMPTZOID}, {"event", TEXTOID}, {"state", TEXTOID},
	{"source_state", TEXTOID}, {"opened_at", TIMESTAMPTZOID}, {"recorded_by", TEXTOID},
	{"recorded_at", TIMESTAMPTZOID},
	TICKET_COLUMNS
};

static const SvpColumn clock_columns[] = {
	{"metric", TEXTOID}, {"cycle", INT4OID}, {"benchmark", TEXTOID}, {"policy_version", INT4OID},
	{"calendar", TEXTOID}, {"state", TEXTOID}, {"started_at", TIMESTAMPTZOID},
	{"started_on", DATEOID}, {"due_at", TIMESTAMPTZOID}, {"at_risk_at", TIMESTAMPTZOID},
	{"target_us", INT8OID}, {"elapsed_us", INT8OID}, {"paused_us", INT8OID},
	{"counted_from", TIMESTAMPTZOID}, {"paused_at", TIMESTAMPTZOID},
	{"stopped_at", TIMESTAMPTZOID}, {"stopped_on", DATEOID},
	TICKET_COLUMNS,
	{"calendar_revision", INT8OID}, {"disputed", BOOLOID}, {"imported_at", TIMESTAMPTZOID}
};

static const SvpColumn message_columns[] = {
	{"sent_at", TIMESTAMPTZOID}, {"message", TEXTOID}, {"author", TEXTOID},
	{"recorded_at", TIMESTAMPTZOID}, {"recorded_by", TEXTOID}
};

static const SvpColumn issue_columns[] = {
	{"problem", TEXTOID}, {"detail", TEXTOID}, {"value", TEXTOID}
};

/* In the order of SvpTableId. */
static const SvpTableShape shapes[SVP_NTABLES] = {
	{"ledger", lengthof(ledger_columns), ledger_columns, 1, false},
	{"message", lengthof(message_columns), message_columns, 2, false},
	{"clock", lengthof(clock_columns), clock_columns, 2, false},
	{"issue", lengthof(issue_columns), issue_columns, 0, true}
};

/* All tables of all attachments that this backend has loaded. */
static dlist_head tables = DLIST_STATIC_INIT(tables);

/*
 * Invalidation callbacks.  They only mark.
 */
static void
relation_changed(Datum arg, Oid relid)
{
	dlist_iter	iter;

	dlist_foreach(iter, &tables)
	{
		SvpTable   *table = dlist_container(SvpTable, link, iter.cur);

		if (!OidIsValid(relid) || table->relid == relid)
			table->valid = false;
	}
}

/* A schema's name, its owner or his rights: these no relation tells. */
static void
catalog_changed(Datum arg, int cache, uint32 hash)
{
	relation_changed(arg, InvalidOid);
}

/*
 * An error has ended what was being done to a table.
 */
static void
subtransaction_ended(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	dlist_iter	iter;

	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	dlist_foreach(iter, &tables)
	{
		SvpTable   *table = dlist_container(SvpTable, link, iter.cur);

		if (table->busy && table->busy_in == mine)
			table->busy = table->valid = false;
	}
}

static void
transaction_ended(XactEvent event, void *arg)
{
	dlist_iter	iter;

	if (event != XACT_EVENT_ABORT && event != XACT_EVENT_PARALLEL_ABORT)
		return;
	dlist_foreach(iter, &tables)
	{
		SvpTable   *table = dlist_container(SvpTable, link, iter.cur);

		if (table->busy)
			table->busy = table->valid = false;
	}
}

static void
listen_for_changes(void)
{
	static bool listening = false;

	if (listening)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, catalog_changed, (Datum) 0);
	RegisterSubXactCallback(subtransaction_ended, NULL);
	RegisterXactCallback(transaction_ended, NULL);
	listening = true;
}

/* Learning what a table is */

static Oid
relation_of(const SvpAttachment *attachment, const char *table)
{
	Oid			namespace = get_namespace_oid(attachment->data_schema, false);
	Oid			relation = get_relname_relid(table, namespace);

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s does not exist",
						quote_qualified_identifier(attachment->data_schema, table))));
	return relation;
}

/*
 * Learn the types of a mapping's key as one of our tables has them.
 */
void
svp_learn_key_types(SvpAttachment *attachment, const char *table, const SvpMapping *mapping,
					Oid **types)
{
	Oid			relation = relation_of(attachment, table);

	if (*types == NULL)
		*types = MemoryContextAllocZero(attachment->context, sizeof(Oid) * mapping->nkey);
	for (int i = 0; i < mapping->nkey; i++)
	{
		AttrNumber	column = get_attnum(relation, mapping->data_key[i]);

		if (column == InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of %s does not exist", mapping->data_key[i],
							quote_qualified_identifier(attachment->data_schema, table))));
		(*types)[i] = get_atttype(relation, column);
	}
}

static void
unbind(SvpTable *table)
{
	table->valid = false;
	if (table->direct != NULL)
		svp_direct_free(table->direct);
	table->direct = NULL;
}

/*
 * Find out in which way a table can be used.  It counts as valid from before
 * it is looked at, so that a change meanwhile is not missed.
 */
static void
bind(SvpTable *table)
{
	SvpAttachment *attachment = table->attachment;
	Relation	relation;

	unbind(table);
	if (table->shape == &shapes[SVP_LEDGER] || attachment->key_types == NULL)
		svp_learn_key_types(attachment, shapes[SVP_LEDGER].name, attachment->ticket,
							&attachment->key_types);
	table->relid = relation_of(attachment, table->shape->name);
	relation = relation_open(table->relid, AccessShareLock);
	table->valid = true;
	table->direct = svp_direct_make(table, relation, attachment->context);
	relation_close(relation, AccessShareLock);
	if (table->direct == NULL)
		svp_statements_make(table);
}

static bool
is_bound(const SvpTable *table)
{
	return table != NULL &&
		(table->busy || (table->valid && (table->direct != NULL || svp_statements_are_good(table))));
}

static SvpTable *
table_of(SvpAttachment *attachment, SvpTableId id)
{
	SvpTable   *table = attachment->tables[id];

	if (table != NULL)
		return table;
	listen_for_changes();
	table = MemoryContextAllocZero(attachment->context, sizeof(SvpTable));
	table->attachment = attachment;
	table->shape = &shapes[id];
	table->nkey = attachment->ticket->nkey;
	dlist_push_tail(&tables, &table->link);
	attachment->tables[id] = table;
	return table;
}

static void
bind_all(void *arg)
{
	SvpAttachment *attachment = arg;

	for (int id = 0; id < SVP_NTABLES; id++)
	{
		SvpTable   *table = table_of(attachment, (SvpTableId) id);

		if (!is_bound(table))
			bind(table);
	}
}

/*
 * Have the tables ready.  What an invalidation reached is looked at again
 * here, where a table that is gone can be reported rather than fail.
 */
bool
svp_rows_prepare(SvpAttachment *attachment, const char **problem)
{
	ErrorData  *error;
	int			id = 0;

	while (id < SVP_NTABLES && is_bound(attachment->tables[id]))
		id++;
	if (id == SVP_NTABLES)
		return true;
	error = svp_attempt(bind_all, attachment);
	if (error != NULL)
		*problem = error->message;
	return error == NULL;
}

void
svp_rows_forget(SvpAttachment *attachment)
{
	for (int id = 0; id < SVP_NTABLES; id++)
	{
		SvpTable   *table = attachment->tables[id];

		if (table == NULL)
			continue;
		dlist_delete(&table->link);
		unbind(table);
		for (int i = 0; i < SVP_NSTATEMENTS; i++)
		{
			if (table->plans[i] != NULL)
				SPI_freeplan(table->plans[i]);
		}
	}
}

/* Using it */

/* A table in use, by one way or the other. */
typedef struct Use
{
	SvpTable   *table;
	SvpDirect  *direct;			/* NULL: by statements */
} Use;

/*
 * A function of an index or a type may write tickets while a row of theirs is
 * being written.  Those get a way of their own, which goes with them.
 */
static SvpDirect *
second_way(SvpTable *table, LOCKMODE lock)
{
	Relation	relation = relation_open(relation_of(table->attachment, table->shape->name), lock);
	SvpDirect  *direct = svp_direct_make(table, relation, CurTransactionContext);

	relation_close(relation, NoLock);
	if (direct == NULL && !svp_statements_are_good(table))
		svp_statements_make(table);
	if (direct != NULL)
		(void) svp_direct_open(direct, lock);
	return direct;
}

static Use
begin_use(SvpAttachment *attachment, SvpTableId id, LOCKMODE lock)
{
	SvpTable   *table = table_of(attachment, id);

	if (table->busy)
		return (Use) {table, second_way(table, lock)};
	for (;;)
	{
		if (!is_bound(table))
			bind(table);
		if (table->direct == NULL)
			return (Use) {table, NULL};
		if (svp_direct_open(table->direct, lock))
		{
			if (table->valid)
				break;
			svp_direct_close(table->direct);
		}
		table->valid = false;
	}
	table->busy = true;
	table->busy_in = GetCurrentSubTransactionId();
	return (Use) {table, table->direct};
}

static void
end_use(const Use *use)
{
	if (use->direct == NULL)
		return;
	svp_direct_close(use->direct);
	if (use->direct == use->table->direct)
		use->table->busy = false;
	else
		svp_direct_free(use->direct);
}

void
svp_rows_insert(SvpAttachment *attachment, SvpTableId id, const Datum *values, const bool *nulls)
{
	Use			use = begin_use(attachment, id, RowExclusiveLock);

	if (use.direct != NULL)
		svp_direct_insert(use.direct, values, nulls);
	else
		(void) svp_statement_run(use.table, SVP_STATEMENT_INSERT, values, nulls);
	end_use(&use);
}

bool
svp_rows_insert_new(SvpAttachment *attachment, SvpTableId id, const Datum *values,
					const bool *nulls)
{
	Use			use = begin_use(attachment, id, RowExclusiveLock);
	bool		is_new = use.direct != NULL ? svp_direct_insert_new(use.direct, values, nulls) :
		svp_statement_run(use.table, SVP_STATEMENT_INSERT_NEW, values, nulls);

	end_use(&use);
	return is_new;
}

bool
svp_rows_update(SvpAttachment *attachment, SvpTableId id, const Datum *values, const bool *nulls)
{
	Use			use = begin_use(attachment, id, RowExclusiveLock);
	bool		found = use.direct != NULL ? svp_direct_update(use.direct, values, nulls) :
		svp_statement_run(use.table, SVP_STATEMENT_UPDATE, values, nulls);

	end_use(&use);
	return found;
}

bool
svp_rows_delete(SvpAttachment *attachment, SvpTableId id, const Datum *key)
{
	Use			use = begin_use(attachment, id, RowExclusiveLock);
	bool		found = use.direct != NULL ? svp_direct_delete(use.direct, key) :
		svp_statement_run(use.table, SVP_STATEMENT_DELETE, key, NULL);

	end_use(&use);
	return found;
}

bool
svp_rows_lock(SvpAttachment *attachment, SvpTableId id, const Datum *key)
{
	Use			use = begin_use(attachment, id, RowShareLock);
	bool		found = use.direct != NULL ? svp_direct_lock(use.direct, key) :
		svp_statement_run(use.table, SVP_STATEMENT_LOCK, key, NULL);

	end_use(&use);
	return found;
}

void
svp_rows_scan(SvpAttachment *attachment, SvpTableId id, int nprefix, const Datum *prefix,
			  bool backward, SvpRowConsumer consume, void *arg)
{
	Use			use = begin_use(attachment, id, AccessShareLock);

	Assert(nprefix >= use.table->nkey && nprefix <= SVP_TABLE_PRIMARY(use.table));
	if (use.direct != NULL)
		svp_direct_scan(use.direct, nprefix, prefix, backward, consume, arg);
	else
		svp_statement_scan(use.table, nprefix, prefix, backward, consume, arg);
	end_use(&use);
}

/* Keys */

/*
 * The operator by which a type's unique indexes tell values apart: not always
 * pg_catalog's, which may see a type such as citext as another.
 */
const char *
svp_equality(Oid type)
{
	Oid			operator = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "type %u has no equality operator", type);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return name;
}

/*
 * A key from its parts as text, by the types that were learnt.
 */
Datum *
svp_key_from_text(const Oid *types, int nkey, char **parts)
{
	Datum	   *key = palloc(sizeof(Datum) * nkey);

	for (int i = 0; i < nkey; i++)
	{
		Oid			input;
		Oid			parameter;

		getTypeInputInfo(types[i], &input, &parameter);
		key[i] = OidInputFunctionCall(input, parts[i], parameter, -1);
	}
	return key;
}
