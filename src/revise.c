/*-------------------------------------------------------------------------
 *
 * revise.c
 *		Going over tickets once more, without an event of theirs.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/syscache.h"

#include "key.h"
#include "revise.h"
#include "settings.h"

#define USECS_PER_CENTIMINUTE 600000

SvpAttachment *
svp_revise_attachment(const char *name)
{
	SvpAttachment *attachment = svp_attachment_get(name, false);

	if (attachment->ticket == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("attachment \"%s\" has no ticket table", name)));
	return attachment;
}

static void
no_schema(const SvpAttachment *attachment)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_SCHEMA),
			 errmsg("schema \"%s\" does not exist", attachment->data_schema)));
}

void
svp_revise_check_owner(const SvpAttachment *attachment)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACENAME, CStringGetDatum(attachment->data_schema));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		no_schema(attachment);
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);
	if (!has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of schema \"%s\"", attachment->data_schema),
				 errhint("The clocks of attachment \"%s\" belong to %s; call as that role or as a member of it.",
						 attachment->name, svp_role_name(owner))));
}

void
svp_revise_begin(SvpRevision *revision, SvpAttachment *attachment)
{
	const char *problem;

	revision->attachment = attachment;
	revision->called_by = svp_role_name(GetUserId());
	if (!svp_attachment_enter(attachment, &revision->caller))
		no_schema(attachment);
	revision->settings = svp_settings_enter();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	revision->tables = AllocSetContextCreate(CurrentMemoryContext, "service_policy tables",
											 ALLOCSET_SMALL_SIZES);
	revision->before = svp_span_enter(revision->tables);
	if (!svp_rows_prepare(attachment, &problem))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the evidence of attachment \"%s\" cannot be read: %s",
						attachment->name, problem)));
}

void
svp_revise_end(SvpRevision *revision)
{
	svp_span_leave(revision->before);
	MemoryContextDelete(revision->tables);
	SPI_finish();
	svp_settings_leave(revision->settings);
	svp_attachment_leave(&revision->caller);
}

char *
svp_revise_key_columns(const SvpAttachment *attachment, const char *prefix)
{
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < attachment->ticket->nkey; i++)
		appendStringInfo(&columns, "%s%s%s", i > 0 ? ", " : "", prefix,
						 quote_identifier(attachment->ticket->data_key[i]));
	return columns.data;
}

char *
svp_revise_key_as_text(const SvpAttachment *attachment, const char *prefix)
{
	StringInfoData columns;

	initStringInfo(&columns);
	for (int i = 0; i < attachment->ticket->nkey; i++)
		appendStringInfo(&columns, "%s%s%s::text", i > 0 ? ", " : "", prefix,
						 quote_identifier(attachment->ticket->data_key[i]));
	return columns.data;
}

/*
 * A statement with the ticket's key for its parameters, $1 and so on.
 */
SPIPlanPtr
svp_revise_prepare(const SvpRevision *revision, const char *select, const char *table,
				   const char *rest)
{
	const SvpAttachment *attachment = revision->attachment;
	StringInfoData query;
	SPIPlanPtr	plan;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT %s FROM %s", select,
					 quote_qualified_identifier(attachment->data_schema, table));
	for (int i = 0; i < attachment->ticket->nkey; i++)
		appendStringInfo(&query, "%s %s %s $%d", i > 0 ? " AND" : " WHERE",
						 quote_identifier(attachment->ticket->data_key[i]),
						 svp_equality(attachment->key_types[i]), i + 1);
	appendStringInfo(&query, " %s", rest);
	plan = SPI_prepare(query.data, attachment->ticket->nkey, attachment->key_types);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	return plan;
}

void
svp_revise_run(const SvpRevision *revision, SPIPlanPtr plan, const Datum *key)
{
	int			result = SPI_execute_plan(plan, unconstify(Datum *, key), NULL, false, 0);

	if (result != SPI_OK_SELECT)
		elog(ERROR, "a statement over the evidence of %s failed: %s",
			 revision->attachment->name, SPI_result_code_string(result));
}

Datum *
svp_revise_key(const SvpRevision *revision, SPITupleTable *rows, int row)
{
	int			nkey = revision->attachment->ticket->nkey;
	Datum	   *key = palloc(sizeof(Datum) * nkey);
	bool		isnull;

	for (int i = 0; i < nkey; i++)
		key[i] = SPI_getbinval(rows->vals[row], rows->tupdesc, i + 1, &isnull);
	return key;
}

static char *
key_columns(const SvpMapping *ticket)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < ticket->nkey; i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : ", ", quote_identifier(ticket->data_key[i]));
	return list.data;
}

Datum *
svp_revise_key_of(const SvpAttachment *attachment, ArrayType *parts)
{
	int			nkey;
	char	  **texts = svp_text_array(parts, &nkey);

	if (nkey != attachment->ticket->nkey)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("the key of attachment \"%s\" has %d part, not %d",
							   "the key of attachment \"%s\" has %d parts, not %d",
							   attachment->ticket->nkey,
							   attachment->name, attachment->ticket->nkey, nkey),
				 errhint("Give each as text, in this order: %s.",
						 key_columns(attachment->ticket))));
	return svp_key_from_text(attachment->key_types, nkey, texts);
}

/*
 * The key as explain_ticket() takes it.
 */
Datum
svp_revise_key_text(const SvpRevision *revision, const Datum *key)
{
	int			nkey = revision->attachment->ticket->nkey;
	Datum	   *parts = palloc(sizeof(Datum) * nkey);

	for (int i = 0; i < nkey; i++)
		parts[i] = CStringGetTextDatum(svp_key_part_text(revision->attachment->key_types[i],
														 key[i]));
	return PointerGetDatum(construct_array(parts, nkey, TEXTOID, -1, false, TYPALIGN_INT));
}

char *
svp_revise_key_name(const SvpRevision *revision, const Datum *key)
{
	StringInfoData name;

	initStringInfo(&name);
	for (int i = 0; i < revision->attachment->ticket->nkey; i++)
		appendStringInfo(&name, "%s%s", i > 0 ? "/" : "",
						 svp_key_part_text(revision->attachment->key_types[i], key[i]));
	return name.data;
}

/*
 * numeric(14,2), rounded half away from zero as the views' casts do.
 */
Datum
svp_minutes(int64 usec)
{
	int64		half = USECS_PER_CENTIMINUTE / 2;
	int64		cents = (usec + (usec < 0 ? -half : half)) / USECS_PER_CENTIMINUTE;
	char	   *text = psprintf("%s" INT64_FORMAT ".%02d", cents < 0 ? "-" : "",
								(cents < 0 ? -cents : cents) / 100,
								(int) ((cents < 0 ? -cents : cents) % 100));

	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}
