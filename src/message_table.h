/*-------------------------------------------------------------------------
 *
 * message_table.h
 *		The messages of a ticket, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_MESSAGE_TABLE_H
#define SVP_MESSAGE_TABLE_H

#include "clock.h"
#include "rows.h"

/* A public message of a customer or an agent: only those are kept. */
typedef struct SvpMessage
{
	int64		sent_at;
	const char *message;		/* the key of the CRM's row, as text */
	SvpEventKind kind;			/* asked or responded */
	int64		recorded_at;	/* when its transaction began */
} SvpMessage;

/* Hand out a ticket's messages in order of time, until the consumer returns false. */
typedef bool (*SvpMessageConsumer) (void *arg, const SvpMessage *message);

extern void svp_messages_scan(SvpAttachment *attachment, const Datum *key,
							  SvpMessageConsumer consume, void *arg);

/* The newest of a ticket's messages, the newest first; how many of the two there are. */
extern int	svp_messages_newest(SvpAttachment *attachment, const Datum *key, SvpEvent newest[2]);

/* A ticket's messages as events, in their order. */
extern SvpEvent *svp_messages_read(SvpAttachment *attachment, const Datum *key, int *n);

/*
 * Keep a message as it now is; or remove one, for which only its time and name
 * count.  False when it was so already.  "former" becomes the message as it was
 * before, or has no name if it was not there.
 */
extern bool svp_message_put(SvpAttachment *attachment, const Datum *key,
							const SvpMessage *message, const char *recorded_by,
							SvpMessage *former);
extern bool svp_message_remove(SvpAttachment *attachment, const Datum *key,
							   const SvpMessage *message, SvpMessage *former);
extern bool svp_message_find(SvpAttachment *attachment, const Datum *key,
							 const SvpMessage *message, SvpMessage *found);

#endif							/* SVP_MESSAGE_TABLE_H */
