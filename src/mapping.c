/*-------------------------------------------------------------------------
 *
 * mapping.c
 *		Reading a mapping from its jsonb, and saying what is wrong with it.
 *
 * The same parser serves attach(), which shows its errors to a person, and
 * the triggers, for which the configuration has been checked before.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"


#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "mapping.h"
#include "words.h"

static const char *const ticket_facts[] = {
	"opened_at", "changed_at", "resolved_at", "closed_at", "first_response_at",
	"state", "agent", "customer"
};

static const char *const refund_facts[] = {
	"ticket", "requested_at", "amount", "currency", "paid_amount", "line_paid_amount",
	"paid_currency", "state", "agent", "approved_by", "customer", "order_id", "line_id"
};

static const char *const message_facts[] = {
	"ticket", "sent_at", "author", "public"
};

static const char *const child_facts[] = {
	"ticket"
};

static const char *const change_facts[] = {
	"ticket", "changed_at", "state", "agent", "customer"
};

/* In the order of SvpFactName, after the conditions of a scenario. */
static const char *const fact_names[SVP_NFACT_NAMES - SVP_NDIMENSIONS] = {
	"opened_at", "changed_at", "resolved_at", "closed_at", "first_response_at",
	"state", "agent", "customer", "ticket", "requested_at", "amount",
	"currency", "paid_currency", "approved_by", "order_id", "line_id",
	"sent_at", "author", "public"
};

/* What the rows of a table may tell, by the alias that expressions know them by. */
typedef struct RowKind
{
	const char *alias;
	const char *const *facts;
	int			nfacts;
	bool		has_scenario;	/* and the conditions of a scenario */
	bool		has_times;		/* and times of any name */
	bool		has_former;		/* and what was before, as old_… */
} RowKind;

static const RowKind row_kinds[] = {
	{"ticket", ticket_facts, lengthof(ticket_facts), true, false, false},
	{"refund", refund_facts, lengthof(refund_facts), true, true, false},
	{"message", message_facts, lengthof(message_facts), false, false, false},
	{"child", child_facts, lengthof(child_facts), false, false, false},
	{"change", change_facts, lengthof(change_facts), true, false, true}
};

const char *const svp_reading_names[] = {
	"timestamptz", "timestamp", "date", "epoch", "epoch_ms"
};

/*
 * The name under which expressions see a row of this source.
 */
const char *
svp_mapping_alias(const char *source)
{
	return strcmp(source, "history") == 0 ? "change" : source;
}

static bool
ends_in_at(const char *name)
{
	size_t		length = strlen(name);

	return length > 3 && strcmp(name + length - 3, "_at") == 0;
}

SvpFactKind
svp_fact_kind(const char *name)
{
	if (ends_in_at(name))
		return SVP_FACT_TIME;
	if (strcmp(name, "amount") == 0 || strcmp(name, "paid_amount") == 0 ||
		strcmp(name, "line_paid_amount") == 0)
		return SVP_FACT_NUMBER;
	if (strcmp(name, "public") == 0)
		return SVP_FACT_BOOLEAN;
	return SVP_FACT_TEXT;
}

static const RowKind *
row_kind(const char *alias)
{
	for (int i = 0; i < lengthof(row_kinds); i++)
	{
		if (strcmp(row_kinds[i].alias, alias) == 0)
			return &row_kinds[i];
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is no kind of row that can be attached", alias)));
}

/*
 * Refund windows start at any named time, so a refund may have more times
 * than those listed.
 */
static bool
is_known(const RowKind *kind, const char *name)
{
	if (kind->has_former && strncmp(name, "old_", 4) == 0)
	{
		name += 4;
		if (ends_in_at(name) || strcmp(name, "ticket") == 0)
			return false;
	}
	if (kind->has_scenario && svp_word_index(svp_dimension_names, SVP_NDIMENSIONS, name) >= 0)
		return true;
	if (kind->has_times && ends_in_at(name))
		return true;
	return svp_word_index(kind->facts, kind->nfacts, name) >= 0;
}

static char *
known_facts(const RowKind *kind)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < kind->nfacts; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "", kind->facts[i]);
	for (int i = 0; kind->has_scenario && i < SVP_NDIMENSIONS; i++)
		appendStringInfo(&list, ", %s", svp_dimension_names[i]);
	if (kind->has_times)
		appendStringInfoString(&list, ", and times whose names end in _at");
	if (kind->has_former)
		appendStringInfoString(&list, ", and what they were before: old_state and so on");
	return list.data;
}

/*
 * Can rows of this kind have a fact of this name?
 */
bool
svp_mapping_knows(const char *alias, const char *name)
{
	return is_known(row_kind(alias), name);
}

/*
 * Complain unless rows of this kind have a fact of this name.
 */
void
svp_mapping_check_known(const char *alias, const char *name)
{
	const RowKind *kind = row_kind(alias);

	if (is_known(kind, name))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" is not a fact of a %s", name, alias),
			 errhint("The facts of a %s are %s.", alias, known_facts(kind))));
}

/*
 * A string, number or boolean as text; NULL for all else.
 */
char *
svp_json_text(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			return NULL;
	}
}

static char *
json_string(const char *fact, const char *key, const JsonbValue *value)
{
	if (value->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fact \"%s\": \"%s\" must be a string", fact, key)));
	return svp_json_text(value);
}

static void
parse_unset(SvpFactMapping *fact, const JsonbValue *value)
{
	JsonbContainer *list;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fact \"%s\": \"unset\" must be a list of the values that mean \"not set\"",
						fact->name)));
	list = value->val.binary.data;
	fact->unset = palloc0(sizeof(char *) * Max(JsonContainerSize(list), 1));
	for (uint32 i = 0; i < JsonContainerSize(list); i++)
	{
		char	   *text = svp_json_text(getIthJsonbValueFromContainer(list, i));

		/* null never is a set value, so naming it changes nothing */
		if (text != NULL)
			fact->unset[fact->nunset++] = text;
	}
}

static void
parse_reading(SvpFactMapping *fact, const char *name)
{
	int			reading = svp_word_index(svp_reading_names, lengthof(svp_reading_names), name);

	if (fact->kind == SVP_FACT_TEXT && strcmp(name, "text") == 0)
		return;
	if (fact->kind != SVP_FACT_TIME)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fact \"%s\" is not a time, so it cannot be read as \"%s\"",
						fact->name, name)));
	if (reading < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fact \"%s\": \"as\" cannot be \"%s\"", fact->name, name),
				 errhint("A time is read as timestamptz, timestamp, date, epoch or epoch_ms.")));
	fact->reading = (SvpTimeReading) reading;
}

static void
parse_member(SvpFactMapping *fact, const char *key, const JsonbValue *value)
{
	if (strcmp(key, "sql") == 0)
		fact->sql = json_string(fact->name, key, value);
	else if (strcmp(key, "as") == 0)
		parse_reading(fact, json_string(fact->name, key, value));
	else if (strcmp(key, "zone") == 0)
		fact->zone = json_string(fact->name, key, value);
	else if (strcmp(key, "unset") == 0)
		parse_unset(fact, value);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fact \"%s\": \"%s\" is not known", fact->name, key),
				 errhint("A fact is an SQL expression, or an object of \"sql\", \"as\", \"zone\" and \"unset\".")));
}

static void
check_zone(const SvpFactMapping *fact)
{
	bool		local = fact->reading == SVP_READ_TIMESTAMP || fact->reading == SVP_READ_DATE;

	if (local && fact->zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fact \"%s\" is a local time, of which zone?", fact->name),
				 errhint("Say for example {\"sql\": \"...\", \"as\": \"%s\", \"zone\": \"UTC\"}.",
						 svp_reading_names[fact->reading])));
	if (!local && fact->zone != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fact \"%s\" has a zone, but is not read as timestamp or date", fact->name)));
	if (local)
		(void) svp_mapping_zone(fact);
}

static void
parse_fact(SvpFactMapping *fact, const char *name, const JsonbValue *value)
{
	fact->name = pstrdup(name);
	fact->kind = svp_fact_kind(name);
	if (value->type == jbvString)
		fact->sql = svp_json_text(value);
	else if (value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data))
	{
		JsonbIterator *iterator = JsonbIteratorInit(value->val.binary.data);
		JsonbValue	member;
		JsonbIteratorToken token;

		(void) JsonbIteratorNext(&iterator, &member, true);
		while ((token = JsonbIteratorNext(&iterator, &member, true)) == WJB_KEY)
		{
			char	   *key = svp_json_text(&member);

			(void) JsonbIteratorNext(&iterator, &member, true);
			parse_member(fact, key, &member);
		}
	}
	if (fact->sql == NULL || fact->sql[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fact \"%s\" has no SQL expression", name),
				 errhint("Give an SQL expression, or an object of \"sql\", \"as\", \"zone\" and \"unset\".")));
	check_zone(fact);
}

/*
 * The parts of a ticket's key in another table are consecutive facts of the
 * same name.
 */
static int
parse_parts(SvpMapping *mapping, const char *name, JsonbContainer *parts)
{
	int			n = JsonContainerSize(parts);

	mapping->facts = repalloc(mapping->facts,
							  sizeof(SvpFactMapping) * (mapping->nfacts + n + 1));
	memset(mapping->facts + mapping->nfacts, 0, sizeof(SvpFactMapping) * n);
	for (int i = 0; i < n; i++)
		parse_fact(&mapping->facts[mapping->nfacts + i], name,
				   getIthJsonbValueFromContainer(parts, i));
	return n;
}

static void
parse_entry(SvpMapping *mapping, const char *name, const JsonbValue *value)
{
	svp_mapping_check_known(mapping->alias, name);
	if (strcmp(name, "ticket") == 0)
	{
		if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("fact \"ticket\" must be a list of the parts of the ticket's key"),
					 errhint("For example {\"ticket\": [\"ticket_id\"]}.")));
		mapping->nfacts += parse_parts(mapping, name, value->val.binary.data);
		return;
	}
	mapping->facts = repalloc(mapping->facts, sizeof(SvpFactMapping) * (mapping->nfacts + 1));
	memset(&mapping->facts[mapping->nfacts], 0, sizeof(SvpFactMapping));
	parse_fact(&mapping->facts[mapping->nfacts], name, value);
	mapping->nfacts++;
}

/*
 * Read a mapping, into the current memory context.  Errors name the fact.
 */
SvpMapping *
svp_mapping_parse(const char *alias, char **key, int nkey, Jsonb *facts, const char *only_where)
{
	SvpMapping *mapping = palloc0(sizeof(SvpMapping));
	JsonbIterator *iterator;
	JsonbValue	value;

	mapping->alias = alias;
	mapping->key = key;
	mapping->nkey = nkey;
	mapping->only_where = only_where == NULL ? NULL : pstrdup(only_where);
	mapping->facts = palloc0(sizeof(SvpFactMapping));

	if (!JB_ROOT_IS_OBJECT(facts))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the facts of a %s must be a JSON object of fact and SQL expression", alias)));
	iterator = JsonbIteratorInit(&facts->root);
	(void) JsonbIteratorNext(&iterator, &value, true);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_KEY)
	{
		char	   *name = svp_json_text(&value);

		(void) JsonbIteratorNext(&iterator, &value, true);
		parse_entry(mapping, name, &value);
	}
	svp_mapping_place(mapping);
	return mapping;
}

/*
 * What documents call it.
 */
const char *
svp_fact_name(SvpFactName fact)
{
	return fact < SVP_NDIMENSIONS ? svp_dimension_names[fact] : fact_names[fact - SVP_NDIMENSIONS];
}

void
svp_mapping_place(SvpMapping *mapping)
{
	for (int fact = 0; fact < SVP_NFACT_NAMES; fact++)
		mapping->places[fact] = svp_mapping_find(mapping, svp_fact_name((SvpFactName) fact)) + 1;
}

/*
 * The position of a fact in the mapping by the name that a document gives it, or -1.
 */
int
svp_mapping_find(const SvpMapping *mapping, const char *fact)
{
	for (int i = 0; i < mapping->nfacts; i++)
	{
		if (strcmp(mapping->facts[i].name, fact) == 0)
			return i;
	}
	return -1;
}
