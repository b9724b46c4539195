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
 * Was it inferred from a row that says since when the ticket is what it is?
 * Such a record has no state of the CRM's.
 */
static bool
is_inferred(const SvpRecord *record)
{
	return record->source_state == NULL &&
		(record->event.kind == SVP_EVENT_OPENED ||
		 (record->event.kind == SVP_EVENT_CHANGED &&
		  (record->event.state == SVP_STATE_RESOLVED || record->event.state == SVP_STATE_CLOSED)));
}

/*
 * What was known of the ticket at an event.  Of one that was inferred that is
 * what the ticket was at the next event, whichever row told of it first.
 */
static const SvpRecord *
known_at(const SvpLedger *ledger, int i)
{
	if (!is_inferred(&ledger->records[i]))
		return &ledger->records[i];
	for (int next = i + 1; next < ledger->nrecords; next++)
	{
		if (ledger->records[next].event.kind == SVP_EVENT_CHANGED &&
			!is_inferred(&ledger->records[next]))
			return &ledger->records[next];
	}
	return &ledger->records[i];
}

/*
 * From when on does what is known of the ticket differ, now that a record is
 * in the ledger?  Of an inferred one before it, it may tell more.
 */
int64
svp_timeline_reach(const SvpLedger *ledger, const SvpRecord *record)
{
	for (int i = 0; i < ledger->nrecords && ledger->records[i].seq != record->seq; i++)
	{
		if (is_inferred(&ledger->records[i]) && known_at(ledger, i)->seq == record->seq)
			return ledger->records[i].event.at;
	}
	return record->event.at;
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
