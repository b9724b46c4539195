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
bool
svp_record_is_inferred(const SvpRecord *record)
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
	if (!svp_record_is_inferred(&ledger->records[i]))
		return &ledger->records[i];
	for (int next = i + 1; next < ledger->nrecords; next++)
	{
		if (ledger->records[next].event.kind == SVP_EVENT_CHANGED &&
			!svp_record_is_inferred(&ledger->records[next]))
			return &ledger->records[next];
	}
	return &ledger->records[i];
}

/*
 * Does a record that is added come after all others, which all tell the same
 * opening?  Then no older one tells anything of what happens after it.
 */
bool
svp_timeline_is_in_order(const SvpLedger *ledger, const SvpRecord *record)
{
	if ((record->event.kind != SVP_EVENT_OPENED && record->event.kind != SVP_EVENT_CHANGED) ||
		svp_record_is_inferred(record))
		return false;
	for (int i = 0; i < ledger->nrecords; i++)
	{
		const SvpRecord *other = &ledger->records[i];

		if (svp_event_before(&record->event, &other->event) ||
			(other->event.kind != SVP_EVENT_RESPONDED && other->opened_at != record->opened_at))
			return false;
	}
	return true;
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
		if (svp_record_is_inferred(&ledger->records[i]) && known_at(ledger, i)->seq == record->seq)
			return ledger->records[i].event.at;
	}
	return record->event.at;
}

/*
 * What was known of the ticket at a reply that its row tells of: what the row
 * changed at the same instant, such as the agent who took it, with it.
 */
static const SvpRecord *
known_with_reply(const SvpLedger *ledger, int reply, const SvpRecord *before)
{
	const SvpRecord *next = &ledger->records[reply + 1];

	if (reply + 1 == ledger->nrecords || next->event.at != ledger->records[reply].event.at ||
		SVP_EVENT_IS_MESSAGE(next->event.kind))
		return before;
	return known_at(ledger, reply + 1);
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
		{
			events[i] = messages[message++];
			timeline->records[i] = known;
			continue;
		}
		events[i] = ledger->records[record].event;
		/* a reply says nothing of the ticket itself */
		if (events[i].kind != SVP_EVENT_RESPONDED)
		{
			known = known_at(ledger, record);
			events[i].scenario = known->event.scenario;
		}
		events[i].owned = known->agent != NULL;
		timeline->records[i] = events[i].kind == SVP_EVENT_RESPONDED ?
			known_with_reply(ledger, record, known) : known;
		record++;
	}
	timeline->history = (SvpHistory) {
		.opened_at = svp_ledger_opening(ledger),
		.nevents = n,
		.events = events
	};
}
