/*-------------------------------------------------------------------------
 *
 * refund_remedy.h
 *		Who can help where a refund is not allowed, and by which call.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_REMEDY_H
#define SVP_REFUND_REMEDY_H

#include "refund_case.h"

/* As a sentence, with the call to paste; NULL where nobody can. */
extern char *svp_refund_remedy(const SvpRefundCase *refund);

#endif							/* SVP_REFUND_REMEDY_H */
