/*-------------------------------------------------------------------------
 *
 * evidence.c
 *		The statements by which an attachment's own tables are read and
 *		written.
 *
 * Each is built once for an attachment and kept prepared.  Names and
 * operators are qualified, so it means the same under any search_path.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "attempt.h"
#include "evidence.h"

typedef struct Column
{
	const char *name;
	Oid			type;
} Column;

/* What an event or a clock says of its ticket, after SvpDimension's order. */
#define TICKET_COLUMNS \
	{"priority", TEXTOID}, {"channel", TEXTOID}, {"category", TEXTOID}, \
	{"product", TEXTOID}, {"customer_tier", TEXTOID}, {"region", TEXTOID}, \
	{"team", TEXTOID}, {"agent", TEXTOID}, {"customer", TEXTOID}

static const Column ledger_columns[] = {
	{"seq", INT4OID}, {"at", TIMESTAMPTZOID}, {"event", TEXTOID}, {"state", TEXTOID},
	{"source_state", TEXTOID}, {"opened_at", TIMESTAMPTZOID}, {"recorded_by", TEXTOID},
	{"recorded_at", TIMESTAMPTZOID},
	TICKET_COLUMNS
};

static const Column clock_columns[] = {
	{"metric", TEXTOID}, {"cycle", INT4OID}, {"benchmark", TEXTOID}, {"policy_version", INT4OID},
	{"calendar", TEXTOID}, {"state", TEXTOID}, {"started_at", TIMESTAMPTZOID},
	{"started_on", DATEOID}, {"due_at", TIMESTAMPTZOID}, {"at_risk_at", TIMESTAMPTZOID},
	{"target_us", INT8OID}, {"elapsed_us", INT8OID}, {"paused_us", INT8OID},
	{"counted_from", TIMESTAMPTZOID}, {"paused_at", TIMESTAMPTZOID},
	{"stopped_at", TIMESTAMPTZOID}, {"stopped_on", DATEOID},
	TICKET_COLUMNS,
	{"calendar_revision", INT8OID}, {"disputed", BOOLOID}, {"imported_at", TIMESTAMPTZOID}
};

static const Column issue_columns[] = {
	{"problem", TEXTOID}, {"detail", TEXTOID}, {"value", TEXTOID}
};

static void
append_names(StringInfo query, SvpAttachment *attachment, const Column *columns, int n)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
		appendStringInfo(query, "%s, ", quote_identifier(attachment->ticket->data_key[i]));
	for (int i = 0; i < n; i++)
		appendStringInfo(query, "%s%s", i > 0 ? ", " : "", columns[i].name);
}

/*
 * The operator by which a type's unique indexes tell values apart: not always
 * pg_catalog's, which may see a type such as citext as another.
 */
const char *
svp_equality(Oid type)
{
	Oid			operator = lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "type %u has no equality operator", type);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return name;
}

static void
append_key_condition(StringInfo query, SvpAttachment *attachment)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
		appendStringInfo(query, "%s %s %s $%d", i > 0 ? " AND" : " WHERE",
						 quote_identifier(attachment->ticket->data_key[i]),
						 svp_equality(attachment->key_types[i]), i + 1);
}

static const char *
table_name(SvpAttachment *attachment, const char *table)
{
	return quote_qualified_identifier(attachment->data_schema, table);
}

static void
build_select(StringInfo query, SvpAttachment *attachment, const char *table,
			 const Column *columns, int n, const char *tail)
{
	appendStringInfoString(query, "SELECT ");
	/* the casts cost nothing, and hold when the owner has altered a column */
	for (int i = 0; i < n; i++)
		appendStringInfo(query, "%s%s::%s", i > 0 ? ", " : "", columns[i].name,
						 format_type_be(columns[i].type));
	appendStringInfo(query, " FROM %s", table_name(attachment, table));
	append_key_condition(query, attachment);
	appendStringInfoString(query, tail);
}

static void
build_insert(StringInfo query, SvpAttachment *attachment, const char *table,
			 const Column *columns, int n)
{
	appendStringInfo(query, "INSERT INTO %s (", table_name(attachment, table));
	append_names(query, attachment, columns, n);
	appendStringInfoString(query, ") VALUES (");
	for (int i = 0; i < attachment->ticket->nkey + n; i++)
		appendStringInfo(query, "%s$%d", i > 0 ? ", " : "", i + 1);
	appendStringInfoChar(query, ')');
}

/*
 * The condition on a clock's metric and cycle, which follow the key among the
 * parameters.
 */
static void
append_clock_condition(StringInfo query, SvpAttachment *attachment)
{
	int			nkey = attachment->ticket->nkey;

	append_key_condition(query, attachment);
	appendStringInfo(query, " AND metric OPERATOR(pg_catalog.=) $%d"
					 " AND cycle OPERATOR(pg_catalog.=) $%d", nkey + 1, nkey + 2);
}

static void
build_change(StringInfo query, SvpAttachment *attachment)
{
	int			nkey = attachment->ticket->nkey;

	appendStringInfo(query, "UPDATE %s SET ", table_name(attachment, "clock"));
	for (int i = 2; i < lengthof(clock_columns); i++)
		appendStringInfo(query, "%s%s = $%d", i > 2 ? ", " : "", clock_columns[i].name,
						 nkey + i + 1);
	append_clock_condition(query, attachment);
}

static void
build(StringInfo query, SvpAttachment *attachment, SvpStatement which)
{
	initStringInfo(query);
	switch (which)
	{
		case SVP_READ_LEDGER:
			build_select(query, attachment, "ledger", ledger_columns, lengthof(ledger_columns),
						 " ORDER BY event OPERATOR(pg_catalog.=) 'opened' DESC, at,"
						 " event OPERATOR(pg_catalog.=) 'responded' DESC, seq");
			break;
		case SVP_APPEND_LEDGER:
			build_insert(query, attachment, "ledger", ledger_columns, lengthof(ledger_columns));
			break;
		case SVP_BEGIN_LEDGER:
			build_insert(query, attachment, "ledger", ledger_columns, lengthof(ledger_columns));
			appendStringInfoString(query, " ON CONFLICT DO NOTHING");
			break;
		case SVP_RETRACT_LEDGER:
			appendStringInfo(query, "DELETE FROM %s", table_name(attachment, "ledger"));
			append_key_condition(query, attachment);
			appendStringInfo(query, " AND seq OPERATOR(pg_catalog.=) $%d",
							 attachment->ticket->nkey + 1);
			break;
		case SVP_READ_CLOCKS:
			build_select(query, attachment, "clock", clock_columns, lengthof(clock_columns), "");
			break;
		case SVP_ADD_CLOCK:
			build_insert(query, attachment, "clock", clock_columns, lengthof(clock_columns));
			break;
		case SVP_CHANGE_CLOCK:
			build_change(query, attachment);
			break;
		case SVP_DROP_CLOCK:
			appendStringInfo(query, "DELETE FROM %s", table_name(attachment, "clock"));
			append_clock_condition(query, attachment);
			break;
		case SVP_APPEND_ISSUE:
			build_insert(query, attachment, "issue", issue_columns, lengthof(issue_columns));
			break;
	}
}

/*
 * The types of a statement's parameters: the key's, and those of the columns
 * that it writes.
 */
static int
parameter_types(SvpAttachment *attachment, SvpStatement which, Oid *types)
{
	const Column *columns = NULL;
	int			n = 0;
	int			nkey = attachment->ticket->nkey;

	memcpy(types, attachment->key_types, sizeof(Oid) * nkey);
	switch (which)
	{
		case SVP_READ_LEDGER:
		case SVP_READ_CLOCKS:
			break;
		case SVP_APPEND_LEDGER:
		case SVP_BEGIN_LEDGER:
			columns = ledger_columns;
			n = lengthof(ledger_columns);
			break;
		case SVP_RETRACT_LEDGER:
			columns = ledger_columns;
			n = 1;
			break;
		case SVP_ADD_CLOCK:
		case SVP_CHANGE_CLOCK:
			columns = clock_columns;
			n = lengthof(clock_columns);
			break;
		case SVP_DROP_CLOCK:
			columns = clock_columns;
			n = 2;
			break;
		case SVP_APPEND_ISSUE:
			columns = issue_columns;
			n = lengthof(issue_columns);
			break;
	}
	for (int i = 0; i < n; i++)
		types[nkey + i] = columns[i].type;
	return nkey + n;
}

/*
 * Learn the types of a mapping's key as one of our tables has them.
 */
void
svp_learn_key_types(SvpAttachment *attachment, const char *table, const SvpMapping *mapping,
					Oid **types)
{
	Oid			namespace = get_namespace_oid(attachment->data_schema, false);
	Oid			relation = get_relname_relid(table, namespace);

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s does not exist", table_name(attachment, table))));
	if (*types == NULL)
		*types = MemoryContextAllocZero(attachment->context, sizeof(Oid) * mapping->nkey);
	for (int i = 0; i < mapping->nkey; i++)
	{
		AttrNumber	column = get_attnum(relation, mapping->data_key[i]);

		if (column == InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of %s does not exist", mapping->data_key[i],
							table_name(attachment, table))));
		(*types)[i] = get_atttype(relation, column);
	}
}

static void
prepare_all(void *arg)
{
	SvpAttachment *attachment = arg;

	svp_learn_key_types(attachment, "ledger", attachment->ticket, &attachment->key_types);
	for (int i = 0; i < SVP_NSTATEMENTS; i++)
	{
		StringInfoData query;
		Oid			types[SVP_MAX_PARAMETERS];
		int			n = parameter_types(attachment, (SvpStatement) i, types);
		SPIPlanPtr	plan;

		build(&query, attachment, (SvpStatement) i);
		plan = SPI_prepare(query.data, n, types);
		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
		svp_attachment_keep_plan(&attachment->plans[i], plan);
	}
}

static bool
plans_are_good(SvpAttachment *attachment)
{
	for (int i = 0; i < SVP_NSTATEMENTS; i++)
	{
		if (attachment->plans[i] == NULL || !SPI_plan_is_valid(attachment->plans[i]))
			return false;
	}
	return true;
}

/*
 * Have the statements ready.  A plan that an invalidation reached is made
 * again here, where a table that is gone can be reported rather than fail.
 */
bool
svp_evidence_prepare(SvpAttachment *attachment, const char **problem)
{
	ErrorData  *error;

	if (plans_are_good(attachment))
		return true;
	error = svp_attempt(prepare_all, attachment);
	if (error != NULL)
		*problem = error->message;
	return error == NULL;
}

/* Running them */

void
svp_add_value(SvpParameters *parameters, Datum value)
{
	parameters->values[parameters->n] = value;
	parameters->nulls[parameters->n++] = ' ';
}

void
svp_add_optional(SvpParameters *parameters, bool is_set, Datum value)
{
	svp_add_value(parameters, value);
	if (!is_set)
		parameters->nulls[parameters->n - 1] = 'n';
}

void
svp_add_text(SvpParameters *parameters, const char *text)
{
	svp_add_optional(parameters, text != NULL,
				 text == NULL ? (Datum) 0 : CStringGetTextDatum(text));
}

void
svp_add_key(SvpParameters *parameters, SvpAttachment *attachment, const Datum *key)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
		svp_add_value(parameters, key[i]);
}

void
svp_add_ticket(SvpParameters *parameters, const SvpRecord *record)
{
	for (int i = 0; i < SVP_NDIMENSIONS; i++)
		svp_add_text(parameters, record->event.scenario.value[i]);
	svp_add_text(parameters, record->agent);
	svp_add_text(parameters, record->customer);
}

/*
 * Run one of the kept statements.
 */
void
svp_evidence_run(SvpAttachment *attachment, SvpStatement which, SvpParameters *parameters, int expected)
{
	int			result = SPI_execute_plan(attachment->plans[which], parameters->values,
										  parameters->nulls, false, 0);

	if (result != expected)
		elog(ERROR, "statement %d of attachment %s: %s", which, attachment->name,
			 SPI_result_code_string(result));
}

static Datum
field(int row, int number, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, isnull);
}

const char *
svp_text_field(int row, int number)
{
	bool		isnull;
	Datum		value = field(row, number, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

int64
svp_time_field(int row, int number, bool *is_set)
{
	bool		isnull;
	int64		value = DatumGetInt64(field(row, number, &isnull));

	if (is_set != NULL)
		*is_set = !isnull;
	return isnull ? 0 : value;
}

/*
 * A word of ours.  The tables have an owner, who may write into them what is
 * none; that must not be taken for an index.
 */
int
svp_word_field(int row, int number, const char *const *names, int nnames, int otherwise)
{
	const char *word = svp_text_field(row, number);
	int			index = word == NULL ? -1 : svp_word_index(names, nnames, word);

	return index < 0 ? otherwise : index;
}

int32
svp_int_field(int row, int number)
{
	bool		isnull;

	return DatumGetInt32(field(row, number, &isnull));
}

void
svp_read_ticket(int row, int first, SvpRecord *record)
{
	for (int i = 0; i < SVP_NDIMENSIONS; i++)
		record->event.scenario.value[i] = svp_text_field(row, first + i);
	record->agent = svp_text_field(row, first + SVP_NDIMENSIONS);
	record->customer = svp_text_field(row, first + SVP_NDIMENSIONS + 1);
}

void
svp_issue_append(SvpAttachment *attachment, const Datum *key, const char *problem,
				 const char *detail, const char *value)
{
	SvpParameters	parameters = {0};

	svp_add_key(&parameters, attachment, key);
	svp_add_text(&parameters, problem);
	svp_add_text(&parameters, detail);
	svp_add_text(&parameters, value);
	svp_evidence_run(attachment, SVP_APPEND_ISSUE, &parameters, SPI_OK_INSERT);
}

/*
 * A key from its parts as text, by the types that were learnt.
 */
Datum *
svp_key_from_text(const Oid *types, int nkey, char **parts)
{
	Datum	   *key = palloc(sizeof(Datum) * nkey);

	for (int i = 0; i < nkey; i++)
	{
		Oid			input;
		Oid			parameter;

		getTypeInputInfo(types[i], &input, &parameter);
		key[i] = OidInputFunctionCall(input, parts[i], parameter, -1);
	}
	return key;
}
