/*-------------------------------------------------------------------------
 *
 * write_back.c
 *		Putting what the clocks say into columns of the ticket's own row.
 *
 * Only in the CRM's own statement: a BEFORE trigger looks at what the clocks
 * would be after it, without writing anything of ours, and sets the columns.
 * An UPDATE of our own would break the optimistic locking of the CRM.
 *
 * It costs what recording costs, but for the writing: the clocks are computed
 * once to see them and, AFTER the row was stored, once more to keep them.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "clock_store.h"
#include "generated.h"
#include "mapping.h"
#include "time_zone.h"
#include "trigger.h"
#include "write_back.h"

PG_FUNCTION_INFO_V1(svp_check_write_back);
PG_FUNCTION_INFO_V1(svp_ticket_written);

static const char *const field_names[SVP_NWRITE_FIELDS] = {
	"due_at", "at_risk_at", "status", "escalation_level"
};

/* The longest status, "cancelled". */
#define LONGEST_STATUS 9

/* What is asked for */

static void
refuse(const char *column, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("column \"%s\" cannot be set: %s", column, problem),
			 errhint("Say for example {\"sla_due_at\": \"resolution.due_at\"}, and of a timestamp without time zone in which zone it is: {\"sla_due_at\": {\"value\": \"resolution.due_at\", \"zone\": \"UTC\"}}.")));
}

/*
 * Read "metric.field"; a metric's name may have dots of its own.
 */
static void
parse_value(SvpWriteColumn *write, char *value)
{
	char	   *dot = strrchr(value, '.');
	int			field = dot == NULL ? -1 :
		svp_word_index(field_names, SVP_NWRITE_FIELDS, dot + 1);

	if (field < 0 || dot == value)
		refuse(write->column,
			   psprintf("\"%s\" is not a metric with .due_at, .at_risk_at, .status or .escalation_level",
						value));
	*dot = '\0';
	write->metric = value;
	write->field = (SvpWriteField) field;
}

static void
refuse_zone(const SvpWriteColumn *write, const char *zone)
{
	refuse(write->column, psprintf("time zone \"%s\" is not known", zone));
}

static void
parse_zone(SvpWriteColumn *write, const char *zone)
{
	write->zone = pg_tzset(zone);
	if (write->zone == NULL)
		refuse_zone(write, zone);
}

static char *
member(SvpWriteColumn *write, const JsonbValue *object, const char *key)
{
	JsonbValue	value;

	if (getKeyJsonValueFromContainer(object->val.binary.data, key, strlen(key), &value) == NULL)
		return NULL;
	if (value.type != jbvString)
		refuse(write->column, psprintf("\"%s\" is not a string", key));
	return svp_json_text(&value);
}

static void
parse_column(SvpWriteColumn *write, const JsonbValue *value)
{
	char	   *what = NULL;
	char	   *zone = NULL;

	if (value->type == jbvString)
		what = svp_json_text(value);
	else if (value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data))
	{
		what = member(write, value, "value");
		zone = member(write, value, "zone");
	}
	if (what == NULL)
		refuse(write->column, "what is to be written?");
	parse_value(write, what);
	if (zone != NULL)
		parse_zone(write, zone);
}

SvpWriteColumn *
svp_write_back_parse(Jsonb *columns, int *n)
{
	JsonbIterator *iterator;
	JsonbValue	value;
	SvpWriteColumn *result;

	if (!JB_ROOT_IS_OBJECT(columns) || JB_ROOT_COUNT(columns) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the columns to write must be a JSON object"),
				 errhint("Say for example {\"sla_due_at\": \"resolution.due_at\"}.")));
	result = palloc0(sizeof(SvpWriteColumn) * JB_ROOT_COUNT(columns));
	iterator = JsonbIteratorInit(&columns->root);
	(void) JsonbIteratorNext(&iterator, &value, true);
	*n = 0;
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_KEY)
	{
		SvpWriteColumn *write = &result[(*n)++];

		write->column = svp_json_text(&value);
		(void) JsonbIteratorNext(&iterator, &value, true);
		parse_column(write, &value);
	}
	return result;
}

/*
 * NULL, or why a column cannot take what is to be written.
 */
static const char *
column_problem(const SvpWriteColumn *write, Form_pg_attribute column)
{
	if (column == NULL)
		return "it does not exist";
	if (column->attgenerated != '\0')
		return "it is generated";
	if (column->attnotnull)
		return "it is NOT NULL, but a ticket without such a clock has no value";
	switch (write->field)
	{
		case SVP_WRITE_DUE_AT:
		case SVP_WRITE_AT_RISK_AT:
			if (column->atttypid == TIMESTAMPOID)
				return write->zone == NULL ? "it is a local time, of which zone?" : NULL;
			if (write->zone != NULL)
				return "it has a zone, but is not a timestamp without time zone";
			return column->atttypid == TIMESTAMPTZOID ? NULL : "it is not a timestamp";
		case SVP_WRITE_STATUS:
			if (column->atttypid != TEXTOID && column->atttypid != VARCHAROID)
				return "it is not of type text or varchar";
			return column->atttypmod >= 0 && column->atttypmod - VARHDRSZ < LONGEST_STATUS ?
				"it is too short: a status has up to 9 letters" : NULL;
		case SVP_WRITE_ESCALATION_LEVEL:
			return column->atttypid == INT2OID || column->atttypid == INT4OID ||
				column->atttypid == INT8OID ? NULL : "it is not an integer";
	}
	return NULL;
}

static Form_pg_attribute
find_column(TupleDesc descriptor, const char *name)
{
	int			number = SPI_fnumber(descriptor, name);

	return number <= 0 ? NULL : TupleDescAttr(descriptor, number - 1);
}

/*
 * service_policy._check_write_back(row_table, columns): complain unless each
 * column of the table can take what is to be written into it.
 */
Datum
svp_check_write_back(PG_FUNCTION_ARGS)
{
	Relation	relation = relation_open(PG_GETARG_OID(0), AccessShareLock);
	int			n;
	SvpWriteColumn *writes = svp_write_back_parse(PG_GETARG_JSONB_P(1), &n);

	for (int i = 0; i < n; i++)
	{
		const char *problem = column_problem(&writes[i], find_column(RelationGetDescr(relation),
																	 writes[i].column));

		if (problem != NULL)
			refuse(writes[i].column, problem);
		if (writes[i].zone != NULL && !svp_time_zone_exists(pg_get_timezone_name(writes[i].zone)))
			refuse_zone(&writes[i], pg_get_timezone_name(writes[i].zone));
	}
	relation_close(relation, AccessShareLock);
	PG_RETURN_VOID();
}

/* What is written */

/* The newest clock of each metric, as it is heard of. */
typedef struct Newest
{
	const SvpAttachment *attachment;
	SvpStoredClock *clocks;		/* go with the columns; cycle 0 = none */
} Newest;

static void
hear(void *arg, const SvpStoredClock *before, const SvpStoredClock *after)
{
	Newest	   *newest = arg;

	for (int i = 0; after != NULL && i < newest->attachment->nwrites; i++)
	{
		if (strcmp(newest->attachment->writes[i].metric, after->metric) == 0 &&
			after->clock.cycle > newest->clocks[i].clock.cycle)
			newest->clocks[i] = *after;
	}
}

static const char *
status(const SvpClock *clock)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	int64		counted = 0;

	if (clock->state != SVP_CLOCK_RUNNING)
		return svp_clock_state_names[clock->state];
	if (now > clock->counted_from)
		(void) svp_clock_measure(clock->calendar, clock->counted_from, now, &counted);
	if (clock->elapsed + counted > clock->target)
		return "breached";
	return clock->has_at_risk && clock->at_risk_at <= now ? "at_risk" : "on_track";
}

static Datum
time_datum(const SvpWriteColumn *write, TimestampTz at, bool *isnull)
{
	struct pg_tm tm;
	fsec_t		fraction;
	int			offset;
	Timestamp	local;

	if (write->zone == NULL)
		return TimestampTzGetDatum(at);
	*isnull = timestamp2tm(at, &offset, &tm, &fraction, NULL, write->zone) != 0 ||
		tm2timestamp(&tm, fraction, NULL, &local) != 0;
	return *isnull ? (Datum) 0 : TimestampGetDatum(local);
}

static Datum
clock_datum(const SvpWriteColumn *write, const SvpStoredClock *stored, Oid type, bool *isnull)
{
	const SvpClock *clock = &stored->clock;
	int			level = stored->climb.level;

	*isnull = clock->cycle == 0;
	if (*isnull)
		return (Datum) 0;
	switch (write->field)
	{
		case SVP_WRITE_DUE_AT:
			*isnull = !clock->has_due;
			return *isnull ? (Datum) 0 : time_datum(write, clock->due_at, isnull);
		case SVP_WRITE_AT_RISK_AT:
			*isnull = !clock->has_at_risk;
			return *isnull ? (Datum) 0 : time_datum(write, clock->at_risk_at, isnull);
		case SVP_WRITE_STATUS:
			return CStringGetTextDatum(status(clock));
		case SVP_WRITE_ESCALATION_LEVEL:
			return type == INT2OID ? Int16GetDatum(level) : type == INT4OID ? Int32GetDatum(level) :
				Int64GetDatum(level);
	}
	return (Datum) 0;
}

/*
 * The row with its columns set.  One that can no longer take its value is left
 * as it is, and said so.
 */
static HeapTuple
write_columns(const SvpAttachment *attachment, const Newest *newest, HeapTuple tuple,
			  TupleDesc descriptor)
{
	int		   *numbers = palloc(sizeof(int) * attachment->nwrites);
	Datum	   *values = palloc(sizeof(Datum) * attachment->nwrites);
	bool	   *nulls = palloc(sizeof(bool) * attachment->nwrites);
	int			n = 0;

	for (int i = 0; i < attachment->nwrites; i++)
	{
		const SvpWriteColumn *write = &attachment->writes[i];
		Form_pg_attribute column = find_column(descriptor, write->column);
		const char *problem = column_problem(write, column);

		if (problem != NULL)
		{
			svp_ticket_warn(attachment, psprintf("column \"%s\" cannot be set: %s", write->column, problem));
			continue;
		}
		numbers[n] = column->attnum;
		values[n] = clock_datum(write, &newest->clocks[i], column->atttypid, &nulls[n]);
		n++;
	}
	return n == 0 ? tuple : heap_modify_tuple_by_cols(tuple, descriptor, n, numbers, values, nulls);
}

/*
 * What the clocks would be with the row as it is to be stored.  False when it
 * is no ticket, or cannot be read: the trigger that records it says why.
 */
static bool
foresee(SvpAttachment *attachment, Relation relation, HeapTuple tuple, Newest *newest)
{
	SvpTicket	ticket = {.attachment = attachment,.recorded_by = "",.is_preview = true,
	.witness = hear,.witness_arg = newest};
	SvpFacts	facts;
	const char *problem;
	SvpRowReader *reader = svp_attachment_reader(attachment, attachment->ticket, relation, &problem);

	if (reader == NULL || !svp_rows_prepare(attachment, &problem) ||
		svp_reader_key_problem(reader, attachment->key_types) != NULL)
		return false;
	tuple = svp_with_generated(relation, tuple);
	if (tuple == NULL)
		return false;
	svp_reader_read(reader, tuple, &facts);
	if (facts.key == NULL || facts.problem != NULL)
		return false;
	ticket.key = facts.key;
	svp_ticket_open(&ticket);
	if (ticket.ledger.nrecords == 0 && !facts.included)
		return false;
	svp_ticket_record(&ticket, &facts);
	if (ticket.nevents == 0)
		svp_ticket_move_clocks(&ticket);
	return true;
}

static HeapTuple
written(SvpAttachment *attachment, TriggerData *trigger, HeapTuple tuple)
{
	Newest		newest = {attachment};
	MemoryContext caller_context = CurrentMemoryContext;
	MemoryContext spi_context;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	newest.clocks = palloc0(sizeof(SvpStoredClock) * attachment->nwrites);
	if (foresee(attachment, trigger->tg_relation, tuple, &newest))
	{
		spi_context = MemoryContextSwitchTo(caller_context);
		tuple = write_columns(attachment, &newest, tuple, RelationGetDescr(trigger->tg_relation));
		MemoryContextSwitchTo(spi_context);
	}
	SPI_finish();
	return tuple;
}

/*
 * service_policy._ticket_written(attachment): BEFORE INSERT or UPDATE trigger
 * of a ticket table, for each row.
 */
Datum
svp_ticket_written(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	SvpAttachment *attachment;
	SvpCaller	caller;
	HeapTuple	tuple;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) || TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("_ticket_written() can only be called as a BEFORE INSERT or UPDATE trigger for each row")));

	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	attachment = svp_trigger_attachment(trigger, 1);
	if (attachment == NULL || attachment->ticket == NULL || attachment->nwrites == 0 ||
		!svp_attachment_enter(attachment, &caller))
		return PointerGetDatum(tuple);
	tuple = written(attachment, trigger, tuple);
	svp_attachment_leave(&caller);
	return PointerGetDatum(tuple);
}
