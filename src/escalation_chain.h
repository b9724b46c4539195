/*-------------------------------------------------------------------------
 *
 * escalation_chain.h
 *		By what a clock that was read escalates.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ESCALATION_CHAIN_H
#define SVP_ESCALATION_CHAIN_H

#include "escalation_schedule.h"
#include "timeline.h"

typedef struct SvpChain
{
	const SvpPolicy *policy;
	const SvpEscalation *chain;	/* NULL: it does not escalate */
	SvpTimeline timeline;		/* of its ticket, if the chain counts events */
	const char *problem;		/* why that cannot be told: an issue, or NULL */
	const char *detail;
	const char *value;
} SvpChain;

/* Find it, and the clock's calendar. */
extern void svp_chain_find(SvpAttachment *attachment, const Datum *key, SvpStoredClock *stored,
						   SvpChain *chain);

#endif							/* SVP_ESCALATION_CHAIN_H */
