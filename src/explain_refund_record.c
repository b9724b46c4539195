/*-------------------------------------------------------------------------
 *
 * explain_refund_record.c
 *		What was decided on a refund, and whether it would be now.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "explain_refund.h"
#include "instant.h"
#include "key.h"
#include "mapping.h"
#include "refund_facts.h"
#include "refund_table.h"
#include "refund_text.h"

/* The columns that are read, in this order. */
#define COLUMNS \
	"seq, decided_at, recorded_by, decision, reason, rule, policy_version, mode, cutoff_at," \
	" requested_at, amount, allowed_amount, fee, currency, exception_id, approval_id, withdrawn_at, facts"

enum
{
	SEQ = 1, DECIDED_AT, RECORDED_BY, DECISION, REASON, RULE, POLICY_VERSION, MODE, CUTOFF_AT,
	REQUESTED_AT, AMOUNT, ALLOWED_AMOUNT, FEE, CURRENCY, EXCEPTION_ID, APPROVAL_ID, WITHDRAWN_AT, FACTS
};

/* One decision, as it is kept. */
typedef struct Row
{
	HeapTuple	tuple;
	TupleDesc	descriptor;
} Row;

/* A column as text, or NULL. */
static const char *
column(const Row *row, int i)
{
	return SPI_getvalue(row->tuple, row->descriptor, i);
}

/* A time, or NULL. */
static const char *
time_column(const Row *row, int i)
{
	bool		isnull;
	Datum		value = SPI_getbinval(row->tuple, row->descriptor, i, &isnull);

	return isnull ? NULL : svp_refund_instant(NULL, DatumGetTimestampTz(value));
}

/* An amount with its currency, or NULL. */
static const char *
money_column(const Row *row, int i)
{
	const char *amount = column(row, i);
	const char *currency = column(row, CURRENCY);

	return amount == NULL || currency == NULL ? amount : psprintf("%s %s", amount, currency);
}

/* Is it no decision: was the refund there before the table was attached? */
static bool
is_found(const Row *row)
{
	return strcmp(column(row, DECISION), "counted") == 0;
}

static void
append_known(StringInfo line, const char *what, const char *value)
{
	if (value != NULL)
		appendStringInfo(line, "%s%s %s", line->len > 0 ? ", " : "  ", what, value);
}

static void
tell_decision(SvpStory *story, const Row *row)
{
	const char *reason = column(row, REASON);
	const char *rule = column(row, RULE);
	const char *version = column(row, POLICY_VERSION);

	if (is_found(row))
	{
		svp_tell(story, "found in the table when that was attached or counted again, by %s: counted from %s on, and not judged",
				 column(row, RECORDED_BY), time_column(row, DECIDED_AT));
		return;
	}
	svp_tell(story, "decision %s, %s, written by %s: %s%s%s", column(row, SEQ),
			 time_column(row, DECIDED_AT), column(row, RECORDED_BY), column(row, DECISION),
			 reason == NULL ? "" : ", ", reason == NULL ? "" : reason);
	if (rule != NULL)
		svp_tell(story, "  by rule \"%s\" of version %s, mode %s", rule, version, column(row, MODE));
	else
		svp_tell(story, version == NULL ? "  no version was in force" : "  no rule of version %s applied", version);
}

/* Facts, as they were kept: see svp_refund_facts_jsonb() */

/* The parts of a ticket's key, or NULL if none was named. */
static char *
ticket_text(JsonbContainer *parts)
{
	StringInfoData text;
	int			nparts = JsonContainerSize(parts);

	initStringInfo(&text);
	for (int i = 0; i < nparts; i++)
	{
		char	   *part = svp_json_text(getIthJsonbValueFromContainer(parts, i));

		if (part == NULL)
			return NULL;
		appendStringInfo(&text, "%s%s", i > 0 ? "/" : "", part);
	}
	return text.data;
}

static char *
unreadable_text(JsonbContainer *object)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbValue	value;

	(void) JsonbIteratorNext(&iterator, &value, true);
	(void) JsonbIteratorNext(&iterator, &value, true);
	(void) JsonbIteratorNext(&iterator, &value, true);
	return psprintf("\"%s\", which could not be read", svp_json_text(&value));
}

static char *
fact_text(const char *name, const JsonbValue *value)
{
	char	   *text;
	int64		at;

	if (value->type == jbvBinary)
		return JsonContainerIsArray(value->val.binary.data) ?
			ticket_text(value->val.binary.data) : unreadable_text(value->val.binary.data);
	text = svp_json_text(value);
	return svp_fact_kind(name) == SVP_FACT_TIME && svp_instant_parse(text, &at) ?
		svp_refund_instant(NULL, at) : text;
}

static void
tell_facts(SvpStory *story, const Row *row)
{
	bool		isnull;
	Datum		facts = SPI_getbinval(row->tuple, row->descriptor, FACTS, &isnull);
	JsonbIterator *iterator = JsonbIteratorInit(&DatumGetJsonbP(facts)->root);
	JsonbValue	value;

	svp_tell(story, "  facts");
	(void) JsonbIteratorNext(&iterator, &value, true);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_KEY)
	{
		char	   *name = svp_json_text(&value);
		char	   *text;

		(void) JsonbIteratorNext(&iterator, &value, true);
		text = fact_text(name, &value);
		if (text != NULL)
			svp_tell(story, "    %s %s", strcmp(name, SVP_KEPT_PROBLEM) == 0 ?
					 "a mapped expression failed:" : name, text);
	}
}

static void
tell_values(SvpStory *story, const Row *row)
{
	StringInfoData line;

	initStringInfo(&line);
	append_known(&line, "amount", money_column(row, AMOUNT));
	append_known(&line, "allowed", money_column(row, ALLOWED_AMOUNT));
	append_known(&line, "fee", money_column(row, FEE));
	append_known(&line, "asked for", time_column(row, REQUESTED_AT));
	append_known(&line, "cutoff", time_column(row, CUTOFF_AT));
	if (line.len > 0)
		svp_tell(story, "%s", line.data);
	tell_facts(story, row);
}

/*
 * What a decision rested on besides the rule.
 */
static void
tell_grounds(SvpStory *story, const Row *row, bool is_last)
{
	const char *exception = column(row, EXCEPTION_ID);
	const char *approval = column(row, APPROVAL_ID);
	const char *withdrawn = time_column(row, WITHDRAWN_AT);

	if (exception != NULL)
		svp_tell(story, "  it rested on exception %s", exception);
	if (approval != NULL)
		svp_tell(story, "  it rested on approval %s", approval);
	if (withdrawn != NULL)
		svp_tell(story, "  it counted until %s, when the refund %s", withdrawn,
				 is_last ? "was deleted or left the row filter" : "changed");
}

/* Is what the row says the same as this text, or NULL where that is? */
static bool
is_same(const Row *row, int i, const char *text)
{
	const char *kept = column(row, i);

	return kept == NULL || text == NULL ? kept == text : strcmp(kept, text) == 0;
}

static const char *
numeric_text(SvpAmount amount)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, svp_refund_numeric(amount)));
}

/*
 * Would it be decided the same now?
 */
static void
tell_difference(SvpStory *story, const SvpRefundCase *refund, const Row *row)
{
	const SvpRefundDecision *decision = &refund->decision;
	StringInfoData line;

	initStringInfo(&line);
	if (!is_same(row, DECISION, svp_refund_outcome_names[decision->outcome]) ||
		!is_same(row, REASON, svp_refund_reason_names[decision->reason]))
		appendStringInfoString(&line, ", decision");
	if (!is_same(row, RULE, refund->rule == NULL ? NULL : refund->rule->name))
		appendStringInfoString(&line, ", rule");
	if (!is_same(row, POLICY_VERSION, refund->policy == NULL ? NULL :
				 psprintf("%d", refund->policy->version)))
		appendStringInfoString(&line, ", version");
	if (!is_same(row, ALLOWED_AMOUNT, decision->has_allowed_amount ?
				 numeric_text(decision->allowed_amount) : NULL))
		appendStringInfoString(&line, ", allowed amount");
	if (!is_same(row, FEE, numeric_text(decision->fee)))
		appendStringInfoString(&line, ", fee");
	if (line.len > 0)
		svp_tell(story, "decided now it would differ in its %s", line.data + 2);
	else
		svp_tell(story, "it would be decided the same now");
}

static void
read_decisions(const SvpRefundQuestion *question)
{
	const SvpAttachment *attachment = question->refund.attachment;
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT " COLUMNS " FROM %s WHERE",
					 quote_qualified_identifier(attachment->data_schema, "refund_decision"));
	for (int i = 0; i < attachment->refund->nkey; i++)
		appendStringInfo(&query, "%s %s %s $%d", i > 0 ? " AND" : "",
						 quote_identifier(attachment->refund->data_key[i]),
						 svp_equality(attachment->refund_key_types[i]), i + 1);
	appendStringInfoString(&query, " ORDER BY seq");
	if (SPI_execute_with_args(query.data, attachment->refund->nkey, attachment->refund_key_types,
							  question->key, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the decisions on a refund");
}

/*
 * Tell of the decisions on a refund, and of the last one whether it would be
 * the same now.
 */
void
svp_explain_refund_record(SvpStory *story, const SvpRefundQuestion *question)
{
	SPITupleTable *table;
	Row			row = {0};

	read_decisions(question);
	table = SPI_tuptable;
	for (uint64 i = 0; i < table->numvals; i++)
	{
		row = (Row) {table->vals[i], table->tupdesc};
		tell_decision(story, &row);
		tell_values(story, &row);
		tell_grounds(story, &row, i == table->numvals - 1);
	}
	if (row.tuple == NULL)
		svp_tell(story, "no decision on this refund is on record");
	if (!question->found)
		svp_tell(story, "the refund is not in the table");
	else if (!question->passes)
		svp_tell(story, "the row filter leaves the refund out; if it did not:");
	else if (row.tuple != NULL && !is_found(&row))
		tell_difference(story, &question->refund, &row);
	SPI_freetuptable(table);
}
