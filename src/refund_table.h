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
#include "refund_facts.h"

/* What is on record of a refund: how often it was decided on, and what stands. */
typedef struct SvpRefundRecord
{
	int32		last_seq;		/* 0: it was never decided on */
	bool		stands;			/* there is a decision which does, with … */
	SvpRefundShare share;		/* … what it was counted for … */
	Datum		facts;			/* … its facts, as jsonb … */
	bool		is_approved;	/* … and perhaps an approval */
	SvpRow		row;			/* all of it */
} SvpRefundRecord;

/* Do two add the same to the same sums?  When they were counted does not matter. */
extern bool svp_refund_same_share(const SvpRefundShare *a, const SvpRefundShare *b);

/*
 * Of several that stand, as when a key recurs in another partition, it is the
 * one of a share; if none is, or it is NULL, none stands.
 */
extern void svp_refund_find(SvpAttachment *attachment, const Datum *key,
							const SvpRefundShare *share, SvpRefundRecord *record);

/* Decisions are numbered from 1; false if somebody else has taken the number. */
extern bool svp_refund_append(const SvpRefundCase *refund, int32 seq, const char *recorded_by);
extern bool svp_refund_append_counted(const SvpRefundCase *refund, int32 seq, int64 at,
									  const char *recorded_by);
extern void svp_refund_withdraw(SvpAttachment *attachment, SvpRefundRecord *record, int64 at);

/* The decision that stands goes on under another key. */
extern void svp_refund_move(SvpAttachment *attachment, SvpRefundRecord *record, const Datum *key,
							int64 at);

/*
 * The refund of a key, as a row of the attached table itself: as it is now, or
 * as the statement's snapshot has it.  NULL if there is none.  In the
 * partitions of a table a key that lacks the partition key may recur.
 */
extern bool svp_refund_is_alone(const SvpAttachment *attachment, const Datum *key);
extern HeapTuple svp_refund_fetch(const SvpAttachment *attachment, Relation relation,
								  const Datum *key, bool of_now);

#endif							/* SVP_REFUND_TABLE_H */
