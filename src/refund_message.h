/*-------------------------------------------------------------------------
 *
 * refund_message.h
 *		What is said of a decision: to whoever writes the refund, and to the
 *		customer.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_MESSAGE_H
#define SVP_REFUND_MESSAGE_H

#include "refund_case.h"

/* Of an error: the primary message, its detail, and its hint (NULL if there is none). */
extern char *svp_refund_summary(const SvpRefundCase *refund);
extern char *svp_refund_grounds(const SvpRefundCase *refund);
extern char *svp_refund_hint(const SvpRefundCase *refund);

/* The policy's words, or ours, to the customer; NULL is no language. */
extern char *svp_refund_customer_message(const SvpRefundCase *refund, const char *language);

/* Can a policy's words have a placeholder of this name? */
extern bool svp_refund_placeholder_exists(const char *name);

#endif							/* SVP_REFUND_MESSAGE_H */
