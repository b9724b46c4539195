/*-------------------------------------------------------------------------
 *
 * refund_outcome.h
 *		What a statement that writes a refund is told of the decision.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_OUTCOME_H
#define SVP_REFUND_OUTCOME_H

#include "commands/trigger.h"

#include "refund_case.h"

/* The statement cannot be let through, nor refused for what it contains. */
extern void svp_refund_undecidable(const char *attachment, const char *problem) pg_attribute_noreturn();

/*
 * Refuse a refund.  Of the fields that a client maps to its own errors, the
 * constraint's name is the reason's code.
 */
extern void svp_refund_refuse(const TriggerData *trigger, SvpRefundCase *refund) pg_attribute_noreturn();

/* Let it through with a warning. */
extern void svp_refund_flag(const SvpRefundCase *refund);

#endif							/* SVP_REFUND_OUTCOME_H */
