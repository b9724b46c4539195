/*-------------------------------------------------------------------------
 *
 * timeline.h
 *		All that happened to a ticket, from its ledger and its messages.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TIMELINE_H
#define SVP_TIMELINE_H

#include "ledger.h"

typedef struct SvpTimeline
{
	SvpHistory	history;
	const SvpRecord **records;	/* what was known of the ticket at each event */
} SvpTimeline;

extern bool svp_record_is_inferred(const SvpRecord *record);
extern bool svp_timeline_is_in_order(const SvpLedger *ledger, const SvpRecord *record);
extern int64 svp_timeline_reach(const SvpLedger *ledger, const SvpRecord *record);
extern void svp_timeline_make(SvpTimeline *timeline, const SvpLedger *ledger,
							  const SvpEvent *messages, int nmessages);

#endif							/* SVP_TIMELINE_H */
