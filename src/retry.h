/*-------------------------------------------------------------------------
 *
 * retry.h
 *		How often and how soon what failed is tried again, as parts of statements.
 *
 * Of rows with the columns state, attempts and attempt_at.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_RETRY_H
#define SVP_RETRY_H

/*
 * After each failure twice as long, so that what is down for an hour is not
 * hammered, and what is down for the night is over before the attempts are:
 * ten of them take four hours.
 */
#define SVP_MOST_ATTEMPTS "10"
#define SVP_DELAY_AFTER(earlier_failures) \
	"least(interval '1 minute' * 2 ^ (" earlier_failures "), interval '1 hour')"

/* Given up, or waiting for its next time after a failure; $1 is now. */
#define SVP_HAS_FAILED "(state = 'failed' OR state = 'pending' AND attempts > 0 AND attempt_at > $1)"

/* Have it tried at once, as if for the first time. */
#define SVP_TRY_ANEW "state = 'pending', attempts = 0, attempt_at = $1"

#endif							/* SVP_RETRY_H */
