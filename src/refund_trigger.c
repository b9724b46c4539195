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
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "key.h"
#include "refund_exception.h"
#include "refund_message.h"
#include "refund_refusal.h"
#include "refund_row.h"
#include "refund_table.h"
#include "span.h"

PG_FUNCTION_INFO_V1(svp_refund_decided);

/* The statement cannot be let through, nor refused for what it contains. */
static void
refuse_undecidable(const char *attachment, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("refunds of attachment \"%s\" cannot be decided on: %s", attachment, problem),
			 errhint("Put right what is missing, or call service_policy.detach(%s) and attach again; the evidence is kept.",
					 quote_literal_cstr(attachment))));
}

/*
 * Would a row that is inserted again have another key?
 */
static bool
makes_key(Relation relation, const SvpMapping *refund)
{
	for (int i = 0; i < refund->nkey; i++)
	{
		AttrNumber	column = get_attnum(RelationGetRelid(relation), refund->key[i]);
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(relation), column - 1);

		if (attribute->atthasdef || attribute->attidentity != '\0')
			return true;
	}
	return false;
}

/*
 * Refuse a refund.  Of the fields that a client maps to its own errors, the
 * constraint's name is the reason's code.
 */
static void
refuse(const TriggerData *trigger, SvpRefundCase *refund)
{
	Relation	relation = trigger->tg_relation;
	char	   *schema = get_namespace_name(RelationGetNamespace(relation));
	char	   *hint;

	refund->key_is_made = TRIGGER_FIRED_BY_INSERT(trigger->tg_event) &&
		makes_key(relation, refund->attachment->refund);
	hint = svp_refund_hint(refund);

	svp_refusal_note(refund, schema, RelationGetRelationName(relation));
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("%s", svp_refund_summary(refund)),
			 errdetail("%s", svp_refund_grounds(refund)),
			 hint == NULL ? 0 : errhint("%s", hint),
			 err_generic_string(PG_DIAG_SCHEMA_NAME, schema),
			 err_generic_string(PG_DIAG_TABLE_NAME, RelationGetRelationName(relation)),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME,
								svp_refund_reason_names[refund->decision.reason])));
}

static void
flag(const SvpRefundCase *refund)
{
	ereport(WARNING,
			(errmsg("%s", svp_refund_summary(refund)),
			 errdetail("%s", svp_refund_grounds(refund)),
			 errhint("The rule only flags refunds: this one was written, and the decision recorded.")));
}

/* A change of a refund's row, as the trigger is told of it. */
typedef struct Change
{
	SvpAttachment *attachment;
	TriggerData *trigger;
	SvpRowReader *reader;
	const char *recorded_by;
	int64		now;			/* by the wall clock: who holds a transaction open gains no time */
} Change;

static SvpRefundCase
case_of(const Change *change, HeapTuple tuple)
{
	SvpRefundCase refund = {
		.attachment = change->attachment,
		.mapping = change->attachment->refund,
		.now = change->now,
		.role = change->recorded_by
	};

	svp_reader_read(change->reader, tuple, &refund.facts);
	return refund;
}

/*
 * Have all that deciding needs; else say why not.
 */
static const char *
prepare(Change *change)
{
	SvpAttachment *attachment = change->attachment;
	const char *problem = NULL;

	change->reader = svp_attachment_reader(attachment, attachment->refund,
										   change->trigger->tg_relation, &problem);
	if (change->reader == NULL || !svp_rows_prepare_refund(attachment, &problem))
		return problem;
	return svp_reader_key_problem(change->reader, attachment->refund_key_types);
}

/*
 * What was decided on is no refund any more.
 */
static void
withdraw(const Change *change, SvpRefundRecord *before)
{
	SvpTally	tally;

	if (!before->stands)
		return;
	svp_tally_change(change->attachment, &before->share, NULL, change->now, &tally);
	svp_refund_withdraw(change->attachment, before, change->now);
}

static void
refuse_if_enforced(const Change *change, SvpRefundCase *refund)
{
	if (refund->decision.outcome != SVP_REFUND_ALLOWED && refund->mode == SVP_MODE_ENFORCE)
		refuse(change->trigger, refund);
}

/*
 * Count a refund and decide on it: refuse, or record.  What was counted of it
 * before is taken back first.  Counting waits for whoever is about to refund
 * the same order, so that it is decided on by what that one did.
 */
static void
decide(const Change *change, SvpRefundCase *refund, SvpRefundRecord *before)
{
	SvpAttachment *attachment = change->attachment;
	SvpRefundShare share = svp_refund_share(refund);
	SvpTally	tally;

	svp_tally_change(attachment, before->stands ? &before->share : NULL, &share, change->now, &tally);
	refund->tally = &tally;
	svp_refund_case_judge(refund);
	refuse_if_enforced(change, refund);
	svp_exceptions_use(refund);
	refuse_if_enforced(change, refund);
	if (before->stands)
		svp_refund_withdraw(attachment, before, change->now);
	while (!svp_refund_append(refund, before->last_seq + 1, change->recorded_by))
	{
		svp_refund_find(attachment, refund->facts.key, NULL, before);
		/* that of a refund whose end was not told, as by TRUNCATE */
		if (!change->trigger->tg_relation->rd_rel->relispartition)
			withdraw(change, before);
	}
	if (refund->decision.outcome != SVP_REFUND_ALLOWED && refund->mode == SVP_MODE_FLAG)
		flag(refund);
}

/*
 * Decide on a row of which a decision may stand, unless that was by the same
 * facts.
 */
static void
decide_unless_known(const Change *change, SvpRefundCase *refund, SvpRefundRecord *before)
{
	svp_refund_case_open(refund);
	if (!before->stands || !svp_refund_same_facts(refund, before->facts))
		decide(change, refund, before);
}

/*
 * Decide on a refund under a key that it did not have before.  Where a
 * decision stands on the one that had it, the row has moved here from another
 * partition; or is another one, if the key recurs; or that one's end was not
 * told, and it is taken back now.
 */
static void
decide_on_key(const Change *change, SvpRefundCase *refund, bool is_known)
{
	SvpRefundRecord before;
	bool		is_partition = change->trigger->tg_relation->rd_rel->relispartition;

	if (refund->facts.key == NULL)
		refuse_undecidable(change->attachment->name, "the key of the refund is null");
	/* a key is new, as a rule; else appending says so */
	before.last_seq = 0;
	before.stands = false;
	if (is_partition || is_known)
		svp_refund_find(change->attachment, refund->facts.key, NULL, &before);
	if (before.stands && is_partition && !is_known)
	{
		is_known = svp_refund_is_alone(change->attachment, refund->facts.key);
		before.stands = is_known;
	}
	if (is_known)
		decide_unless_known(change, refund, &before);
	else
		decide(change, refund, &before);
}

/*
 * Is a change of the row no new decision?
 */
static bool
decides_same(const SvpRefundCase *before, SvpRefundCase *after)
{
	switch (svp_refund_difference(after->mapping, &before->facts, &after->facts))
	{
		case SVP_DECIDES_SAME:
			return true;
		case SVP_DECIDES_ANEW:
			return false;
		case SVP_BY_SOMEBODY_ELSE:
			break;
	}
	svp_refund_case_open(after);
	return !svp_refund_rule_looks_at_people(after->rule);
}

static void
row_changed(const Change *change, const SvpRefundCase *old, SvpRefundCase *new, bool is_known)
{
	bool		same_key = svp_refund_same_key(change->attachment, old->facts.key, new->facts.key);
	bool		same = new->facts.included && decides_same(old, new);
	SvpRefundShare share = svp_refund_share(old);
	SvpRefundRecord before = {0};

	if (same && same_key)
		return;
	if (old->facts.key != NULL)
		svp_refund_find(change->attachment, old->facts.key, &share, &before);
	if (!new->facts.included)
		withdraw(change, &before);
	else if (same_key && is_known)
		decide_unless_known(change, new, &before);
	else if (same_key)
		decide(change, new, &before);
	else if (same && before.stands && new->facts.key != NULL)
	{
		svp_refund_move(change->attachment, &before, new->facts.key, change->now);
		svp_exceptions_move(change->attachment, old->facts.key, new->facts.key);
	}
	else
	{
		withdraw(change, &before);
		decide_on_key(change, new, is_known);
	}
}

static void
end_row(const Change *change, const SvpRefundCase *old)
{
	SvpRefundShare share;
	SvpRefundRecord before;

	if (old->facts.key == NULL)
		return;
	share = svp_refund_share(old);
	svp_refund_find(change->attachment, old->facts.key, &share, &before);
	withdraw(change, &before);
}

static void
row_deleted(const Change *change)
{
	HeapTuple	tuple = change->trigger->tg_trigtuple;
	SvpRefundCase old;

	/* what goes to another partition is changed when it arrives there */
	if (HeapTupleHeaderIndicatesMovedPartitions(tuple->t_data))
	{
		svp_row_departed(change->attachment, change->trigger->tg_relation, tuple);
		return;
	}
	old = case_of(change, tuple);
	end_row(change, &old);
}

/*
 * Is what is told as an insertion the arrival of a row from another partition?
 * Then it is a change of that one, if no end of it.
 */
static bool
row_arrived(const Change *change, HeapTuple tuple)
{
	HeapTuple	inserted = change->trigger->tg_trigtuple;
	Change		before = *change;
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
		refuse_undecidable(change->attachment->name, problem);
	old = case_of(&before, left);
	table_close(partition, NoLock);
	if (tuple == NULL)
		end_row(change, &old);
	else
	{
		new = case_of(change, tuple);
		row_changed(change, &old, &new, tuple != inserted);
	}
	return true;
}

static void
row_inserted(const Change *change)
{
	HeapTuple	inserted = change->trigger->tg_trigtuple;
	HeapTuple	tuple = svp_row_latest(change->trigger->tg_relation, inserted);
	SvpRefundCase refund;

	if (change->trigger->tg_relation->rd_rel->relispartition && row_arrived(change, tuple))
		return;
	if (tuple == NULL)
		return;
	refund = case_of(change, tuple);
	if (refund.facts.included)
		decide_on_key(change, &refund, tuple != inserted);
}

static void
row_updated(const Change *change)
{
	TriggerData *trigger = change->trigger;
	SvpRefundCase old;
	SvpRefundCase new;
	HeapTuple	tuple;

	if (svp_reader_same(change->reader, trigger->tg_trigtuple, trigger->tg_newtuple))
		return;
	tuple = svp_row_latest(trigger->tg_relation, trigger->tg_newtuple);
	if (tuple == NULL)
	{
		row_deleted(change);
		return;
	}
	old = case_of(change, trigger->tg_trigtuple);
	new = case_of(change, tuple);
	row_changed(change, &old, &new, tuple != trigger->tg_newtuple);
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
record_change(Change *change)
{
	TriggerEvent event = change->trigger->tg_event;
	const char *problem = prepare(change);

	if (problem != NULL && TRIGGER_FIRED_BY_DELETE(event))
		warn_of_delete(change->attachment, problem);
	else if (problem != NULL)
		refuse_undecidable(change->attachment->name, problem);
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
	Change		change = {.trigger = (TriggerData *) fcinfo->context};
	const char *name;
	SvpCaller	caller;
	SvpSpanMark before;

	check_protocol(fcinfo);
	name = change.trigger->tg_trigger->tgargs[0];
	change.now = GetCurrentTimestamp();
	change.attachment = svp_attachment_get(name, true);
	if (change.attachment == NULL || change.attachment->refund == NULL)
		refuse_undecidable(name, "there is no such attachment with a refund table");
	if (!svp_attachment_enter(change.attachment, &caller))
		refuse_undecidable(name, psprintf("schema \"%s\" does not exist",
										  change.attachment->data_schema));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	before = svp_span_enter(fcinfo->flinfo->fn_mcxt);
	change.recorded_by = svp_role_name(caller.user);
	record_change(&change);
	svp_span_leave(before);
	SPI_finish();
	svp_attachment_leave(&caller);
	return PointerGetDatum(NULL);
}
