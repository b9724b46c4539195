/*-------------------------------------------------------------------------
 *
 * fact_value.h
 *		Reading one value as a fact.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_FACT_VALUE_H
#define SVP_FACT_VALUE_H

#include "access/attnum.h"
#include "fmgr.h"
#include "pgtime.h"

#include "facts.h"

/* A fact bound to the columns of a relation or of a query. */
typedef struct SvpFactBinding
{
	AttrNumber	column;			/* of the row; 0 = an expression */
	int			result;			/* column of the query, from 1 */
	Oid			type;
	int16		type_length;
	bool		type_by_value;
	FmgrInfo	output;
	pg_tz	   *zone;
	int64	   *unset;			/* raw values that mean "not set" */
} SvpFactBinding;

extern void svp_fact_bind(const SvpFactMapping *fact, SvpFactBinding *binding, Oid type,
						  MemoryContext context);
extern void svp_fact_read(const SvpFactMapping *fact, SvpFactBinding *binding, Datum value,
						  bool isnull, SvpFactValue *result);

#endif							/* SVP_FACT_VALUE_H */
