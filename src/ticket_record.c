/*-------------------------------------------------------------------------
 *
 * ticket_record.c
 *		From the facts of a ticket's row to its ledger.
 *
 * The row is compared with what was recorded last, and what differs becomes
 * events, dated as the row says.  What cannot be understood becomes an issue,
 * and the ticket keeps its last good state.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/timestamp.h"

#include "ticket.h"
#include "ticket_newest.h"
#include "ticket_row.h"
#include "timeline.h"

static bool
same_snapshot(const SvpRecord *a, const SvpRecord *b)
{
	return a->event.kind != SVP_EVENT_LEFT &&
		a->opened_at == b->opened_at && a->event.state == b->event.state &&
		svp_record_same_text(a->source_state, b->source_state) && svp_record_same_ticket(a, b);
}

/*
 * An event has been added to what is known of the ticket.
 */
void
svp_ticket_note(SvpTicket *ticket, int64 at)
{
	ticket->earliest = ticket->nevents++ == 0 ? at : Min(ticket->earliest, at);
}

/*
 * Write a record.  False when another transaction has written the ticket's
 * first one meanwhile: then this is not the first.
 */
static bool
write_record(SvpTicket *ticket, const SvpRecord *record)
{
	if (ticket->is_preview)
		return true;
	if (record->seq == 1 || ticket->is_assumed_new)
		return svp_ledger_begin(ticket->attachment, ticket->key, record);
	svp_ledger_append(ticket->attachment, ticket->key, record);
	return true;
}

void
svp_ticket_append(SvpTicket *ticket, SvpRecord record, SvpEventKind kind, int64 at)
{
	if (ticket->is_overtaken)
		return;
	record.seq = ticket->next_seq++;
	record.recorded_at = GetCurrentTransactionStartTimestamp();
	record.recorded_by = ticket->recorded_by;
	record.event.kind = kind;
	record.event.at = at;
	record.in_order = svp_timeline_is_in_order(&ticket->ledger, &record);
	if (!write_record(ticket, &record))
	{
		ticket->is_overtaken = true;
		return;
	}
	svp_ledger_add(&ticket->ledger, &record);
	svp_ticket_note(ticket, svp_timeline_reach(&ticket->ledger, &record));
}

static void
check_order(SvpTicket *ticket, const SvpRecord *record, int64 at)
{
	if (at < record->opened_at)
		svp_ticket_issue(ticket, "event_before_opening",
					"The time of the change lies before the opening; it counts at the opening.",
					timestamptz_to_str(at));
}

/*
 * The row tells of an earlier event too.  What the ticket was then is what the
 * earliest row says that tells of it (svp_timeline_make); so it has no state of
 * the CRM's.
 */
static void
record_inferred(SvpTicket *ticket, const SvpRecord *record, SvpState state, int64 at)
{
	SvpRecord	inferred = *record;

	inferred.event.state = state;
	inferred.source_state = NULL;
	svp_ticket_append(ticket, inferred, SVP_EVENT_CHANGED, at);
}

/*
 * A ticket that is closed may say since when it was resolved.  Where no row is
 * dated, that counts only for one that goes straight to closed.
 */
static void
record_resolution(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest,
				  const SvpRecord *record, int64 closed_at)
{
	const SvpFactValue *resolved = svp_ticket_state_time(ticket, facts, SVP_STATE_RESOLVED);

	if (resolved == NULL || resolved->number < record->opened_at || resolved->number >= closed_at)
		return;
	if (latest != NULL && svp_ticket_fact(ticket, facts, SVP_NAME_CHANGED_AT) == NULL &&
		(latest->event.at > resolved->number || latest->event.state == SVP_STATE_RESOLVED ||
		 latest->event.state == SVP_STATE_CLOSED))
		return;
	record_inferred(ticket, record, SVP_STATE_RESOLVED, resolved->number);
}

/*
 * What the row, which became as it is at a time, tells of what was before: it
 * may be resolved or closed for longer.
 */
static void
record_past(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest,
			const SvpRecord *record, int64 at)
{
	const SvpFactValue *since = svp_ticket_state_time(ticket, facts, record->event.state);
	bool		is_longer = since != NULL && since->number < at;

	if (record->event.state == SVP_STATE_CLOSED)
		record_resolution(ticket, facts, latest, record, is_longer ? since->number : at);
	if (!is_longer || (latest != NULL && latest->event.kind == SVP_EVENT_LEFT))
		return;
	check_order(ticket, record, since->number);
	record_inferred(ticket, record, record->event.state, since->number);
}

/*
 * A ticket that was not known.  It was open from the opening on, until the
 * time from which the row says that it is as it is.  An opening that is only
 * inferred from that has no state of the CRM's (svp_timeline_make).
 */
static void
record_opening(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *record)
{
	bool		is_dated = svp_ticket_fact(ticket, facts, SVP_NAME_CHANGED_AT) != NULL ||
		record->event.state == SVP_STATE_RESOLVED || record->event.state == SVP_STATE_CLOSED;
	int64		at = is_dated ? svp_ticket_event_time(ticket, facts, NULL, record->event.state) :
		record->opened_at;
	bool		is_opening = record->source_state != NULL && at == record->opened_at &&
		(!is_dated || record->event.state == SVP_STATE_OPEN);
	SvpRecord	opening = *record;

	if (!is_opening)
	{
		opening.event.state = SVP_STATE_OPEN;
		opening.source_state = NULL;
	}
	check_order(ticket, record, at);
	svp_ticket_append(ticket, opening, SVP_EVENT_OPENED, record->opened_at);
	if (is_dated)
		record_past(ticket, facts, NULL, record, at);
	if (!is_opening)
		svp_ticket_append(ticket, *record, SVP_EVENT_CHANGED, at);
}

/*
 * Is this what that very record lacked, since the row was written before what
 * it depends on?  Then there was no moment without it: a save that resolves a
 * ticket is judged by the scenario that it brings.
 */
static bool
is_rest_of(const SvpTicket *ticket, const SvpRecord *latest, const SvpRecord *record, int64 at)
{
	return ticket->completes && latest->event.kind != SVP_EVENT_LEFT &&
		latest->recorded_at == GetCurrentTransactionStartTimestamp() &&
		latest->event.at == at && latest->opened_at == record->opened_at &&
		latest->event.state == record->event.state &&
		svp_record_same_text(latest->source_state, record->source_state);
}

static void
complete_record(SvpTicket *ticket, const SvpRecord *latest, SvpRecord record)
{
	record.seq = latest->seq;
	record.event.kind = latest->event.kind;
	record.event.at = latest->event.at;
	record.recorded_at = latest->recorded_at;
	record.recorded_by = latest->recorded_by;
	record.in_order = latest->in_order;
	svp_ledger_amend(ticket->attachment, ticket->key, &ticket->ledger, &record);
	svp_ticket_note(ticket, record.event.at);
}

static void
record_change(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest,
			  const SvpRecord *record)
{
	int64		at = svp_ticket_event_time(ticket, facts, latest, record->event.state);

	if (is_rest_of(ticket, latest, record, at))
	{
		complete_record(ticket, latest, *record);
		return;
	}
	/* a row that is back as it was long ago has come back now at the earliest */
	if (latest->event.kind == SVP_EVENT_LEFT)
		at = Max(at, latest->event.at);
	ticket->has_new_opening = latest->opened_at != record->opened_at;
	check_order(ticket, record, at);
	record_past(ticket, facts, latest, record, at);
	svp_ticket_append(ticket, *record, SVP_EVENT_CHANGED, at);
	if (ticket->has_new_opening && record->opened_at != svp_ledger_opening(&ticket->ledger))
		svp_ticket_issue(ticket, "late_event",
						 "The opening was changed after the ticket was resolved; it counts as it was.",
						 timestamptz_to_str(record->opened_at));
}

static bool
reply_is_known(const SvpLedger *ledger, int64 at)
{
	for (int i = 0; i < ledger->nrecords; i++)
	{
		if (ledger->records[i].event.kind == SVP_EVENT_RESPONDED &&
			ledger->records[i].event.at == at)
			return true;
	}
	return false;
}

static void
record_reply(SvpTicket *ticket, const SvpFacts *facts)
{
	const SvpFactValue *reply = svp_ticket_fact(ticket, facts, SVP_NAME_FIRST_RESPONSE_AT);
	SvpRecord	record = {0};

	if (reply != NULL && !reply_is_known(&ticket->ledger, reply->number))
		svp_ticket_append(ticket, record, SVP_EVENT_RESPONDED, reply->number);
}

/*
 * The ticket is no ticket any more: its row was deleted, or is left out by
 * the row filter and may say since when.
 */
static void
record_leaving(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest)
{
	const SvpFactValue *changed = facts == NULL ? NULL : svp_ticket_fact(ticket, facts, SVP_NAME_CHANGED_AT);
	SvpRecord	record;

	if (latest == NULL || latest->event.kind == SVP_EVENT_LEFT)
		return;
	record = *latest;
	record.event.state = SVP_STATE_VOID;
	svp_ticket_append(ticket, record, SVP_EVENT_LEFT,
				 changed == NULL ? svp_ticket_undated(latest) : Max(changed->number, latest->event.at));
}

/*
 * Has a row told that the ticket was in this state at that time?
 */
static bool
was_told(const SvpLedger *ledger, SvpState state, int64 at)
{
	for (int i = 0; i < ledger->nrecords; i++)
	{
		const SvpRecord *record = &ledger->records[i];

		if (record->event.state == state && record->event.at == at &&
			!svp_record_is_inferred(record))
			return true;
	}
	return false;
}

/*
 * Does the row say that it changed, though not in what counts?  It was as it
 * is at that time: were that not on record, an event that is older but comes
 * later would seem to be the last.
 */
static bool
is_touched(SvpTicket *ticket, const SvpFacts *facts, SvpState state)
{
	const SvpFactValue *changed = svp_ticket_fact(ticket, facts, SVP_NAME_CHANGED_AT);

	return changed != NULL && !ticket->is_import &&
		!was_told(&ticket->ledger, state, changed->number);
}

static void
record_row(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest)
{
	SvpRecord	record;

	svp_ticket_report_unreadable(ticket, facts);
	if (!svp_ticket_snapshot(ticket, facts, latest, &record))
	{
		svp_ticket_issue(ticket, "no_opening",
					"The fact opened_at is not set; the ticket is measured once it is.", NULL);
		return;
	}
	if (latest == NULL)
		record_opening(ticket, facts, &record);
	else if (!same_snapshot(latest, &record) || is_touched(ticket, facts, record.event.state))
		record_change(ticket, facts, latest, &record);
	record_reply(ticket, facts);
}

/*
 * A copy of the newest record, since the ledger's move when one is added.
 */
static const SvpRecord *
latest_of(const SvpLedger *ledger)
{
	const SvpRecord *latest = svp_ledger_latest(ledger);
	SvpRecord  *copy;

	if (latest == NULL)
		return NULL;
	copy = palloc(sizeof(SvpRecord));
	*copy = *latest;
	return copy;
}

/*
 * A row that moves to another partition leaves and comes back in the same
 * transaction: that is nothing that happened to the ticket.
 */
static void
retract_leaving(SvpTicket *ticket)
{
	const SvpRecord *latest = svp_ledger_latest(&ticket->ledger);

	if (ticket->is_preview || latest == NULL || latest->event.kind != SVP_EVENT_LEFT ||
		latest->recorded_at != GetCurrentTransactionStartTimestamp())
		return;
	ticket->next_seq = latest->seq;
	ticket->has_returned = true;
	ticket->left_at = latest->event.at;
	svp_ledger_retract(ticket->attachment, ticket->key, &ticket->ledger, ticket->next_seq);
}

static void
record_facts(SvpTicket *ticket, const SvpFacts *facts)
{
	bool		is_ticket = facts != NULL && facts->included;

	if (is_ticket)
		retract_leaving(ticket);
	if (facts != NULL && facts->problem != NULL)
		svp_ticket_issue(ticket, "expression_failed",
						 "A mapped expression failed; the ticket keeps its last good state.",
						 facts->problem);
	else if (is_ticket)
		record_row(ticket, facts, latest_of(&ticket->ledger));
	else
		record_leaving(ticket, facts, latest_of(&ticket->ledger));
}

void
svp_ticket_record_row(SvpTicket *ticket, const SvpFacts *facts)
{
	if (ticket->ledger.is_partial && !svp_newest_is_enough(ticket, facts))
		svp_ledger_read(ticket->attachment, ticket->key, &ticket->ledger);
	ticket->is_recording = true;
	record_facts(ticket, facts);
	while ((ticket->is_overtaken || (ticket->is_assumed_new && ticket->nevents == 0)) &&
		   !(ticket->is_overtaken && ticket->yields))
	{
		ticket->is_assumed_new = ticket->is_overtaken = false;
		ticket->problems = NIL;
		svp_ticket_open(ticket);
		if (facts != NULL && ticket->reread != NULL)
			facts = ticket->reread(ticket->reread_arg);
		record_facts(ticket, facts);
	}
	svp_ticket_report_problems(ticket);
}

/*
 * Record a ticket, which is open: with facts its row as it now is, without
 * them its end.
 */
void
svp_ticket_record(SvpTicket *ticket, const SvpFacts *facts)
{
	svp_ticket_record_row(ticket, facts);
	if (ticket->nevents > 0 || ticket->has_returned)
		svp_ticket_move_clocks(ticket);
}
