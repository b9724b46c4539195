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
static const char *const bystanders[] = {"state", "agent", "approved_by"};

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

/* Building jsonb */

static JsonbValue
text_value(const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = strlen(text);
	return value;
}

static void
push_key(JsonbParseState **state, const char *name)
{
	JsonbValue	key = text_value(name);

	(void) pushJsonbValue(state, WJB_KEY, &key);
}

static void
push_text(JsonbParseState **state, JsonbIteratorToken as, const char *text)
{
	JsonbValue	value = text_value(text);

	(void) pushJsonbValue(state, as, &value);
}

/*
 * What could not be read is told from what could by being an object.
 */
static void
push_unreadable(JsonbParseState **state, const char *text)
{
	(void) pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_key(state, "unreadable");
	push_text(state, WJB_VALUE, text == NULL ? "" : text);
	(void) pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_fact(JsonbParseState **state, JsonbIteratorToken as, const SvpFactMapping *fact,
		  const SvpFactValue *value)
{
	int			utc = 0;
	JsonbValue	json;

	if (value->problem != NULL)
	{
		push_unreadable(state, value->text);
		return;
	}
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
				json.val.numeric = DatumGetNumeric(svp_refund_numeric(value->number));
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
	(void) pushJsonbValue(state, as, &json);
}

/*
 * Push the parts of a ticket's key, which have one name, as a list.  Gives
 * the place of the last.
 */
static int
push_ticket(JsonbParseState **state, const SvpRefundCase *refund, int i)
{
	const SvpMapping *mapping = refund->mapping;

	push_key(state, SVP_FACT_TICKET);
	(void) pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	push_fact(state, WJB_ELEM, &mapping->facts[i], &refund->facts.values[i]);
	while (i + 1 < mapping->nfacts && strcmp(mapping->facts[i + 1].name, SVP_FACT_TICKET) == 0)
	{
		i++;
		push_fact(state, WJB_ELEM, &mapping->facts[i], &refund->facts.values[i]);
	}
	(void) pushJsonbValue(state, WJB_END_ARRAY, NULL);
	return i;
}

Datum
svp_refund_facts_jsonb(const SvpRefundCase *refund)
{
	const SvpMapping *mapping = refund->mapping;
	JsonbParseState *state = NULL;

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < mapping->nfacts; i++)
	{
		const SvpFactMapping *fact = &mapping->facts[i];
		const SvpFactValue *value = &refund->facts.values[i];

		if (strcmp(fact->name, SVP_FACT_TICKET) == 0)
			i = push_ticket(&state, refund, i);
		else if (value->set || value->problem != NULL)
		{
			push_key(&state, fact->name);
			push_fact(&state, WJB_VALUE, fact, value);
		}
	}
	if (refund->facts.problem != NULL)
	{
		push_key(&state, SVP_KEPT_PROBLEM);
		push_text(&state, WJB_VALUE, refund->facts.problem);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
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
		if (strcmp(name, bystanders[0]) != 0)
			difference = SVP_BY_SOMEBODY_ELSE;
	}
	return difference;
}

bool
svp_refund_rule_looks_at_people(const SvpRefundRule *rule)
{
	return decides(rule, "agent") || decides(rule, "approved_by");
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
