/*-------------------------------------------------------------------------
 *
 * mention.c
 *		Are these expressions, and which columns of a row do they mention?
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"

#include "mention.h"

typedef struct Walk
{
	int			level;			/* of queries, below the one asked about */
	List	   *columns;		/* target entries of the row */
	Bitmapset  *mentioned;
} Walk;

/*
 * The column of $1 that a column of the row is.
 */
static void
mention(Walk *walk, const TargetEntry *entry)
{
	if (IsA(entry->expr, FieldSelect))
		walk->mentioned = bms_add_member(walk->mentioned,
										 ((FieldSelect *) entry->expr)->fieldnum);
}

static bool
walk_node(Node *node, void *arg)
{
	Walk	   *walk = arg;
	ListCell   *lc;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varno != 1 || var->varlevelsup != walk->level)
			return false;
		foreach(lc, walk->columns)
		{
			TargetEntry *entry = lfirst(lc);

			/* 0 is the whole row */
			if (var->varattno == 0 || var->varattno == entry->resno)
				mention(walk, entry);
		}
		return false;
	}
	if (IsA(node, Query))
	{
		bool		result;

		walk->level++;
		result = query_tree_walker((Query *) node, walk_node, walk, 0);
		walk->level--;
		return result;
	}
	return expression_tree_walker(node, walk_node, walk);
}

CachedPlanSource *
svp_query_of_expressions(SPIPlanPtr plan, int ncolumns)
{
	List	   *sources = SPI_plan_get_plan_sources(plan);
	CachedPlanSource *source = linitial(sources);

	if (list_length(sources) != 1 || source->resultDesc == NULL ||
		source->resultDesc->natts != ncolumns ||
		linitial_node(Query, source->query_list)->setOperations != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("it is not one expression")));
	return source;
}

Bitmapset *
svp_columns_mentioned(Query *query)
{
	RangeTblEntry *row = linitial(query->rtable);
	Walk		walk = {.columns = row->subquery->targetList};

	(void) expression_tree_walker((Node *) query->targetList, walk_node, &walk);
	return walk.mentioned;
}
