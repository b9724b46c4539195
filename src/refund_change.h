/*-------------------------------------------------------------------------
 *
 * refund_change.h
 *		What a change of a refund's row means for the decision on it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_CHANGE_H
#define SVP_REFUND_CHANGE_H

#include "commands/trigger.h"

#include "refund_case.h"

/* A change of a refund's row, as the trigger is told of it. */
typedef struct SvpRefundChange
{
	SvpAttachment *attachment;
	TriggerData *trigger;
	SvpRowReader *reader;
	const char *recorded_by;
	int64		now;			/* by the wall clock: who holds a transaction open gains no time */
} SvpRefundChange;

/* The refund that a row of the table is. */
extern SvpRefundCase svp_refund_case_of(const SvpRefundChange *change, HeapTuple tuple);

/*
 * Decide on a refund under a key that it did not have before: is_known unless
 * the row is new.
 */
extern void svp_refund_decide_on_key(const SvpRefundChange *change, SvpRefundCase *refund, bool is_known);

/*
 * What was the old one is the new one now; is_known unless the statement has
 * told only part of it.  Not is_told: that the old one came about may not have
 * been told, and will not be.
 */
extern void svp_refund_row_changed(const SvpRefundChange *change, const SvpRefundCase *old,
								   SvpRefundCase *new, bool is_known, bool is_told);

/* There is no such refund any more. */
extern void svp_refund_end_row(const SvpRefundChange *change, const SvpRefundCase *old);

#endif							/* SVP_REFUND_CHANGE_H */
