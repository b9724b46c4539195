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

/*
 * Move the clocks on by the one event that was added, if it comes after all
 * others.  False when that takes the ticket's whole history: then nothing was
 * written.
 */
extern bool svp_ticket_step_clocks(SvpTicket *ticket, const SvpJudge *judge);

extern void svp_clocks_store(SvpTicket *ticket, const SvpJudge *judge, const char *metric,
							 const SvpTimeline *timeline, const SvpClock *clocks, int nclocks,
							 SvpStoredClock *stored, int nstored);

#endif							/* SVP_CLOCK_STORE_H */
