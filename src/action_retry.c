/*-------------------------------------------------------------------------
 *
 * action_retry.c
 *		Having actions that failed tried anew.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "action.h"
#include "retry.h"
#include "revise.h"

PG_FUNCTION_INFO_V1(svp_retry_action);

/*
 * What has failed is little: each id is held against the one that is wanted.
 */
static int
retry(const SvpAttachment *attachment, Datum *values, const char *nulls)
{
	Oid			types[] = {TIMESTAMPTZOID, JSONBOID};
	char	   *query =
		psprintf("UPDATE %s SET " SVP_TRY_ANEW " WHERE " SVP_HAS_FAILED
				 " AND coalesce($2 = jsonb_build_array(%s, metric, cycle, escalation_level, occurrence, action), true)",
				 quote_qualified_identifier(attachment->data_schema, "escalation_action"),
				 svp_revise_key_as_text(attachment, ""));

	if (SPI_execute_with_args(query, lengthof(types), types, values, nulls, false,
							  0) != SPI_OK_UPDATE)
		elog(ERROR, "the actions of %s cannot be changed", attachment->name);
	return SPI_processed;
}

/*
 * service_policy.retry_action(name, id): what failed is to be tried anew, by the next tick.
 */
Datum
svp_retry_action(PG_FUNCTION_ARGS)
{
	Datum		values[] = {TimestampTzGetDatum(GetCurrentTimestamp()), (Datum) 0};
	char		nulls[] = {' ', 'n'};
	SvpAttachment *attachment;
	SvpRevision revision;
	int			n;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name must not be null")));
	if (!PG_ARGISNULL(1))
	{
		values[1] = DirectFunctionCall1(jsonb_in, CStringGetDatum(text_to_cstring(PG_GETARG_TEXT_PP(1))));
		nulls[1] = ' ';
	}
	PreventCommandIfReadOnly("retry_action()");
	attachment = svp_revise_attachment(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	svp_attachment_check_actor(attachment, SVP_ACTIONS_VIEW, "actions", "have them tried anew");
	svp_revise_begin(&revision, attachment);
	n = retry(attachment, values, nulls);
	svp_revise_end(&revision);
	PG_RETURN_INT32(n);
}
