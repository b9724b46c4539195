/*-------------------------------------------------------------------------
 *
 * refund_outcome.c
 *		What a statement that writes a refund is told of the decision.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "refund_message.h"
#include "refund_outcome.h"
#include "refund_refusal.h"

void
svp_refund_undecidable(const char *attachment, const char *problem)
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

void
svp_refund_refuse(const TriggerData *trigger, SvpRefundCase *refund)
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

void
svp_refund_flag(const SvpRefundCase *refund)
{
	ereport(WARNING,
			(errmsg("%s", svp_refund_summary(refund)),
			 errdetail("%s", svp_refund_grounds(refund)),
			 errhint("The rule only flags refunds: this one was written, and the decision recorded.")));
}
