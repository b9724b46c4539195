/*-------------------------------------------------------------------------
 *
 * outbox_result.c
 *		What became of a notification: it was sent, or could not be.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "key.h"
#include "mapping.h"
#include "outbox.h"

PG_FUNCTION_INFO_V1(svp_confirm);
PG_FUNCTION_INFO_V1(svp_fail);
PG_FUNCTION_INFO_V1(svp_retry_failed);

/* The parts of an escalation's id after the ticket's key. */
static const struct
{
	const char *column;
	Oid			type;
}			parts_after_key[] = {
	{"metric", TEXTOID}, {"cycle", INT4OID}, {"escalation_level", INT4OID}, {"occurrence", INT4OID}
};

#define NPARTS lengthof(parts_after_key)

/* The parameters of each change, before those of the id: $1 now, $2 a text. */
#define NSHARED 2

/* A change of what an id stands for: its table, and the row as parameters. */
typedef struct Change
{
	const char *table;
	StringInfoData where;
	int			n;				/* parameters so far */
	Oid			types[INDEX_MAX_KEYS + NPARTS + NSHARED];
	Datum		values[INDEX_MAX_KEYS + NPARTS + NSHARED];
	char		nulls[INDEX_MAX_KEYS + NPARTS + NSHARED];
} Change;

/*
 * The parts of an id, as the list that it is.  Those of a summary are two.
 */
static char **
parts_of(const SvpAttachment *attachment, char *id, int *n)
{
	Jsonb	   *list = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(id)));
	char	  **parts = NULL;
	bool		fits = JB_ROOT_IS_ARRAY(list) && !JB_ROOT_IS_SCALAR(list);

	*n = fits ? JB_ROOT_COUNT(list) : 0;
	fits = *n == 2 || *n == attachment->ticket->nkey + NPARTS;
	if (fits)
		parts = palloc(sizeof(char *) * *n);
	for (int i = 0; fits && i < *n; i++)
	{
		parts[i] = svp_json_text(getIthJsonbValueFromContainer(&list->root, i));
		fits = parts[i] != NULL;
	}
	if (!fits || (*n == 2 && strcmp(parts[0], SVP_SUMMARY_ID) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is no id of a notification of attachment \"%s\"", id, attachment->name),
				 errhint("Give it as claim() returned it.")));
	return parts;
}

static void
add_condition(Change *change, const char *column, Oid type, Datum value)
{
	change->types[change->n] = type;
	change->values[change->n] = value;
	change->nulls[change->n] = ' ';
	change->n++;
	appendStringInfo(&change->where, " AND %s %s $%d", quote_identifier(column),
					 svp_equality(type), change->n);
}

static void
add_escalation(Change *change, const SvpAttachment *attachment, char **parts)
{
	int			nkey = attachment->ticket->nkey;
	Datum	   *key = svp_key_from_text(attachment->key_types, nkey, parts);

	change->table = svp_outbox_table(attachment, "escalation");
	for (int i = 0; i < nkey; i++)
		add_condition(change, attachment->ticket->data_key[i], attachment->key_types[i], key[i]);
	for (int i = 0; i < NPARTS; i++)
		add_condition(change, parts_after_key[i].column, parts_after_key[i].type,
					  parts_after_key[i].type == TEXTOID ? CStringGetTextDatum(parts[nkey + i]) :
					  Int32GetDatum(pg_strtoint32(parts[nkey + i])));
}

static void
add_summary(Change *change, const SvpAttachment *attachment, char **parts)
{
	change->table = svp_outbox_table(attachment, "escalation_summary");
	add_condition(change, "summary_id", INT8OID,
				  DirectFunctionCall1(int8in, CStringGetDatum(parts[1])));
}

/*
 * Change the notification of an id.  False if the condition does not hold of
 * any.
 */
static bool
change_one(const SvpAttachment *attachment, char *id, const char *set, const char *condition,
		   char *text)
{
	Change		change = {
		.n = NSHARED,
		.types = {TIMESTAMPTZOID, TEXTOID},
		.values = {TimestampTzGetDatum(GetCurrentTimestamp()),
			text == NULL ? (Datum) 0 : CStringGetTextDatum(text)},
		.nulls = {' ', text == NULL ? 'n' : ' '}
	};
	int			nparts;
	char	  **parts = parts_of(attachment, id, &nparts);

	initStringInfo(&change.where);
	if (nparts == 2)
		add_summary(&change, attachment, parts);
	else
		add_escalation(&change, attachment, parts);
	if (SPI_execute_with_args(psprintf("UPDATE %s SET %s WHERE %s%s", change.table, set, condition,
									   change.where.data),
							  change.n, change.types, change.values, change.nulls, false,
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
	result = change_one(attachment, id, set, condition, text);
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

	svp_outbox_require(fcinfo, 2, "name and id");
	attachment = svp_outbox_attachment(fcinfo, "confirm()");
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

	svp_outbox_require(fcinfo, 3, "name, id and error");
	attachment = svp_outbox_attachment(fcinfo, "fail()");
	PG_RETURN_BOOL(change_as_owner(attachment, text_to_cstring(PG_GETARG_TEXT_PP(1)),
								   "state = CASE WHEN attempts < " SVP_MOST_ATTEMPTS
								   " THEN 'pending' ELSE 'failed' END,"
								   " attempt_at = CASE WHEN attempts < " SVP_MOST_ATTEMPTS
								   " THEN $1 + " SVP_DELAY_AFTER("attempts - 1") " END, last_error = $2",
								   "state = 'claimed'", text_to_cstring(PG_GETARG_TEXT_PP(2))));
}

static int
retry_table(const SvpAttachment *attachment, const char *table)
{
	Oid			type = TIMESTAMPTZOID;
	Datum		value = TimestampTzGetDatum(GetCurrentTimestamp());

	if (SPI_execute_with_args(psprintf("UPDATE %s SET " SVP_TRY_ANEW " WHERE " SVP_HAS_FAILED,
									   svp_outbox_table(attachment, table)),
							  1, &type, &value, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "the notifications of %s cannot be changed", attachment->name);
	return SPI_processed;
}

/*
 * All that have failed.
 */
static int
retry_all(SvpAttachment *attachment)
{
	SvpRevision revision;
	int			n;

	svp_revise_begin(&revision, attachment);
	n = retry_table(attachment, "escalation_summary") + retry_table(attachment, "escalation");
	svp_revise_end(&revision);
	return n;
}

/*
 * service_policy.retry_failed(name, id): what failed is to be tried anew, at once.
 */
Datum
svp_retry_failed(PG_FUNCTION_ARGS)
{
	SvpAttachment *attachment;
	int			n;

	svp_outbox_require(fcinfo, 1, "name");
	attachment = svp_outbox_attachment(fcinfo, "retry_failed()");
	if (PG_ARGISNULL(1))
		n = retry_all(attachment);
	else
		n = change_as_owner(attachment, text_to_cstring(PG_GETARG_TEXT_PP(1)), SVP_TRY_ANEW,
							SVP_HAS_FAILED " AND $2 IS NULL", NULL);
	if (n > 0)
		svp_outbox_wake(attachment);
	PG_RETURN_INT32(n);
}
