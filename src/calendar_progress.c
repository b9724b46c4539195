/*-------------------------------------------------------------------------
 *
 * calendar_progress.c
 *		How far tick() is where every open clock is to be looked at.
 *
 * A clock that was looked at and stays as it was looks like one that was not.
 * So the attachment's table calendar_state keeps up to which ticket, in the
 * order of their keys, all were, for as long as its revision is NULL.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "calendar_progress.h"
#include "compat.h"
#include "key.h"
#include "key_order.h"

static bool
same(const ArrayType *a, const ArrayType *b)
{
	return VARSIZE_ANY(a) == VARSIZE_ANY(b) && memcmp(a, b, VARSIZE_ANY(a)) == 0;
}

const Datum *
svp_progress_of(const SvpRevision *revision, const SvpCalendarChanges *changes)
{
	ArrayType  *key = NULL;

	for (int i = 0; i < changes->n; i++)
	{
		const SvpCalendarChange *change = &changes->changes[i];

		if (!change->every)
			continue;
		if (change->looked_until == NULL || (key != NULL && !same(key, change->looked_until)))
			return NULL;
		key = change->looked_until;
	}
	return key == NULL ? NULL : svp_revise_key_of(revision->attachment, key);
}

char *
svp_progress_after(const SvpAttachment *attachment, int parameter)
{
	int			nkey = attachment->ticket->nkey;
	StringInfoData condition;

	initStringInfo(&condition);
	for (int i = 0; i < nkey; i++)
	{
		const char *column = quote_identifier(attachment->ticket->data_key[i]);
		Oid			type = attachment->key_types[i];

		appendStringInfo(&condition, "(c.%s %s $%d", column, svp_key_operator(type, BTGreaterStrategyNumber), parameter + i);
		if (i + 1 < nkey)
			appendStringInfo(&condition, " OR c.%s %s $%d AND ", column, svp_equality(type),
							 parameter + i);
	}
	for (int i = 0; i < nkey; i++)
		appendStringInfoChar(&condition, ')');
	return condition.data;
}

void
svp_progress_note(const SvpRevision *revision, const SvpCalendarChanges *changes, const Datum *key)
{
	Oid			types[] = {TEXTARRAYOID, TEXTOID};
	const char *table = quote_qualified_identifier(revision->attachment->data_schema,
												   "calendar_state");
	Datum		values[] = {svp_revise_key_text(revision, key), (Datum) 0};

	for (int i = 0; i < changes->n; i++)
	{
		if (!changes->changes[i].every)
			continue;
		values[1] = CStringGetTextDatum(changes->changes[i].calendar);
		if (SPI_execute_with_args(psprintf("UPDATE %s SET looked_until = $1"
										   " WHERE calendar = $2 AND revision IS NULL", table),
								  lengthof(types), types, values, NULL, false, 0) != SPI_OK_UPDATE)
			elog(ERROR, "what was looked at of %s cannot be noted", revision->attachment->name);
	}
}
