/*-------------------------------------------------------------------------
 *
 * message_table.c
 *		The messages of a ticket, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "message_table.h"

static const char *
author_of(SvpEventKind kind)
{
	return kind == SVP_EVENT_ASKED ? "customer" : "agent";
}

/* Reading */

typedef struct MessageScan
{
	int			nkey;
	SvpMessageConsumer consume;
	void	   *arg;
} MessageScan;

static bool
take_row(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	MessageScan	   *scan = arg;
	const Datum *row = values + scan->nkey;
	const bool *row_nulls = nulls + scan->nkey;
	const char *author = svp_value_text(row, row_nulls, 2);
	SvpMessage	message = {
		.sent_at = svp_value_time(row, row_nulls, 0, NULL),
		.message = svp_value_text(row, row_nulls, 1),
		.kind = author != NULL && strcmp(author, "customer") == 0 ?
		SVP_EVENT_ASKED : SVP_EVENT_RESPONDED,
		.recorded_at = svp_value_time(row, row_nulls, 3, NULL)
	};

	return scan->consume(scan->arg, &message);
}

void
svp_messages_scan(SvpAttachment *attachment, const Datum *key, SvpMessageConsumer consume,
				  void *arg)
{
	MessageScan		scan = {attachment->ticket->nkey, consume, arg};

	svp_rows_scan(attachment, SVP_MESSAGE, scan.nkey, key, false, take_row, &scan);
}

typedef struct Events
{
	SvpEvent   *events;
	int			n;
	int			capacity;
} Events;

/*
 * Rows come in order of time; at one instant a customer's goes before an
 * agent's.
 */
static bool
add_event(void *arg, const SvpMessage *message)
{
	Events	   *list = arg;
	SvpEvent	event = {.kind = message->kind,.at = message->sent_at};
	int			i;

	if (list->n == list->capacity)
	{
		list->capacity *= 2;
		list->events = repalloc_huge(list->events, sizeof(SvpEvent) * (Size) list->capacity);
	}
	for (i = list->n++; i > 0 && svp_event_before(&event, &list->events[i - 1]); i--)
		list->events[i] = list->events[i - 1];
	list->events[i] = event;
	return true;
}

SvpEvent *
svp_messages_read(SvpAttachment *attachment, const Datum *key, int *n)
{
	Events		list = {palloc(sizeof(SvpEvent) * 8), 0, 8};

	svp_messages_scan(attachment, key, add_event, &list);
	*n = list.n;
	return list.events;
}

typedef struct Newest
{
	SvpEvent   *events;
	int			n;
} Newest;

static bool
take_newest(void *arg, const SvpMessage *message)
{
	Newest	   *newest = arg;

	newest->events[newest->n++] = (SvpEvent) {.kind = message->kind,.at = message->sent_at};
	return newest->n < 2;
}

int
svp_messages_newest(SvpAttachment *attachment, const Datum *key, SvpEvent newest[2])
{
	Newest		found = {newest, 0};
	MessageScan scan = {attachment->ticket->nkey, take_newest, &found};

	svp_rows_scan(attachment, SVP_MESSAGE, scan.nkey, key, true, take_row, &scan);
	return found.n;
}

/* Writing */

static void
fill_primary_key(SvpRow *row, SvpAttachment *attachment, const Datum *key,
				 const SvpMessage *message)
{
	svp_row_begin(row);
	svp_row_add_key(row, attachment->ticket->nkey, key);
	svp_row_add(row, TimestampTzGetDatum(message->sent_at));
	svp_row_add_text(row, message->message);
}

static bool
take_one(void *arg, const SvpMessage *message)
{
	*(SvpMessage *) arg = *message;
	return false;
}

bool
svp_message_find(SvpAttachment *attachment, const Datum *key, const SvpMessage *message,
				 SvpMessage *found)
{
	MessageScan scan = {attachment->ticket->nkey, take_one, found};
	SvpRow		row;

	memset(found, 0, sizeof(*found));
	fill_primary_key(&row, attachment, key, message);
	svp_rows_scan(attachment, SVP_MESSAGE, row.n, row.values, false, take_row, &scan);
	return found->message != NULL;
}

bool
svp_message_put(SvpAttachment *attachment, const Datum *key, const SvpMessage *message,
				const char *recorded_by, SvpMessage *former)
{
	SvpRow		row;

	memset(former, 0, sizeof(*former));
	fill_primary_key(&row, attachment, key, message);
	svp_row_add_text(&row, author_of(message->kind));
	svp_row_add(&row, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	svp_row_add_text(&row, recorded_by);
	if (svp_rows_insert_new(attachment, SVP_MESSAGE, row.values, row.nulls))
		return true;
	if (svp_message_find(attachment, key, message, former) && former->kind == message->kind)
		return false;
	(void) svp_rows_update(attachment, SVP_MESSAGE, NULL, row.values, row.nulls);
	return true;
}

bool
svp_message_remove(SvpAttachment *attachment, const Datum *key, const SvpMessage *message,
				   SvpMessage *former)
{
	SvpRow		row;

	fill_primary_key(&row, attachment, key, message);
	return svp_message_find(attachment, key, message, former) &&
		svp_rows_delete(attachment, SVP_MESSAGE, row.values);
}
