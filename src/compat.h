/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Every difference between the server's major versions, in one place.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_COMPAT_H
#define SVP_COMPAT_H

#if PG_VERSION_NUM < 130000
#error "service_policy needs PostgreSQL 13 or later"
#endif

/* Infinite intervals came with 17. */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(interval) ((void) (interval), false)
#endif

#endif							/* SVP_COMPAT_H */
