/*-------------------------------------------------------------------------
 *
 * refund_exception.h
 *		Which exception and approval a refund rests on.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_EXCEPTION_H
#define SVP_REFUND_EXCEPTION_H

#include "refund_case.h"

typedef struct SvpException
{
	int64		id;
	bool		is_approval;
	SvpRelief	relief;
	const char *currency;		/* of the relief's amount; NULL = any */
	const char *reason;
	const char *role;			/* whose discretion it is within */
	const char *granted_by;		/* a database role */
	const char *agent;			/* who granted it, as the application says; or NULL */
} SvpException;

/* Why a refund cannot rest on one of those that are open, or NULL. */
extern const char *svp_exception_objection(const SvpRefundCase *refund,
										   const SvpException *exception);

/* Before it is judged anew. */
extern void svp_exceptions_forget(SvpRefundCase *refund);

/*
 * Decide again by what was granted for the refund, at most one exception and
 * one approval, if that makes the decision a better one.  They are set in the
 * case then, and what it would be without them is its "unrelieved".
 * With the rights of the attachment's owner.
 */
extern bool svp_exceptions_relieve(SvpRefundCase *refund);

/*
 * Use what the decision rests on, for a refund that is written.  Waits for
 * others who are using it; if they have, decides by what is left, so look at
 * the decision afterwards.
 */
extern void svp_exceptions_use(SvpRefundCase *refund);

/* A refund that stays what it was has another key: what it used goes along. */
extern void svp_exceptions_move(SvpAttachment *attachment, const Datum *from, const Datum *to);

#endif							/* SVP_REFUND_EXCEPTION_H */
