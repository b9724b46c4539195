/*-------------------------------------------------------------------------
 *
 * time_zone.h
 *		Time zones of the server, by name.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TIME_ZONE_H
#define SVP_TIME_ZONE_H

#include "business_time.h"

/* The zone of a name, for a calendar; false if the server does not know it. */
extern bool svp_time_zone_get(const char *name, SvpZone *zone);

/* Does the zone database have a time zone of this name?  POSIX rules such as "XYZ3" are not names. */
extern bool svp_time_zone_exists(const char *name);

#endif							/* SVP_TIME_ZONE_H */
