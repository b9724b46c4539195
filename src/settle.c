/*-------------------------------------------------------------------------
 *
 * settle.c
 *		Moving the clocks of tickets whose messages or children changed.
 *
 * This is done just before the transaction commits, when deferred triggers
 * have run and user-defined code may still.  A deferred trigger of ours would
 * do as well, but for as long as it is due nobody may alter its table, and
 * migrations of a CRM do that.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "child.h"
#include "pending.h"
#include "settle.h"
#include "span.h"
#include "ticket.h"

/* How often to try before waiting for a ticket while holding others. */
#define ATTEMPTS 100

/*
 * Have the ticket's evidence to oneself.  Of one that has none, an anchor is
 * what others wait for.
 */
static void
open_ticket(SvpTicket *ticket, int64 at)
{
	do
	{
		svp_ticket_open_newest(ticket);
	} while (ticket->ledger.last_seq == 0 &&
			 !svp_ledger_anchor(ticket->attachment, ticket->key, at, ticket->recorded_by));
}

/*
 * Has this transaction recorded the ticket's row?  Then the clocks were moved
 * with what was kept of its messages at that time.
 */
static bool
is_recorded_now(const SvpTicket *ticket)
{
	const SvpRecord *latest = svp_ledger_latest(&ticket->ledger);

	return latest != NULL && latest->recorded_at == GetCurrentTransactionStartTimestamp();
}

/*
 * Was the message that this removes put again later?  Those of one message
 * stand together.
 */
static bool
is_undone(const SvpPending *removal, const SvpPending *end)
{
	const SvpPending *next = removal + 1;

	return next < end && next->message != NULL && next->at == removal->at &&
		strcmp(next->message, removal->message) == 0;
}

/*
 * A message that came is one event more; what else happens to messages takes
 * the whole history.
 */
static void
note_change(SvpTicket *ticket, int64 at)
{
	ticket->must_fold = true;
	svp_ticket_note(ticket, at);
}

static void
take_back(SvpTicket *ticket, int64 at)
{
	ticket->takes_back = true;
	svp_ticket_note(ticket, at);
}

/*
 * Remove a message.  One that this same transaction brought has judged nothing.
 */
static void
remove_message(SvpTicket *ticket, const SvpPending *removal)
{
	SvpMessage	message = {.sent_at = removal->at,.message = removal->message};
	SvpMessage	former;

	if (!svp_message_remove(ticket->attachment, ticket->key, &message, &former))
		return;
	if (former.recorded_at == GetCurrentTransactionStartTimestamp())
		note_change(ticket, removal->at);
	else
		take_back(ticket, removal->at);
}

static void
reread(SvpTicket *ticket, const SvpPending *entry)
{
	if (ticket->attachment->children != NIL && entry->message != NULL)
		svp_child_reread(ticket, entry->message);
}

static void
settle_entry(SvpTicket *ticket, const SvpPending *entry, const SvpPending *end)
{
	switch (entry->kind)
	{
		case SVP_PENDING_PUT:
			svp_ticket_note(ticket, entry->at);
			reread(ticket, entry);
			break;
		case SVP_PENDING_CHANGE:
			note_change(ticket, entry->at);
			reread(ticket, entry);
			break;
		case SVP_PENDING_TAKEN_BACK:
			take_back(ticket, entry->at);
			break;
		case SVP_PENDING_REMOVAL:
			if (!svp_ledger_has_left(&ticket->ledger) && !is_undone(entry, end))
				remove_message(ticket, entry);
			break;
		case SVP_PENDING_CHILD:
			break;
	}
}

/*
 * Settle a ticket, from its first entry up to its last.
 */
static void
settle_ticket(SvpAttachment *attachment, const SvpPending *entries, int n)
{
	SvpTicket	ticket = {
		.attachment = attachment,
		.recorded_by = svp_role_name(entries[n - 1].role),
		.key = entries[0].key
	};
	bool		has_child = false;

	open_ticket(&ticket, entries[0].kind == SVP_PENDING_CHILD ?
				GetCurrentTransactionStartTimestamp() : entries[0].at);
	ticket.must_fold = is_recorded_now(&ticket);
	for (int i = 0; i < n; i++)
	{
		has_child |= entries[i].kind == SVP_PENDING_CHILD;
		settle_entry(&ticket, &entries[i], entries + n);
	}
	if (has_child)
		svp_child_reconsider(&ticket);
	else if (ticket.nevents > 0)
		svp_ticket_move_clocks(&ticket);
}

/* What is to be settled of one attachment. */
typedef struct Settling
{
	SvpAttachment *attachment;
	const SvpPending *entries;
	int			n;
	int			first;			/* of the ticket at hand */
} Settling;

/*
 * Settle the tickets of an attachment, one after the other.
 */
static void
settle_tickets(void *arg)
{
	Settling   *all = arg;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "service_policy ticket",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	int			next;

	for (all->first = 0; all->first < all->n; all->first = next)
	{
		CHECK_FOR_INTERRUPTS();
		for (next = all->first + 1; next < all->n; next++)
		{
			if (!svp_pending_same_ticket(&all->entries[all->first], &all->entries[next]))
				break;
		}
		settle_ticket(all->attachment, all->entries + all->first, next - all->first);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/*
 * Wait for whoever has the ticket at hand, and let go of it again by failing.
 */
static void
wait_for_ticket(void *arg)
{
	Settling   *all = arg;

	(void) svp_ledger_lock(all->attachment, all->entries[all->first].key);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_IN_USE),
			 errmsg_internal("a ticket of \"%s\" was waited for", all->attachment->name)));
}

/*
 * Has it failed, as was expected?
 */
static bool
has_failed(ErrorData *error, int expected)
{
	if (error != NULL && error->sqlerrcode != expected)
		ReThrowError(error);
	return error != NULL;
}

/*
 * Settle several tickets without waiting for one while others are locked: who
 * has it may want those next.  A ticket that somebody has is waited for when
 * what was done before is undone.
 */
static void
settle_without_deadlock(Settling *all)
{
	bool		is_one = svp_pending_same_ticket(&all->entries[0], &all->entries[all->n - 1]);

	for (int i = 0; !is_one && i < ATTEMPTS; i++)
	{
		if (!has_failed(svp_attempt_impatiently(settle_tickets, all), ERRCODE_LOCK_NOT_AVAILABLE))
			return;
		(void) has_failed(svp_attempt(wait_for_ticket, all), ERRCODE_OBJECT_IN_USE);
	}
	settle_tickets(all);
}

/*
 * Are the keys of this ticket what the attachment now has for keys?
 */
static bool
fits(const SvpAttachment *attachment, const SvpPending *entry)
{
	return entry->nkey == attachment->ticket->nkey &&
		memcmp(entry->types, attachment->key_types, sizeof(Oid) * entry->nkey) == 0;
}

static void
get_attachment(void *arg)
{
	SvpAttachment **attachment = arg;

	*attachment = svp_attachment_get((*attachment)->name, true);
}

/*
 * NULL for one that was detached meanwhile, or cannot be read any more.
 */
static SvpAttachment *
find_attachment(const char *name)
{
	SvpAttachment named = {.name = unconstify(char *, name)};
	SvpAttachment *attachment = svp_attachment_cached(name);

	if (attachment != NULL)
		return attachment;
	attachment = &named;
	return svp_attempt(get_attachment, &attachment) == NULL ? attachment : NULL;
}

/*
 * Settle what is pending of one attachment, with the rights of its owner.  One
 * that was detached meanwhile has no clocks to move.
 */
static void
settle_attachment(const SvpPending *entries, int n)
{
	SvpAttachment *attachment = find_attachment(entries[0].attachment);
	const char *problem;
	SvpCaller	caller;
	MemoryContext context;
	SvpSpanMark before;

	if (attachment == NULL || !svp_attachment_enter(attachment, &caller))
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "service_policy settling",
									ALLOCSET_SMALL_SIZES);
	before = svp_span_enter(context);
	if (!svp_rows_prepare(attachment, &problem))
		svp_ticket_warn(attachment, problem);
	else if (fits(attachment, &entries[0]))
	{
		Settling	all = {attachment, entries, n};

		settle_without_deadlock(&all);
	}
	svp_span_leave(before);
	MemoryContextDelete(context);
	svp_attachment_leave(&caller);
}

/*
 * Settle all that is pending, and what that brings.
 */
static void
settle(void)
{
	SvpPending *entries;
	int			n;
	int			next;

	while ((entries = svp_pending_take(&n)), n > 0)
	{
		for (int first = 0; first < n; first = next)
		{
			for (next = first + 1; next < n; next++)
			{
				if (strcmp(entries[first].attachment, entries[next].attachment) != 0)
					break;
			}
			settle_attachment(entries + first, next - first);
		}
		pfree(entries);
	}
}

/*
 * Deferred triggers and foreign keys of the owner's on our tables: those of the
 * transaction have run, and what settling has queued would be dropped.
 */
static void
run_deferred_triggers(bool is_prepare)
{
	do
	{
		AfterTriggerFireDeferred();
	} while (PreCommit_Portals(is_prepare));
}

/*
 * Settle with all that was written so far in view.
 */
void
svp_settle_now(void)
{
	if (!svp_is_pending())
		return;
	PushActiveSnapshot(GetTransactionSnapshot());
	settle();
	PopActiveSnapshot();
}

static void
before_commit(XactEvent event, void *arg)
{
	MemoryContext caller;

	if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE)
		return;
	caller = MemoryContextSwitchTo(TopTransactionContext);
	while (svp_is_pending())
	{
		svp_settle_now();
		run_deferred_triggers(event == XACT_EVENT_PRE_PREPARE);
		svp_span_close_all();
	}
	MemoryContextSwitchTo(caller);
}

void
svp_settle_init(void)
{
	RegisterXactCallback(before_commit, NULL);
}
