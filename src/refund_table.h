/*-------------------------------------------------------------------------
 *
 * refund_table.h
 *		The decisions on refunds, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_TABLE_H
#define SVP_REFUND_TABLE_H

#include "refund_case.h"

/* Can this fact change a decision?  Who refunds and in which state cannot. */
extern bool svp_refund_fact_decides(const char *name);

/* The statements are ready; else says why not. */
extern bool svp_refund_table_prepare(SvpAttachment *attachment, const char **problem);

extern int	svp_refund_rows(const SvpAttachment *attachment, Datum *key);
extern HeapTuple svp_refund_fetch(const SvpAttachment *attachment, Relation relation, Datum *key);
extern bool svp_refund_is_decided(const SvpRefundCase *refund);
extern void svp_refund_append(const SvpRefundCase *refund, const char *recorded_by);

/* An amount as numeric. */
extern Datum svp_refund_numeric(int64 millionths);

#endif							/* SVP_REFUND_TABLE_H */
