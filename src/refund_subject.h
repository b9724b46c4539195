/*-------------------------------------------------------------------------
 *
 * refund_subject.h
 *		Of what a refund is, and the number by which its sums are found.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_SUBJECT_H
#define SVP_REFUND_SUBJECT_H

#include "refund_tally.h"

/* The words of SvpScope. */
extern const char *const svp_tally_scope_names[SVP_NSCOPES];

/* What a refund is of, in a scope; NULL if that is not known. */
extern const char *svp_refund_subject(const SvpRefundShare *share, SvpScope scope);

extern Datum svp_refund_subject_hash(SvpScope scope, const char *subject);

/* Is a row of this subject, or of another one with the same hash? */
extern bool svp_refund_is_of(Datum stored_scope, Datum stored_subject,
							 SvpScope scope, const char *subject);

#endif							/* SVP_REFUND_SUBJECT_H */
