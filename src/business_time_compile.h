/*-------------------------------------------------------------------------
 *
 * business_time_compile.h
 *		What a calendar looks like inside; for business_time*.c only.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_BUSINESS_TIME_COMPILE_H
#define SVP_BUSINESS_TIME_COMPILE_H

#include "business_time.h"

/* Windows reach into later dates and are shifted by gaps, so look at some dates more. */
#define SVP_MARGIN_DAYS 5

/*
 * One window of opening hours.  It ends where as much time has passed as the
 * next window's "before" exceeds its own, which keeps an entry at 16 bytes.
 */
typedef struct SvpOpening
{
	int64		start;
	int64		before;			/* open time in all earlier windows */
} SvpOpening;

/* From "at" on, and for local times from "wall" on, this offset holds. */
typedef struct SvpOffset
{
	int64		at;
	int64		wall;
	int64		offset;
} SvpOffset;

/*
 * An index into the openings by a growing key: entry k is the last opening
 * whose key is <= k << shift.  There are about two entries for each opening.
 */
typedef struct SvpIndex
{
	int			shift;
	uint32	   *entry;
} SvpIndex;

/*
 * The calendar compiled for the instants [from, to).
 *
 * openings[0] is an empty window at "from" and openings[nopenings + 1] one
 * that no instant reaches, so that a search needs no bounds; those between
 * are not empty, do not touch each other and lie in [from, to).
 */
typedef struct SvpCompiled
{
	int64		from;
	int64		to;
	int64		total;
	SvpOpening *openings;
	int			nopenings;
	SvpIndex	by_time;		/* key: start - from */
	SvpIndex	by_total;		/* key: before */
	SvpOffset  *offsets;
	int			noffsets;
	int32		first_year;		/* "from" and "to" are where these years begin and end in UTC */
	int32		last_year;

	/* Local dates wholly inside, with the working dates before each; made when first asked for. */
	int32		first_date;
	int32		ndates;
	int32	   *working_before; /* ndates + 1 entries */
} SvpCompiled;

struct SvpCalendar
{
	SvpCompiled now;			/* what answers; nothing before the first question */
	MemoryContext context;
	SvpZone		zone;
	bool		next_opening;	/* where a deadline at closing time goes */
	SvpHours   *hours;			/* by weekday; those of weekday w begin at first_hours[w] */
	int			first_hours[9];
	SvpDate    *dates;			/* the dated by date, then the yearly by month and day */
	int			ndated;
	int			ndates;
	int64		hours_from;		/* there is no opening before this instant … */
	int64		hours_to;		/* … or at or after this one */
	int64		revision;
};

extern SvpTimeResult svp_calendar_compile(SvpCalendar *calendar, int32 first_year, int32 last_year);
extern void svp_compiled_free(SvpCompiled *compiled);
extern int64 svp_local_to_instant(const SvpOffset *offsets, int noffsets, int64 local);

extern int64 svp_revision_make(const SvpCalendar *calendar, const char *zone);

extern int32 svp_date_of(int32 year, int month, int day);
extern void svp_date_parts(int32 date, int32 *year, int *month, int *day);

/* Division that rounds toward minus infinity, for instants before 2000. */
static inline int64
svp_floor_div(int64 dividend, int64 divisor)
{
	return dividend / divisor - (dividend % divisor < 0);
}

/*
 * The last opening whose key is <= "key", where "offset" picks the key out of
 * an opening.  The key lies inside of what the index covers.
 */
static inline uint32
svp_index_find(const SvpIndex *index, const SvpOpening *openings, int64 base, int64 key,
			   bool by_start)
{
	uint32		low = index->entry[(key - base) >> index->shift];
	uint32		high = index->entry[((key - base) >> index->shift) + 1];

#define KEY(i) (by_start ? openings[i].start : openings[i].before)
	while (high - low > 8)
	{
		uint32		middle = low + (high - low) / 2;

		if (KEY(middle) <= key)
			low = middle;
		else
			high = middle;
	}
	while (KEY(low + 1) <= key)
		low++;
#undef KEY
	return low;
}

#endif							/* SVP_BUSINESS_TIME_COMPILE_H */
