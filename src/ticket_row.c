/*-------------------------------------------------------------------------
 *
 * ticket_row.c
 *		What a ticket's row says: its state, and since when.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"

#include "ticket_row.h"

/*
 * A fact that is set and could be read, or NULL.
 */
const SvpFactValue *
svp_ticket_fact(const SvpTicket *ticket, const SvpFacts *facts, SvpFactName name)
{
	int			i = svp_mapping_at(ticket->attachment->ticket, name);
	const SvpFactValue *value = i < 0 ? NULL : &facts->values[i];

	return value != NULL && value->set ? value : NULL;
}

static const char *
text_fact(SvpTicket *ticket, const SvpFacts *facts, SvpFactName name)
{
	const SvpFactValue *value = svp_ticket_fact(ticket, facts, name);

	return value == NULL ? NULL : value->text;
}

/*
 * What could not be read is an issue.
 */
void
svp_ticket_report_unreadable(SvpTicket *ticket, const SvpFacts *facts)
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
	const SvpFactValue *opened = svp_ticket_fact(ticket, facts, SVP_NAME_OPENED_AT);

	memset(record, 0, sizeof(*record));
	if (opened == NULL && latest == NULL)
		return false;
	record->opened_at = opened != NULL ? opened->number : latest->opened_at;
	record->source_state = text_fact(ticket, facts, SVP_NAME_STATE);
	record->event.state = svp_ticket_state(ticket, record->source_state, latest);
	for (int i = 0; i < SVP_NDIMENSIONS; i++)
		record->event.scenario.value[i] = text_fact(ticket, facts, (SvpFactName) i);
	record->agent = text_fact(ticket, facts, SVP_NAME_AGENT);
	record->customer = text_fact(ticket, facts, SVP_NAME_CUSTOMER);
	return true;
}

/*
 * The time of what the row does not date: now, but not before what was
 * recorded last, since the row's lock puts its changes in order.
 */
int64
svp_ticket_undated(const SvpRecord *latest)
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
const SvpFactValue *
svp_ticket_state_time(SvpTicket *ticket, const SvpFacts *facts, SvpState state)
{
	const SvpFactValue *at = NULL;

	if (state == SVP_STATE_RESOLVED)
		at = svp_ticket_fact(ticket, facts, SVP_NAME_RESOLVED_AT);
	else if (state == SVP_STATE_CLOSED)
		at = svp_ticket_fact(ticket, facts, SVP_NAME_CLOSED_AT);
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
	const SvpFactValue *changed = svp_ticket_fact(ticket, facts, SVP_NAME_CHANGED_AT);
	bool		entered = latest == NULL || latest->event.state != state;
	const SvpFactValue *since = entered || changed != NULL ?
		svp_ticket_state_time(ticket, facts, state) : NULL;

	if (since != NULL)
		return changed == NULL ? since->number : Max(since->number, changed->number);
	return changed != NULL ? changed->number : svp_ticket_undated(latest);
}
