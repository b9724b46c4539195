/*-------------------------------------------------------------------------
 *
 * action_warn.c
 *		Actions for which no function is registered, said before they fail.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "config.h"

PG_FUNCTION_INFO_V1(svp_warn_of_actions);

/* $1 is the policy, $2 a document or 'null', $3 an attachment or ''. */
static const char query[] =
	"WITH documents (document) AS ("
	"    SELECT $2 WHERE $2 <> 'null'"
	"     UNION ALL "
	"    SELECT v.document FROM service_policy.policy_version v"
	"     WHERE $2 = 'null' AND v.policy = $1 AND v.state IN ('published', 'retired')"
	"       AND v.effective_from < coalesce(v.effective_to, 'infinity')"
	"       AND coalesce(v.effective_to, 'infinity') > now()),"
	"  wanted (action) AS ("
	"    SELECT DISTINCT w.action"
	"      FROM documents d, jsonb_path_query(d.document, '$.escalations.levels[*]') AS l (level),"
	"           unnest(ARRAY[CASE WHEN level ? 'assign' THEN 'assign' END,"
	"                        CASE WHEN level ? 'priority' THEN 'priority' END,"
	"                        level ->> 'call']) AS w (action)"
	"     WHERE w.action IS NOT NULL)"
	" SELECT a.name, string_agg(w.action, ', ' ORDER BY w.action NOT IN ('assign', 'priority'), w.action)"
	"  FROM service_policy.attachment a, wanted w"
	" WHERE a.policy = $1 AND $3 IN ('', a.name)"
	"   AND NOT EXISTS (SELECT FROM service_policy.action r WHERE r.attachment = a.name AND r.action = w.action)"
	" GROUP BY a.name ORDER BY a.name";

static void
warn(void *arg)
{
	const int  *level = arg;

	for (int i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		char	   *name = SPI_getvalue(row, SPI_tuptable->tupdesc, 1);

		ereport(*level,
				(errmsg("attachment \"%s\" has no function for actions of its policy: %s", name,
						SPI_getvalue(row, SPI_tuptable->tupdesc, 2)),
				 errhint("They will fail, and be tried again, until there is one: service_policy.register_action(%s, ...).",
						 quote_literal_cstr(name))));
	}
}

/*
 * service_policy._warn_of_actions(policy, document, attachment).  Whoever may
 * publish need not be able to read attachments.
 */
Datum
svp_warn_of_actions(PG_FUNCTION_ARGS)
{
	Oid			types[] = {TEXTOID, JSONBOID, TEXTOID};
	Datum		values[lengthof(types)];
	int			level = PG_ARGISNULL(2) ? WARNING : NOTICE; /* one that is new has none as yet */

	if (PG_ARGISNULL(0))
		PG_RETURN_VOID();
	values[0] = PG_GETARG_DATUM(0);
	values[1] = PG_ARGISNULL(1) ? DirectFunctionCall1(jsonb_in, CStringGetDatum("null")) : PG_GETARG_DATUM(1);
	values[2] = PG_ARGISNULL(2) ? CStringGetTextDatum("") : PG_GETARG_DATUM(2);
	(void) svp_config_read(SVP_CONFIG_ATTACHMENT, query, lengthof(types), types, values, warn, &level);
	PG_RETURN_VOID();
}
