/*-------------------------------------------------------------------------
 *
 * ticket_open.c
 *		A ticket that is about to be recorded: its ledger is read, or found to
 *		be new, and what cannot be understood of it becomes an issue.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "issue.h"
#include "snapshot.h"
#include "ticket.h"

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

void
svp_ticket_report_problems(SvpTicket *ticket)
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
