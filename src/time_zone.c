/*-------------------------------------------------------------------------
 *
 * time_zone.c
 *		Time zones of the server, by name.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pgtime.h"
#include "utils/timestamp.h"

#include "time_zone.h"

#define UNIX_TO_POSTGRES_SECS ((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY)

/*
 * The zone's offset at an instant, for the pure core.
 */
static void
zone_offset_at(void *arg, int64 at, int64 *offset, int64 *until)
{
	const pg_tz *zone = arg;
	pg_time_t	t = at / USECS_PER_SEC + UNIX_TO_POSTGRES_SECS;
	pg_time_t	boundary;
	long int	gmtoff;
	long int	next_gmtoff;
	int			isdst;
	int			next_isdst;
	int			result;

	result = pg_next_dst_boundary(&t, &gmtoff, &isdst, &boundary, &next_gmtoff, &next_isdst, zone);
	if (result == 0)
	{
		/* Exactly at the end of its table it sees nothing ahead; just after, it extrapolates. */
		t++;
		result = pg_next_dst_boundary(&t, &gmtoff, &isdst, &boundary, &next_gmtoff, &next_isdst,
									  zone);
	}
	if (result < 0)
		elog(ERROR, "could not determine the offset of time zone \"%s\"",
			 pg_get_timezone_name((pg_tz *) zone));
	*offset = gmtoff * USECS_PER_SEC;
	*until = result == 0 ? PG_INT64_MAX : (boundary - UNIX_TO_POSTGRES_SECS) * USECS_PER_SEC;
}

bool
svp_time_zone_get(const char *name, SvpZone *zone)
{
	pg_tz	   *known = pg_tzset(name);

	if (known == NULL)
		return false;
	*zone = (SvpZone) {.arg = known,.offset_at = zone_offset_at,.name = pg_get_timezone_name(known)};
	return true;
}

static bool
has_lower_case(const char *name)
{
	for (; *name; name++)
	{
		if (*name >= 'a' && *name <= 'z')
			return true;
	}
	return false;
}

/*
 * A name that is not in the zone database but reads as a POSIX rule is taken
 * by pg_tzset() as that, in upper case: "Europe/Pariss1" is then a zone one
 * hour west of Greenwich.  So a name is sure only with lower case in it, and
 * the few others ("UTC", "EST5EDT") are looked for in the whole database.
 */
bool
svp_time_zone_exists(const char *name)
{
	pg_tz	   *zone = pg_tzset(name);
	const char *canonical;
	pg_tzenum  *enumeration;
	bool		found = false;

	if (zone == NULL || !pg_tz_acceptable(zone))
		return false;
	canonical = pg_get_timezone_name(zone);
	if (has_lower_case(canonical))
		return true;

	enumeration = pg_tzenumerate_start();
	while (!found && (zone = pg_tzenumerate_next(enumeration)) != NULL)
		found = strcmp(pg_get_timezone_name(zone), canonical) == 0;
	pg_tzenumerate_end(enumeration);
	return found;
}

/* No zone is further from UTC than this. */
#define LARGEST_OFFSET ((pg_time_t) 2 * SECS_PER_DAY)

/*
 * The instant of a local time: in an overlap the first, in a gap moved forward
 * by the gap, which is to say read with the offset before it.  So do RFC 5545
 * (3.3.5), java.time and Python's fold=0; the server's own conversion takes the
 * later of two instants in an overlap.
 *
 * Starting two days early, step over the few transitions up to the local time.
 */
TimestampTz
svp_zone_instant(pg_tz *zone, Timestamp local)
{
	pg_time_t	seconds = local / USECS_PER_SEC - (local % USECS_PER_SEC < 0 ? 1 : 0);
	pg_time_t	probe = seconds + UNIX_TO_POSTGRES_SECS - LARGEST_OFFSET;
	pg_time_t	wanted = seconds + UNIX_TO_POSTGRES_SECS;
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
