/*-------------------------------------------------------------------------
 *
 * zone.c
 *		Local time of a zone to an instant, by the rule of RFC 5545.
 *
 * The server's own conversion takes the later of two instants in an overlap;
 * opening hours and the times of a CRM take the first, as RFC 5545 section
 * 3.3.5, java.time and Python's fold=0 do.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "zone.h"

#define SECONDS_FROM_1970_TO_2000 \
	((pg_time_t) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

/* No zone is further from UTC than this. */
#define LARGEST_OFFSET ((pg_time_t) 2 * SECS_PER_DAY)

/*
 * The instant of a local time: in an overlap the first, in a gap moved forward
 * by the gap, which is to say read with the offset before it.
 *
 * Starting two days early, step over the few transitions up to the local time.
 */
TimestampTz
svp_zone_instant(pg_tz *zone, Timestamp local)
{
	pg_time_t	seconds = local / USECS_PER_SEC - (local % USECS_PER_SEC < 0 ? 1 : 0);
	pg_time_t	probe = seconds + SECONDS_FROM_1970_TO_2000 - LARGEST_OFFSET;
	pg_time_t	wanted = seconds + SECONDS_FROM_1970_TO_2000;
	pg_time_t	boundary;
	long		before = 0;
	long		after = 0;
	int			is_dst;

	for (;;)
	{
		int			found = pg_next_dst_boundary(&probe, &before, &is_dst,
												 &boundary, &after, &is_dst, zone);

		/* Before the transition, or in the gap that it makes. */
		if (found <= 0 || wanted - before < boundary || wanted - after < boundary)
			return local - (int64) before * USECS_PER_SEC;
		probe = boundary;
	}
}
