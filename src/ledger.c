/*-------------------------------------------------------------------------
 *
 * ledger.c
 *		An attachment's ledger, clocks and issues, as tables.
 *
 * Each statement is built once for an attachment and kept prepared.  Names
 * and operators are qualified, so it means the same under any search_path.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "ledger.h"

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
	TICKET_COLUMNS
};

static const Column issue_columns[] = {
	{"problem", TEXTOID}, {"detail", TEXTOID}, {"value", TEXTOID}
};

#define MAX_PARAMETERS (INDEX_MAX_KEYS + 32)

/* The parameters of a statement, in order, as they are filled in. */
typedef struct Parameters
{
	int			n;
	Datum		values[MAX_PARAMETERS];
	char		nulls[MAX_PARAMETERS];
} Parameters;

static void
add_value(Parameters *parameters, Datum value)
{
	parameters->values[parameters->n] = value;
	parameters->nulls[parameters->n++] = ' ';
}

static void
add_optional(Parameters *parameters, bool is_set, Datum value)
{
	add_value(parameters, value);
	if (!is_set)
		parameters->nulls[parameters->n - 1] = 'n';
}

static void
add_text(Parameters *parameters, const char *text)
{
	add_optional(parameters, text != NULL,
				 text == NULL ? (Datum) 0 : CStringGetTextDatum(text));
}

static void
add_key(Parameters *parameters, SvpAttachment *attachment, const Datum *key)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
		add_value(parameters, key[i]);
}

static void
add_ticket(Parameters *parameters, const SvpRecord *record)
{
	for (int i = 0; i < SVP_NDIMENSIONS; i++)
		add_text(parameters, record->event.scenario.value[i]);
	add_text(parameters, record->agent);
	add_text(parameters, record->customer);
}

/*
 * Run one of the kept statements.
 */
static void
run(SvpAttachment *attachment, SvpStatement which, Parameters *parameters, int expected)
{
	int			result = SPI_execute_plan(attachment->plans[which], parameters->values,
										  parameters->nulls, false, 0);

	if (result != expected)
		elog(ERROR, "statement %d of attachment %s: %s", which, attachment->name,
			 SPI_result_code_string(result));
}

/* Building the statements */

static void
append_names(StringInfo query, SvpAttachment *attachment, const Column *columns, int n)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
		appendStringInfo(query, "%s, ", quote_identifier(attachment->ticket->data_key[i]));
	for (int i = 0; i < n; i++)
		appendStringInfo(query, "%s%s", i > 0 ? ", " : "", columns[i].name);
}

static void
append_key_condition(StringInfo query, SvpAttachment *attachment)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
		appendStringInfo(query, "%s %s OPERATOR(pg_catalog.=) $%d", i > 0 ? " AND" : " WHERE",
						 quote_identifier(attachment->ticket->data_key[i]), i + 1);
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
	for (int i = 0; i < n; i++)
		appendStringInfo(query, "%s%s", i > 0 ? ", " : "", columns[i].name);
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
						 " ORDER BY event OPERATOR(pg_catalog.=) 'opened' DESC, at, seq");
			break;
		case SVP_APPEND_LEDGER:
			build_insert(query, attachment, "ledger", ledger_columns, lengthof(ledger_columns));
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
 * Learn the types of the key as the ledger has them.
 */
static void
learn_key_types(SvpAttachment *attachment)
{
	SvpMapping *ticket = attachment->ticket;
	Oid			namespace = get_namespace_oid(attachment->data_schema, false);
	Oid			ledger = get_relname_relid("ledger", namespace);

	if (!OidIsValid(ledger))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s does not exist", table_name(attachment, "ledger"))));
	attachment->key_types = MemoryContextAllocZero(attachment->context,
												   sizeof(Oid) * ticket->nkey);
	for (int i = 0; i < ticket->nkey; i++)
	{
		AttrNumber	column = get_attnum(ledger, ticket->data_key[i]);

		if (column == InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of %s does not exist", ticket->data_key[i],
							table_name(attachment, "ledger"))));
		attachment->key_types[i] = get_atttype(ledger, column);
	}
}

static void
prepare_all(void *arg)
{
	SvpAttachment *attachment = arg;

	learn_key_types(attachment);
	for (int i = 0; i < SVP_NSTATEMENTS; i++)
	{
		StringInfoData query;
		Oid			types[MAX_PARAMETERS];
		int			n = parameter_types(attachment, (SvpStatement) i, types);
		SPIPlanPtr	plan;

		build(&query, attachment, (SvpStatement) i);
		plan = SPI_prepare(query.data, n, types);
		if (plan == NULL)
			elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
		SPI_keepplan(plan);
		if (attachment->plans[i] != NULL)
			SPI_freeplan(attachment->plans[i]);
		attachment->plans[i] = plan;
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

/* Reading */

static Datum
field(int row, int number, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, isnull);
}

static const char *
text_field(int row, int number)
{
	bool		isnull;
	Datum		value = field(row, number, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static int64
time_field(int row, int number, bool *is_set)
{
	bool		isnull;
	int64		value = DatumGetInt64(field(row, number, &isnull));

	if (is_set != NULL)
		*is_set = !isnull;
	return isnull ? 0 : value;
}

static int32
int_field(int row, int number)
{
	bool		isnull;

	return DatumGetInt32(field(row, number, &isnull));
}

static void
read_ticket(int row, int first, SvpRecord *record)
{
	for (int i = 0; i < SVP_NDIMENSIONS; i++)
		record->event.scenario.value[i] = text_field(row, first + i);
	record->agent = text_field(row, first + SVP_NDIMENSIONS);
	record->customer = text_field(row, first + SVP_NDIMENSIONS + 1);
}

static void
read_record(int row, SvpRecord *record)
{
	const char *state = text_field(row, 4);

	record->seq = int_field(row, 1);
	record->event.at = time_field(row, 2, NULL);
	record->event.kind = svp_word_index(svp_event_names, SVP_NEVENTS, text_field(row, 3));
	record->event.state = state == NULL ? SVP_STATE_OPEN :
		svp_word_index(svp_state_names, SVP_NSTATES, state);
	record->source_state = text_field(row, 5);
	record->opened_at = time_field(row, 6, NULL);
	record->recorded_by = text_field(row, 7);
	record->recorded_at = time_field(row, 8, NULL);
	read_ticket(row, 9, record);
}

/*
 * Read a ticket's ledger, with room for a few more records.
 */
void
svp_ledger_read(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger)
{
	Parameters	parameters = {0};

	add_key(&parameters, attachment, key);
	run(attachment, SVP_READ_LEDGER, &parameters, SPI_OK_SELECT);
	ledger->nrecords = SPI_processed;
	ledger->records = palloc0(sizeof(SvpRecord) * (SPI_processed + 4));
	for (int i = 0; i < ledger->nrecords; i++)
		read_record(i, &ledger->records[i]);
	SPI_freetuptable(SPI_tuptable);
}

/*
 * The row as it was last recorded: the newest record that is not a reply, or
 * NULL.
 */
const SvpRecord *
svp_ledger_latest(const SvpLedger *ledger)
{
	const SvpRecord *latest = NULL;

	for (int i = 0; i < ledger->nrecords; i++)
	{
		const SvpRecord *record = &ledger->records[i];

		if (record->event.kind != SVP_EVENT_RESPONDED &&
			(latest == NULL || record->seq > latest->seq))
			latest = record;
	}
	return latest;
}

static bool
comes_before(const SvpRecord *a, const SvpRecord *b)
{
	if (a->event.kind == SVP_EVENT_OPENED)
		return true;
	return b->event.kind != SVP_EVENT_OPENED && a->event.at < b->event.at;
}

/*
 * Put a record, the newest, in its place among the others.
 */
void
svp_ledger_add(SvpLedger *ledger, const SvpRecord *record)
{
	int			i = ledger->nrecords++;

	for (; i > 0 && comes_before(record, &ledger->records[i - 1]); i--)
		ledger->records[i] = ledger->records[i - 1];
	ledger->records[i] = *record;
}

/*
 * The ledger as the pure core takes it.  Events keep their positions.
 */
SvpHistory
svp_ledger_history(const SvpLedger *ledger)
{
	const SvpRecord *latest = svp_ledger_latest(ledger);
	SvpEvent   *events = palloc(sizeof(SvpEvent) * Max(ledger->nrecords, 1));

	for (int i = 0; i < ledger->nrecords; i++)
		events[i] = ledger->records[i].event;
	return (SvpHistory) {
		.opened_at = latest == NULL ? 0 : latest->opened_at,
		.nevents = ledger->nrecords,
		.events = events
	};
}

static void
read_clock(int row, SvpStoredClock *stored)
{
	SvpClock   *clock = &stored->clock;

	stored->metric = text_field(row, 1);
	clock->cycle = int_field(row, 2);
	stored->benchmark = text_field(row, 3);
	stored->policy_version = int_field(row, 4);
	clock->state = svp_word_index(svp_clock_state_names, SVP_NCLOCK_STATES, text_field(row, 6));
	clock->started_at = time_field(row, 7, NULL);
	clock->due_at = time_field(row, 9, &clock->has_due);
	clock->at_risk_at = time_field(row, 10, &clock->has_at_risk);
	clock->elapsed = time_field(row, 12, NULL);
	clock->paused = time_field(row, 13, NULL);
	clock->counted_from = time_field(row, 14, NULL);
	clock->paused_at = time_field(row, 15, NULL);
	clock->stopped_at = time_field(row, 16, NULL);
	read_ticket(row, 18, &stored->record);
}

SvpStoredClock *
svp_clocks_read(SvpAttachment *attachment, const Datum *key, int *nclocks)
{
	Parameters	parameters = {0};
	SvpStoredClock *clocks;

	add_key(&parameters, attachment, key);
	run(attachment, SVP_READ_CLOCKS, &parameters, SPI_OK_SELECT);
	*nclocks = SPI_processed;
	clocks = palloc0(sizeof(SvpStoredClock) * (SPI_processed + 1));
	for (int i = 0; i < *nclocks; i++)
		read_clock(i, &clocks[i]);
	SPI_freetuptable(SPI_tuptable);
	return clocks;
}

/* Writing */

typedef struct Appending
{
	SvpAttachment *attachment;
	Parameters *parameters;
} Appending;

static void
append_record(void *arg)
{
	Appending  *append = arg;

	run(append->attachment, SVP_APPEND_LEDGER, append->parameters, SPI_OK_INSERT);
}

/*
 * Append under a snapshot that may be older than the row's lock: a ticket that
 * was deleted meanwhile can be inserted again, but its ledger has an end that
 * this transaction does not see.  That is no duplicate key of the CRM's.
 */
static void
append_serialized(SvpAttachment *attachment, Parameters *parameters)
{
	Appending	append = {attachment, parameters};
	ErrorData  *error = svp_attempt(append_record, &append);

	if (error == NULL)
		return;
	if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION)
		ReThrowError(error);
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to a concurrent change of the ticket"),
			 errhint("The transaction might succeed if retried.")));
}

void
svp_ledger_append(SvpAttachment *attachment, const Datum *key, const SvpRecord *record)
{
	Parameters	parameters = {0};
	bool		is_reply = record->event.kind == SVP_EVENT_RESPONDED;

	add_key(&parameters, attachment, key);
	add_value(&parameters, Int32GetDatum(record->seq));
	add_value(&parameters, TimestampTzGetDatum(record->event.at));
	add_text(&parameters, svp_event_names[record->event.kind]);
	add_text(&parameters, is_reply ? NULL : svp_state_names[record->event.state]);
	add_text(&parameters, record->source_state);
	add_optional(&parameters, !is_reply, TimestampTzGetDatum(record->opened_at));
	add_text(&parameters, record->recorded_by);
	add_value(&parameters, TimestampTzGetDatum(record->recorded_at));
	add_ticket(&parameters, record);
	if (IsolationUsesXactSnapshot())
		append_serialized(attachment, &parameters);
	else
		run(attachment, SVP_APPEND_LEDGER, &parameters, SPI_OK_INSERT);
}

/*
 * Take back a record of this same transaction.
 */
void
svp_ledger_retract(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger, int32 seq)
{
	Parameters	parameters = {0};
	int			n = 0;

	add_key(&parameters, attachment, key);
	add_value(&parameters, Int32GetDatum(seq));
	run(attachment, SVP_RETRACT_LEDGER, &parameters, SPI_OK_DELETE);
	for (int i = 0; i < ledger->nrecords; i++)
	{
		if (ledger->records[i].seq != seq)
			ledger->records[n++] = ledger->records[i];
	}
	ledger->nrecords = n;
}

/*
 * The date of an instant in the zone of the clock's calendar, else in UTC.
 */
static DateADT
date_of(const SvpClock *clock, int64 at)
{
	int32		date;

	if (clock->calendar != NULL && svp_local_date(clock->calendar, at, &date) == SVP_TIME_OK)
		return date;
	return (at - (at < 0 ? USECS_PER_DAY - 1 : 0)) / USECS_PER_DAY;
}

static void
write_clock(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *stored,
			SvpStatement which, int expected)
{
	const SvpClock *clock = &stored->clock;
	bool		stopped = !SVP_CLOCK_IS_OPEN(clock);
	Parameters	parameters = {0};

	add_key(&parameters, attachment, key);
	add_text(&parameters, stored->metric);
	add_value(&parameters, Int32GetDatum(clock->cycle));
	add_text(&parameters, stored->benchmark);
	add_value(&parameters, Int32GetDatum(stored->policy_version));
	add_text(&parameters, clock->benchmark->calendar);
	add_text(&parameters, svp_clock_state_names[clock->state]);
	add_value(&parameters, TimestampTzGetDatum(clock->started_at));
	add_value(&parameters, DateADTGetDatum(date_of(clock, clock->started_at)));
	add_optional(&parameters, clock->has_due, TimestampTzGetDatum(clock->due_at));
	add_optional(&parameters, clock->has_at_risk, TimestampTzGetDatum(clock->at_risk_at));
	add_value(&parameters, Int64GetDatum(clock->benchmark->target));
	add_value(&parameters, Int64GetDatum(clock->elapsed));
	add_value(&parameters, Int64GetDatum(clock->paused));
	add_optional(&parameters, clock->state == SVP_CLOCK_RUNNING,
				 TimestampTzGetDatum(clock->counted_from));
	add_optional(&parameters, clock->state == SVP_CLOCK_PAUSED,
				 TimestampTzGetDatum(clock->paused_at));
	add_optional(&parameters, stopped, TimestampTzGetDatum(clock->stopped_at));
	add_optional(&parameters, stopped,
				 stopped ? DateADTGetDatum(date_of(clock, clock->stopped_at)) : (Datum) 0);
	add_ticket(&parameters, &stored->record);
	run(attachment, which, &parameters, expected);
}

void
svp_clock_add(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *clock)
{
	write_clock(attachment, key, clock, SVP_ADD_CLOCK, SPI_OK_INSERT);
}

void
svp_clock_change(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *clock)
{
	write_clock(attachment, key, clock, SVP_CHANGE_CLOCK, SPI_OK_UPDATE);
}

void
svp_clock_drop(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *stored)
{
	Parameters	parameters = {0};

	add_key(&parameters, attachment, key);
	add_text(&parameters, stored->metric);
	add_value(&parameters, Int32GetDatum(stored->clock.cycle));
	run(attachment, SVP_DROP_CLOCK, &parameters, SPI_OK_DELETE);
}

void
svp_issue_append(SvpAttachment *attachment, const Datum *key, const char *problem,
				 const char *detail, const char *value)
{
	Parameters	parameters = {0};

	add_key(&parameters, attachment, key);
	add_text(&parameters, problem);
	add_text(&parameters, detail);
	add_text(&parameters, value);
	run(attachment, SVP_APPEND_ISSUE, &parameters, SPI_OK_INSERT);
}

/*
 * A ticket's key from its parts as text.  Needs the statements prepared.
 */
Datum *
svp_key_from_text(SvpAttachment *attachment, char **parts)
{
	Datum	   *key = palloc(sizeof(Datum) * attachment->ticket->nkey);

	for (int i = 0; i < attachment->ticket->nkey; i++)
	{
		Oid			input;
		Oid			parameter;

		getTypeInputInfo(attachment->key_types[i], &input, &parameter);
		key[i] = OidInputFunctionCall(input, parts[i], parameter, -1);
	}
	return key;
}
