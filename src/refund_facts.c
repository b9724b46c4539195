/*-------------------------------------------------------------------------
 *
 * refund_facts.c
 *		The facts of a refund as they are recorded, and which of them decide.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "compat.h"
#include "refund_facts.h"

/* Facts that are recorded, and decide only where the rule looks at them. */
static const char *const bystanders[] = {"state", SVP_FACT_AGENT, SVP_FACT_APPROVED_BY};

/*
 * Can this fact change a decision by the rule?
 */
static bool
decides(const SvpRefundRule *rule, const char *name)
{
	switch (svp_word_index(bystanders, lengthof(bystanders), name))
	{
		case 0:
			return false;
		case 1:
			return rule != NULL && (rule->agent_is_not_customer || rule->four_eyes);
		case 2:
			return rule != NULL && rule->four_eyes;
		default:
			return true;
	}
}

/*
 * With two decimals at least, as amounts are written.
 */
Datum
svp_refund_numeric(int64 millionths)
{
	int			decimals = 6;

	for (; decimals > 2 && millionths % 10 == 0; decimals--)
		millionths /= 10;
	return svp_decimal(millionths, decimals);
}

/*
 * Building jsonb.  The values are put together as they are to be stored: what
 * pushJsonbValue() does besides, to sort keys and to find out where it is,
 * would cost as much as storing them.
 */

static JsonbValue
text_value(const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = strlen(text);
	return value;
}

static JsonbValue
object_with_room(int npairs)
{
	JsonbValue	object;

	object.type = jbvObject;
	object.val.object.nPairs = 0;
	object.val.object.pairs = palloc(sizeof(JsonbPair) * npairs);
	return object;
}

/*
 * Add a key after all that come before it, and give the place of its value.
 */
static JsonbValue *
add_key(JsonbValue *object, const char *name)
{
	JsonbPair  *pair = &object->val.object.pairs[object->val.object.nPairs++];

	pair->key = text_value(name);
	return &pair->value;
}

/*
 * Keys are in the order of jsonb: by length, then by their bytes.
 */
static bool
key_before(const JsonbValue *a, const JsonbValue *b)
{
	if (a->val.string.len != b->val.string.len)
		return a->val.string.len < b->val.string.len;
	return memcmp(a->val.string.val, b->val.string.val, a->val.string.len) < 0;
}

/*
 * Put a pair, whose key is new, in its place.
 */
static void
insert_pair(JsonbValue *object, const char *name, JsonbValue value)
{
	JsonbPair  *pairs = object->val.object.pairs;
	JsonbPair	pair = {.key = text_value(name), .value = value};
	int			i = object->val.object.nPairs++;

	for (; i > 0 && key_before(&pair.key, &pairs[i - 1].key); i--)
		pairs[i] = pairs[i - 1];
	pairs[i] = pair;
}

/*
 * What could not be read is told from what could by being an object.
 */
static JsonbValue
unreadable_value(const char *text)
{
	JsonbValue	object = object_with_room(1);

	*add_key(&object, "unreadable") = text_value(text == NULL ? "" : text);
	return object;
}

static JsonbValue
fact_value(const SvpRefundCase *refund, int i)
{
	const SvpFactMapping *fact = &refund->mapping->facts[i];
	const SvpFactValue *value = &refund->facts.values[i];
	int			utc = 0;
	JsonbValue	json;

	if (value->problem != NULL)
		return unreadable_value(value->text);
	json.type = jbvNull;
	if (value->set)
	{
		switch (fact->kind)
		{
			case SVP_FACT_TEXT:
				json = text_value(value->text);
				break;
			case SVP_FACT_NUMBER:
				json.type = jbvNumeric;
				json.val.numeric = DatumGetNumeric(svp_refund_case_numeric(refund, value->number));
				break;
			case SVP_FACT_BOOLEAN:
				json.type = jbvBool;
				json.val.boolean = value->number != 0;
				break;
			case SVP_FACT_TIME:
				json = text_value(JsonEncodeDateTime(palloc(MAXDATELEN + 1),
													 TimestampTzGetDatum(value->number),
													 TIMESTAMPTZOID, &utc));
				break;
		}
	}
	return json;
}

/*
 * The parts of a ticket's key, which have one name, as a list.
 */
static JsonbValue
ticket_value(const SvpRefundCase *refund, int first)
{
	int			nkey = refund->attachment->ticket->nkey;
	JsonbValue	list;

	list.type = jbvArray;
	list.val.array.rawScalar = false;
	list.val.array.nElems = nkey;
	list.val.array.elems = palloc(sizeof(JsonbValue) * nkey);
	for (int part = 0; part < nkey; part++)
		list.val.array.elems[part] = fact_value(refund, first + part);
	return list;
}

/*
 * A mapping is read from jsonb, so its facts are in the order that is needed.
 */
Datum
svp_refund_facts_jsonb(const SvpRefundCase *refund)
{
	const SvpMapping *mapping = refund->mapping;
	int			ticket = svp_mapping_at(mapping, SVP_NAME_TICKET);
	JsonbValue	facts = object_with_room(mapping->nfacts + 1);

	for (int i = 0; i < mapping->nfacts; i++)
	{
		const SvpFactValue *value = &refund->facts.values[i];

		if (i == ticket)
		{
			*add_key(&facts, SVP_FACT_TICKET) = ticket_value(refund, i);
			i += refund->attachment->ticket->nkey - 1;
		}
		else if (value->set || value->problem != NULL)
			*add_key(&facts, mapping->facts[i].name) = fact_value(refund, i);
	}
	if (refund->facts.problem != NULL)
		insert_pair(&facts, SVP_KEPT_PROBLEM, text_value(refund->facts.problem));
	return JsonbPGetDatum(JsonbValueToJsonb(&facts));
}

/* Comparing */

SvpRefundDifference
svp_refund_difference(const SvpMapping *mapping, const SvpFacts *before, const SvpFacts *after)
{
	SvpRefundDifference difference = SVP_DECIDES_SAME;

	if (before->problem != NULL || after->problem != NULL || !before->included)
		return SVP_DECIDES_ANEW;
	for (int i = 0; i < mapping->nfacts; i++)
	{
		const SvpFactValue *a = &before->values[i];
		const SvpFactValue *b = &after->values[i];
		const char *name = mapping->facts[i].name;

		if (a->set == b->set && a->number == b->number &&
			(a->problem == NULL) == (b->problem == NULL) && svp_record_same_text(a->text, b->text))
			continue;
		if (!b->set && strcmp(name, SVP_FACT_TICKET) == 0)
			continue;
		if (svp_word_index(bystanders, lengthof(bystanders), name) < 0)
			return SVP_DECIDES_ANEW;
		if (strcmp(name, SVP_FACT_AGENT) == 0)
			difference = SVP_OTHER_AGENT;
		else if (strcmp(name, SVP_FACT_APPROVED_BY) == 0)
			difference = Max(difference, SVP_OTHER_APPROVER);
	}
	return difference;
}

bool
svp_refund_rule_looks_at_people(const SvpRefundRule *rule)
{
	return decides(rule, SVP_FACT_AGENT) || decides(rule, SVP_FACT_APPROVED_BY);
}

static Datum
without_bystanders(const SvpRefundRule *rule, Datum facts)
{
	for (int i = 0; i < lengthof(bystanders); i++)
	{
		if (!decides(rule, bystanders[i]))
			facts = DirectFunctionCall2(jsonb_delete, facts, CStringGetTextDatum(bystanders[i]));
	}
	return facts;
}

bool
svp_refund_same_facts(const SvpRefundCase *refund, Datum recorded)
{
	return DatumGetBool(DirectFunctionCall2(jsonb_eq, without_bystanders(refund->rule, recorded),
											without_bystanders(refund->rule,
															   svp_refund_facts_jsonb(refund))));
}
