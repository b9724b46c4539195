/*-------------------------------------------------------------------------
 *
 * ticket.c
 *		The trigger on a ticket table.
 *
 * The trigger is AFTER ROW, so it sees the row as it was stored, and holds
 * that row's lock while it works: two changes of one ticket follow each other.
 * It writes with the rights of the attachment's owner.  Nothing that a row
 * contains makes it fail; what cannot be understood becomes an issue.
 *
 * The clocks depend on the ledger alone and not on its order of arrival.  An
 * event that comes after all others moves them on; any other costs O(events of
 * its ticket), for the ledger is folded anew.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "utils/rel.h"

#include "attempt.h"
#include "key.h"
#include "source.h"
#include "ticket.h"
#include "ticket_ahead.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(svp_ticket_changed);

void
svp_ticket_warn(const SvpAttachment *attachment, const char *problem)
{
	svp_trigger_warn(attachment, "ticket", problem);
}

/* A row of a ticket that is being recorded. */
typedef struct Row
{
	SvpRowReader *reader;
	HeapTuple	tuple;
	bool		may_be_older;	/* of the row before */
	SvpFacts	facts;
} Row;

static const SvpFacts *
read_row(void *arg)
{
	Row		   *row = arg;

	svp_reader_read(row->reader, row->tuple, &row->facts);
	return &row->facts;
}

static bool
is_ticket(const SvpAttachment *attachment, const SvpFacts *facts)
{
	int			opening = svp_mapping_at(attachment->ticket, SVP_NAME_OPENED_AT);

	return facts->included && facts->problem == NULL && opening >= 0 &&
		facts->values[opening].set;
}

/*
 * The row as it was before this transaction; without a tuple if there was
 * none, or it has to be looked for: only a row that was updated can be older
 * than the transaction that it is of.
 */
static Row
row_before(SvpRowReader *reader, const TriggerData *trigger)
{
	HeapTuple	tuple = trigger->tg_trigtuple;
	bool		is_ours = TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data));

	return (Row) {
		.reader = reader,
		.tuple = TRIGGER_FIRED_BY_INSERT(trigger->tg_event) || is_ours ? NULL : tuple,
		.may_be_older = !TRIGGER_FIRED_BY_INSERT(trigger->tg_event) && is_ours &&
			(tuple->t_data->t_infomask & HEAP_UPDATED) != 0
	};
}

typedef struct Finding
{
	SvpTicket  *ticket;
	Row		   *row;
	MemoryContext context;
} Finding;

static void
take_before(void *arg, SvpRowReader *reader, HeapTuple tuple)
{
	Finding    *finding = arg;
	MemoryContext inside = MemoryContextSwitchTo(finding->context);

	finding->row->reader = reader;
	finding->row->tuple = heap_copytuple(tuple);
	MemoryContextSwitchTo(inside);
}

static void
find_before(void *arg)
{
	Finding    *finding = arg;
	SvpAttachment *attachment = finding->ticket->attachment;

	svp_source_before(attachment, attachment->ticket,
					  svp_key_parts(attachment, finding->ticket->key), take_before, finding);
}

/*
 * Was the ticket there before the table was attached, and before this
 * transaction?  One that changed it already may have had nothing to record.
 */
static bool
was_there(SvpTicket *ticket, Row *before)
{
	Finding		finding = {ticket, before, CurrentMemoryContext};

	if (ticket->ledger.nrecords > 0)
		return false;
	if (before->may_be_older)
		(void) svp_attempt(find_before, &finding);
	return before->tuple != NULL;
}

/*
 * Take over a ticket that was there before the table was attached, as
 * backfill() would have done before this statement: so it does not matter
 * which comes first, and neither can miss what the other does.
 */
static void
adopt(SvpTicket *ticket, Row *before)
{
	(void) read_row(before);
	ticket->is_import = ticket->yields = true;
	while (ticket->ledger.nrecords == 0 && is_ticket(ticket->attachment, &before->facts))
	{
		ticket->is_overtaken = false;
		svp_ticket_record(ticket, &before->facts);
		if (!ticket->is_overtaken)
			break;
		svp_ticket_open(ticket);
	}
	ticket->is_import = ticket->yields = ticket->is_overtaken = false;
	ticket->nevents = 0;
}

/*
 * Record a ticket by its row, or without one its end.  What else tells of it
 * may be written by others, so they are waited for before the facts are read;
 * with a new one, that is found out in time when it is recorded.
 */
static void
record_ticket(SvpAttachment *attachment, Datum *key, Row *row, Row *before, Oid role,
			  bool is_new)
{
	SvpTicket	ticket = {
		.attachment = attachment,
		.recorded_by = svp_role_name(role),
		.key = key,
		.reread = read_row,
		.reread_arg = row
	};

	if (is_new)
		svp_ticket_open_new(&ticket);
	else
		svp_ticket_open_newest(&ticket);
	if (was_there(&ticket, before))
		adopt(&ticket, before);
	svp_ticket_record(&ticket, row == NULL ? NULL : read_row(row));
}

/*
 * Has what became of the row been recorded already, by an earlier call?
 */
static bool
is_passed(const SvpRowReader *reader, Relation relation, HeapTuple tuple)
{
	HeapTuple	latest = svp_row_latest(relation, tuple);

	return latest == NULL || (latest != tuple && !svp_reader_same(reader, tuple, latest));
}

static void
record_change_of_row(SvpAttachment *attachment, FunctionCallInfo fcinfo, Oid role)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	HeapTuple	tuple = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
	const char *problem;
	Datum	   *key;
	SvpRowReader *reader = svp_attachment_reader(attachment, attachment->ticket,
												 trigger->tg_relation, &problem);
	Row			row = {reader, tuple};
	Row			before = row_before(reader, trigger);

	if (reader != NULL && is_update &&
		svp_reader_same(reader, trigger->tg_trigtuple, trigger->tg_newtuple))
		return;
	if (reader == NULL || !svp_rows_prepare(attachment, &problem))
	{
		svp_ticket_warn(attachment, problem);
		return;
	}
	problem = svp_reader_key_problem(reader, attachment->key_types);
	if (problem != NULL)
	{
		svp_ticket_warn(attachment, problem);
		return;
	}
	key = svp_reader_key(reader, tuple);
	problem = key == NULL ? "its key is null or too long" : svp_fit_key(attachment, reader, key);
	if (problem != NULL)
	{
		svp_ticket_warn(attachment, problem);
		return;
	}
	if (is_update)
	{
		Datum	   *old_key = svp_reader_key(reader, trigger->tg_trigtuple);

		if (old_key != NULL && svp_fit_key(attachment, reader, old_key) == NULL &&
			!svp_same_key(attachment, old_key, key))
		{
			record_ticket(attachment, old_key, NULL, &before, role, false);
			before.tuple = NULL;
			before.may_be_older = false;
		}
	}
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		record_ticket(attachment, key, NULL, &before, role, false);
	else if (!is_passed(reader, trigger->tg_relation, tuple) &&
			 (is_update || !svp_ahead_record(fcinfo, attachment, reader, role)))
		/* a row that moves to another partition is inserted there, and known */
		record_ticket(attachment, key, &row, &before, role,
					  !is_update && !trigger->tg_relation->rd_rel->relispartition);
}

/*
 * service_policy._ticket_changed(attachment): AFTER INSERT, UPDATE or DELETE
 * trigger of a ticket table, for each row.
 */
Datum
svp_ticket_changed(PG_FUNCTION_ARGS)
{
	if (svp_ahead_has_recorded(fcinfo))
		return PointerGetDatum(NULL);
	return svp_trigger_record(fcinfo, "ticket", 1, record_change_of_row);
}
