/*-------------------------------------------------------------------------
 *
 * timeout.h
 *		A time limit for a piece of work.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TIMEOUT_H
#define SVP_TIMEOUT_H

/*
 * From now on work for so long at most: then it is cancelled, as by a user, by
 * a query_canceled error.  The end says whether that was so; it has to be
 * reached after an error too.
 */
extern void svp_timeout_begin(int milliseconds);
extern bool svp_timeout_end(void);

#endif							/* SVP_TIMEOUT_H */
