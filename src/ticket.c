/*-------------------------------------------------------------------------
 *
 * ticket.c
 *		The trigger on a ticket table: row to facts, facts to ledger, ledger
 *		to clocks.
 *
 * The trigger is AFTER ROW, so it sees the row as it was stored, and holds
 * that row's lock while it works: two changes of one ticket follow each other.
 * It writes with the rights of the attachment's owner.  Nothing that a row
 * contains makes it fail; what cannot be understood becomes an issue.
 *
 * An event costs O(events of its ticket): the ledger is folded anew, so that
 * the clocks depend on the ledger alone and not on its order of arrival.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "ticket.h"

PG_FUNCTION_INFO_V1(svp_ticket_changed);

static void
warn(const SvpTicket *ticket, const char *problem)
{
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("service_policy could not record a ticket of \"%s\": %s",
					ticket->attachment->name, problem),
			 errhint("The statement goes on. Put right what is missing, or call service_policy.detach(%s) and attach again; the evidence is kept.",
					 quote_literal_cstr(ticket->attachment->name))));
}

void
svp_ticket_issue(SvpTicket *ticket, const char *problem, const char *detail, const char *value)
{
	svp_issue_append(ticket->attachment, ticket->key, problem, detail, value);
}

/* Row to facts */

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
static SvpState
mapped_state(SvpTicket *ticket, const char *source, const SvpRecord *latest)
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
static bool
snapshot(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest, SvpRecord *record)
{
	const SvpFactValue *opened = fact(ticket, facts, "opened_at");

	memset(record, 0, sizeof(*record));
	if (opened == NULL && latest == NULL)
		return false;
	record->opened_at = opened != NULL ? opened->number : latest->opened_at;
	record->source_state = text_fact(ticket, facts, "state");
	record->event.state = mapped_state(ticket, record->source_state, latest);
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
 * When did the change happen that made the row what it is?  The state's own
 * time if the row has one, else when the row says that it changed, else now.
 */
static int64
event_time(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest, SvpState state)
{
	const SvpFactValue *at = NULL;
	bool		entered = latest == NULL || latest->event.state != state;

	if (entered && state == SVP_STATE_RESOLVED)
		at = fact(ticket, facts, "resolved_at");
	else if (entered && state == SVP_STATE_CLOSED)
		at = fact(ticket, facts, "closed_at");
	if (at == NULL || is_stale(&ticket->ledger, state, at->number))
		at = fact(ticket, facts, "changed_at");
	return at != NULL ? at->number : undated(latest);
}

/* Facts to ledger */

static void
record_event(SvpTicket *ticket, SvpRecord record, SvpEventKind kind, int64 at)
{
	record.seq = ticket->next_seq++;
	record.recorded_at = GetCurrentTransactionStartTimestamp();
	record.recorded_by = ticket->recorded_by;
	record.event.kind = kind;
	record.event.at = at;
	svp_ledger_append(ticket->attachment, ticket->key, &record);
	svp_ledger_add(&ticket->ledger, &record);
	ticket->earliest = ticket->nrecorded++ == 0 ? at : Min(ticket->earliest, at);
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
 * A ticket that goes straight to closed may say since when it was resolved.
 */
static void
record_resolution(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest,
				  const SvpRecord *record, int64 closed_at)
{
	const SvpFactValue *resolved = fact(ticket, facts, "resolved_at");
	SvpRecord	resolution = *record;

	if (record->event.state != SVP_STATE_CLOSED || resolved == NULL ||
		resolved->number < record->opened_at || resolved->number >= closed_at)
		return;
	if (latest != NULL && (latest->event.at > resolved->number ||
						   latest->event.state == SVP_STATE_RESOLVED ||
						   latest->event.state == SVP_STATE_CLOSED))
		return;
	resolution.event.state = SVP_STATE_RESOLVED;
	resolution.source_state = NULL;
	record_event(ticket, resolution, SVP_EVENT_CHANGED, resolved->number);
}

/*
 * A ticket that was not known.  It was open from the opening on, until the
 * time from which the row says that it is as it is.
 */
static void
record_opening(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *record)
{
	int64		at = event_time(ticket, facts, NULL, record->event.state);
	bool		is_dated = fact(ticket, facts, "changed_at") != NULL ||
		record->event.state == SVP_STATE_RESOLVED || record->event.state == SVP_STATE_CLOSED;
	SvpRecord	opening = *record;

	if (!is_dated)
	{
		record_event(ticket, opening, SVP_EVENT_OPENED, record->opened_at);
		return;
	}
	if (record->event.state != SVP_STATE_OPEN)
	{
		opening.event.state = SVP_STATE_OPEN;
		opening.source_state = NULL;
	}
	check_order(ticket, record, at);
	record_event(ticket, opening, SVP_EVENT_OPENED, record->opened_at);
	record_resolution(ticket, facts, NULL, record, at);
	if (at != record->opened_at || record->event.state != SVP_STATE_OPEN)
		record_event(ticket, *record, SVP_EVENT_CHANGED, at);
}

static void
record_change(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest,
			  const SvpRecord *record)
{
	int64		at = event_time(ticket, facts, latest, record->event.state);

	/* a row that is back as it was long ago has come back now at the earliest */
	if (latest->event.kind == SVP_EVENT_LEFT)
		at = Max(at, latest->event.at);
	ticket->opening_changed = latest->opened_at != record->opened_at;
	check_order(ticket, record, at);
	record_resolution(ticket, facts, latest, record, at);
	record_event(ticket, *record, SVP_EVENT_CHANGED, at);
	if (ticket->opening_changed && record->opened_at != svp_ledger_opening(&ticket->ledger))
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
		record_event(ticket, record, SVP_EVENT_RESPONDED, reply->number);
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
	record_event(ticket, record, SVP_EVENT_LEFT,
				 changed == NULL ? undated(latest) : Max(changed->number, latest->event.at));
}

static void
record_row(SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *latest)
{
	SvpRecord	record;

	report_unreadable(ticket, facts);
	if (!snapshot(ticket, facts, latest, &record))
	{
		svp_ticket_issue(ticket, "no_opening",
					"The fact opened_at is not set; the ticket is measured once it is.", NULL);
		return;
	}
	if (latest == NULL)
		record_opening(ticket, facts, &record);
	else if (!same_snapshot(latest, &record))
		record_change(ticket, facts, latest, &record);
	record_reply(ticket, facts);
}

/* The trigger */

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

	if (latest == NULL || latest->event.kind != SVP_EVENT_LEFT ||
		latest->recorded_at != GetCurrentTransactionStartTimestamp())
		return;
	ticket->next_seq = latest->seq;
	ticket->returned = true;
	ticket->left_at = latest->event.at;
	svp_ledger_retract(ticket->attachment, ticket->key, &ticket->ledger, ticket->next_seq);
}

static void
read_ledger(SvpTicket *ticket)
{
	svp_ledger_read(ticket->attachment, ticket->key, &ticket->ledger);
	ticket->next_seq = 1;
	for (int i = 0; i < ticket->ledger.nrecords; i++)
		ticket->next_seq = Max(ticket->next_seq, ticket->ledger.records[i].seq + 1);
}

/*
 * Record one ticket: with facts its row as it now is, without them its end.
 */
static void
record_ticket(SvpAttachment *attachment, Datum *key, const SvpFacts *facts,
			  const char *recorded_by)
{
	SvpTicket		ticket = {attachment, recorded_by, key};
	bool		is_ticket = facts != NULL && facts->included;
	const char *problem;

	if (!svp_evidence_prepare(attachment, &problem))
	{
		warn(&ticket, problem);
		return;
	}
	read_ledger(&ticket);
	if (is_ticket)
		retract_leaving(&ticket);

	if (facts != NULL && facts->problem != NULL)
		svp_ticket_issue(&ticket, "expression_failed",
					"A mapped expression failed; the ticket keeps its last good state.",
					facts->problem);
	else if (is_ticket)
		record_row(&ticket, facts, latest_of(&ticket.ledger));
	else
		record_leaving(&ticket, facts, latest_of(&ticket.ledger));
	if (ticket.nrecorded > 0 || ticket.returned)
		svp_ticket_move_clocks(&ticket);
}

static bool
same_key(const SvpAttachment *attachment, const Datum *a, const Datum *b)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
	{
		int16		length;
		bool		by_value;

		get_typlenbyval(attachment->key_types[i], &length, &by_value);
		if (!datum_image_eq(a[i], b[i], by_value, length))
			return false;
	}
	return true;
}

static void
record_change_of_row(SvpAttachment *attachment, TriggerData *trigger, const char *recorded_by)
{
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	SvpTicket		nobody = {attachment};
	SvpFacts	facts;
	const char *problem;
	SvpRowReader *reader = svp_attachment_reader(attachment, attachment->ticket,
												 trigger->tg_relation, &problem);

	if (reader == NULL || !svp_evidence_prepare(attachment, &problem))
	{
		warn(&nobody, problem);
		return;
	}
	problem = svp_reader_key_problem(reader, attachment->key_types);
	if (problem != NULL)
	{
		warn(&nobody, problem);
		return;
	}
	if (is_update && svp_reader_same(reader, trigger->tg_trigtuple, trigger->tg_newtuple))
		return;
	svp_reader_read(reader, is_update ? trigger->tg_newtuple : trigger->tg_trigtuple, &facts);
	if (facts.key == NULL)
	{
		warn(&nobody, "its key is null");
		return;
	}
	if (is_update)
	{
		Datum	   *old_key = svp_reader_key(reader, trigger->tg_trigtuple);

		if (old_key != NULL && !same_key(attachment, old_key, facts.key))
			record_ticket(attachment, old_key, NULL, recorded_by);
	}
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		record_ticket(attachment, facts.key, NULL, recorded_by);
	else if (!svp_row_superseded(is_update ? trigger->tg_newtuple : trigger->tg_trigtuple))
		record_ticket(attachment, facts.key, &facts, recorded_by);
}

typedef struct Search
{
	const char *name;
	SvpAttachment *attachment;
} Search;

static void
get_attachment(void *arg)
{
	Search	   *search = arg;

	search->attachment = svp_attachment_get(search->name, true);
}

/*
 * The trigger's attachment.  NULL after a warning where there is none, or
 * where somebody has edited its rows so that they cannot be read.
 */
static SvpAttachment *
attachment_of(TriggerData *trigger)
{
	Search		search = {NULL};
	ErrorData  *error;

	if (trigger->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" needs one argument, the attachment's name",
						trigger->tg_trigger->tgname)));
	search.name = trigger->tg_trigger->tgargs[0];
	error = svp_attempt(get_attachment, &search);
	if (error != NULL)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("attachment \"%s\" cannot be read: %s", search.name, error->message),
				 errhint("The statement goes on. Put its rows in service_policy.attachment and service_policy.attachment_table right, or call service_policy.detach(%s) and attach again; the evidence is kept.",
						 quote_literal_cstr(search.name))));
	else if (search.attachment == NULL)
		ereport(WARNING,
				(errmsg("attachment \"%s\" of trigger \"%s\" does not exist",
						search.name, trigger->tg_trigger->tgname),
				 errhint("The statement goes on. Drop the trigger, or attach again.")));
	return error == NULL ? search.attachment : NULL;
}

/*
 * service_policy._ticket_changed(attachment): AFTER INSERT, UPDATE or DELETE
 * trigger of a ticket table, for each row.
 */
Datum
svp_ticket_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	SvpAttachment *attachment;
	SvpCaller	caller;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("_ticket_changed() can only be called as an AFTER trigger for each row")));

	attachment = attachment_of(trigger);
	if (attachment == NULL || attachment->ticket == NULL)
		return PointerGetDatum(NULL);
	if (!svp_attachment_enter(attachment, &caller))
	{
		SvpTicket		nobody = {attachment};

		warn(&nobody, psprintf("schema \"%s\" does not exist", attachment->data_schema));
		return PointerGetDatum(NULL);
	}
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	record_change_of_row(attachment, trigger, svp_role_name(caller.user));
	SPI_finish();
	svp_attachment_leave(&caller);
	return PointerGetDatum(NULL);
}
