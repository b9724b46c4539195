/*-------------------------------------------------------------------------
 *
 * attempt.h
 *		Run something that may fail without failing the statement.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ATTEMPT_H
#define SVP_ATTEMPT_H

/* NULL on success, else the error, in the caller's memory context. */
extern ErrorData *svp_attempt(void (*work) (void *arg), void *arg);
extern ErrorData *svp_attempt_impatiently(void (*work) (void *arg), void *arg);

/* The same, and every error is returned: it is for the caller to let one through. */
extern ErrorData *svp_attempt_whatever(void (*work) (void *arg), void *arg);

#endif							/* SVP_ATTEMPT_H */
