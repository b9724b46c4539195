/*-------------------------------------------------------------------------
 *
 * child.c
 *		Looking at a ticket anew because something it depends on changed.
 *
 * The ticket's row is read from its table and recorded as though it had been
 * updated.  Of the messages it may now be known otherwise who wrote them, so
 * their rows are compared with what is kept.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "child.h"
#include "key.h"
#include "message.h"
#include "source.h"

/* The ticket's own row */

typedef struct Fetching
{
	SvpTicket  *ticket;
	SvpFacts	facts;
	bool		found;
	MemoryContext context;
} Fetching;

static void
read_ticket(void *arg, SvpRowReader *reader, HeapTuple tuple)
{
	Fetching   *fetch = arg;
	MemoryContext inside = MemoryContextSwitchTo(fetch->context);

	svp_reader_read(reader, tuple, &fetch->facts);
	fetch->found = true;
	MemoryContextSwitchTo(inside);
}

static void
fetch_ticket(void *arg)
{
	Fetching   *fetch = arg;
	SvpAttachment *attachment = fetch->ticket->attachment;

	svp_source_by_key(attachment, attachment->ticket,
					  svp_key_parts(attachment, fetch->ticket->key), read_ticket, fetch);
}

/*
 * The row's own time of its last change says nothing of what changed besides,
 * unless it is new, or the row was recorded by this same transaction.
 */
static void
forget_known_change(SvpTicket *ticket, SvpFacts *facts)
{
	int			i = svp_mapping_at(ticket->attachment->ticket, SVP_NAME_CHANGED_AT);
	const SvpRecord *latest = svp_ledger_latest(&ticket->ledger);

	if (i >= 0 && latest != NULL && facts->values[i].set &&
		facts->values[i].number <= latest->event.at &&
		latest->recorded_at != GetCurrentTransactionStartTimestamp())
		facts->values[i].set = false;
}

/*
 * Record the row.  False when there is none, or it cannot be read.
 */
static bool
record_ticket(SvpTicket *ticket)
{
	Fetching	fetch = {.ticket = ticket,.context = CurrentMemoryContext};
	ErrorData  *error = svp_attempt(fetch_ticket, &fetch);

	if (error != NULL)
		svp_ticket_issue(ticket, "expression_failed",
						 "The ticket's row could not be read anew; the ticket keeps its last good state.",
						 error->message);
	if (error != NULL || !fetch.found)
		return false;
	forget_known_change(ticket, &fetch.facts);
	/* one that its own trigger has not seen was there before the table was attached */
	ticket->is_import = ticket->ledger.nrecords == 0;
	svp_ticket_record(ticket, &fetch.facts);
	return true;
}

/* Its messages */

/* The messages as their rows have them, and those that are kept. */
typedef struct Messages
{
	SvpTicket  *ticket;
	SvpMessage *found;
	int			nfound;
	int			capacity;
	SvpMessage *gone;
	int			ngone;
	int			gone_capacity;
	int			nsame;
	bool		failed;
	MemoryContext context;
} Messages;

static void
add(SvpMessage **list, int *n, int *capacity, const SvpMessage *message)
{
	if (*n == *capacity)
	{
		*capacity = Max(16, *capacity * 2);
		*list = *list == NULL ? palloc(sizeof(SvpMessage) * *capacity) :
			repalloc_huge(*list, sizeof(SvpMessage) * (Size) *capacity);
	}
	(*list)[(*n)++] = *message;
}

static void
read_message(void *arg, SvpRowReader *reader, HeapTuple tuple)
{
	Messages   *messages = arg;
	SvpAttachment *attachment = messages->ticket->attachment;
	MemoryContext inside = MemoryContextSwitchTo(messages->context);
	SvpReading	reading;

	svp_message_read(attachment, reader, tuple, &reading);
	messages->failed |= reading.failed;
	if (reading.counts && svp_same_key(attachment, reading.ticket, messages->ticket->key))
		add(&messages->found, &messages->nfound, &messages->capacity, &reading.message);
	MemoryContextSwitchTo(inside);
}

static void
read_messages(void *arg)
{
	Messages   *messages = arg;
	SvpAttachment *attachment = messages->ticket->attachment;

	svp_source_by_ticket(attachment, attachment->message,
						 svp_key_parts(attachment, messages->ticket->key), read_message,
						 messages);
}

static int
compare_messages(const void *one, const void *two)
{
	const SvpMessage *a = one;
	const SvpMessage *b = two;

	if (a->sent_at != b->sent_at)
		return a->sent_at < b->sent_at ? -1 : 1;
	return strcmp(a->message, b->message);
}

static bool
note_if_gone(void *arg, const SvpMessage *kept)
{
	Messages   *messages = arg;

	if (messages->nfound == 0 ||
		bsearch(kept, messages->found, messages->nfound, sizeof(SvpMessage),
				compare_messages) == NULL)
		add(&messages->gone, &messages->ngone, &messages->gone_capacity, kept);
	return true;
}

/*
 * What a message was before has judged something, unless this transaction
 * brought it.
 */
static void
note(SvpTicket *ticket, int64 at, const SvpMessage *former)
{
	ticket->must_fold |= former->message != NULL;
	ticket->takes_back |= former->message != NULL &&
		former->recorded_at != GetCurrentTransactionStartTimestamp();
	svp_ticket_note(ticket, at);
}

static void
keep_messages(Messages *messages)
{
	SvpTicket  *ticket = messages->ticket;
	SvpMessage	former;

	for (int i = 0; i < messages->nfound; i++)
	{
		if (svp_message_put(ticket->attachment, ticket->key, &messages->found[i],
							ticket->recorded_by, &former))
			note(ticket, messages->found[i].sent_at, &former);
	}
	svp_messages_scan(ticket->attachment, ticket->key, note_if_gone, messages);
	for (int i = 0; i < messages->ngone; i++)
	{
		if (svp_message_remove(ticket->attachment, ticket->key, &messages->gone[i], &former))
			note(ticket, former.sent_at, &former);
	}
}

static bool
note_if_other(void *arg, const SvpMessage *kept)
{
	Messages   *messages = arg;
	const SvpMessage *found = messages->nfound == 0 ? NULL :
		bsearch(kept, messages->found, messages->nfound, sizeof(SvpMessage), compare_messages);

	if (found == NULL || found->kind != kept->kind)
		svp_ticket_note(messages->ticket, kept->sent_at);
	else
		messages->nsame++;
	return true;
}

/*
 * The same without writing anything.
 */
static void
preview_messages(Messages *messages)
{
	svp_messages_scan(messages->ticket->attachment, messages->ticket->key, note_if_other, messages);
	if (messages->nsame < messages->nfound)
		svp_ticket_note(messages->ticket, messages->found[0].sent_at);
}

/*
 * Compare the rows with what is kept.  If one of them cannot be read, all stay
 * as they were.
 */
void
svp_child_messages(SvpTicket *ticket)
{
	Messages	messages = {.ticket = ticket,.context = CurrentMemoryContext};
	ErrorData  *error = svp_attempt(read_messages, &messages);

	if (error != NULL)
		svp_ticket_issue(ticket, "expression_failed",
						 "The ticket's messages could not be read anew; they count as they did before.",
						 error->message);
	if (error != NULL || messages.failed)
		return;
	if (messages.nfound > 0)
		qsort(messages.found, messages.nfound, sizeof(SvpMessage), compare_messages);
	if (ticket->is_preview)
		preview_messages(&messages);
	else
		keep_messages(&messages);
}

/* One message */

typedef struct Rereading
{
	SvpAttachment *attachment;
	char	   *message;
	SvpReading	reading;
	bool		found;
	MemoryContext context;
} Rereading;

static void
reread_message(void *arg, SvpRowReader *reader, HeapTuple tuple)
{
	Rereading  *reread = arg;
	MemoryContext inside = MemoryContextSwitchTo(reread->context);

	svp_message_read(reread->attachment, reader, tuple, &reread->reading);
	reread->found = true;
	MemoryContextSwitchTo(inside);
}

static void
fetch_message(void *arg)
{
	Rereading  *reread = arg;

	svp_source_by_key(reread->attachment, reread->attachment->message, &reread->message,
					  reread_message, reread);
}

/*
 * Only its author, or whether it counts, can differ by now: its own row is as
 * this transaction wrote it.
 */
static void
correct_message(SvpTicket *ticket, const SvpReading *reading)
{
	SvpMessage	former;

	if (reading->counts ?
		svp_message_put(ticket->attachment, ticket->key, &reading->message, ticket->recorded_by,
						&former) :
		svp_message_remove(ticket->attachment, ticket->key, &reading->message, &former))
		note(ticket, reading->message.sent_at, &former);
}

void
svp_child_reread(SvpTicket *ticket, const char *message)
{
	Rereading	reread = {.attachment = ticket->attachment,.message = pstrdup(message),
	.context = CurrentMemoryContext};

	if (ticket->attachment->message == NULL)
		return;
	if (ticket->attachment->message->nkey > 1)
		svp_child_messages(ticket);
	else if (svp_attempt(fetch_message, &reread) == NULL && reread.found &&
			 !reread.reading.failed && reread.reading.has_place &&
			 reread.reading.ticket != NULL &&
			 svp_same_key(ticket->attachment, reread.reading.ticket, ticket->key))
		correct_message(ticket, &reread.reading);
}

void
svp_child_reconsider(SvpTicket *ticket)
{
	if (ticket->attachment->message != NULL && !svp_ledger_has_left(&ticket->ledger))
		svp_child_messages(ticket);
	ticket->completes = true;
	if (!record_ticket(ticket) && ticket->nevents > 0)
		svp_ticket_move_clocks(ticket);
}
