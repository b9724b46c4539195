/*-------------------------------------------------------------------------
 *
 * refund_check.c
 *		Asking what the policy says of a refund, before anybody tries.
 *
 * It decides as the triggers do, by the same facts, and writes nothing.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "key.h"
#include "rows.h"
#include "mapping.h"
#include "refund_table.h"

PG_FUNCTION_INFO_V1(svp_refund_check);

static void
enter(const SvpAttachment *attachment, SvpCaller *caller)
{
	if (!svp_attachment_enter(attachment, caller))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", attachment->data_schema)));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

static void
leave(const SvpCaller *caller)
{
	SPI_finish();
	svp_attachment_leave(caller);
}

static void
need(bool prepared, const SvpAttachment *attachment, const char *problem)
{
	if (!prepared)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the evidence of attachment \"%s\" cannot be read: %s",
						attachment->name, problem)));
}

/* The answer */

static void
set_text(Datum *values, bool *nulls, int i, const char *text)
{
	nulls[i] = text == NULL;
	values[i] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/*
 * Decide, and make the answer's row in the given memory context.
 */
static Datum
answer(SvpRefundCase *refund, const char *language, TupleDesc descriptor, MemoryContext context)
{
	const SvpRefundDecision *decision = &refund->decision;
	MemoryContext inside;
	Datum		values[8] = {0};
	bool		nulls[8] = {0};
	Datum		result;

	svp_refund_case_judge(refund);
	inside = MemoryContextSwitchTo(context);
	set_text(values, nulls, 0, svp_refund_outcome_names[decision->outcome]);
	set_text(values, nulls, 1, svp_refund_reason_names[decision->reason]);
	set_text(values, nulls, 2, refund->rule == NULL ? NULL : refund->rule->name);
	nulls[3] = refund->policy == NULL;
	values[3] = Int32GetDatum(refund->policy == NULL ? 0 : refund->policy->version);
	nulls[4] = !decision->has_cutoff;
	values[4] = TimestampTzGetDatum(decision->cutoff_at);
	nulls[5] = !decision->has_allowed_amount;
	values[5] = svp_refund_numeric(decision->allowed_amount);
	values[6] = svp_refund_numeric(decision->fee);
	set_text(values, nulls, 7, svp_refund_customer_message(refund, language));
	result = HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
	MemoryContextSwitchTo(inside);
	return result;
}

static TupleDesc
answer_descriptor(FunctionCallInfo fcinfo)
{
	TupleDesc	descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return BlessTupleDesc(descriptor);
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
				 errmsg("the facts of a refund must be a JSON object")));
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
}

/* A row that exists */

/*
 * Read the facts of a refund that is in the attached table.  False if it is
 * not there, or the row filter leaves it out.
 */
static bool
read_row(SvpRefundCase *refund, char **parts)
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
	tuple = svp_refund_fetch(attachment, relation,
							 svp_key_from_text(attachment->refund_key_types,
											   attachment->refund->nkey, parts));
	if (tuple != NULL)
		svp_reader_read(reader, tuple, &refund->facts);
	table_close(relation, NoLock);
	return tuple != NULL && refund->facts.included;
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
				 errmsg("the key of a refund of attachment \"%s\" has %d parts, not %d",
						attachment->name, nkey, (int) JB_ROOT_COUNT(list))));
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

/*
 * What is asked about: facts, or the refund of a key.  Naming a ticket or a
 * refund tells something of it, so that is for those who may read their views.
 */
static char **
read_facts(SvpRefundCase *refund, Jsonb *facts)
{
	SvpAttachment *attachment = refund->attachment;
	GivenFacts *given;
	int			nkey = attachment->ticket->nkey;

	if (JB_ROOT_IS_ARRAY(facts) && !JB_ROOT_IS_SCALAR(facts))
	{
		if (attachment->refund == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("attachment \"%s\" has no refund table", attachment->name),
					 errhint("Attach it with service_policy.attach_refunds().")));
		svp_attachment_check_reader(attachment, "refund_log");
		refund->mapping = attachment->refund;
		return read_key(attachment, facts);
	}
	given = palloc0(sizeof(GivenFacts));
	read_given(facts, given);
	if (given->nticket >= 0)
		svp_attachment_check_reader(attachment, "ticket_status");
	if (given->nticket >= 0 && given->nticket != nkey)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the key of a ticket of attachment \"%s\" has %d parts, not %d",
						attachment->name, nkey, given->nticket)));
	refund->mapping = &given->mapping;
	refund->facts.included = true;
	refund->facts.values = given->values;
	return NULL;
}

/*
 * service_policy.refund_check(name, facts, as_of, language)
 */
Datum
svp_refund_check(PG_FUNCTION_ARGS)
{
	const char *language = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	TupleDesc	descriptor = answer_descriptor(fcinfo);
	MemoryContext context = CurrentMemoryContext;
	SvpRefundCase refund = {0};
	SvpCaller	caller;
	const char *problem = NULL;
	char	  **key;
	bool		found = true;
	Datum		result = (Datum) 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	refund.attachment = svp_attachment_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
	refund.now = PG_GETARG_TIMESTAMPTZ(2);
	if (TIMESTAMP_NOT_FINITE(refund.now))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be a finite time")));
	key = read_facts(&refund, PG_GETARG_JSONB_P(1));

	enter(refund.attachment, &caller);
	need(svp_rows_prepare(refund.attachment, &problem) &&
		 (key == NULL || svp_refund_table_prepare(refund.attachment, &problem)),
		 refund.attachment, problem);
	if (key != NULL)
		found = read_row(&refund, key);
	if (found)
		result = answer(&refund, language, descriptor, context);
	leave(&caller);
	if (!found)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}
