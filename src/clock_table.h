/*-------------------------------------------------------------------------
 *
 * clock_table.h
 *		The clocks of a ticket, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CLOCK_TABLE_H
#define SVP_CLOCK_TABLE_H

#include "utils/date.h"

#include "ledger.h"

/* How far a clock has come along its chain; all zero: nothing has happened. */
typedef struct SvpClimb
{
	int			level;			/* see SvpEscalated */
	int			occurrence;
	bool		has_next;
	int64		next_at;		/* when it fires next; not before it was written */
	bool		is_acknowledged;
	int64		acknowledged_at;
	const char *acknowledged_by;
} SvpClimb;

/* What is stored of one clock. */
typedef struct SvpStoredClock
{
	const char *metric;
	const char *benchmark;
	const char *calendar;		/* NULL = around the clock */
	int			policy_version;
	SvpClock	clock;			/* of one that was read, benchmark and calendar are not set */
	DateADT		started_on;		/* local dates of the calendar, or of UTC */
	DateADT		stopped_on;
	SvpRecord	record;			/* scenario, agent and customer */
	int64		calendar_revision;	/* 0 = around the clock */
	bool		is_disputed;	/* judged, and the evidence now tells otherwise */
	bool		is_imported;	/* by backfill(), at */
	int64		imported_at;
	SvpClimb	climb;
	ItemPointerData place;		/* of the row; not valid where it is not known */
} SvpStoredClock;

extern SvpStoredClock *svp_clocks_read(SvpAttachment *attachment, const Datum *key, int *nclocks);

/* The newest cycle of each metric; cycle 0 where there is none. */
extern void svp_clocks_latest(SvpAttachment *attachment, const Datum *key, int nmetrics,
							  const char *const *metrics, SvpStoredClock *clocks);
extern void svp_clock_add(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *clock);
extern void svp_clock_change(SvpAttachment *attachment, const Datum *key,
							 const SvpStoredClock *clock);

/* Lock a clock and read it again, as it then is, or only that; false if there is none. */
extern bool svp_clock_lock(SvpAttachment *attachment, const Datum *key, SvpStoredClock *clock);
extern bool svp_clock_reread(SvpAttachment *attachment, const Datum *key, SvpStoredClock *clock);
extern void svp_clock_drop(SvpAttachment *attachment, const Datum *key,
						   const SvpStoredClock *stored);

#endif							/* SVP_CLOCK_TABLE_H */
