/*-------------------------------------------------------------------------
 *
 * clock_store.h
 *		Bringing the stored clocks of a ticket in line with its evidence.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CLOCK_STORE_H
#define SVP_CLOCK_STORE_H

#include "judge.h"
#include "ticket.h"
#include "timeline.h"

extern void svp_clocks_store(SvpTicket *ticket, const SvpJudge *judge, const char *metric,
							 const SvpTimeline *timeline, const SvpClock *clocks, int nclocks,
							 SvpStoredClock *stored, int nstored);

#endif							/* SVP_CLOCK_STORE_H */
