/*-------------------------------------------------------------------------
 *
 * refund_refusal.h
 *		The record of a refused refund, which outlives its transaction.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_REFUSAL_H
#define SVP_REFUND_REFUSAL_H

#include "refund_case.h"

/*
 * Note down that a refund of this table is about to be refused.  With the
 * rights of the attachment's owner.
 */
extern void svp_refusal_note(const SvpRefundCase *refund, const char *schema, const char *table);

/* The record as a line of the server log; why it is in no table, or NULL. */
extern void svp_refusal_log(const char *record, const char *why);

#endif							/* SVP_REFUND_REFUSAL_H */
