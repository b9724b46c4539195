/*-------------------------------------------------------------------------
 *
 * snapshot.c
 *		Is what this transaction sees of a ticket all there is?
 *
 * In REPEATABLE READ a transaction waits for another's message, and then does
 * not see it: the clocks would be computed as if it had not been.  A lock
 * leaves nothing behind that would tell, so the evidence is counted as the
 * transaction sees it, and as it is.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "key.h"
#include "snapshot.h"

static void
append_condition(StringInfo query, const SvpAttachment *attachment)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
		appendStringInfo(query, "%s %s %s $%d", i > 0 ? " AND" : " WHERE",
						 quote_identifier(attachment->ticket->data_key[i]),
						 svp_equality(attachment->key_types[i]), i + 1);
}

/*
 * How many records and messages there are, and a sum over the messages, which
 * may change.
 */
static SPIPlanPtr
fingerprint_plan(SvpAttachment *attachment)
{
	StringInfoData query;
	SPIPlanPtr	plan;

	if (attachment->fingerprint != NULL)
		return attachment->fingerprint;
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT pg_catalog.concat_ws(' ', (SELECT pg_catalog.count(*) FROM %s",
					 quote_qualified_identifier(attachment->data_schema, "ledger"));
	append_condition(&query, attachment);
	appendStringInfo(&query, "), (SELECT pg_catalog.concat_ws(' ', pg_catalog.count(*),"
					 " pg_catalog.sum(pg_catalog.hashtextextended("
					 "pg_catalog.concat_ws(' ', message, author, sent_at), 0))) FROM %s",
					 quote_qualified_identifier(attachment->data_schema, "message"));
	append_condition(&query, attachment);
	appendStringInfoString(&query, "))");
	plan = SPI_prepare(query.data, attachment->ticket->nkey, attachment->key_types);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	svp_attachment_keep_plan(&attachment->fingerprint, plan);
	return plan;
}

static char *
fingerprint(SvpAttachment *attachment, const Datum *key, Snapshot snapshot)
{
	if (SPI_execute_snapshot(fingerprint_plan(attachment), unconstify(Datum *, key), NULL,
							 snapshot, InvalidSnapshot, true, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not count the evidence of a ticket");
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
}

void
svp_snapshot_check(SvpAttachment *attachment, const Datum *key)
{
	if (!IsolationUsesXactSnapshot())
		return;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	CommandCounterIncrement();
	if (strcmp(fingerprint(attachment, key, GetTransactionSnapshot()),
			   fingerprint(attachment, key, GetLatestSnapshot())) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to a concurrent change of the ticket"),
				 errhint("The transaction might succeed if retried.")));
	SPI_finish();
}
