/*-------------------------------------------------------------------------
 *
 * key_order.c
 *		The order in which tickets are gone through, and conditions on it.
 *
 * It is that of an index of the ticket table, so that a batch is read from
 * where the last one ended, however large the table is.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_index.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "key.h"
#include "key_order.h"
#include "mapping.h"

Oid
svp_ticket_table(const SvpAttachment *attachment)
{
	List	   *names = svp_qualified_name(attachment->ticket->table);
	Oid			table = RangeVarGetRelid(makeRangeVarFromNameList(names), AccessShareLock, true);

	if (!OidIsValid(table))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the ticket table of attachment \"%s\", %s, does not exist",
						attachment->name, attachment->ticket->table),
				 errhint("Call service_policy.detach(%s), and attach the table that has its tickets now; the evidence is kept.",
						 quote_literal_cstr(attachment->name))));
	return table;
}

/*
 * Which part of the key is in which place of an index.  False unless the
 * index begins with all of them.
 */
static bool
parts_of_index(const SvpMapping *mapping, Relation relation, Form_pg_index index, int *parts)
{
	for (int i = 0; i < mapping->nkey; i++)
	{
		int			part = 0;

		if (i >= index->indnkeyatts || index->indkey.values[i] <= 0)
			return false;
		while (part < mapping->nkey &&
			   svp_mapping_key_column(mapping, part, RelationGetDescr(relation)) != index->indkey.values[i])
			part++;
		if (part == mapping->nkey)
			return false;
		parts[i] = part;
	}
	return true;
}

/*
 * Take the parts as an index has them that gives the rows in that order.
 */
static void
follow_index(const SvpMapping *mapping, Relation relation, int *parts)
{
	List	   *indexes = RelationGetIndexList(relation);
	ListCell   *lc;

	foreach(lc, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		Form_pg_index index;
		int			found[INDEX_MAX_KEYS];
		bool		fits;

		if (!HeapTupleIsValid(tuple))
			continue;
		index = (Form_pg_index) GETSTRUCT(tuple);
		fits = index->indisunique && index->indisvalid &&
			heap_attisnull(tuple, Anum_pg_index_indpred, NULL) &&
			heap_attisnull(tuple, Anum_pg_index_indexprs, NULL) &&
			parts_of_index(mapping, relation, index, found);
		ReleaseSysCache(tuple);
		if (fits)
		{
			memcpy(parts, found, sizeof(int) * mapping->nkey);
			break;
		}
	}
	list_free(indexes);
}

void
svp_key_order(SvpAttachment *attachment, SvpKeyOrder *order)
{
	const SvpMapping *mapping = attachment->ticket;
	Relation	relation = table_open(svp_ticket_table(attachment), NoLock);

	order->nkey = mapping->nkey;
	for (int i = 0; i < mapping->nkey; i++)
	{
		AttrNumber	column = svp_mapping_key_column(mapping, i, RelationGetDescr(relation));
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(relation), column - 1);

		if (attribute->atttypid != attachment->key_types[i])
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("key column \"%s\" is of type %s, but was of type %s when it was attached",
							NameStr(attribute->attname), format_type_be(attribute->atttypid),
							format_type_be(attachment->key_types[i])),
					 errhint("Attach again under another name, or change the type back.")));
		order->types[i] = attribute->atttypid;
		order->collations[i] = attribute->attcollation;
		order->parts[i] = i;
	}
	follow_index(mapping, relation, order->parts);
	table_close(relation, AccessShareLock);
}

int
svp_key_compare(const SvpKeyOrder *order, const Datum *a, const Datum *b)
{
	for (int i = 0; i < order->nkey; i++)
	{
		int			part = order->parts[i];
		TypeCacheEntry *type = lookup_type_cache(order->types[part], TYPECACHE_CMP_PROC_FINFO);
		int			result = DatumGetInt32(FunctionCall2Coll(&type->cmp_proc_finfo,
															 order->collations[part],
															 a[part], b[part]));

		if (result != 0)
			return result;
	}
	return 0;
}

const char *
svp_key_operator(Oid type, int strategy)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);

	return svp_operator(get_opfamily_member(entry->btree_opf, entry->btree_opintype,
											entry->btree_opintype, strategy), type);
}

/*
 * Compare the key with parameters, as a row: an index on its columns answers
 * that at once.
 */
static void
append_row_comparison(StringInfo query, const SvpKeyOrder *order, char **key, int strategy,
					  int parameter)
{
	for (int i = 0; i < order->nkey; i++)
		appendStringInfo(query, "%s%s", i > 0 ? ", " : " AND (", key[order->parts[i]]);
	appendStringInfo(query, ") %s (", svp_key_operator(order->types[0], strategy));
	for (int i = 0; i < order->nkey; i++)
		appendStringInfo(query, "%s$%d", i > 0 ? ", " : "", parameter + order->parts[i]);
	appendStringInfoChar(query, ')');
}

/*
 * The same where the types' operators are not all of one name, and rows
 * cannot be compared.
 */
static void
append_stepwise_comparison(StringInfo query, const SvpKeyOrder *order, char **key, int strategy,
						   int parameter)
{
	int			strict = strategy == BTLessEqualStrategyNumber ? BTLessStrategyNumber :
		BTGreaterStrategyNumber;

	appendStringInfoString(query, " AND (false");
	for (int last = 0; last < order->nkey; last++)
	{
		for (int i = 0; i <= last; i++)
		{
			int			part = order->parts[i];
			int			which = i < last ? BTEqualStrategyNumber :
				last < order->nkey - 1 ? strict : strategy;

			appendStringInfo(query, " %s %s %s $%d", i == 0 ? "OR" : "AND", key[part],
							 svp_key_operator(order->types[part], which), parameter + part);
		}
	}
	appendStringInfoChar(query, ')');
}

static void
append_comparison(StringInfo query, const SvpKeyOrder *order, char **key, int strategy,
				  int parameter)
{
	const char *first = svp_key_operator(order->types[0], strategy);

	for (int i = 1; i < order->nkey; i++)
	{
		if (strcmp(first, svp_key_operator(order->types[i], strategy)) != 0)
		{
			append_stepwise_comparison(query, order, key, strategy, parameter);
			return;
		}
	}
	append_row_comparison(query, order, key, strategy, parameter);
}

void
svp_key_append_range(StringInfo query, const SvpKeyOrder *order, char **key,
					 const SvpKeyRange *range)
{
	appendStringInfoString(query, " WHERE true");
	if (range->after != NULL)
		append_comparison(query, order, key, BTGreaterStrategyNumber, 1);
	if (range->from != NULL)
		append_comparison(query, order, key, BTGreaterEqualStrategyNumber, 1);
	if (range->to != NULL)
		append_comparison(query, order, key, BTLessEqualStrategyNumber, 1 + order->nkey);
}

void
svp_key_append_order(StringInfo query, const SvpKeyOrder *order, char **key)
{
	for (int i = 0; i < order->nkey; i++)
		appendStringInfo(query, "%s %s", i > 0 ? "," : " ORDER BY", key[order->parts[i]]);
}
