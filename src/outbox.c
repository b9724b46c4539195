/*-------------------------------------------------------------------------
 *
 * outbox.c
 *		Handing out the notifications of escalations.
 *
 * At least once: what is claimed and not confirmed in time is handed out
 * again, under the id that it had.  Who may take part is who was granted
 * UPDATE on the attachment's view of them, which itself nobody can update;
 * the tables are written as their owner.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "key.h"
#include "mapping.h"
#include "outbox.h"
#include "result_set.h"
#include "revise.h"
#include "suspension.h"

PG_FUNCTION_INFO_V1(svp_claim);
PG_FUNCTION_INFO_V1(svp_confirm);
PG_FUNCTION_INFO_V1(svp_fail);
PG_FUNCTION_INFO_V1(svp_retry_failed);

#define CHANNEL "service_policy_outbox"

/*
 * After each failure twice as long, so that what is down for an hour is not
 * hammered, and what is down for the night is over before the attempts are:
 * ten of them take four hours.  As literals, for they are part of statements.
 */
#define MOST_ATTEMPTS "10"
#define FIRST_DELAY "interval '1 minute'"
#define LONGEST_DELAY "interval '1 hour'"

/* What tells an escalation of an attachment from the others, beside the ticket's key. */
static const char *const parts_after_key[] = {
	"metric", "cycle", "escalation_level", "occurrence"
};

#define NPARTS lengthof(parts_after_key)

void
svp_outbox_wake(const SvpAttachment *attachment)
{
	Async_Notify(CHANNEL, attachment->name);
}

/* Arguments */

static void
require_arguments(FunctionCallInfo fcinfo, int n, const char *what)
{
	for (int i = 0; i < n; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not be null", what)));
	}
}

/*
 * The attachment, for somebody who may take notifications off it.
 */
static SvpAttachment *
attachment_for_consumer(FunctionCallInfo fcinfo, const char *function)
{
	SvpAttachment *attachment;
	Oid			view;

	PreventCommandIfReadOnly(function);
	attachment = svp_revise_attachment(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	svp_attachment_check_reader(attachment, SVP_OUTBOX_VIEW);
	view = get_relname_relid(SVP_OUTBOX_VIEW, get_namespace_oid(attachment->name, false));
	if (pg_class_aclcheck(view, GetUserId(), ACL_UPDATE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" may read the notifications of attachment \"%s\", but not take them",
						svp_role_name(GetUserId()), attachment->name),
				 errhint("GRANT UPDATE ON %s is what lets a role claim and confirm.",
						 quote_qualified_identifier(attachment->name, SVP_OUTBOX_VIEW))));
	return attachment;
}

/* Statements */

static const char *
escalation_table(const SvpAttachment *attachment)
{
	return quote_qualified_identifier(attachment->data_schema, "escalation");
}

/* The condition that two rows are of the same ticket. */
static void
append_same_key(StringInfo query, const SvpAttachment *attachment, const char *a, const char *b)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
	{
		const char *column = quote_identifier(attachment->ticket->data_key[i]);

		appendStringInfo(query, "%s%s.%s %s %s.%s", i > 0 ? " AND " : "", a, column,
						 svp_equality(attachment->key_types[i]), b, column);
	}
}

static void
append_key_as_text(StringInfo query, const SvpAttachment *attachment)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
		appendStringInfo(query, "%s%s::text", i > 0 ? ", " : "",
						 quote_identifier(attachment->ticket->data_key[i]));
}

/*
 * Of a ticket that is no longer open nobody is told.  What was handed out so
 * often without a word is given up.
 */
static void
append_found(StringInfo query, const SvpAttachment *attachment)
{
	appendStringInfo(query,
					 "SELECT %s, metric, cycle, escalation_level, occurrence,"
					 " CASE WHEN NOT EXISTS (SELECT FROM %s c WHERE ",
					 svp_revise_key_columns(attachment, ""),
					 quote_qualified_identifier(attachment->data_schema, "clock"));
	append_same_key(query, attachment, "c", "e");
	appendStringInfo(query,
					 " AND c.metric = e.metric AND c.cycle = e.cycle AND c.stopped_at IS NULL)"
					 " THEN 'suppressed' WHEN attempts >= " MOST_ATTEMPTS " THEN 'failed'"
					 " ELSE 'claimed' END AS next_state"
					 " FROM %s e WHERE notify IS NOT NULL AND state IN ('pending', 'claimed')"
					 " AND attempt_at <= $1 ORDER BY attempt_at, due_at LIMIT $2"
					 " FOR NO KEY UPDATE SKIP LOCKED",
					 escalation_table(attachment));
}

/* Of a row: the state first, then what claim() returns. */
static void
append_claimed(StringInfo query, const SvpAttachment *attachment)
{
	appendStringInfoString(query, "SELECT state, jsonb_build_array(");
	append_key_as_text(query, attachment);
	appendStringInfoString(query, ", metric, cycle, escalation_level, occurrence)::text, ARRAY[");
	append_key_as_text(query, attachment);
	appendStringInfoString(query,
						   "], metric, cycle, escalation_level, occurrence, notify, notify_channel,"
						   " subject, message, due_at, fired_at, attempts FROM taken"
						   " ORDER BY due_at, fired_at, escalation_level, occurrence");
}

/*
 * $1 now, $2 how many, $3 when a claim runs out, $4 whose it is.
 */
static SPIPlanPtr
prepare_claim(const SvpAttachment *attachment)
{
	Oid			types[] = {TIMESTAMPTZOID, INT8OID, TIMESTAMPTZOID, TEXTOID};
	StringInfoData query;
	SPIPlanPtr	plan;

	initStringInfo(&query);
	appendStringInfoString(&query, "WITH found AS MATERIALIZED (");
	append_found(&query, attachment);
	appendStringInfo(&query,
					 "), taken AS (UPDATE %s e SET state = next_state,"
					 " attempts = attempts + (next_state = 'claimed')::int,"
					 " attempt_at = CASE next_state WHEN 'claimed' THEN $3 END,"
					 " claimed_by = CASE next_state WHEN 'claimed' THEN $4 ELSE claimed_by END,"
					 " last_error = CASE next_state WHEN 'failed' THEN 'claim ' || attempts ||"
					 " ' ran out' ELSE last_error END FROM found f WHERE ",
					 escalation_table(attachment));
	append_same_key(&query, attachment, "e", "f");
	for (int i = 0; i < NPARTS; i++)
		appendStringInfo(&query, " AND e.%s = f.%s", parts_after_key[i], parts_after_key[i]);
	appendStringInfoString(&query, " RETURNING e.*) ");
	append_claimed(&query, attachment);

	plan = SPI_prepare(query.data, lengthof(types), types);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	return plan;
}

/* Claiming */

#define CLAIM_COLUMNS 13

/*
 * Hand out those that were claimed, of all that were looked at.
 */
static int
hand_out(SvpResultSet *claimed)
{
	int			n = 0;

	for (uint64 row = 0; row < SPI_processed; row++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[row];
		TupleDesc	columns = SPI_tuptable->tupdesc;
		Datum		values[CLAIM_COLUMNS];
		bool		nulls[CLAIM_COLUMNS];

		if (strcmp(SPI_getvalue(tuple, columns, 1), "claimed") != 0)
			continue;
		for (int i = 0; i < CLAIM_COLUMNS; i++)
			values[i] = SPI_getbinval(tuple, columns, i + 2, &nulls[i]);
		svp_result_add(claimed, values, nulls);
		n++;
	}
	return n;
}

static void
claim(const SvpRevision *revision, int max, Interval *visibility, SvpResultSet *claimed)
{
	SPIPlanPtr	plan = prepare_claim(revision->attachment);
	TimestampTz now = GetCurrentTimestamp();
	Datum		until = DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(now),
											IntervalPGetDatum(visibility));
	uint64		found;

	if (DatumGetTimestampTz(until) <= now || TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(until)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("visibility must be above zero and finite")));
	if (svp_is_suspended(revision->attachment, now))
		return;
	do
	{
		Datum		values[] = {
			TimestampTzGetDatum(now), Int64GetDatum(max), until,
			CStringGetTextDatum(revision->called_by)
		};
		uint64		asked = max;

		CHECK_FOR_INTERRUPTS();
		if (SPI_execute_plan(plan, values, NULL, false, 0) != SPI_OK_SELECT)
			elog(ERROR, "the notifications of %s cannot be claimed", revision->attachment->name);
		found = SPI_processed;
		max -= hand_out(claimed);
		SPI_freetuptable(SPI_tuptable);
		/* those that were not handed out make room for others */
		if (found < asked)
			break;
	} while (max > 0);
}

/*
 * service_policy.claim(name, max, visibility): notifications to send, each to
 * one caller at a time.
 */
Datum
svp_claim(PG_FUNCTION_ARGS)
{
	SvpAttachment *attachment;
	SvpResultSet claimed;
	SvpRevision revision;

	require_arguments(fcinfo, 3, "name, max and visibility");
	if (PG_GETARG_INT32(1) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max must be at least 1, not %d", PG_GETARG_INT32(1))));
	attachment = attachment_for_consumer(fcinfo, "claim()");
	svp_result_begin(fcinfo, &claimed);
	svp_revise_begin(&revision, attachment);
	claim(&revision, PG_GETARG_INT32(1), PG_GETARG_INTERVAL_P(2), &claimed);
	svp_revise_end(&revision);
	return (Datum) 0;
}

/* What became of it */

/*
 * The parts of an id, as the list that it is.
 */
static char **
parts_of(const SvpAttachment *attachment, char *id)
{
	Jsonb	   *list = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(id)));
	int			n = attachment->ticket->nkey + NPARTS;
	char	  **parts = palloc(sizeof(char *) * n);
	bool		fits = JB_ROOT_IS_ARRAY(list) && !JB_ROOT_IS_SCALAR(list) &&
		JB_ROOT_COUNT(list) == n;

	for (int i = 0; fits && i < n; i++)
	{
		parts[i] = svp_json_text(getIthJsonbValueFromContainer(&list->root, i));
		fits = parts[i] != NULL;
	}
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is no id of a notification of attachment \"%s\"", id, attachment->name),
				 errhint("Give it as claim() returned it.")));
	return parts;
}

/*
 * Change the notification of an id.  A statement about it has $1 for now and
 * $2 for a text.  False if the condition does not hold of any.
 */
static bool
change(const SvpAttachment *attachment, char *id, const char *set, const char *condition,
	   char *text)
{
	char	  **parts = parts_of(attachment, id);
	int			nkey = attachment->ticket->nkey;
	Datum	   *key = svp_key_from_text(attachment->key_types, nkey, parts);
	Oid			types[INDEX_MAX_KEYS + NPARTS + 2] = {TIMESTAMPTZOID, TEXTOID};
	Datum		values[INDEX_MAX_KEYS + NPARTS + 2];
	char		nulls[INDEX_MAX_KEYS + NPARTS + 2];
	StringInfoData query;

	memset(nulls, ' ', sizeof(nulls));
	values[0] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[1] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
	nulls[1] = text == NULL ? 'n' : ' ';
	initStringInfo(&query);
	appendStringInfo(&query, "UPDATE %s SET %s WHERE %s", escalation_table(attachment), set, condition);
	for (int i = 0; i < nkey + NPARTS; i++)
	{
		bool		is_key = i < nkey;
		bool		is_metric = i == nkey;

		types[i + 2] = is_key ? attachment->key_types[i] : is_metric ? TEXTOID : INT4OID;
		values[i + 2] = is_key ? key[i] : is_metric ? CStringGetTextDatum(parts[i]) :
			Int32GetDatum(pg_strtoint32(parts[i]));
		appendStringInfo(&query, " AND %s %s $%d",
						 quote_identifier(is_key ? attachment->ticket->data_key[i] :
										  parts_after_key[i - nkey]),
						 svp_equality(types[i + 2]), i + 3);
	}
	if (SPI_execute_with_args(query.data, nkey + NPARTS + 2, types, values, nulls, false,
							  0) != SPI_OK_UPDATE)
		elog(ERROR, "a notification of %s cannot be changed", attachment->name);
	return SPI_processed > 0;
}

static bool
change_as_owner(SvpAttachment *attachment, char *id, const char *set, const char *condition,
				char *text)
{
	SvpRevision revision;
	bool		result;

	svp_revise_begin(&revision, attachment);
	result = change(attachment, id, set, condition, text);
	svp_revise_end(&revision);
	return result;
}

/*
 * service_policy.confirm(name, id): it was sent.  That is so whoever has
 * claimed it meanwhile, and whatever became of its ticket.
 */
Datum
svp_confirm(PG_FUNCTION_ARGS)
{
	SvpAttachment *attachment;

	require_arguments(fcinfo, 2, "name and id");
	attachment = attachment_for_consumer(fcinfo, "confirm()");
	PG_RETURN_BOOL(change_as_owner(attachment, text_to_cstring(PG_GETARG_TEXT_PP(1)),
								   "state = 'done', done_at = $1, attempt_at = NULL",
								   "state <> 'done' AND claimed_by IS NOT NULL AND $2 IS NULL",
								   NULL));
}

/*
 * service_policy.fail(name, id, error): it could not be sent.
 */
Datum
svp_fail(PG_FUNCTION_ARGS)
{
	SvpAttachment *attachment;

	require_arguments(fcinfo, 3, "name, id and error");
	attachment = attachment_for_consumer(fcinfo, "fail()");
	PG_RETURN_BOOL(change_as_owner(attachment, text_to_cstring(PG_GETARG_TEXT_PP(1)),
								   "state = CASE WHEN attempts < " MOST_ATTEMPTS
								   " THEN 'pending' ELSE 'failed' END,"
								   " attempt_at = CASE WHEN attempts < " MOST_ATTEMPTS
								   " THEN $1 + least(" FIRST_DELAY " * 2 ^ (attempts - 1), "
								   LONGEST_DELAY ") END, last_error = $2",
								   "state = 'claimed'", text_to_cstring(PG_GETARG_TEXT_PP(2))));
}

#define TRY_ANEW "state = 'pending', attempts = 0, attempt_at = $1"

/*
 * All that were given up.
 */
static int
retry_all(SvpAttachment *attachment)
{
	Oid			type = TIMESTAMPTZOID;
	Datum		value = TimestampTzGetDatum(GetCurrentTimestamp());
	SvpRevision revision;
	int			n;

	svp_revise_begin(&revision, attachment);
	if (SPI_execute_with_args(psprintf("UPDATE %s SET " TRY_ANEW " WHERE state = 'failed'",
									   escalation_table(attachment)),
							  1, &type, &value, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "the notifications of %s cannot be changed", attachment->name);
	n = SPI_processed;
	svp_revise_end(&revision);
	return n;
}

/*
 * service_policy.retry_failed(name, id): what was given up is to be tried anew.
 */
Datum
svp_retry_failed(PG_FUNCTION_ARGS)
{
	SvpAttachment *attachment;
	int			n;

	require_arguments(fcinfo, 1, "name");
	attachment = attachment_for_consumer(fcinfo, "retry_failed()");
	if (PG_ARGISNULL(1))
		n = retry_all(attachment);
	else
		n = change_as_owner(attachment, text_to_cstring(PG_GETARG_TEXT_PP(1)), TRY_ANEW,
							"state = 'failed' AND $2 IS NULL", NULL);
	if (n > 0)
		svp_outbox_wake(attachment);
	PG_RETURN_INT32(n);
}
