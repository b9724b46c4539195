/*-------------------------------------------------------------------------
 *
 * outbox.c
 *		Who may take notifications, and what their statements share.
 *
 * The tables are written as their owner.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/async.h"
#include "lib/stringinfo.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

#include "key.h"
#include "mapping.h"
#include "outbox.h"

#define CHANNEL "service_policy_outbox"

void
svp_outbox_wake(const SvpAttachment *attachment)
{
	Async_Notify(CHANNEL, attachment->name);
}

void
svp_outbox_require(FunctionCallInfo fcinfo, int nargs, const char *what)
{
	for (int i = 0; i < nargs; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not be null", what)));
	}
}

SvpAttachment *
svp_outbox_attachment(FunctionCallInfo fcinfo, const char *function)
{
	SvpAttachment *attachment;

	PreventCommandIfReadOnly(function);
	attachment = svp_revise_attachment(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	svp_attachment_check_actor(attachment, SVP_OUTBOX_VIEW, "notifications", "take them");
	return attachment;
}

const char *
svp_outbox_table(const SvpAttachment *attachment, const char *table)
{
	return quote_qualified_identifier(attachment->data_schema, table);
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

/* The condition that two rows are of the same escalation. */
void
svp_outbox_append_same(StringInfo query, const SvpAttachment *attachment, const char *a,
					   const char *b)
{
	append_same_key(query, attachment, a, b);
	appendStringInfo(query,
					 " AND %1$s.metric = %2$s.metric AND %1$s.cycle = %2$s.cycle"
					 " AND %1$s.escalation_level = %2$s.escalation_level"
					 " AND %1$s.occurrence = %2$s.occurrence", a, b);
}

void
svp_outbox_append_is_open(StringInfo query, const SvpAttachment *attachment)
{
	appendStringInfo(query, "EXISTS (SELECT FROM %s c WHERE ", svp_outbox_table(attachment, "clock"));
	append_same_key(query, attachment, "c", "e");
	appendStringInfoString(query,
						   " AND c.metric = e.metric AND c.cycle = e.cycle"
						   " AND c.stopped_at IS NULL)");
}
