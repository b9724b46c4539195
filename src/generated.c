/*-------------------------------------------------------------------------
 *
 * generated.c
 *		The generated columns of a row that is about to be stored.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "executor/executor.h"
#include "rewrite/rewriteHandler.h"

#include "attempt.h"
#include "generated.h"

typedef struct Generation
{
	Relation	relation;
	HeapTuple	tuple;
	MemoryContext context;
} Generation;

static void
generate(void *arg)
{
	Generation *row = arg;
	TupleDesc	descriptor = RelationGetDescr(row->relation);
	EState	   *estate = CreateExecutorState();
	ExprContext *expressions = GetPerTupleExprContext(estate);
	MemoryContext inside = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
	int		   *numbers = palloc(sizeof(int) * descriptor->natts);
	Datum	   *values = palloc(sizeof(Datum) * descriptor->natts);
	bool	   *nulls = palloc(sizeof(bool) * descriptor->natts);
	int			n = 0;

	expressions->ecxt_scantuple = MakeSingleTupleTableSlot(descriptor, &TTSOpsHeapTuple);
	ExecStoreHeapTuple(row->tuple, expressions->ecxt_scantuple, false);
	for (int i = 0; i < descriptor->natts; i++)
	{
		if (TupleDescAttr(descriptor, i)->attgenerated != ATTRIBUTE_GENERATED_STORED)
			continue;
		numbers[n] = i + 1;
		values[n] = ExecEvalExpr(ExecPrepareExpr((Expr *) build_column_default(row->relation, i + 1),
												 estate),
								 expressions, &nulls[n]);
		n++;
	}
	MemoryContextSwitchTo(row->context);
	row->tuple = heap_modify_tuple_by_cols(row->tuple, descriptor, n, numbers, values, nulls);
	MemoryContextSwitchTo(inside);
	ExecDropSingleTupleTableSlot(expressions->ecxt_scantuple);
	MemoryContextSwitchTo(row->context);
	FreeExecutorState(estate);
}

HeapTuple
svp_with_generated(Relation relation, HeapTuple tuple)
{
	TupleConstr *constraints = RelationGetDescr(relation)->constr;
	Generation	row = {relation, tuple, CurrentMemoryContext};

	if (constraints == NULL || !constraints->has_generated_stored)
		return tuple;
	return svp_attempt(generate, &row) == NULL ? row.tuple : NULL;
}
