/*-------------------------------------------------------------------------
 *
 * recompute.h
 *		Open clocks follow a calendar that has changed.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_RECOMPUTE_H
#define SVP_RECOMPUTE_H

extern int	svp_recompute_some(const char *name, int limit);

#endif							/* SVP_RECOMPUTE_H */
