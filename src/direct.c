/*-------------------------------------------------------------------------
 *
 * direct.c
 *		Which of an attachment's own tables are used by their access methods.
 *
 * On such a table nothing but indexes and NOT NULL acts.  Expressions and
 * predicates of indexes are compiled once and kept; so only built-in functions
 * are taken, which keep nothing of a query.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "parser/parse_relation.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "direct.h"

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
	if (attribute->atttypid != svp_table_column_type(table, i))
		return false;
	return i < table->nkey ? find_coercion(direct, i, attribute) : attribute->atttypmod == -1;
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
	for (int i = 0; i < SVP_TABLE_WIDTH(table); i++)
	{
		if (strcmp(svp_table_column(table, i), name) == 0)
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

static bool
are_in_order(const SvpDirect *direct)
{
	for (int i = 0; i < direct->ncolumns; i++)
	{
		if (direct->columns[i] != i + 1)
			return false;
	}
	return direct->ncolumns == direct->descriptor->natts;
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
		Form_pg_attribute attribute = attribute_named(direct->descriptor,
													  svp_table_column(table, i));

		if (attribute == NULL || !column_is_ours(direct, table, i, attribute))
			return false;
		direct->columns[i] = attribute->attnum;
		if (i < direct->nprimary)
			direct->nkept = Max(direct->nkept, attribute->attnum);
	}
	if (direct->ncolumns < direct->descriptor->natts)
		direct->nkept = direct->descriptor->natts;
	direct->is_in_order = are_in_order(direct);
	return true;
}

static void
find_not_null(SvpDirect *direct)
{
	direct->not_null = palloc(sizeof(AttrNumber) * direct->descriptor->natts);
	for (int i = 0; i < direct->descriptor->natts; i++)
	{
		if (TupleDescAttr(direct->descriptor, i)->attnotnull)
			direct->not_null[direct->nnot_null++] = i + 1;
	}
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

		ScanKeyEntryInitialize(&direct->keys[i], 0, i + 1, BTEqualStrategyNumber, InvalidOid,
							   index->rd_indcollation[i],
							   get_opcode(get_opfamily_member(index->rd_opfamily[i], type, type,
															  BTEqualStrategyNumber)),
							   (Datum) 0);
	}
	index_close(index, AccessShareLock);
	return found;
}

/*
 * The executor's view of the table, as far as writing needs it.  Relations
 * are opened when it is used; what is compiled for the indexes stays.
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

	direct->nindexes = direct->result->ri_NumIndices;
	direct->indexes = palloc(sizeof(Oid) * Max(direct->nindexes, 1));
	for (int i = 0; i < direct->nindexes; i++)
	{
		const IndexInfo *index = direct->result->ri_IndexRelationInfo[i];

		direct->indexes[i] = RelationGetRelid(direct->result->ri_IndexRelationDescs[i]);
		direct->has_others |= direct->indexes[i] != direct->primary &&
			(index->ii_Unique || index->ii_ExclusionOps != NULL);
	}
	ExecCloseIndices(direct->result);
	direct->arbiters = list_make1_oid(direct->primary);
	direct->row = MakeSingleTupleTableSlot(direct->descriptor, &TTSOpsHeapTuple);
	direct->found = MakeSingleTupleTableSlot(direct->descriptor, table_slot_callbacks(relation));
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
	bool		is_direct;

	if (table->shape->is_log || !relation_is_plain(relation) || !owner_may(relation) ||
		!indexes_are_plain(relation))
		return NULL;
	context = AllocSetContextCreate(CurrentMemoryContext, "service_policy table",
									ALLOCSET_SMALL_SIZES);
	MemoryContextCopyAndSetIdentifier(context, psprintf("%s.%s", table->attachment->data_schema,
														table->shape->name));
	caller = MemoryContextSwitchTo(context);
	direct = palloc0(sizeof(SvpDirect));
	direct->context = context;
	direct->scan_context = AllocSetContextCreate(context, "service_policy scans",
												 ALLOCSET_DEFAULT_SIZES);
	direct->relid = RelationGetRelid(relation);
	direct->ncolumns = SVP_TABLE_WIDTH(table);
	direct->nprimary = SVP_TABLE_PRIMARY(table);
	direct->columns = palloc(sizeof(AttrNumber) * direct->ncolumns);
	direct->descriptor = CreateTupleDescCopyConstr(RelationGetDescr(relation));
	is_direct = direct->nprimary <= INDEX_MAX_KEYS && find_columns(direct, table) &&
		find_key(direct, relation);
	if (is_direct)
	{
		find_not_null(direct);
		make_result(direct, relation);
	}
	MemoryContextSwitchTo(caller);
	if (!is_direct)
	{
		MemoryContextDelete(context);
		return NULL;
	}
	MemoryContextSetParent(context, parent);
	return direct;
}
