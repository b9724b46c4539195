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

#include "issue.h"
#include "snapshot.h"
#include "ticket.h"
#include "ticket_newest.h"
#include "timeline.h"

typedef struct Problem
{
	const char *problem;
	const char *detail;
	const char *value;
} Problem;

void
svp_ticket_issue(SvpTicket *ticket, const char *problem, const char *detail, const char *value)
{
	Problem    *waiting;

	if (ticket->is_preview)
		return;
	if (ticket->declines)
	{
		ticket->has_declined = true;
		return;
	}
	if (!ticket->is_recording)
	{
		if (ticket->is_import)
			svp_issue_append_once(ticket->attachment, ticket->key, problem, detail, value);
		else
			svp_issue_append(ticket->attachment, ticket->key, problem, detail, value);
		return;
	}
	waiting = palloc(sizeof(Problem));
	*waiting = (Problem) {problem, detail, value};
	ticket->problems = lappend(ticket->problems, waiting);
}

static void
report_problems(SvpTicket *ticket)
{
	ListCell   *lc;

	ticket->is_recording = false;
	if (ticket->is_overtaken)
		ticket->problems = NIL;
	foreach(lc, ticket->problems)
	{
		const Problem *waiting = lfirst(lc);

		svp_ticket_issue(ticket, waiting->problem, waiting->detail, waiting->value);
	}
	ticket->problems = NIL;
}

/*
 * A fact that is set and could be read, or NULL; what could not is an issue.
 */
static const SvpFactValue *
fact(SvpTicket *ticket, const SvpFacts *facts, const char *name)
{
	int			i = svp_mapping_find(ticket->attachment->ticket, name);
	const SvpFactValue *value = i < 0 ? NULL : &facts->values[i];

	return value != NULL && value->set ? value : NULL;
}

static const char *
text_fact(SvpTicket *ticket, const SvpFacts *facts, const char *name)
{
	const SvpFactValue *value = fact(ticket, facts, name);

	return value == NULL ? NULL : value->text;
}

static void
report_unreadable(SvpTicket *ticket, const SvpFacts *facts)
{
	const SvpMapping *mapping = ticket->attachment->ticket;

	for (int i = 0; i < mapping->nfacts; i++)
	{
		if (facts->values[i].problem != NULL)
			svp_ticket_issue(ticket, "unreadable_fact",
						psprintf("The fact %s %s; it counts as not set.",
								 mapping->facts[i].name, facts->values[i].problem),
						facts->values[i].text);
	}
}

/*
 * What the status map says of the row's state.  Without an answer the ticket
 * keeps the state that it had.
 */
SvpState
svp_ticket_state(SvpTicket *ticket, const char *source, const SvpRecord *latest)
{
	SvpState	state;

	if (svp_attachment_state(ticket->attachment, source == NULL ? "" : source, &state))
		return state;
	if (latest == NULL || latest->source_state == NULL || source == NULL ||
		strcmp(latest->source_state, source) != 0)
		svp_ticket_issue(ticket, "unmapped_state",
					"The state is not in the status map; the ticket keeps its last good state.",
					source);
	return latest == NULL ? SVP_STATE_OPEN : latest->event.state;
}

/*
 * The row as a record of the ledger, but for its kind and time.  False when
 * the ticket has no opening yet.
 */
bool
svp_ticket_snapshot(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest,
					SvpRecord *record)
{
	const SvpFactValue *opened = fact(ticket, facts, "opened_at");

	memset(record, 0, sizeof(*record));
	if (opened == NULL && latest == NULL)
		return false;
	record->opened_at = opened != NULL ? opened->number : latest->opened_at;
	record->source_state = text_fact(ticket, facts, "state");
	record->event.state = svp_ticket_state(ticket, record->source_state, latest);
	for (int i = 0; i < SVP_NDIMENSIONS; i++)
		record->event.scenario.value[i] = text_fact(ticket, facts, svp_dimension_names[i]);
	record->agent = text_fact(ticket, facts, "agent");
	record->customer = text_fact(ticket, facts, "customer");
	return true;
}

static bool
same_snapshot(const SvpRecord *a, const SvpRecord *b)
{
	return a->event.kind != SVP_EVENT_LEFT &&
		a->opened_at == b->opened_at && a->event.state == b->event.state &&
		svp_record_same_text(a->source_state, b->source_state) && svp_record_same_ticket(a, b);
}

/*
 * The time of what the row does not date: now, but not before what was
 * recorded last, since the row's lock puts its changes in order.
 */
static int64
undated(const SvpRecord *latest)
{
	int64		now = GetCurrentTransactionStartTimestamp();

	return latest == NULL ? now : Max(now, latest->event.at);
}

/*
 * Has the ticket been in this state since that very time before?  Then the
 * row kept the time of an earlier resolution.
 */
static bool
is_stale(const SvpLedger *ledger, SvpState state, int64 at)
{
	for (int i = 0; i < ledger->nrecords; i++)
	{
		if (ledger->records[i].event.state == state && ledger->records[i].event.at == at)
			return true;
	}
	return false;
}

/*
 * Since when the row has been resolved or closed, if it says so and that is
 * not on record.
 */
static const SvpFactValue *
state_time(SvpTicket *ticket, const SvpFacts *facts, SvpState state)
{
	const SvpFactValue *at = NULL;

	if (state == SVP_STATE_RESOLVED)
		at = fact(ticket, facts, "resolved_at");
	else if (state == SVP_STATE_CLOSED)
		at = fact(ticket, facts, "closed_at");
	return at == NULL || is_stale(&ticket->ledger, state, at->number) ? NULL : at;
}

/*
 * When did the change happen that made the row what it is?  When the row says
 * that it changed, or the state's own time if that is later or all there is;
 * else now.
 */
int64
svp_ticket_event_time(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest,
					  SvpState state)
{
	const SvpFactValue *changed = fact(ticket, facts, "changed_at");
	bool		entered = latest == NULL || latest->event.state != state;
	const SvpFactValue *since = entered || changed != NULL ?
		state_time(ticket, facts, state) : NULL;

	if (since != NULL)
		return changed == NULL ? since->number : Max(since->number, changed->number);
	return changed != NULL ? changed->number : undated(latest);
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
	const SvpFactValue *resolved = state_time(ticket, facts, SVP_STATE_RESOLVED);

	if (resolved == NULL || resolved->number < record->opened_at || resolved->number >= closed_at)
		return;
	if (latest != NULL && fact(ticket, facts, "changed_at") == NULL &&
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
	const SvpFactValue *since = state_time(ticket, facts, record->event.state);
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
	bool		is_dated = fact(ticket, facts, "changed_at") != NULL ||
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
	const SvpFactValue *reply = fact(ticket, facts, "first_response_at");
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
	const SvpFactValue *changed = facts == NULL ? NULL : fact(ticket, facts, "changed_at");
	SvpRecord	record;

	if (latest == NULL || latest->event.kind == SVP_EVENT_LEFT)
		return;
	record = *latest;
	record.event.state = SVP_STATE_VOID;
	svp_ticket_append(ticket, record, SVP_EVENT_LEFT,
				 changed == NULL ? undated(latest) : Max(changed->number, latest->event.at));
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
	const SvpFactValue *changed = fact(ticket, facts, "changed_at");

	return changed != NULL && !ticket->is_import &&
		!was_told(&ticket->ledger, state, changed->number);
}

static void
record_row(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest)
{
	SvpRecord	record;

	report_unreadable(ticket, facts);
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

/*
 * Where more than its own row tells of a ticket, wait for whoever writes of it
 * first.
 */
static void
lock_ticket(SvpTicket *ticket)
{
	if (SVP_HAS_OTHER_ROWS(ticket->attachment) && !ticket->is_preview &&
		svp_ledger_lock(ticket->attachment, ticket->key))
		svp_snapshot_check(ticket->attachment, ticket->key);
}

/*
 * Read what is recorded of the ticket.
 */
void
svp_ticket_open(SvpTicket *ticket)
{
	lock_ticket(ticket);
	svp_ledger_read(ticket->attachment, ticket->key, &ticket->ledger);
	ticket->next_seq = ticket->ledger.last_seq + 1;
}

/*
 * The same for one event more, which rarely takes more than the newest record.
 */
void
svp_ticket_open_newest(SvpTicket *ticket)
{
	lock_ticket(ticket);
	svp_ledger_read_newest(ticket->attachment, ticket->key, &ticket->ledger);
	ticket->next_seq = ticket->ledger.last_seq + 1;
}

/*
 * A row that was just inserted is rarely of a ticket that is known; if it is,
 * that is found out when its first record is written.
 */
void
svp_ticket_open_new(SvpTicket *ticket)
{
	svp_ledger_make(&ticket->ledger);
	ticket->next_seq = 1;
	ticket->is_assumed_new = true;
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
	report_problems(ticket);
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
