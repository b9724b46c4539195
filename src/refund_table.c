/*-------------------------------------------------------------------------
 *
 * refund_table.c
 *		The decisions on refunds, as rows.
 *
 * By prepared statements, and by the refund's key; the ticket's goes along.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/numeric.h"

#include "attempt.h"
#include "key.h"
#include "number.h"
#include "refund_exception.h"
#include "refund_table.h"
#include "rows.h"

#define TABLE_NAME "refund_decision"

typedef struct Column
{
	const char *name;
	Oid			type;
} Column;

static const Column columns[] = {
	{"decided_at", TIMESTAMPTZOID}, {"recorded_by", TEXTOID}, {"decision", TEXTOID},
	{"reason", TEXTOID}, {"rule", TEXTOID}, {"policy_version", INT4OID}, {"mode", TEXTOID},
	{"cutoff_at", TIMESTAMPTZOID}, {"requested_at", TIMESTAMPTZOID}, {"amount", NUMERICOID},
	{"allowed_amount", NUMERICOID}, {"fee", NUMERICOID}, {"currency", TEXTOID},
	{"order_id", TEXTOID}, {"line_id", TEXTOID}, {"agent", TEXTOID}, {"customer", TEXTOID},
	{"exception_id", INT8OID}, {"approval_id", INT8OID}, {"facts", TEXTOID}
};

/* Facts that are recorded and do not decide. */
static const char *const bystanders[] = {
	"state", "agent", "customer", "order_id", "line_id", "currency"
};

#define BYSTANDERS "'{state,agent,customer,order_id,line_id,currency}'::pg_catalog.text[]"

bool
svp_refund_fact_decides(const char *name)
{
	return svp_word_index(bystanders, lengthof(bystanders), name) < 0;
}

/* Building the statements */

static const char *
table_name(SvpAttachment *attachment)
{
	return quote_qualified_identifier(attachment->data_schema, TABLE_NAME);
}

static void
append_condition(StringInfo query, SvpAttachment *attachment)
{
	for (int i = 0; i < attachment->refund->nkey; i++)
		appendStringInfo(query, "%s %s %s $%d", i > 0 ? " AND" : " WHERE",
						 quote_identifier(attachment->refund->data_key[i]),
						 svp_equality(attachment->refund_key_types[i]), i + 1);
}

/*
 * The name of a part of the ticket's key, see _ticket_columns() in refund.sql.
 */
static const char *
ticket_column(const char *name)
{
	return quote_identifier(strncmp(name, "ticket_", strlen("ticket_")) == 0 ? name :
							psprintf("ticket_%s", name));
}

static void
build_append(StringInfo query, SvpAttachment *attachment)
{
	int			nrefund = attachment->refund->nkey;
	int			nticket = attachment->ticket->nkey;

	appendStringInfo(query, "INSERT INTO %s (", table_name(attachment));
	for (int i = 0; i < nrefund; i++)
		appendStringInfo(query, "%s, ", quote_identifier(attachment->refund->data_key[i]));
	for (int i = 0; i < nticket; i++)
		appendStringInfo(query, "%s, ", ticket_column(attachment->ticket->data_key[i]));
	for (int i = 0; i < lengthof(columns); i++)
		appendStringInfo(query, "%s, ", columns[i].name);
	appendStringInfoString(query, "seq) SELECT ");
	for (int i = 0; i < nrefund + nticket + lengthof(columns); i++)
		appendStringInfo(query, i == nrefund + nticket + lengthof(columns) - 1 ?
						 "CAST($%d AS pg_catalog.jsonb), " : "$%d, ", i + 1);
	appendStringInfo(query, "COALESCE((SELECT pg_catalog.max(seq) FROM %s", table_name(attachment));
	append_condition(query, attachment);
	appendStringInfoString(query, "), 0) OPERATOR(pg_catalog.+) 1");
}

/*
 * Was the refund decided on by the same facts, as far as they decide?
 */
static void
build_is_decided(StringInfo query, SvpAttachment *attachment)
{
	appendStringInfo(query, "SELECT (facts OPERATOR(pg_catalog.-) " BYSTANDERS ") OPERATOR(pg_catalog.=)"
					 " (CAST($%d AS pg_catalog.jsonb) OPERATOR(pg_catalog.-) " BYSTANDERS ") FROM %s",
					 attachment->refund->nkey + 1, table_name(attachment));
	append_condition(query, attachment);
	appendStringInfoString(query, " ORDER BY seq DESC LIMIT 1");
}

static void
keep_plan(SvpAttachment *attachment, SvpRefundStatement which, const char *query,
		  int nargs, Oid *types)
{
	SPIPlanPtr	plan = SPI_prepare(query, nargs, types);

	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	svp_attachment_keep_plan(&attachment->refund_plans[which], plan);
}

static void
prepare_all(void *arg)
{
	SvpAttachment *attachment = arg;
	int			nrefund = attachment->refund->nkey;
	int			nticket = attachment->ticket->nkey;
	Oid			types[2 * INDEX_MAX_KEYS + lengthof(columns)];
	StringInfoData query;

	svp_learn_key_types(attachment, TABLE_NAME, attachment->refund, &attachment->refund_key_types);
	memcpy(types, attachment->refund_key_types, sizeof(Oid) * nrefund);

	types[nrefund] = TEXTOID;
	initStringInfo(&query);
	build_is_decided(&query, attachment);
	keep_plan(attachment, SVP_REFUND_IS_DECIDED, query.data, nrefund + 1, types);

	memcpy(types + nrefund, attachment->key_types, sizeof(Oid) * nticket);
	for (int i = 0; i < lengthof(columns); i++)
		types[nrefund + nticket + i] = columns[i].type;
	resetStringInfo(&query);
	build_append(&query, attachment);
	keep_plan(attachment, SVP_REFUND_APPEND, query.data, nrefund + nticket + lengthof(columns), types);
}

bool
svp_refund_table_prepare(SvpAttachment *attachment, const char **problem)
{
	ErrorData  *error;
	bool		good = true;

	for (int i = 0; i < SVP_NREFUND_STATEMENTS; i++)
		good = good && attachment->refund_plans[i] != NULL &&
			SPI_plan_is_valid(attachment->refund_plans[i]);
	if (good)
		return true;
	error = svp_attempt(prepare_all, attachment);
	if (error != NULL)
		*problem = error->message;
	return error == NULL;
}

/* The facts, as they are recorded */

Datum
svp_refund_numeric(int64 millionths)
{
	uint64		magnitude = millionths < 0 ? -(uint64) millionths : (uint64) millionths;
	char	   *text = psprintf("%s" UINT64_FORMAT ".%06d", millionths < 0 ? "-" : "",
								magnitude / SVP_MILLION, (int) (magnitude % SVP_MILLION));
	char	   *end = text + strlen(text) - 1;

	/* two decimals at least, as amounts are written */
	while (*end == '0' && end[-2] != '.')
		*end-- = '\0';
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

static void
append_value(StringInfo json, const SvpFactMapping *fact, const SvpFactValue *value)
{
	char		buffer[MAXDATELEN + 1];
	int			utc = 0;

	if (value->problem != NULL)
	{
		appendStringInfoString(json, "{\"unreadable\": ");
		escape_json(json, value->text == NULL ? "" : value->text);
		appendStringInfoChar(json, '}');
		return;
	}
	switch (fact->kind)
	{
		case SVP_FACT_TEXT:
			escape_json(json, value->text);
			break;
		case SVP_FACT_NUMBER:
			appendStringInfoString(json, DatumGetCString(DirectFunctionCall1(numeric_out,
																			 svp_refund_numeric(value->number))));
			break;
		case SVP_FACT_BOOLEAN:
			appendStringInfoString(json, value->number != 0 ? "true" : "false");
			break;
		case SVP_FACT_TIME:
			escape_json(json, JsonEncodeDateTime(buffer, TimestampTzGetDatum(value->number),
												 TIMESTAMPTZOID, &utc));
			break;
	}
}

/*
 * The facts that are known or unreadable, as a JSON object; the parts of the
 * ticket's key, which have one name, as a list.
 */
static char *
facts_json(const SvpRefundCase *refund)
{
	const SvpMapping *mapping = refund->mapping;
	StringInfoData json;
	bool		in_list = false;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	for (int i = 0; i < mapping->nfacts; i++)
	{
		const SvpFactMapping *fact = &mapping->facts[i];
		const SvpFactValue *value = &refund->facts.values[i];
		bool		is_part = strcmp(fact->name, "ticket") == 0;

		if (!is_part && !value->set && value->problem == NULL)
			continue;
		if (in_list && !is_part)
			appendStringInfoChar(&json, ']');
		if (json.len > 1)
			appendStringInfoString(&json, ", ");
		if (!is_part || !in_list)
		{
			escape_json(&json, fact->name);
			appendStringInfoString(&json, is_part ? ": [" : ": ");
		}
		in_list = is_part;
		if (is_part && !value->set)
			appendStringInfoString(&json, "null");
		else
			append_value(&json, fact, value);
	}
	if (in_list)
		appendStringInfoChar(&json, ']');
	if (refund->facts.problem != NULL)
	{
		appendStringInfoString(&json, json.len > 1 ? ", \"problem\": " : "\"problem\": ");
		escape_json(&json, refund->facts.problem);
	}
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* Reading and writing */

static void
add_refund_key(SvpRow *row, const SvpRefundCase *refund)
{
	for (int i = 0; i < refund->attachment->refund->nkey; i++)
		svp_row_add(row, refund->facts.key[i]);
}

static void
add_fact_text(SvpRow *row, const SvpRefundCase *refund, const char *name)
{
	svp_row_add_text(row, svp_refund_case_text(refund, name));
}

static void
add_known(SvpRow *row, const SvpRefundCase *refund, const char *name, bool is_time)
{
	const SvpRefundFact *fact = svp_refund_case_fact(refund, name);
	bool		known = fact != NULL && fact->knowledge == SVP_KNOWN;

	if (is_time)
		svp_row_add_optional(row, known, known ? TimestampTzGetDatum(fact->value) : (Datum) 0);
	else
		svp_row_add_optional(row, known, known ? svp_refund_numeric(fact->value) : (Datum) 0);
}

static void
add_exception(SvpRow *row, const SvpException *exception)
{
	svp_row_add_optional(row, exception != NULL,
						 exception == NULL ? (Datum) 0 : Int64GetDatum(exception->id));
}

/*
 * Was this refund decided on before, by facts that decide the same?
 */
bool
svp_refund_is_decided(const SvpRefundCase *refund)
{
	SvpRow		row = {0};
	bool		isnull = true;
	bool		same = false;

	add_refund_key(&row, refund);
	svp_row_add_text(&row, facts_json(refund));
	if (SPI_execute_plan(refund->attachment->refund_plans[SVP_REFUND_IS_DECIDED],
						 row.values, svp_null_flags(row.n, row.nulls), false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read the decisions on a refund");
	if (SPI_processed > 0)
		same = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return same && !isnull;
}

void
svp_refund_append(const SvpRefundCase *refund, const char *recorded_by)
{
	const SvpRefundDecision *decision = &refund->decision;
	SvpRow		row = {0};

	add_refund_key(&row, refund);
	for (int i = 0; i < refund->attachment->ticket->nkey; i++)
		svp_row_add_optional(&row, refund->ticket_key != NULL,
						 refund->ticket_key == NULL ? (Datum) 0 : refund->ticket_key[i]);
	svp_row_add(&row, TimestampTzGetDatum(refund->now));
	svp_row_add_text(&row, recorded_by);
	svp_row_add_text(&row, svp_refund_outcome_names[decision->outcome]);
	svp_row_add_text(&row, svp_refund_reason_names[decision->reason]);
	svp_row_add_text(&row, refund->rule == NULL ? NULL : refund->rule->name);
	svp_row_add_optional(&row, refund->policy != NULL,
					 Int32GetDatum(refund->policy == NULL ? 0 : refund->policy->version));
	svp_row_add_text(&row, decision->reason == SVP_REASON_NO_RULE ? NULL : svp_mode_names[refund->mode]);
	svp_row_add_optional(&row, decision->has_cutoff, TimestampTzGetDatum(decision->cutoff_at));
	add_known(&row, refund, SVP_FACT_REQUESTED_AT, true);
	add_known(&row, refund, SVP_FACT_AMOUNT, false);
	svp_row_add_optional(&row, decision->has_allowed_amount,
					 svp_refund_numeric(decision->allowed_amount));
	svp_row_add(&row, svp_refund_numeric(decision->fee));
	add_fact_text(&row, refund, "currency");
	add_fact_text(&row, refund, "order_id");
	add_fact_text(&row, refund, "line_id");
	add_fact_text(&row, refund, "agent");
	add_fact_text(&row, refund, "customer");
	add_exception(&row, refund->exception);
	add_exception(&row, refund->approval);
	svp_row_add_text(&row, facts_json(refund));
	if (SPI_execute_plan(refund->attachment->refund_plans[SVP_REFUND_APPEND],
						 row.values, svp_null_flags(row.n, row.nulls), false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not record the decision on a refund");
}

/*
 * Look for the refund of a key in the attached table; its row is the result's
 * only column.  Unless read_only the rows are those of now, not those of the
 * statement's snapshot.  Gives the number of rows, 2 standing for more.
 */
static int
find_rows(const SvpAttachment *attachment, Datum *key, bool read_only)
{
	const SvpMapping *refund = attachment->refund;
	StringInfoData query;

	initStringInfo(&query);
	/* not "SELECT refund", which may be a column */
	appendStringInfo(&query, "SELECT (refund.*)::%s FROM %s AS refund",
					 attachment->refund_table, attachment->refund_table);
	for (int i = 0; i < refund->nkey; i++)
		appendStringInfo(&query, "%s refund.%s %s $%d", i > 0 ? " AND" : " WHERE",
						 quote_identifier(refund->key[i]),
						 svp_equality(attachment->refund_key_types[i]), i + 1);
	if (SPI_execute_with_args(query.data, refund->nkey, attachment->refund_key_types, key, NULL,
							  read_only, 2) != SPI_OK_SELECT)
		elog(ERROR, "could not read a refund");
	return (int) SPI_processed;
}

/*
 * How many rows of this key the table has now, 2 standing for more: in the
 * partitions of a table a key that lacks the partition key may recur.
 */
int
svp_refund_rows(const SvpAttachment *attachment, Datum *key)
{
	return find_rows(attachment, key, false);
}

/*
 * Fetch a refund by its key, as the relation's own row.  NULL if there is none.
 */
HeapTuple
svp_refund_fetch(const SvpAttachment *attachment, Relation relation, Datum *key)
{
	HeapTuple	tuple;
	bool		isnull;

	if (find_rows(attachment, key, true) == 0)
		return NULL;
	tuple = palloc0(sizeof(HeapTupleData));
	tuple->t_data = DatumGetHeapTupleHeader(SPI_getbinval(SPI_tuptable->vals[0],
														  SPI_tuptable->tupdesc, 1, &isnull));
	tuple->t_len = HeapTupleHeaderGetDatumLength(tuple->t_data);
	tuple->t_tableOid = RelationGetRelid(relation);
	return tuple;
}
