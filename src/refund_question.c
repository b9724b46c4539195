/*-------------------------------------------------------------------------
 *
 * refund_question.c
 *		What somebody asks about a refund: by facts, or by the key of one.
 *
 * Who asks by facts learns what the policy says, and no more.  Naming a
 * ticket, an order, a customer or a refund tells something of it, so that is
 * for those who may read its view.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "key.h"
#include "mapping.h"
#include "refund_question.h"
#include "refund_table.h"
#include "rows.h"

static void
need(bool prepared, const SvpAttachment *attachment, const char *problem)
{
	if (!prepared)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the evidence of attachment \"%s\" cannot be read: %s",
						attachment->name, problem)));
}

/* Facts as jsonb */

typedef struct GivenFacts
{
	SvpMapping	mapping;
	SvpFactValue *values;
	int			room;
	int			nticket;		/* parts of the ticket's key; -1 = it is not named */
} GivenFacts;

static void
give_fact(GivenFacts *given, const char *name, const JsonbValue *json)
{
	char	   *text = svp_json_text(json);
	SvpFactMapping *fact;
	SvpFactValue *value;

	if (given->mapping.nfacts == given->room)
	{
		given->room *= 2;
		given->mapping.facts = repalloc(given->mapping.facts, sizeof(SvpFactMapping) * given->room);
		given->values = repalloc(given->values, sizeof(SvpFactValue) * given->room);
	}
	fact = &given->mapping.facts[given->mapping.nfacts];
	value = &given->values[given->mapping.nfacts++];
	memset(fact, 0, sizeof(*fact));
	memset(value, 0, sizeof(*value));
	fact->name = pstrdup(name);
	fact->kind = svp_fact_kind(name);
	if (text == NULL && json->type != jbvNull)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the value of fact \"%s\" must be a string, a number or null", name)));
	if (text != NULL)
		svp_fact_from_text(fact, text, value);
	if (value->problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the value of fact \"%s\" %s: \"%s\"", name, value->problem, text)));
}

/*
 * The key of the ticket is a list of its parts, or the part itself.
 */
static void
give_ticket(GivenFacts *given, const JsonbValue *json)
{
	JsonbContainer *parts;

	if (json->type == jbvNull)
		return;
	if (json->type != jbvBinary || !JsonContainerIsArray(json->val.binary.data))
	{
		give_fact(given, "ticket", json);
		given->nticket = 1;
		return;
	}
	parts = json->val.binary.data;
	given->nticket = JsonContainerSize(parts);
	for (int i = 0; i < given->nticket; i++)
		give_fact(given, "ticket", getIthJsonbValueFromContainer(parts, i));
}

static void
read_given(Jsonb *facts, GivenFacts *given)
{
	JsonbIterator *iterator;
	JsonbValue	value;

	if (!JB_ROOT_IS_OBJECT(facts))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the facts of a refund must be a JSON object"),
				 errhint("A refund that is in the table is named by the list of its key's parts, such as [7].")));
	given->nticket = -1;
	given->room = 16;
	given->mapping.alias = "refund";
	given->mapping.facts = palloc(sizeof(SvpFactMapping) * given->room);
	given->values = palloc(sizeof(SvpFactValue) * given->room);
	iterator = JsonbIteratorInit(&facts->root);
	(void) JsonbIteratorNext(&iterator, &value, true);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_KEY)
	{
		char	   *name = svp_json_text(&value);

		(void) JsonbIteratorNext(&iterator, &value, true);
		svp_mapping_check_known("refund", name);
		if (strcmp(name, "ticket") == 0)
			give_ticket(given, &value);
		else
			give_fact(given, name, &value);
	}
	svp_mapping_place(&given->mapping);
}

/* A row that exists */

/*
 * Read the facts of a refund that is in the attached table.  False if it is
 * not there.
 */
static bool
read_row(SvpRefundCase *refund, Datum *key)
{
	SvpAttachment *attachment = refund->attachment;
	RangeVar   *name = makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(attachment->refund_table)));
	Relation	relation = table_openrv(name, AccessShareLock);
	const char *problem = NULL;
	SvpRowReader *reader = svp_attachment_reader(attachment, attachment->refund, relation, &problem);
	HeapTuple	tuple;

	/* what stands in the table's place may be somebody else's view */
	if (relation->rd_rel->relkind != RELKIND_RELATION &&
		relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", RelationGetRelationName(relation))));
	need(reader != NULL, attachment, problem);
	problem = svp_reader_key_problem(reader, attachment->refund_key_types);
	need(problem == NULL, attachment, problem);
	tuple = svp_refund_fetch(attachment, relation, key, false);
	if (tuple != NULL)
		svp_reader_read(reader, tuple, &refund->facts);
	table_close(relation, NoLock);
	return tuple != NULL;
}

/*
 * What it was counted for itself is not among the refunds before it.
 */
static void
leave_out_own(SvpRefundCase *refund, Datum *key)
{
	SvpRefundShare share;
	SvpRefundRecord *record = palloc(sizeof(SvpRefundRecord));

	share = svp_refund_share(refund);
	svp_refund_find(refund->attachment, key, &share, record);
	if (record->stands)
		refund->own = &record->share;
}

/*
 * The parts of a key, given as a list.
 */
static char **
read_key(const SvpAttachment *attachment, Jsonb *list)
{
	int			nkey = attachment->refund->nkey;
	char	  **parts = palloc(sizeof(char *) * nkey);

	if (JB_ROOT_COUNT(list) != nkey)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("the key of a refund of attachment \"%s\" has %d part, not %d",
							   "the key of a refund of attachment \"%s\" has %d parts, not %d",
							   nkey, attachment->name, nkey, (int) JB_ROOT_COUNT(list))));
	for (int i = 0; i < nkey; i++)
	{
		parts[i] = svp_json_text(getIthJsonbValueFromContainer(&list->root, i));
		if (parts[i] == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("part %d of a refund's key must be a string or a number", i + 1)));
	}
	return parts;
}

/* The question */

static void
ask_by_key(const SvpAttachment *attachment)
{
	if (attachment->refund == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("attachment \"%s\" has no refund table", attachment->name),
				 errhint("Attach it with service_policy.attach_refunds().")));
	svp_attachment_check_reader(attachment, "refund_log");
}

/*
 * What else is recorded of whom the facts name can be told from the answer.
 */
static bool
names_subject(const GivenFacts *given)
{
	static const SvpFactName subjects[] = {
		SVP_NAME_ORDER_ID, SVP_NAME_LINE_ID, SVP_NAME_CUSTOMER
	};

	for (int i = 0; i < lengthof(subjects); i++)
	{
		int			fact = svp_mapping_at(&given->mapping, subjects[i]);

		if (fact >= 0 && given->values[fact].set)
			return true;
	}
	return false;
}

static void
ask_by_facts(SvpRefundCase *refund, Jsonb *facts)
{
	const SvpAttachment *attachment = refund->attachment;
	GivenFacts *given = palloc0(sizeof(GivenFacts));
	int			nkey = attachment->ticket->nkey;

	read_given(facts, given);
	if (given->nticket >= 0)
		svp_attachment_check_reader(attachment, "ticket_status");
	if (attachment->refund != NULL && names_subject(given))
		svp_attachment_check_reader(attachment, "refund_log");
	if (given->nticket >= 0 && given->nticket != nkey)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("the key of a ticket of attachment \"%s\" has %d part, not %d",
							   "the key of a ticket of attachment \"%s\" has %d parts, not %d",
							   nkey, attachment->name, nkey, given->nticket)));
	refund->mapping = &given->mapping;
	refund->facts.included = true;
	refund->facts.values = given->values;
}

static void
enter(SvpRefundQuestion *question)
{
	SvpAttachment *attachment = question->refund.attachment;
	const char *problem = NULL;

	if (!svp_attachment_enter(attachment, &question->caller))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", attachment->data_schema)));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	question->refund.role = svp_role_name(question->caller.user);
	need(attachment->refund != NULL ? svp_rows_prepare_refund(attachment, &problem) :
		 svp_rows_prepare(attachment, &problem), attachment, problem);
}

bool
svp_refund_question_begin(FunctionCallInfo fcinfo, SvpRefundQuestion *question)
{
	SvpRefundCase *refund = &question->refund;
	Jsonb	   *facts;
	char	  **parts = NULL;

	memset(question, 0, sizeof(*question));
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return false;
	refund->attachment = svp_attachment_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
	facts = PG_GETARG_JSONB_P(1);
	refund->now = PG_GETARG_TIMESTAMPTZ(2);
	if (TIMESTAMP_NOT_FINITE(refund->now))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be a finite time")));

	if (JB_ROOT_IS_ARRAY(facts) && !JB_ROOT_IS_SCALAR(facts))
	{
		ask_by_key(refund->attachment);
		refund->mapping = refund->attachment->refund;
		parts = read_key(refund->attachment, facts);
	}
	else
		ask_by_facts(refund, facts);

	enter(question);
	question->found = true;
	if (parts != NULL)
	{
		question->key = svp_key_given("refund", refund->attachment->refund->key,
									  refund->attachment->refund_key_types,
									  refund->attachment->refund->nkey, parts);
		question->found = read_row(refund, question->key);
		question->passes = question->found && refund->facts.included;
		if (question->passes)
			leave_out_own(refund, question->key);
	}
	return true;
}

void
svp_refund_question_end(const SvpRefundQuestion *question)
{
	SPI_finish();
	svp_attachment_leave(&question->caller);
}
