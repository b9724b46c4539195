/*-------------------------------------------------------------------------
 *
 * bulk.h
 *		Writing the records and clocks of new tickets at once.
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
 * From now on svp_bulk_write() tells of each ticket whether it is known; false
 * where it cannot.
 */
extern bool svp_bulk_tell(struct SvpBulk *bulk);

/*
 * In between, what is inserted into the ledger and the clocks is gathered, as
 * of a new ticket, and nothing is there to be read.  It is kept until it is
 * written, or not at all.
 */
extern void svp_bulk_begin_ticket(struct SvpBulk *bulk);
extern void svp_bulk_end_ticket(struct SvpBulk *bulk, bool keeps);

/*
 * Write what was gathered.  "known" is told of each ticket whether something is
 * there already: then nothing of it is written.  Without that, "known" is NULL,
 * and it is a unique_violation.
 */
extern void svp_bulk_write(struct SvpBulk *bulk, bool *known);
extern void svp_bulk_end(struct SvpBulk *bulk);

/* After an error: none takes rows any more. */
extern void svp_bulk_abandon(void);

/* For rows.c and clock_table.c. */
extern bool svp_bulk_takes(const SvpAttachment *attachment, SvpTableId id);
extern void svp_bulk_add(SvpTableId id, const Datum *values, const bool *nulls);

#endif							/* SVP_BULK_H */
