/*-------------------------------------------------------------------------
 *
 * pending.c
 *		Tickets whose clocks are to be moved when the transaction ends.
 *
 * A ticket's clocks are guarded by a lock.  Taken when a message is written,
 * it would come before that of the ticket's row, which the CRM may write next;
 * a transaction that does it the other way round would then meet this one in a
 * deadlock.  So what messages and children do is only noted, and settled when
 * nothing else is to be locked any more (settle.c): for many messages of one
 * ticket once, and in the order of the tickets' keys.
 *
 * The list lives in the transaction; a subtransaction that is rolled back
 * takes its part along.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "key.h"
#include "pending.h"

static SvpPending *pending = NULL;
static int	npending = 0;
static int	capacity = 0;
static bool has_removals = false;
static int	last_number = 0;

/* Values of one type, as far as they are the same bytes. */
static int
compare_images(Oid type, Datum a, Datum b)
{
	int16		length;
	bool		by_value;
	Size		a_size;
	Size		b_size;
	int			order;

	get_typlenbyval(type, &length, &by_value);
	if (by_value)
		return a < b ? -1 : a > b;
	a_size = datumGetSize(a, false, length);
	b_size = datumGetSize(b, false, length);
	order = memcmp(DatumGetPointer(a), DatumGetPointer(b), Min(a_size, b_size));
	return order != 0 ? order : a_size < b_size ? -1 : a_size > b_size;
}

static int
compare_tickets(const SvpPending *a, const SvpPending *b)
{
	int			order = strcmp(a->attachment, b->attachment);

	if (order == 0 && a->nkey != b->nkey)
		order = a->nkey < b->nkey ? -1 : 1;
	for (int i = 0; order == 0 && i < a->nkey; i++)
	{
		order = a->types[i] < b->types[i] ? -1 : a->types[i] > b->types[i];
		if (order == 0)
			order = compare_images(a->types[i], a->key[i], b->key[i]);
	}
	return order;
}

bool
svp_pending_same_ticket(const SvpPending *a, const SvpPending *b)
{
	return compare_tickets(a, b) == 0;
}

static int
compare(const void *one, const void *two)
{
	const SvpPending *a = one;
	const SvpPending *b = two;
	int			order = compare_tickets(a, b);

	if (order == 0 && (a->message == NULL || b->message == NULL))
		order = (a->message != NULL) - (b->message != NULL);
	else if (order == 0)
		order = strcmp(a->message, b->message);
	if (order == 0 && a->message != NULL)
		order = a->at < b->at ? -1 : a->at > b->at;
	return order != 0 ? order : a->number < b->number ? -1 : 1;
}

/*
 * A value in the transaction's memory.
 */
static Datum
keep_value(Oid type, Datum value)
{
	int16		length;
	bool		by_value;

	get_typlenbyval(type, &length, &by_value);
	if (length == -1)
		return PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	return datumCopy(value, by_value, length);
}

static void
keep_ticket(SvpPending *entry, const SvpAttachment *attachment, const Datum *key)
{
	entry->attachment = pstrdup(attachment->name);
	entry->nkey = attachment->ticket->nkey;
	entry->types = palloc(sizeof(Oid) * entry->nkey);
	entry->key = palloc(sizeof(Datum) * entry->nkey);
	for (int i = 0; i < entry->nkey; i++)
	{
		entry->types[i] = attachment->key_types[i];
		entry->key[i] = keep_value(entry->types[i], key[i]);
	}
}

static bool
is_ticket(const SvpPending *entry, const SvpAttachment *attachment, const Datum *key)
{
	return strcmp(entry->attachment, attachment->name) == 0 &&
		entry->nkey == attachment->ticket->nkey &&
		memcmp(entry->types, attachment->key_types, sizeof(Oid) * entry->nkey) == 0 &&
		svp_same_image(entry->types, entry->nkey, entry->key, key);
}

static void
forget_all(void)
{
	pending = NULL;
	npending = capacity = last_number = 0;
	has_removals = false;
}

static void
transaction_ended(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		forget_all();
}

/*
 * What a subtransaction added is the end of the list, since those within it
 * have ended.
 */
static void
subtransaction_ended(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		while (npending > 0 && pending[npending - 1].subtransaction >= mine)
			npending--;
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (int i = npending; i > 0 && pending[i - 1].subtransaction >= mine; i--)
			pending[i - 1].subtransaction = parent;
	}
}

static SvpPending *
new_entry(void)
{
	static bool listening = false;

	if (!listening)
	{
		RegisterXactCallback(transaction_ended, NULL);
		RegisterSubXactCallback(subtransaction_ended, NULL);
		listening = true;
	}
	if (pending == NULL)
	{
		capacity = 16;
		pending = palloc(sizeof(SvpPending) * capacity);
	}
	else if (npending == capacity)
	{
		capacity *= 2;
		pending = repalloc_huge(pending, sizeof(SvpPending) * (Size) capacity);
	}
	return &pending[npending];
}

/*
 * Many in a row of one ticket are one, unless one of them is about a message.
 */
static bool
merge_into_last(const SvpAttachment *attachment, const Datum *key, SvpPendingKind kind, int64 at,
				Oid role)
{
	SvpPending *last = &pending[npending - 1];

	if (npending == 0 || last->kind != kind || last->message != NULL || last->role != role ||
		last->subtransaction != GetCurrentSubTransactionId() ||
		!is_ticket(last, attachment, key))
		return false;
	last->at = Min(last->at, at);
	return true;
}

void
svp_pending_add(const SvpAttachment *attachment, const Datum *key, SvpPendingKind kind, int64 at,
				const char *message, Oid role)
{
	MemoryContext caller;
	SvpPending *entry;

	has_removals |= kind == SVP_PENDING_REMOVAL;
	if (kind != SVP_PENDING_REMOVAL &&
		!(kind <= SVP_PENDING_CHANGE && (has_removals || attachment->children != NIL)))
		message = NULL;
	if (message == NULL && merge_into_last(attachment, key, kind, at, role))
		return;

	caller = MemoryContextSwitchTo(TopTransactionContext);
	entry = new_entry();
	memset(entry, 0, sizeof(*entry));
	keep_ticket(entry, attachment, key);
	entry->kind = kind;
	entry->at = at;
	entry->message = message == NULL ? NULL : pstrdup(message);
	entry->role = role;
	entry->number = last_number++;
	entry->subtransaction = GetCurrentSubTransactionId();
	npending++;
	MemoryContextSwitchTo(caller);
}

bool
svp_is_pending(void)
{
	return npending > 0;
}

bool
svp_pending_has_removals(void)
{
	return has_removals;
}

SvpPending *
svp_pending_take(int *n)
{
	SvpPending *taken = pending;

	*n = npending;
	if (npending > 0)
		qsort(pending, npending, sizeof(SvpPending), compare);
	forget_all();
	return taken;
}
