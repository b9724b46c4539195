/*-------------------------------------------------------------------------
 *
 * action_row.c
 *		The row of an action that is due.
 *
 * An attempt is noted before it is made, with the time of the next one, and so
 * is not part of what is undone when it fails.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "action_row.h"
#include "key.h"
#include "retry.h"

static const struct
{
	const char *name;
	Oid			type;
}			parts[SVP_ACTION_PARTS] = {
	{"metric", TEXTOID}, {"cycle", INT4OID}, {"escalation_level", INT4OID},
	{"occurrence", INT4OID}, {"action", TEXTOID}
};

static const char *
table_name(const SvpAttachment *attachment, const char *table)
{
	return quote_qualified_identifier(attachment->data_schema, table);
}

/* The condition that a row has the key, and the first so many of the parts, of the parameters. */
static void
append_is_of(StringInfo query, const SvpAttachment *attachment, const char *alias, int nparts)
{
	int			nkey = attachment->ticket->nkey;

	for (int i = 0; i < nkey; i++)
		appendStringInfo(query, "%s%s.%s %s $%d", i > 0 ? " AND " : "", alias,
						 quote_identifier(attachment->ticket->data_key[i]),
						 svp_equality(attachment->key_types[i]), i + 1);
	for (int i = 0; i < nparts; i++)
		appendStringInfo(query, " AND %s.%s = $%d", alias, parts[i].name, nkey + i + 1);
}

/*
 * Of a ticket that is no longer open nothing is done; and what sets a value is
 * left out when a later level has set it, which a retry must not undo.
 */
static void
append_is_on(StringInfo query, const SvpAttachment *attachment)
{
	int			after_key = attachment->ticket->nkey;

	appendStringInfo(query, "EXISTS (SELECT FROM %s c WHERE ", table_name(attachment, "clock"));
	append_is_of(query, attachment, "c", 2);
	appendStringInfo(query, " AND c.stopped_at IS NULL) AND EXISTS (SELECT FROM %s e WHERE ",
					 table_name(attachment, "escalation"));
	append_is_of(query, attachment, "e", 4);
	appendStringInfo(query, ") AND NOT EXISTS (SELECT FROM %s l WHERE ",
					 table_name(attachment, "escalation_action"));
	append_is_of(query, attachment, "l", 2);
	appendStringInfo(query,
					 " AND (l.escalation_level, l.occurrence) > ($%d, $%d) AND l.action = $%d"
					 " AND l.action IN ('assign', 'priority') AND l.state = 'done')",
					 after_key + 3, after_key + 4, after_key + 5);
}

/*
 * What a function is told.
 */
static void
append_escalation(StringInfo query, const SvpAttachment *attachment)
{
	const char *key = svp_revise_key_as_text(attachment, "a.");

	appendStringInfo(query,
					 "jsonb_build_object('id', jsonb_build_array(%s,"
					 " a.metric, a.cycle, a.escalation_level, a.occurrence)::text,"
					 " 'attachment', %s, 'ticket', jsonb_build_array(%s",
					 key, quote_literal_cstr(attachment->name), key);
	appendStringInfoString(query,
						   "), 'metric', a.metric, 'cycle', a.cycle, 'level', a.escalation_level,"
						   " 'occurrence', a.occurrence, 'due_at', e.due_at, 'fired_at', e.fired_at,"
						   " 'benchmark', e.benchmark, 'policy_version', e.policy_version,"
						   " 'action', a.action, 'argument', a.argument, 'attempt', a.attempts,"
						   " 'assign', e.assign_to, 'priority', e.set_priority,"
						   " 'call', e.call_function, 'notify', e.notify, 'subject', e.subject,"
						   " 'message', e.message, 'scenario', jsonb_build_object('priority',"
						   " e.priority, 'channel', e.channel, 'category', e.category, 'product',"
						   " e.product, 'customer_tier', e.customer_tier, 'region', e.region,"
						   " 'team', e.team), 'agent', e.agent, 'customer', e.customer)");
}

static void
append_take(StringInfo query, const SvpAttachment *attachment)
{
	appendStringInfo(query,
					 "UPDATE %s a SET state = CASE WHEN is_on THEN 'pending' ELSE 'suppressed' END,"
					 " attempts = a.attempts + is_on::int, attempt_at = CASE WHEN is_on THEN $%d"
					 " + " SVP_DELAY_AFTER("a.attempts") " END FROM (SELECT ",
					 table_name(attachment, "escalation_action"),
					 attachment->ticket->nkey + SVP_ACTION_PARTS + 1);
	append_is_on(query, attachment);
	appendStringInfo(query, ") AS o (is_on) LEFT JOIN %s e ON ",
					 table_name(attachment, "escalation"));
	append_is_of(query, attachment, "e", 4);
	appendStringInfoString(query, " WHERE ");
	append_is_of(query, attachment, "a", SVP_ACTION_PARTS);
	appendStringInfoString(query, " RETURNING is_on, ");
	append_escalation(query, attachment);
}

/*
 * First what is due first, of that lower levels before higher ones, and of a
 * level assign, priority, call.
 */
static void
append_find(StringInfo query, const SvpAttachment *attachment)
{
	const char *key = svp_revise_key_columns(attachment, "");

	appendStringInfo(query,
					 "SELECT %s, metric, cycle, escalation_level, occurrence, action FROM %s"
					 " WHERE state = 'pending' AND attempt_at <= $1 AND action <> ALL ($2)"
					 " ORDER BY attempt_at, escalation_level, occurrence,"
					 " action NOT IN ('assign', 'priority'), action, %s LIMIT $3",
					 key, table_name(attachment, "escalation_action"), key);
}

static void
append_lock(StringInfo query, const SvpAttachment *attachment)
{
	appendStringInfo(query, "SELECT FROM %s a WHERE ", table_name(attachment, "escalation_action"));
	append_is_of(query, attachment, "a", SVP_ACTION_PARTS);
	appendStringInfo(query, " AND a.state = 'pending' AND a.attempt_at <= $%d"
					 " FOR NO KEY UPDATE SKIP LOCKED",
					 attachment->ticket->nkey + SVP_ACTION_PARTS + 1);
}

static void
append_done(StringInfo query, const SvpAttachment *attachment)
{
	appendStringInfo(query, "UPDATE %s a SET state = 'done', done_at = $%d, attempt_at = NULL WHERE ",
					 table_name(attachment, "escalation_action"),
					 attachment->ticket->nkey + SVP_ACTION_PARTS + 1);
	append_is_of(query, attachment, "a", SVP_ACTION_PARTS);
}

static void
append_fail(StringInfo query, const SvpAttachment *attachment)
{
	appendStringInfo(query,
					 "UPDATE %s a SET last_error = $%d,"
					 " state = CASE WHEN attempts < " SVP_MOST_ATTEMPTS " THEN 'pending' ELSE 'failed' END,"
					 " attempt_at = CASE WHEN attempts < " SVP_MOST_ATTEMPTS " THEN attempt_at END WHERE ",
					 table_name(attachment, "escalation_action"),
					 attachment->ticket->nkey + SVP_ACTION_PARTS + 1);
	append_is_of(query, attachment, "a", SVP_ACTION_PARTS);
}

/* In the order of SvpActionStatement.  All but the first are over one row, and have one more value. */
static const struct
{
	void		(*append) (StringInfo query, const SvpAttachment *attachment);
	Oid			last_type;
}			statements[SVP_NACTION_STATEMENTS] = {
	{append_find, InvalidOid},
	{append_lock, TIMESTAMPTZOID},
	{append_take, TIMESTAMPTZOID},
	{append_done, TIMESTAMPTZOID},
	{append_fail, TEXTOID}
};

static int
parameter_types(const SvpAttachment *attachment, SvpActionStatement which, Oid *types)
{
	int			nkey = attachment->ticket->nkey;

	if (which == SVP_ACTION_FIND)
	{
		types[0] = TIMESTAMPTZOID;
		types[1] = TEXTARRAYOID;
		types[2] = INT8OID;
		return 3;
	}
	memcpy(types, attachment->key_types, sizeof(Oid) * nkey);
	for (int i = 0; i < SVP_ACTION_PARTS; i++)
		types[nkey + i] = parts[i].type;
	types[nkey + SVP_ACTION_PARTS] = statements[which].last_type;
	return nkey + SVP_ACTION_PARTS + 1;
}

/*
 * A statement, kept from tick to tick.
 */
static SPIPlanPtr
statement(SvpAttachment *attachment, SvpActionStatement which)
{
	SPIPlanPtr *kept = &attachment->action_plans[which];
	Oid			types[INDEX_MAX_KEYS + SVP_ACTION_PARTS + 1];
	StringInfoData query;
	SPIPlanPtr	plan;

	if (*kept != NULL && SPI_plan_is_valid(*kept))
		return *kept;
	initStringInfo(&query);
	statements[which].append(&query, attachment);
	plan = SPI_prepare(query.data, parameter_types(attachment, which, types), types);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	svp_attachment_keep_plan(kept, plan);
	return plan;
}

static Datum
text_array(List *texts)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(list_length(texts), 1));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, texts)
		elements[n++] = CStringGetTextDatum((const char *) lfirst(lc));
	return PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT));
}

SPITupleTable *
svp_actions_find(SvpAttachment *attachment, TimestampTz now, List *but_not, int limit, int *n)
{
	Datum		values[] = {TimestampTzGetDatum(now), text_array(but_not), Int64GetDatum(limit)};

	if (SPI_execute_plan(statement(attachment, SVP_ACTION_FIND), values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "the actions of %s cannot be read", attachment->name);
	*n = SPI_processed;
	return SPI_tuptable;
}

void
svp_action_set(SvpAction *action, SPITupleTable *found, int row)
{
	int			n = action->attachment->ticket->nkey + SVP_ACTION_PARTS;
	bool		isnull;

	for (int i = 0; i < n; i++)
		action->values[i] = SPI_getbinval(found->vals[row], found->tupdesc, i + 1, &isnull);
	action->name = TextDatumGetCString(action->values[n - 1]);
}

/*
 * Run a statement over the row.
 */
static void
run(SvpAction *action, SvpActionStatement which, Datum last)
{
	int			result;

	action->values[action->attachment->ticket->nkey + SVP_ACTION_PARTS] = last;
	result = SPI_execute_plan(statement(action->attachment, which), action->values, NULL, false, 0);
	if (result < 0)
		elog(ERROR, "an action of %s cannot be handled: %s", action->attachment->name,
			 SPI_result_code_string(result));
}

bool
svp_action_take(SvpAction *action, TimestampTz now, Datum *escalation)
{
	HeapTuple	row;
	TupleDesc	columns;
	bool		is_on;
	bool		isnull;

	run(action, SVP_ACTION_LOCK, TimestampTzGetDatum(now));
	if (SPI_processed == 0)
		return false;
	run(action, SVP_ACTION_TAKE, TimestampTzGetDatum(now));
	if (SPI_processed == 0)
		return false;
	row = SPI_tuptable->vals[0];
	columns = SPI_tuptable->tupdesc;
	is_on = DatumGetBool(SPI_getbinval(row, columns, 1, &isnull));
	*escalation = SPI_getbinval(row, columns, 2, &isnull);
	return is_on;
}

void
svp_action_done(SvpAction *action)
{
	run(action, SVP_ACTION_DONE,
		TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("its row in %s is gone", table_name(action->attachment, "escalation_action"))));
}

void
svp_action_failed(SvpAction *action, const char *error)
{
	run(action, SVP_ACTION_FAIL, CStringGetTextDatum(error));
}
