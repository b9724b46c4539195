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

#include "datatype/timestamp.h"
#include "pgtime.h"

#include "business_time.h"

/* The zone of a name, for a calendar; false if the server does not know it. */
extern bool svp_time_zone_get(const char *name, SvpZone *zone);

/* Does the zone database have a time zone of this name?  POSIX rules such as "XYZ3" are not names. */
extern bool svp_time_zone_exists(const char *name);

/* The instant of a local time of a CRM, by the rule of RFC 5545. */
extern TimestampTz svp_zone_instant(pg_tz *zone, Timestamp local);

#endif							/* SVP_TIME_ZONE_H */
