/*-------------------------------------------------------------------------
 *
 * result_set.c
 *		The rows that an SQL function returns, gathered while it works.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"

#include "result_set.h"

/*
 * Begin the set of a function that returns rows; it is what the function
 * returns, whatever its own result.
 */
void
svp_result_begin(FunctionCallInfo fcinfo, SvpResultSet *set)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext old;

	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("set-valued function called in context that cannot accept a set")));

	old = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	if (get_call_result_type(fcinfo, NULL, &set->columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	set->columns = CreateTupleDescCopy(set->columns);
	set->store = tuplestore_begin_heap(true, false, work_mem);
	result->returnMode = SFRM_Materialize;
	result->setDesc = set->columns;
	result->setResult = set->store;
	MemoryContextSwitchTo(old);
}

void
svp_result_add(SvpResultSet *set, Datum *values, bool *nulls)
{
	tuplestore_putvalues(set->store, set->columns, values, nulls);
}
