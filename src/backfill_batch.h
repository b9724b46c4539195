/*-------------------------------------------------------------------------
 *
 * backfill_batch.h
 *		A batch of backfill().
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_BACKFILL_BATCH_H
#define SVP_BACKFILL_BATCH_H

#include "backfill.h"

/* A batch of tickets in its transaction. */
typedef struct SvpBatch
{
	SvpBackfill *run;
	SvpAttachment *attachment;
	uint64		generation;		/* of the attachments */
	SvpCaller	caller;
	SvpKeyOrder order;
	SvpSlice	tickets;
	SvpSlice	known;
	int			next_known;
	SvpBackfillHistory *history;
	SvpBackfillCounts counts;
	int			first;			/* of the portion at hand … */
	int			end;			/* … and behind its last */
	int			ticket;			/* the one at hand */
	struct SvpBulk *bulk;		/* NULL: tickets are written one by one */
	bool		is_contended;	/* somebody else is at tickets of the portion */
} SvpBatch;

/* Commit, and go on in READ COMMITTED. */
extern void svp_next_transaction(void);

/* Act as the attachment's owner, under a snapshot of its own; and end that. */
extern void svp_batch_enter(SvpBatch *batch);
extern void svp_batch_leave(SvpBatch *batch);

/* Go over the next tickets.  False when there are none. */
extern bool svp_backfill_batch(SvpBackfill *run);

#endif							/* SVP_BACKFILL_BATCH_H */
