/*-------------------------------------------------------------------------
 *
 * child_trigger.c
 *		The trigger on a table that a ticket's facts depend on.
 *
 * It only notes which ticket is to be looked at anew; that is done when the
 * transaction ends, once for each ticket, see settle.c.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "message.h"
#include "pending.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(svp_child_changed);

/*
 * The mapping that the trigger's second argument names, for a relation's name
 * may be another, as that of a partition or shard.
 */
static SvpMapping *
mapping_of(const SvpAttachment *attachment, const TriggerData *trigger)
{
	ListCell   *lc;

	foreach(lc, attachment->children)
	{
		SvpMapping *mapping = lfirst(lc);

		if (strcmp(mapping->table, trigger->tg_trigger->tgargs[1]) == 0)
			return mapping;
	}
	return NULL;
}

/*
 * What an expression makes of any column is not known, so a row is the same
 * only if all of it is.
 */
static bool
same_row(TupleDesc descriptor, HeapTuple before, HeapTuple after)
{
	for (int i = 0; i < descriptor->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(descriptor, i);
		bool		null_before;
		bool		null_after;
		Datum		a = heap_getattr(before, i + 1, descriptor, &null_before);
		Datum		b = heap_getattr(after, i + 1, descriptor, &null_after);

		if (column->attisdropped)
			continue;
		if (null_before != null_after ||
			(!null_before && !datum_image_eq(a, b, column->attbyval, column->attlen)))
			return false;
	}
	return true;
}

/*
 * Note the ticket that a version of the row belongs to.
 */
static void
note_ticket(SvpAttachment *attachment, const SvpMapping *mapping, SvpRowReader *reader,
			HeapTuple tuple, Oid role)
{
	const char *problem;
	SvpFacts	facts;
	Datum	   *ticket;

	svp_reader_read(reader, tuple, &facts);
	ticket = svp_ticket_named(attachment, mapping, &facts, &problem);
	if (facts.problem != NULL)
		problem = facts.problem;
	if (problem != NULL)
		svp_trigger_warn(attachment, "child", problem);
	else if (ticket != NULL && facts.included)
		svp_pending_add(attachment, ticket, SVP_PENDING_CHILD, 0, NULL, role);
}

static void
record_child(SvpAttachment *attachment, FunctionCallInfo fcinfo, Oid role)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	SvpMapping *mapping = mapping_of(attachment, trigger);
	const char *problem = "it has no such child table";
	SvpRowReader *reader = mapping == NULL ? NULL :
		svp_attachment_reader(attachment, mapping, trigger->tg_relation, &problem);

	if (reader == NULL || !svp_rows_prepare(attachment, &problem))
	{
		svp_trigger_warn(attachment, "child", problem);
		return;
	}
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
	{
		if (same_row(RelationGetDescr(trigger->tg_relation), trigger->tg_trigtuple,
					 trigger->tg_newtuple))
			return;
		note_ticket(attachment, mapping, reader, trigger->tg_newtuple, role);
	}
	note_ticket(attachment, mapping, reader, trigger->tg_trigtuple, role);
}

/*
 * service_policy._child_changed(attachment, table): AFTER INSERT, UPDATE or
 * DELETE trigger of a child table, for each row.
 */
Datum
svp_child_changed(PG_FUNCTION_ARGS)
{
	return svp_trigger_record(fcinfo, "child", 2, record_child);
}
