/*-------------------------------------------------------------------------
 *
 * timeline.c
 *		All that happened to a ticket, from its ledger and its messages.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "timeline.h"

/*
 * What was known at an event.  The opening of a ticket that told only what it
 * was later on was inferred: it has no state of the CRM's.  What the ticket
 * was then is what it was at the earliest event, whichever came first to us.
 */
static const SvpRecord *
known_at(const SvpLedger *ledger, int i)
{
	const SvpRecord *record = &ledger->records[i];

	if (record->event.kind != SVP_EVENT_OPENED || record->source_state != NULL)
		return record;
	for (int later = i + 1; later < ledger->nrecords; later++)
	{
		if (ledger->records[later].event.kind == SVP_EVENT_CHANGED)
			return &ledger->records[later];
	}
	return record;
}

/*
 * Merge a ledger that is not empty with messages, both in order.
 */
void
svp_timeline_make(SvpTimeline *timeline, const SvpLedger *ledger, const SvpEvent *messages,
				  int nmessages)
{
	int			n = ledger->nrecords + nmessages;
	SvpEvent   *events = palloc(sizeof(SvpEvent) * n);
	const SvpRecord *known = &ledger->records[0];
	int			message = 0;
	int			record = 0;

	timeline->records = palloc(sizeof(SvpRecord *) * n);
	for (int i = 0; i < n; i++)
	{
		if (record == ledger->nrecords ||
			(message < nmessages &&
			 svp_event_before(&messages[message], &ledger->records[record].event)))
			events[i] = messages[message++];
		else
		{
			events[i] = ledger->records[record].event;
			/* a reply says nothing of the ticket itself */
			if (events[i].kind != SVP_EVENT_RESPONDED)
			{
				known = known_at(ledger, record);
				events[i].scenario = known->event.scenario;
			}
			events[i].owned = known->agent != NULL;
			record++;
		}
		timeline->records[i] = known;
	}
	/* what a message's own instant changes, such as the agent who took it, is known with it */
	for (int i = n - 1; i-- > 0;)
	{
		if (SVP_EVENT_IS_MESSAGE(events[i].kind) && events[i].at == events[i + 1].at)
			timeline->records[i] = timeline->records[i + 1];
	}
	timeline->history = (SvpHistory) {
		.opened_at = svp_ledger_opening(ledger),
		.nevents = n,
		.events = events
	};
}
