/*-------------------------------------------------------------------------
 *
 * limit.h
 *		How much goes out in a minute.
 *
 * The limit is that of the version in force now, for each attachment; what
 * goes out counts for a minute from then on.  It is told in a column of the
 * table that holds what goes out: set that to "now" when it does, and index it
 * WHERE it IS NOT NULL.  What others have done and not yet committed is not
 * seen, so whoever works at the same time may together exceed the limit.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_LIMIT_H
#define SVP_LIMIT_H

#include "policy_document.h"
#include "revise.h"

/* The policy that limits an attachment now; NULL where no version is in force. */
extern const SvpPolicy *svp_limiting_policy(const SvpAttachment *attachment, TimestampTz now);

/*
 * How many more of the rows of an attachment's table may go out at "now",
 * SVP_NO_LIMIT for any number.  Call it within svp_revise_begin and _end, once
 * before a batch:
 *
 *		int			left = svp_limit_left(&revision, "escalation_action", "tried_at", now);
 */
extern int	svp_limit_left(const SvpRevision *revision, const char *table, const char *column,
						   TimestampTz now);

#endif							/* SVP_LIMIT_H */
