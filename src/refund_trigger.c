/*-------------------------------------------------------------------------
 *
 * refund_trigger.c
 *		The trigger on a refund table: refuse what the policy forbids, and
 *		record every decision.
 *
 * It is AFTER ROW, so it decides on the row as it was stored, generated
 * columns and all; and it comes before the CRM's own, which may act on it.
 *
 * What cannot be decided is refused: enforcement fails loudly, and closed.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "key.h"
#include "refund_change.h"
#include "refund_outcome.h"
#include "refund_row.h"
#include "refund_table.h"
#include "span.h"

PG_FUNCTION_INFO_V1(svp_refund_decided);

/*
 * Have all that deciding needs; else say why not.
 */
static const char *
prepare(SvpRefundChange *change)
{
	SvpAttachment *attachment = change->attachment;
	const char *problem = NULL;

	change->reader = svp_attachment_reader(attachment, attachment->refund,
										   change->trigger->tg_relation, &problem);
	if (change->reader == NULL || !svp_rows_prepare_refund(attachment, &problem))
		return problem;
	return svp_reader_key_problem(change->reader, attachment->refund_key_types);
}

static void
row_deleted(const SvpRefundChange *change)
{
	HeapTuple	tuple = change->trigger->tg_trigtuple;
	SvpRefundCase old;

	/* what goes to another partition is changed when it arrives there */
	if (HeapTupleHeaderIndicatesMovedPartitions(tuple->t_data))
	{
		svp_row_departed(change->attachment, change->trigger->tg_relation, tuple);
		return;
	}
	old = svp_refund_case_of(change, tuple);
	svp_refund_end_row(change, &old);
}

/*
 * Is what is told as an insertion the arrival of a row from another partition?
 * Then it is a change of that one, if no end of it.
 */
static bool
row_arrived(const SvpRefundChange *change, HeapTuple tuple)
{
	HeapTuple	inserted = change->trigger->tg_trigtuple;
	SvpRefundChange before = *change;
	const char *problem = NULL;
	Relation	partition;
	HeapTuple	left = svp_row_before(change->attachment, inserted, &partition);
	SvpRefundCase old;
	SvpRefundCase new;

	if (left == NULL)
		return false;
	before.reader = svp_attachment_reader(change->attachment, change->attachment->refund,
										  partition, &problem);
	if (before.reader == NULL)
		svp_refund_undecidable(change->attachment->name, problem);
	old = svp_refund_case_of(&before, left);
	table_close(partition, NoLock);
	if (tuple == NULL)
		svp_refund_end_row(change, &old);
	else
	{
		new = svp_refund_case_of(change, tuple);
		svp_refund_row_changed(change, &old, &new, tuple != inserted,
							   !TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(left->t_data)));
	}
	return true;
}

static void
row_inserted(const SvpRefundChange *change)
{
	HeapTuple	inserted = change->trigger->tg_trigtuple;
	HeapTuple	tuple = svp_row_latest(change->trigger->tg_relation, inserted);
	SvpRefundCase refund;

	if (change->trigger->tg_relation->rd_rel->relispartition && row_arrived(change, tuple))
		return;
	if (tuple == NULL)
		return;
	refund = svp_refund_case_of(change, tuple);
	if (refund.facts.included)
		svp_refund_decide_on_key(change, &refund, tuple != inserted);
}

static void
row_updated(const SvpRefundChange *change)
{
	TriggerData *trigger = change->trigger;
	SvpRefundCase old;
	SvpRefundCase new;
	HeapTuple	tuple;

	if (svp_reader_same(change->reader, trigger->tg_trigtuple, trigger->tg_newtuple))
		return;
	tuple = svp_row_latest(trigger->tg_relation, trigger->tg_newtuple);
	/* its end, or where it arrived, has been told before this */
	if (tuple == NULL)
		return;
	old = svp_refund_case_of(change, trigger->tg_trigtuple);
	new = svp_refund_case_of(change, tuple);
	svp_refund_row_changed(change, &old, &new, tuple != trigger->tg_newtuple, true);
}

static void
check_protocol(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("_refund_decided() can only be called as an AFTER trigger for each row")));
	if (trigger->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" needs one argument, the attachment's name",
						trigger->tg_trigger->tgname)));
}

/*
 * A row that goes can only make the sums smaller: where that cannot be told,
 * it goes nevertheless, and goes on to count.
 */
static void
warn_of_delete(const SvpAttachment *attachment, const char *problem)
{
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("a refund of attachment \"%s\" that was deleted still counts: %s",
					attachment->name, problem),
			 errhint("Put right what is missing, then call service_policy.recount_refunds(%s).",
					 quote_literal_cstr(attachment->name))));
}

static void
record_change(SvpRefundChange *change)
{
	TriggerEvent event = change->trigger->tg_event;
	const char *problem = prepare(change);

	if (problem != NULL && TRIGGER_FIRED_BY_DELETE(event))
		warn_of_delete(change->attachment, problem);
	else if (problem != NULL)
		svp_refund_undecidable(change->attachment->name, problem);
	else if (TRIGGER_FIRED_BY_INSERT(event))
		row_inserted(change);
	else if (TRIGGER_FIRED_BY_UPDATE(event))
		row_updated(change);
	else
		row_deleted(change);
}

/*
 * service_policy._refund_decided(attachment): AFTER INSERT, UPDATE or DELETE
 * trigger of a refund table, for each row.  It has the rights of the
 * attachment's owner.
 */
Datum
svp_refund_decided(PG_FUNCTION_ARGS)
{
	SvpRefundChange change = {.trigger = (TriggerData *) fcinfo->context};
	const char *name;
	SvpCaller	caller;
	SvpSpanMark before;

	check_protocol(fcinfo);
	name = change.trigger->tg_trigger->tgargs[0];
	change.now = GetCurrentTimestamp();
	change.attachment = svp_attachment_get(name, true);
	if (change.attachment == NULL || change.attachment->refund == NULL)
		svp_refund_undecidable(name, "there is no such attachment with a refund table");
	if (!svp_attachment_enter(change.attachment, &caller))
		svp_refund_undecidable(name, psprintf("schema \"%s\" does not exist",
										  change.attachment->data_schema));
	before = svp_span_enter(fcinfo->flinfo->fn_mcxt);
	change.recorded_by = svp_role_name(caller.user);
	record_change(&change);
	svp_span_leave(before);
	svp_attachment_leave(&caller);
	return PointerGetDatum(NULL);
}
