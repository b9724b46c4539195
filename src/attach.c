/*-------------------------------------------------------------------------
 *
 * attach.c
 *		Checking a mapping against the table that it is for, when attaching.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "attachment.h"
#include "attempt.h"
#include "mapping.h"
#include "mention.h"
#include "settings.h"

PG_FUNCTION_INFO_V1(svp_check_mapping);

/* How many rows of the table each expression is tried on. */
#define ROWS_TRIED 1000

/* One expression being tried. */
typedef struct Trial
{
	const char *expression;
	const char *alias;
	const char *table;
	bool		is_filter;
	Oid			type;			/* what it gives */
} Trial;

/*
 * Compile the expression, and compute it for the first rows of the table.
 */
static void
try_expression(void *arg)
{
	Trial	   *trial = arg;
	char	   *query = psprintf("SELECT %s(%s\n)%s FROM %s AS %s LIMIT %d",
								 trial->is_filter ? "(" : "", trial->expression,
								 trial->is_filter ? " IS TRUE)" : "",
								 trial->table, trial->alias, ROWS_TRIED);
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);
	CachedPlanSource *source;
	Query	   *parsed;

	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	source = svp_query_of_expressions(plan, 1);
	parsed = linitial_node(Query, source->query_list);
	if (parsed->hasAggs || parsed->hasWindowFuncs || parsed->hasTargetSRFs)
		ereport(ERROR,
				(errcode(ERRCODE_GROUPING_ERROR),
				 errmsg("it is not one value of one row")));
	trial->type = TupleDescAttr(source->resultDesc, 0)->atttypid;
	if (SPI_execute_plan(plan, NULL, NULL, true, 0) != SPI_OK_SELECT)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("it is not an expression")));
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Try an expression; what is wrong with it is said of the fact or filter that
 * "subject" names.
 */
static void
check_expression(Trial *trial, const char *subject)
{
	ErrorData  *error = svp_attempt(try_expression, trial);

	if (error == NULL)
		return;
	ereport(ERROR,
			(errcode(error->sqlerrcode),
			 errmsg("%s cannot be computed: %s", subject, error->message),
			 errdetail("The expression is: %s", trial->expression),
			 errhint("It sees the row as \"%s\"; other tables and functions need their schema, since search_path is pg_catalog alone.%s%s",
					 trial->alias, error->hint ? " " : "", error->hint ? error->hint : "")));
}

static void
check_fact(const SvpMapping *mapping, SvpFactMapping *fact, const char *table)
{
	Trial		trial = {fact->sql, mapping->alias, table};

	check_expression(&trial, psprintf("fact \"%s\"", fact->name));
	svp_mapping_check_type(fact, trial.type);
	svp_mapping_check_zone(fact);
	for (int i = 0; i < fact->nunset; i++)
	{
		if (fact->kind == SVP_FACT_TIME)
			(void) svp_mapping_unset_time(fact, fact->unset[i]);
	}
}

/*
 * service_policy._check_mapping(source, row_table, key, facts, only_where):
 * complain unless the mapping can be read and every expression of it gives,
 * for the table's own rows, what its fact needs.
 */
Datum
svp_check_mapping(PG_FUNCTION_ARGS)
{
	char	   *source;
	Relation	relation;
	int			nkey;
	char	  **key;
	char	   *where = PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4));
	char	   *table;
	SvpMapping *mapping;
	int			level;

	for (int i = 0; i < 4; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a mapping needs its source, table, key and facts")));
	}
	source = text_to_cstring(PG_GETARG_TEXT_PP(0));
	relation = relation_open(PG_GETARG_OID(1), AccessShareLock);
	key = svp_text_array(PG_GETARG_ARRAYTYPE_P(2), &nkey);
	table = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
									   RelationGetRelationName(relation));
	level = svp_settings_enter();

	mapping = svp_mapping_parse(svp_mapping_alias(source), key, nkey, PG_GETARG_JSONB_P(3), where);
	for (int i = 0; i < nkey; i++)
		(void) svp_mapping_key_column(mapping, i, RelationGetDescr(relation));

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	for (int i = 0; i < mapping->nfacts; i++)
		check_fact(mapping, &mapping->facts[i], table);
	if (where != NULL)
	{
		Trial		trial = {where, mapping->alias, table, true};

		check_expression(&trial, "the row filter only_where");
	}
	SPI_finish();
	svp_settings_leave(level);
	relation_close(relation, AccessShareLock);
	PG_RETURN_VOID();
}
