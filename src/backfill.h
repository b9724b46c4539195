/*-------------------------------------------------------------------------
 *
 * backfill.h
 *		A run of backfill().
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_BACKFILL_H
#define SVP_BACKFILL_H

#include "bulk.h"
#include "slice.h"
#include "ticket_history.h"

typedef struct SvpBackfillCounts
{
	int64		done;			/* tickets gone over */
	int64		recorded;		/* … that were not known */
	int64		completed;		/* … that were, and to which something was added */
	int64		restated;		/* clocks that were judged without their history */
} SvpBackfillCounts;

typedef struct SvpBackfill
{
	MemoryContext context;		/* lasts beyond a transaction */
	const char *attachment;
	const char *caller;			/* the role that called it */
	int			batch;
	int64		sleep;			/* in microseconds */
	bool		resume;

	int			run;			/* its number */
	Datum	   *position;		/* NULL at the beginning */
	SvpBackfillCounts counts;
	int64		estimated;
	int64		worked;			/* in microseconds, up to … */
	int64		counted_to;		/* … this moment */
} SvpBackfill;

/* backfill_run.c: its row of <name>_data.backfill */
extern Oid	svp_backfill_table(const SvpAttachment *attachment);
extern void svp_backfill_begin(SvpBackfill *run, SvpAttachment *attachment,
							   const SvpKeyOrder *order);
extern void svp_backfill_save(SvpBackfill *run, SvpAttachment *attachment, bool is_finished);
extern void svp_backfill_move(SvpBackfill *run, const SvpKeyOrder *order, const Datum *key);

/* backfill_ticket.c: one ticket, with what its histories tell */
extern void svp_backfill_ticket(SvpBackfill *run, SvpAttachment *attachment,
								const SvpKeyOrder *order, struct SvpBulk *bulk,
								SvpSliceRow *row, bool is_known, SvpChange *changes,
								int nchanges, SvpBackfillCounts *counts);

/* backfill_history.c: the changes of a batch of tickets */
typedef struct SvpBackfillHistory SvpBackfillHistory;

extern SvpBackfillHistory *svp_backfill_histories(SvpAttachment *attachment,
												  const SvpKeyOrder *order,
												  const SvpSlice *tickets);

/* Come back to where it was marked. */
extern void svp_backfill_mark(SvpBackfillHistory *history);
extern void svp_backfill_rewind(SvpBackfillHistory *history);
extern SvpChange *svp_backfill_changes(SvpBackfillHistory *history, Datum *key,
									   int *nchanges);

#endif							/* SVP_BACKFILL_H */
