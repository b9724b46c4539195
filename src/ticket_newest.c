/*-------------------------------------------------------------------------
 *
 * ticket_newest.c
 *		What can be told of a ticket by its newest record alone.
 *
 * A record that is in order comes after all others, see timeline.c.  Older
 * ones matter only to a row that tells of times before it, or of another
 * opening, or of a reply.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"

#include "ticket_newest.h"
#include "ticket_row.h"

/*
 * Is it known whether the ticket has been in that state since that time?
 */
static bool
is_known(const SvpRecord *newest, SvpState state, const SvpFactValue *since)
{
	return since == NULL || since->number > newest->event.at ||
		(since->number == newest->event.at && newest->event.state == state);
}

static bool
state_is_known(const SvpTicket *ticket, const SvpFacts *facts, const SvpRecord *newest)
{
	const SvpFactValue *source = svp_ticket_fact(ticket, facts, SVP_NAME_STATE);
	SvpState	state;

	if (source == NULL || !svp_attachment_state(ticket->attachment, source->text, &state))
		return false;
	if (state != SVP_STATE_RESOLVED && state != SVP_STATE_CLOSED)
		return true;
	return is_known(newest, SVP_STATE_RESOLVED, svp_ticket_fact(ticket, facts, SVP_NAME_RESOLVED_AT)) &&
		(state == SVP_STATE_RESOLVED ||
		 is_known(newest, SVP_STATE_CLOSED, svp_ticket_fact(ticket, facts, SVP_NAME_CLOSED_AT)));
}

bool
svp_newest_is_enough(const SvpTicket *ticket, const SvpFacts *facts)
{
	const SvpRecord *newest = &ticket->ledger.records[0];
	const SvpFactValue *opened;
	const SvpFactValue *changed;

	/* what one transaction records is judged together */
	if (newest->recorded_at == GetCurrentTransactionStartTimestamp())
		return false;
	if (facts == NULL || facts->problem != NULL || !facts->included)
		return true;
	opened = svp_ticket_fact(ticket, facts, SVP_NAME_OPENED_AT);
	changed = svp_ticket_fact(ticket, facts, SVP_NAME_CHANGED_AT);
	return (opened == NULL || opened->number == newest->opened_at) &&
		(changed == NULL || changed->number >= newest->event.at) &&
		svp_ticket_fact(ticket, facts, SVP_NAME_FIRST_RESPONSE_AT) == NULL &&
		state_is_known(ticket, facts, newest);
}
