/*-------------------------------------------------------------------------
 *
 * rows_direct.c
 *		An attachment's own table by its access methods.
 *
 * It follows the protocol of the executor's ModifyTable and LockRows for a
 * table on which nothing but indexes and NOT NULL acts.  Expressions and
 * predicates of indexes are compiled once and kept; so only built-in functions
 * are taken, which keep nothing of a query.
 *
 * A row that somebody else has changed meanwhile is looked for again under a
 * new snapshot, which comes to what a statement does in READ COMMITTED.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "parser/parse_relation.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "table.h"

struct SvpDirect
{
	MemoryContext context;		/* holds all of this */
	Oid			relid;
	int			ncolumns;
	AttrNumber *columns;		/* of the relation, in our order */
	int			nprimary;
	Oid			primary;		/* the primary key's index */
	RegProcedure equal[INDEX_MAX_KEYS];
	Oid			collation[INDEX_MAX_KEYS];
	Oid			coercion[INDEX_MAX_KEYS];	/* to a key's length, or none */
	int32		typmod[INDEX_MAX_KEYS];
	TupleDesc	descriptor;
	EState	   *estate;
	ResultRelInfo *result;
	Oid		   *indexes;
	List	   *arbiters;		/* the primary key's index */
	TupleTableSlot *row;		/* to be written */
	LOCKMODE	lock;			/* while open */
};

/* Is a table such that its rows can be taken directly? */

static bool
is_users_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

static bool
calls_users_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_users_function, context))
		return true;
	return expression_tree_walker(node, calls_users_function, context);
}

static bool
index_is_plain(Oid oid)
{
	Relation	index = index_open(oid, AccessShareLock);
	bool		plain = index->rd_rel->relam == BTREE_AM_OID &&
		!calls_users_function((Node *) RelationGetIndexExpressions(index), NULL) &&
		!calls_users_function((Node *) RelationGetIndexPredicate(index), NULL);

	index_close(index, AccessShareLock);
	return plain;
}

static bool
indexes_are_plain(Relation relation)
{
	List	   *indexes = RelationGetIndexList(relation);
	bool		plain = true;
	ListCell   *lc;

	foreach(lc, indexes)
		plain = plain && index_is_plain(lfirst_oid(lc));
	list_free(indexes);
	return plain;
}

static bool
relation_is_plain(Relation relation)
{
	Form_pg_class form = relation->rd_rel;
	TupleConstr *constraints = RelationGetDescr(relation)->constr;

	return form->relkind == RELKIND_RELATION && form->relam == HEAP_TABLE_AM_OID &&
		form->relpersistence != RELPERSISTENCE_TEMP &&
		!form->relispartition && !form->relhassubclass && !form->relrowsecurity &&
		relation->trigdesc == NULL && relation->rd_rules == NULL &&
		(constraints == NULL || (constraints->num_check == 0));
}

/*
 * The owner of the table is whom we act for, and has all its rights.
 */
static bool
owner_may(Relation relation)
{
	AclMode		rights = ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE;

	return relation->rd_rel->relowner == GetUserId() &&
		svp_may_use_schema(RelationGetNamespace(relation)) &&
		pg_class_aclmask(RelationGetRelid(relation), GetUserId(), rights, ACLMASK_ALL) == rights;
}

/*
 * The function that fits a key's value to the column's length.  False where
 * there is more to it.
 */
static bool
find_coercion(SvpDirect *direct, int i, Form_pg_attribute attribute)
{
	direct->typmod[i] = attribute->atttypmod;
	return attribute->atttypmod == -1 ||
		find_typmod_coercion_function(attribute->atttypid, &direct->coercion[i]) !=
		COERCION_PATH_ARRAYCOERCE;
}

static bool
column_is_ours(SvpDirect *direct, const SvpTable *table, int i, Form_pg_attribute attribute)
{
	if (i < table->nkey)
		return attribute->atttypid == table->attachment->key_types[i] &&
			find_coercion(direct, i, attribute);
	return attribute->atttypid == table->shape->columns[i - table->nkey].type &&
		attribute->atttypmod == -1;
}

static Form_pg_attribute
attribute_named(TupleDesc descriptor, const char *name)
{
	for (int i = 0; i < descriptor->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return attribute;
	}
	return NULL;
}

static bool
is_our_name(const SvpTable *table, const char *name)
{
	for (int i = 0; i < table->nkey; i++)
	{
		if (strcmp(table->attachment->ticket->data_key[i], name) == 0)
			return true;
	}
	for (int i = 0; i < table->shape->ncolumns; i++)
	{
		if (strcmp(table->shape->columns[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool
has_value_of_its_own(const SvpTable *table, Form_pg_attribute attribute)
{
	if (attribute->attisdropped)
		return false;
	return attribute->attidentity != '\0' || attribute->attgenerated != '\0' ||
		(attribute->atthasdef && !is_our_name(table, NameStr(attribute->attname)));
}

/*
 * Find our columns in the relation.  False when one is missing or of another
 * type, or when another one has values of its own.
 */
static bool
find_columns(SvpDirect *direct, const SvpTable *table)
{
	for (int i = 0; i < direct->descriptor->natts; i++)
	{
		if (has_value_of_its_own(table, TupleDescAttr(direct->descriptor, i)))
			return false;
	}
	for (int i = 0; i < direct->ncolumns; i++)
	{
		Form_pg_attribute attribute = attribute_named(direct->descriptor, i < table->nkey ?
													  table->attachment->ticket->data_key[i] :
													  table->shape->columns[i - table->nkey].name);

		if (attribute == NULL || !column_is_ours(direct, table, i, attribute))
			return false;
		direct->columns[i] = attribute->attnum;
	}
	return true;
}

static bool
index_is_our_key(const SvpDirect *direct, Relation index)
{
	Form_pg_index form = index->rd_index;

	if (!form->indisvalid || !form->indisready || !form->indimmediate || form->indcheckxmin ||
		form->indnkeyatts != direct->nprimary)
		return false;
	for (int i = 0; i < direct->nprimary; i++)
	{
		if (form->indkey.values[i] != direct->columns[i])
			return false;
	}
	return true;
}

/*
 * The primary key is as attach() made it: learn how to look for it.
 */
static bool
find_key(SvpDirect *direct, Relation relation)
{
	Relation	index;
	bool		found;

	direct->primary = RelationGetPrimaryKeyIndex(relation);
	if (!OidIsValid(direct->primary))
		return false;
	index = index_open(direct->primary, AccessShareLock);
	found = index_is_our_key(direct, index);
	for (int i = 0; found && i < direct->nprimary; i++)
	{
		Oid			type = index->rd_opcintype[i];

		direct->equal[i] = get_opcode(get_opfamily_member(index->rd_opfamily[i], type, type,
														  BTEqualStrategyNumber));
		direct->collation[i] = index->rd_indcollation[i];
	}
	index_close(index, AccessShareLock);
	return found;
}

/*
 * The executor's view of the table, as far as writing needs it.  Relations
 * are opened for each use; what is compiled for the indexes stays.
 */
static void
make_result(SvpDirect *direct, Relation relation)
{
	Bitmapset  *updated = NULL;

	for (int i = direct->nprimary; i < direct->ncolumns; i++)
		updated = bms_add_member(updated,
								 direct->columns[i] - FirstLowInvalidHeapAttributeNumber);
	direct->estate = CreateExecutorState();
	svp_init_range_table(direct->estate, relation, updated);
	direct->result = makeNode(ResultRelInfo);
	InitResultRelInfo(direct->result, relation, 1, NULL, 0);
	svp_set_result_relation(direct->estate, direct->result);
	ExecOpenIndices(direct->result, true);

	direct->indexes = palloc(sizeof(Oid) * Max(direct->result->ri_NumIndices, 1));
	for (int i = 0; i < direct->result->ri_NumIndices; i++)
		direct->indexes[i] = RelationGetRelid(direct->result->ri_IndexRelationDescs[i]);
	ExecCloseIndices(direct->result);
	direct->arbiters = list_make1_oid(direct->primary);
	direct->row = MakeSingleTupleTableSlot(direct->descriptor, &TTSOpsVirtual);
}

/*
 * Make the direct way to a table, or NULL when there is none.
 */
SvpDirect *
svp_direct_make(const SvpTable *table, Relation relation, MemoryContext parent)
{
	MemoryContext context;
	MemoryContext caller;
	SvpDirect  *direct;
	bool		plain;

	if (table->shape->is_log || !relation_is_plain(relation) || !owner_may(relation) ||
		!indexes_are_plain(relation))
		return NULL;
	context = AllocSetContextCreate(CurrentMemoryContext, "service_policy table",
									ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	direct = palloc0(sizeof(SvpDirect));
	direct->context = context;
	direct->relid = RelationGetRelid(relation);
	direct->ncolumns = SVP_TABLE_WIDTH(table);
	direct->nprimary = SVP_TABLE_PRIMARY(table);
	direct->columns = palloc(sizeof(AttrNumber) * direct->ncolumns);
	direct->descriptor = CreateTupleDescCopyConstr(RelationGetDescr(relation));
	plain = direct->nprimary <= INDEX_MAX_KEYS && find_columns(direct, table) &&
		find_key(direct, relation);
	if (plain)
		make_result(direct, relation);
	MemoryContextSwitchTo(caller);
	if (!plain)
	{
		MemoryContextDelete(context);
		return NULL;
	}
	MemoryContextSetParent(context, parent);
	return direct;
}

void
svp_direct_free(SvpDirect *direct)
{
	MemoryContextDelete(direct->context);
}

/* Using it */

/*
 * Open the relation and, to write it, its indexes.  False when it is gone.
 */
bool
svp_direct_open(SvpDirect *direct, LOCKMODE lock)
{
	Relation	relation = try_relation_open(direct->relid, lock);

	if (relation == NULL)
		return false;
	direct->result->ri_RelationDesc = relation;
	direct->lock = lock;
	return true;
}

static void
open_indexes(SvpDirect *direct)
{
	for (int i = 0; i < direct->result->ri_NumIndices; i++)
		direct->result->ri_IndexRelationDescs[i] = index_open(direct->indexes[i], direct->lock);
}

static void
close_indexes(SvpDirect *direct)
{
	for (int i = 0; i < direct->result->ri_NumIndices; i++)
		index_close(direct->result->ri_IndexRelationDescs[i], direct->lock);
}

/*
 * Close it; the lock on the table stays until the transaction ends, as that
 * of a statement does.
 */
void
svp_direct_close(SvpDirect *direct)
{
	relation_close(direct->result->ri_RelationDesc, NoLock);
}

/*
 * The row to be written.  Columns that are not ours are as in the old row, or
 * null.
 */
static void
fill_row(SvpDirect *direct, TupleTableSlot *old, const Datum *values, const bool *nulls)
{
	TupleTableSlot *row = ExecClearTuple(direct->row);
	int			natts = direct->descriptor->natts;

	if (old == NULL)
		memset(row->tts_isnull, true, sizeof(bool) * natts);
	else
	{
		slot_getallattrs(old);
		memcpy(row->tts_values, old->tts_values, sizeof(Datum) * natts);
		memcpy(row->tts_isnull, old->tts_isnull, sizeof(bool) * natts);
	}
	/* the key of an old row stays as it is stored */
	for (int i = old == NULL ? 0 : direct->nprimary; i < direct->ncolumns; i++)
	{
		int			column = direct->columns[i] - 1;

		row->tts_values[column] = values[i];
		row->tts_isnull[column] = nulls[i];
		if (i < direct->nprimary && OidIsValid(direct->coercion[i]))
			row->tts_values[column] = OidFunctionCall3(direct->coercion[i], values[i],
													   Int32GetDatum(direct->typmod[i]),
													   BoolGetDatum(false));
	}
	ExecStoreVirtualTuple(row);
}

static void
begin_write(const char *command)
{
	PreventCommandIfReadOnly(command);
	PreventCommandIfParallelMode(command);
}

static void
check_constraints(SvpDirect *direct)
{
	if (RelationGetDescr(direct->result->ri_RelationDesc)->constr != NULL)
		ExecConstraints(direct->result, direct->row, direct->estate);
}

static void
end_write(SvpDirect *direct)
{
	ExecClearTuple(direct->row);
	ResetPerTupleExprContext(direct->estate);
}

void
svp_direct_insert(SvpDirect *direct, const Datum *values, const bool *nulls)
{
	begin_write("INSERT");
	fill_row(direct, NULL, values, nulls);
	check_constraints(direct);
	open_indexes(direct);
	table_tuple_insert(direct->result->ri_RelationDesc, direct->row, GetCurrentCommandId(true),
					   0, NULL);
	(void) svp_insert_index_tuples(direct->result, direct->row, direct->estate, false, false,
								   NULL, NIL);
	close_indexes(direct);
	end_write(direct);
}

/* Looking for rows */

typedef struct Search
{
	SvpDirect  *direct;
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *row;
} Search;

/*
 * Begin to look for rows under a snapshot as a statement would take one.
 */
static void
begin_search(Search *search, SvpDirect *direct, int nprefix, const Datum *prefix)
{
	Relation	relation = direct->result->ri_RelationDesc;
	ScanKeyData keys[INDEX_MAX_KEYS];

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	for (int i = 0; i < nprefix; i++)
		ScanKeyEntryInitialize(&keys[i], 0, i + 1, BTEqualStrategyNumber, InvalidOid,
							   direct->collation[i], direct->equal[i], prefix[i]);
	search->direct = direct;
	search->index = index_open(direct->primary, direct->lock);
	search->row = table_slot_create(relation, NULL);
	search->scan = svp_index_beginscan(relation, search->index, GetActiveSnapshot(), nprefix);
	index_rescan(search->scan, keys, nprefix, NULL, 0);
}

static bool
find_next(Search *search, bool backward)
{
	CHECK_FOR_INTERRUPTS();
	return index_getnext_slot(search->scan, backward ? BackwardScanDirection : ForwardScanDirection,
							  search->row);
}

static void
end_search(Search *search)
{
	index_endscan(search->scan);
	ExecDropSingleTupleTableSlot(search->row);
	index_close(search->index, search->direct->lock);
	PopActiveSnapshot();
}

void
svp_direct_scan(SvpDirect *direct, int nprefix, const Datum *prefix, bool backward,
				SvpRowConsumer consume, void *arg)
{
	Datum		values[SVP_MAX_COLUMNS];
	bool		nulls[SVP_MAX_COLUMNS];
	bool		more = true;
	Search		search;

	begin_search(&search, direct, nprefix, prefix);
	while (more && find_next(&search, backward))
	{
		slot_getallattrs(search.row);
		for (int i = 0; i < direct->ncolumns; i++)
		{
			values[i] = search.row->tts_values[direct->columns[i] - 1];
			nulls[i] = search.row->tts_isnull[direct->columns[i] - 1];
		}
		more = consume(arg, values, nulls);
	}
	end_search(&search);
}

static bool
key_exists(SvpDirect *direct, const Datum *key)
{
	Search		search;
	bool		found;

	begin_search(&search, direct, direct->nprimary, key);
	found = find_next(&search, false);
	end_search(&search);
	return found;
}

/* Rows that others may be changing */

static void
raise_serialization_failure(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update")));
}

/*
 * Insert a row that others take for tentative until its key is known to be
 * new.  False when somebody else was faster.
 */
static bool
insert_tentatively(SvpDirect *direct)
{
	Relation	relation = direct->result->ri_RelationDesc;
	TransactionId xid = GetCurrentTransactionId();
	uint32		token = SpeculativeInsertionLockAcquire(xid);
	bool		conflict = false;

	table_tuple_insert_speculative(relation, direct->row, GetCurrentCommandId(true), 0, NULL,
								   token);
	(void) svp_insert_index_tuples(direct->result, direct->row, direct->estate, false, true,
								   &conflict, direct->arbiters);
	table_tuple_complete_speculative(relation, direct->row, token, !conflict);
	SpeculativeInsertionLockRelease(xid);
	return !conflict;
}

bool
svp_direct_insert_new(SvpDirect *direct, const Datum *values, const bool *nulls)
{
	ItemPointerData other;
	bool		is_new;

	begin_write("INSERT");
	CommandCounterIncrement();
	fill_row(direct, NULL, values, nulls);
	check_constraints(direct);
	open_indexes(direct);
	do
	{
		CHECK_FOR_INTERRUPTS();
		is_new = svp_check_index_constraints(direct->result, direct->row, direct->estate, &other,
											 direct->arbiters);
	} while (is_new && !insert_tentatively(direct));
	close_indexes(direct);
	end_write(direct);
	if (!is_new && IsolationUsesXactSnapshot() && !key_exists(direct, values))
		raise_serialization_failure();
	return is_new;
}

/*
 * What came of an attempt to change or lock a row: done, or to be looked for
 * again.
 */
static bool
is_done(TM_Result result)
{
	switch (result)
	{
		case TM_Ok:
			return true;
		case TM_Updated:
		case TM_Deleted:
			if (IsolationUsesXactSnapshot())
				raise_serialization_failure();
			return false;
		default:
			elog(ERROR, "unexpected result of changing a row: %u", result);
	}
}

static TM_Result
update_row(SvpDirect *direct, TupleTableSlot *old, const Datum *values, const bool *nulls)
{
	Relation	relation = direct->result->ri_RelationDesc;
	TM_FailureData failure;
	LockTupleMode mode;
	SvpIndexUpdate indexes;
	TM_Result	result;

	fill_row(direct, old, values, nulls);
	check_constraints(direct);
	result = table_tuple_update(relation, &old->tts_tid, direct->row, GetCurrentCommandId(true),
								GetActiveSnapshot(), InvalidSnapshot, true, &failure, &mode,
								&indexes);
	if (result == TM_Ok && svp_indexes_need_update(indexes))
	{
		open_indexes(direct);
		(void) svp_update_index_tuples(direct->result, direct->row, direct->estate, indexes);
		close_indexes(direct);
	}
	end_write(direct);
	return result;
}

bool
svp_direct_update(SvpDirect *direct, const Datum *values, const bool *nulls)
{
	bool		found;
	bool		done;

	begin_write("UPDATE");
	CheckCmdReplicaIdentity(direct->result->ri_RelationDesc, CMD_UPDATE);
	do
	{
		Search		search;

		begin_search(&search, direct, direct->nprimary, values);
		found = find_next(&search, false);
		done = !found || is_done(update_row(direct, search.row, values, nulls));
		end_search(&search);
	} while (!done);
	return found;
}

bool
svp_direct_delete(SvpDirect *direct, const Datum *key)
{
	Relation	relation = direct->result->ri_RelationDesc;
	TM_FailureData failure;
	bool		found;
	bool		done;

	begin_write("DELETE");
	CheckCmdReplicaIdentity(relation, CMD_DELETE);
	do
	{
		Search		search;

		begin_search(&search, direct, direct->nprimary, key);
		found = find_next(&search, false);
		done = !found ||
			is_done(table_tuple_delete(relation, &search.row->tts_tid, GetCurrentCommandId(true),
									   GetActiveSnapshot(), InvalidSnapshot, true, &failure, false));
		end_search(&search);
	} while (!done);
	return found;
}

bool
svp_direct_lock(SvpDirect *direct, const Datum *key)
{
	Relation	relation = direct->result->ri_RelationDesc;
	TM_FailureData failure;
	bool		found;
	bool		done;

	begin_write("SELECT FOR NO KEY UPDATE");
	do
	{
		Search		search;

		begin_search(&search, direct, direct->nprimary, key);
		found = find_next(&search, false);
		done = !found ||
			is_done(table_tuple_lock(relation, &search.row->tts_tid, GetActiveSnapshot(),
									 search.row, GetCurrentCommandId(true),
									 LockTupleNoKeyExclusive, LockWaitBlock,
									 TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS, &failure));
		end_search(&search);
	} while (!done);
	return found;
}
