/*-------------------------------------------------------------------------
 *
 * result_set.h
 *		The rows that an SQL function returns, gathered while it works.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_RESULT_SET_H
#define SVP_RESULT_SET_H

#include "fmgr.h"
#include "utils/tuplestore.h"

typedef struct SvpResultSet
{
	Tuplestorestate *store;
	TupleDesc	columns;
} SvpResultSet;

extern void svp_result_begin(FunctionCallInfo fcinfo, SvpResultSet *set);
extern void svp_result_add(SvpResultSet *set, Datum *values, bool *nulls);

#endif							/* SVP_RESULT_SET_H */
