/*-------------------------------------------------------------------------
 *
 * message_trigger.c
 *		The trigger on a message table.
 *
 * What is public by an agent or a customer is kept by ticket, time and key of
 * the message's row, at once, so that the ticket's own trigger sees it.  The
 * clocks are moved when the transaction ends, see settle.c.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"

#include "key.h"
#include "message.h"
#include "pending.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(svp_message_changed);

static bool
same_place(const SvpAttachment *attachment, const SvpReading *a, const SvpReading *b)
{
	return a->has_place && b->has_place && a->message.sent_at == b->message.sent_at &&
		strcmp(a->message.message, b->message.message) == 0 &&
		svp_same_key(attachment, a->ticket, b->ticket);
}

/*
 * What a message was before has judged something, unless this transaction
 * brought it.
 */
static SvpPendingKind
taken_back(const SvpMessage *former)
{
	return former->recorded_at == GetCurrentTransactionStartTimestamp() ?
		SVP_PENDING_CHANGE : SVP_PENDING_TAKEN_BACK;
}

static void
put(SvpAttachment *attachment, const SvpReading *reading, Oid role)
{
	const SvpMessage *message = &reading->message;
	SvpMessage	former;
	bool		is_new = svp_message_put(attachment, reading->ticket, message,
										 svp_role_name(role), &former);

	if (is_new || svp_pending_has_removals())
		svp_pending_add(attachment, reading->ticket,
						former.message == NULL ? SVP_PENDING_PUT :
						is_new ? taken_back(&former) : SVP_PENDING_CHANGE,
						message->sent_at, message->message, role);
}

static void
remove_former(SvpAttachment *attachment, const SvpReading *reading, Oid role)
{
	SvpMessage	former;

	if (svp_message_remove(attachment, reading->ticket, &reading->message, &former))
		svp_pending_add(attachment, reading->ticket, taken_back(&former), former.sent_at, NULL, role);
}

/*
 * A message whose row was deleted is kept until it is known whether its ticket
 * goes with it.
 */
static void
delete_message(SvpAttachment *attachment, const SvpReading *reading, Oid role)
{
	SvpMessage	found;

	if (svp_message_find(attachment, reading->ticket, &reading->message, &found))
		svp_pending_add(attachment, reading->ticket, SVP_PENDING_REMOVAL, found.sent_at,
						found.message, role);
}

/*
 * The row as it was before an update or deletion.
 */
static void
record_former(SvpAttachment *attachment, TriggerData *trigger, SvpRowReader *reader,
			  const SvpReading *now, Oid role)
{
	SvpReading	before;

	svp_message_read(attachment, reader, trigger->tg_trigtuple, &before);
	if (before.ticket == NULL || !before.has_place)
		return;
	if (now == NULL)
		delete_message(attachment, &before, role);
	else if (!now->failed && !(now->counts && same_place(attachment, &before, now)))
		remove_former(attachment, &before, role);
}

/*
 * Has what became of the row been recorded already, by an earlier call?
 */
static bool
is_passed(const SvpRowReader *reader, Relation relation, HeapTuple tuple)
{
	HeapTuple	latest = svp_row_latest(relation, tuple);

	return latest == NULL || (latest != tuple && !svp_reader_untouched(reader, tuple, latest));
}

static void
record_message(SvpAttachment *attachment, FunctionCallInfo fcinfo, Oid role)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
	const char *problem = "it has no message table";
	SvpReading	now;
	SvpRowReader *reader = attachment->message == NULL ? NULL :
		svp_attachment_reader(attachment, attachment->message, trigger->tg_relation, &problem);

	if (reader == NULL || !svp_rows_prepare(attachment, &problem))
	{
		svp_trigger_warn(attachment, "message", problem);
		return;
	}
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
	{
		record_former(attachment, trigger, reader, NULL, role);
		return;
	}
	/* what else a message depends on has triggers of its own, see child.c */
	if (is_update && svp_reader_untouched(reader, trigger->tg_trigtuple, tuple))
		return;
	svp_message_read(attachment, reader, tuple, &now);
	if (is_update)
		record_former(attachment, trigger, reader, &now, role);
	if (is_passed(reader, trigger->tg_relation, tuple))
		return;
	svp_message_report(attachment, &now);
	if (now.counts)
		put(attachment, &now, role);
}

/*
 * service_policy._message_changed(attachment): AFTER INSERT, UPDATE or DELETE
 * trigger of a message table, for each row.
 */
Datum
svp_message_changed(PG_FUNCTION_ARGS)
{
	return svp_trigger_record(fcinfo, "message", 1, record_message);
}
