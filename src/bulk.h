/*-------------------------------------------------------------------------
 *
 * bulk.h
 *		Writing the records and clocks of many new tickets at once.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_BULK_H
#define SVP_BULK_H

#include "rows.h"

struct SvpBulk;

/*
 * Gather rows, within a span, in the current memory context.  NULL where the
 * tables are not such that this gains anything.
 */
extern struct SvpBulk *svp_bulk_begin(SvpAttachment *attachment);

/*
 * While it takes rows, those inserted into the ledger and the clocks are
 * gathered, as new, and none are there to be read: all must be of tickets of
 * which nothing is recorded.
 */
extern void svp_bulk_take(struct SvpBulk *bulk, bool takes);

/*
 * Write what was gathered.  A ticket that somebody else has recorded meanwhile
 * is a unique_violation.
 */
extern void svp_bulk_end(struct SvpBulk *bulk);

/* For rows.c and clock_table.c. */
extern bool svp_bulk_takes(const SvpAttachment *attachment, SvpTableId id);
extern void svp_bulk_add(SvpTableId id, const Datum *values, const bool *nulls);

#endif							/* SVP_BULK_H */
