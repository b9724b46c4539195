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

#include "evidence.h"

/* What is stored of one clock. */
typedef struct SvpStoredClock
{
	const char *metric;
	const char *benchmark;
	int			policy_version;
	SvpClock	clock;
	SvpRecord	record;			/* scenario, agent and customer */
} SvpStoredClock;

extern SvpStoredClock *svp_clocks_read(SvpAttachment *attachment, const Datum *key, int *nclocks);
extern void svp_clock_add(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *clock);
extern void svp_clock_change(SvpAttachment *attachment, const Datum *key,
							 const SvpStoredClock *clock);
extern void svp_clock_drop(SvpAttachment *attachment, const Datum *key,
						   const SvpStoredClock *stored);

#endif							/* SVP_CLOCK_TABLE_H */
