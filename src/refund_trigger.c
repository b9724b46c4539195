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

#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "rows.h"
#include "refund_exception.h"
#include "refund_message.h"
#include "refund_table.h"

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
 * Refuse a refund.  Of the fields that a client maps to its own errors, the
 * constraint's name is the reason's code.
 */
static void
refuse(Relation relation, const SvpRefundCase *refund)
{
	char	   *hint = svp_refund_hint(refund);

	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("%s", svp_refund_summary(refund)),
			 errdetail("%s", svp_refund_grounds(refund)),
			 hint == NULL ? 0 : errhint("%s", hint),
			 err_generic_string(PG_DIAG_SCHEMA_NAME,
								get_namespace_name(RelationGetNamespace(relation))),
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

/*
 * Do two versions of a row decide the same?  They do if all that went is the
 * ticket, as when it is deleted with ON DELETE SET NULL: nobody gains by that.
 */
static bool
decides_same(const SvpMapping *mapping, const SvpFacts *before, const SvpFacts *after)
{
	if (before->problem != NULL || after->problem != NULL || !before->included)
		return false;
	for (int i = 0; i < mapping->nfacts; i++)
	{
		const SvpFactValue *a = &before->values[i];
		const SvpFactValue *b = &after->values[i];

		if (!svp_refund_fact_decides(mapping->facts[i].name))
			continue;
		if (!b->set && strcmp(mapping->facts[i].name, "ticket") == 0)
			continue;
		if (a->set != b->set || a->number != b->number ||
			(a->problem == NULL) != (b->problem == NULL) ||
			!svp_record_same_text(a->text, b->text))
			return false;
	}
	return true;
}

/*
 * A refund that was decided on is not judged again because something else of
 * its row changes, or because the row moves to another partition.  A row that
 * has moved is the only one of its key.
 */
static bool
is_decided(TriggerData *trigger, SvpRowReader *reader, SvpRefundCase *refund)
{
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
	{
		SvpFacts	before;

		if (svp_reader_same(reader, trigger->tg_trigtuple, trigger->tg_newtuple))
			return true;
		svp_reader_read(reader, trigger->tg_trigtuple, &before);
		return decides_same(refund->mapping, &before, &refund->facts);
	}
	return trigger->tg_relation->rd_rel->relispartition && refund->facts.key != NULL &&
		svp_refund_is_decided(refund) &&
		svp_refund_rows(refund->attachment, refund->facts.key) == 1;
}

/*
 * Have all that deciding needs, or refuse.
 */
static SvpRowReader *
prepare(SvpAttachment *attachment, Relation relation)
{
	const char *problem = NULL;
	SvpRowReader *reader = svp_attachment_reader(attachment, attachment->refund, relation, &problem);

	if (reader == NULL || !svp_rows_prepare(attachment, &problem) ||
		!svp_refund_table_prepare(attachment, &problem))
		refuse_undecidable(attachment->name, problem);
	problem = svp_reader_key_problem(reader, attachment->refund_key_types);
	if (problem != NULL)
		refuse_undecidable(attachment->name, problem);
	return reader;
}

/*
 * Decide on a row as it was written: refuse, or record.  The moment is that of
 * the wall clock: a transaction that is held open gains no time.
 */
static void
decide(SvpAttachment *attachment, TriggerData *trigger, SvpRowReader *reader, HeapTuple tuple,
	   const char *recorded_by)
{
	SvpRefundCase refund = {
		.attachment = attachment,
		.mapping = attachment->refund,
		.now = GetCurrentTimestamp(),
		.role = recorded_by
	};

	svp_reader_read(reader, tuple, &refund.facts);
	if (!refund.facts.included || is_decided(trigger, reader, &refund))
		return;
	svp_refund_case_judge(&refund);
	if (refund.decision.outcome != SVP_REFUND_ALLOWED && refund.mode == SVP_MODE_ENFORCE)
		refuse(trigger->tg_relation, &refund);
	if (svp_row_superseded(tuple))
		return;
	if (refund.facts.key == NULL)
		refuse_undecidable(attachment->name, "the key of the refund is null");
	svp_exceptions_use(&refund);
	if (refund.decision.outcome != SVP_REFUND_ALLOWED && refund.mode == SVP_MODE_ENFORCE)
		refuse(trigger->tg_relation, &refund);
	svp_refund_append(&refund, recorded_by);
	if (refund.decision.outcome != SVP_REFUND_ALLOWED && refund.mode == SVP_MODE_FLAG)
		flag(&refund);
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
 * service_policy._refund_decided(attachment): AFTER INSERT, UPDATE or DELETE
 * trigger of a refund table, for each row.  It has the rights of the
 * attachment's owner.
 */
Datum
svp_refund_decided(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	SvpAttachment *attachment;
	SvpCaller	caller;
	SvpRowReader *reader;
	const char *name;

	check_protocol(fcinfo);
	name = trigger->tg_trigger->tgargs[0];
	attachment = svp_attachment_get(name, true);
	if (attachment == NULL || attachment->refund == NULL)
		refuse_undecidable(name, "there is no such attachment with a refund table");
	if (!svp_attachment_enter(attachment, &caller))
		refuse_undecidable(name, psprintf("schema \"%s\" does not exist", attachment->data_schema));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	reader = prepare(attachment, trigger->tg_relation);
	if (!TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		decide(attachment, trigger, reader,
			   TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple,
			   svp_role_name(caller.user));
	SPI_finish();
	svp_attachment_leave(&caller);
	return PointerGetDatum(NULL);
}
