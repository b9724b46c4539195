/*-------------------------------------------------------------------------
 *
 * acknowledge.c
 *		Somebody says that he takes care of what escalates.
 *
 * Who may, is who may change the ticket: its row is locked as the caller, so
 * the rights and the row policies of the CRM's own table decide, and whoever
 * writes the ticket goes first or waits.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "config.h"
#include "escalation_chain.h"
#include "key.h"
#include "revise.h"

PG_FUNCTION_INFO_V1(svp_acknowledge);

/* The table of the tickets, as the CRM calls it. */
typedef struct TicketTable
{
	MemoryContext context;
	char	   *name;			/* quoted; NULL = there is none */
	int			nkey;
	char	  **key;
} TicketTable;

static void
consume_table(void *arg)
{
	TicketTable *table = arg;
	MemoryContext old = MemoryContextSwitchTo(table->context);
	bool		isnull;

	if (SPI_processed > 0)
	{
		table->name = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
		table->key = svp_text_array(DatumGetArrayTypeP(SPI_getbinval(SPI_tuptable->vals[0],
																	 SPI_tuptable->tupdesc, 2,
																	 &isnull)),
									&table->nkey);
	}
	MemoryContextSwitchTo(old);
}

static void
find_table(const char *attachment, TicketTable *table)
{
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(attachment);

	*table = (TicketTable) {.context = CurrentMemoryContext};
	(void) svp_config_read(SVP_CONFIG_ATTACHMENT,
						   "SELECT table_name, key FROM service_policy.attachment_table"
						   " WHERE attachment = $1 AND source = 'ticket'",
						   1, &type, &value, consume_table, table);
}

/*
 * Lock the ticket's row, as the caller.  False if there is none that he may
 * change.
 */
static bool
lock_ticket(const TicketTable *table, const Oid *types, Datum *key)
{
	StringInfoData query;
	bool		found;

	initStringInfo(&query);
	appendStringInfo(&query, "SELECT FROM %s AS t", table->name);
	for (int i = 0; i < table->nkey; i++)
		appendStringInfo(&query, "%s t.%s %s $%d", i > 0 ? " AND" : " WHERE",
						 quote_identifier(table->key[i]), svp_equality(types[i]), i + 1);
	appendStringInfoString(&query, " FOR NO KEY UPDATE");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(query.data, table->nkey, unconstify(Oid *, types), key, NULL, false,
							  0) != SPI_OK_SELECT)
		elog(ERROR, "a ticket of %s cannot be locked", table->name);
	found = SPI_processed > 0;
	SPI_finish();
	return found;
}

/*
 * Mark the newest cycle of the metric.  False where it is over, has no chain,
 * or is marked already.
 */
static bool
acknowledge(SvpRevision *revision, const Datum *key, const char *metric)
{
	SvpAttachment *attachment = revision->attachment;
	SvpStoredClock stored;
	SvpChain	chain;

	/* messages move clocks with the ledger locked, and not the ticket's row */
	if (!svp_ledger_lock(attachment, key))
		return false;
	svp_clocks_latest(attachment, key, 1, &metric, &stored);
	if (stored.clock.cycle == 0 || !svp_clock_lock(attachment, key, &stored) ||
		!SVP_CLOCK_IS_OPEN(&stored.clock) || stored.climb.is_acknowledged)
		return false;
	svp_chain_find(attachment, key, &stored, &chain);
	if (chain.chain == NULL)
		return false;
	stored.climb.is_acknowledged = true;
	stored.climb.acknowledged_at = GetCurrentTransactionStartTimestamp();
	stored.climb.acknowledged_by = revision->called_by;
	svp_schedule(chain.policy, &chain.timeline.history, &stored);
	svp_clock_change(attachment, key, &stored);
	return true;
}

/*
 * service_policy.acknowledge_escalation(name, key, metric): levels that are
 * left out once somebody takes care, are.
 */
Datum
svp_acknowledge(PG_FUNCTION_ARGS)
{
	SvpAttachment *attachment;
	SvpRevision revision;
	TicketTable table;
	Datum	   *key;
	bool		result;

	PreventCommandIfReadOnly("acknowledge_escalation()");
	attachment = svp_revise_attachment(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	find_table(attachment->name, &table);
	/* so that the types of the key are known */
	svp_revise_begin(&revision, attachment);
	svp_revise_end(&revision);
	key = svp_revise_key_of(attachment, PG_GETARG_ARRAYTYPE_P(1));
	if (table.name == NULL || !lock_ticket(&table, attachment->key_types, key))
		PG_RETURN_BOOL(false);

	svp_revise_begin(&revision, attachment);
	result = acknowledge(&revision, key, text_to_cstring(PG_GETARG_TEXT_PP(2)));
	svp_revise_end(&revision);
	PG_RETURN_BOOL(result);
}
