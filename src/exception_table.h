/*-------------------------------------------------------------------------
 *
 * exception_table.h
 *		Exceptions and approvals, as rows.
 *
 * All of it in an SPI connection with the rights of the attachment's owner.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_EXCEPTION_TABLE_H
#define SVP_EXCEPTION_TABLE_H

#include "refund_exception.h"

#define SVP_EXCEPTION_TABLE	"exception"
#define SVP_KIND_EXCEPTION	"exception"
#define SVP_KIND_APPROVAL	"approval"

/* What one is for.  The most particular comes first, and is used first. */
typedef enum SvpSubject
{
	SVP_SUBJECT_REFUND,
	SVP_SUBJECT_TICKET,
	SVP_SUBJECT_ORDER,
	SVP_SUBJECT_CUSTOMER
} SvpSubject;

#define SVP_NSUBJECTS (SVP_SUBJECT_CUSTOMER + 1)

/* The names of the facts, and "refund" for a refund's own key. */
extern const char *const svp_subject_names[SVP_NSUBJECTS];

/* The table's name, as statements have it. */
extern const char *svp_exception_table(const SvpAttachment *attachment);

/* Those that are neither used, revoked nor expired, and those of the refund's own. */
extern List *svp_exceptions_open(const SvpRefundCase *refund);

/* Lock one until the end of the transaction; false if it is no longer open. */
extern bool svp_exception_lock(const SvpRefundCase *refund, const SvpException *exception);
extern void svp_exception_mark_used(const SvpRefundCase *refund, const SvpException *exception);

#endif							/* SVP_EXCEPTION_TABLE_H */
