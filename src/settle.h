/*-------------------------------------------------------------------------
 *
 * settle.h
 *		Moving the clocks of tickets whose messages or children changed.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_SETTLE_H
#define SVP_SETTLE_H

extern void svp_settle_init(void);

/* Do it already, as whoever it is that we are. */
extern void svp_settle_now(void);

#endif							/* SVP_SETTLE_H */
