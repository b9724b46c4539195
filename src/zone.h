/*-------------------------------------------------------------------------
 *
 * zone.h
 *		Local time of a zone to an instant, by the rule of RFC 5545.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ZONE_H
#define SVP_ZONE_H

#include "datatype/timestamp.h"
#include "pgtime.h"

extern TimestampTz svp_zone_instant(pg_tz *zone, Timestamp local);

#endif							/* SVP_ZONE_H */
