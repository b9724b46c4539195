/*-------------------------------------------------------------------------
 *
 * write_back.h
 *		What of a ticket's clocks goes into columns of its own row.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_WRITE_BACK_H
#define SVP_WRITE_BACK_H

#include "pgtime.h"
#include "utils/jsonb.h"

typedef enum SvpWriteField
{
	SVP_WRITE_DUE_AT,
	SVP_WRITE_AT_RISK_AT,
	SVP_WRITE_STATUS,
	SVP_WRITE_ESCALATION_LEVEL
} SvpWriteField;

#define SVP_NWRITE_FIELDS (SVP_WRITE_ESCALATION_LEVEL + 1)

typedef struct SvpWriteColumn
{
	char	   *column;			/* of the ticket's table */
	char	   *metric;
	SvpWriteField field;
	pg_tz	   *zone;			/* of a column that is a local time, else NULL */
} SvpWriteColumn;

/* Errors name the column. */
extern SvpWriteColumn *svp_write_back_parse(Jsonb *columns, int *n);

#endif							/* SVP_WRITE_BACK_H */
