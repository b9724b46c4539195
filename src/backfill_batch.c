/*-------------------------------------------------------------------------
 *
 * backfill_batch.c
 *		A batch of backfill().
 *
 * Each batch is a transaction, with the position in it, in READ COMMITTED
 * whatever the session's default.  What was recorded is committed before
 * anything is waited for, so that no writer of the CRM can get into a deadlock
 * with it: where another transaction is at a ticket, a portion of the batch is
 * let go and taken ticket by ticket, waiting only with nothing in hand.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "attempt.h"
#include "backfill_batch.h"
#include "config.h"
#include "rows.h"
#include "span.h"

/* Tickets that are recorded in one subtransaction. */
#define PORTION 1000

/* Transactions */

static void
begin_transaction(void)
{
	SPI_start_transaction();
	(void) set_config_option("transaction_isolation", "read committed", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

void
svp_next_transaction(void)
{
	SPI_commit();
	begin_transaction();
}

/*
 * Act as the attachment's owner, under a snapshot of its own.
 */
void
svp_batch_enter(SvpBatch *batch)
{
	const char *problem;

	batch->generation = svp_config_generation(SVP_CONFIG_ATTACHMENT);
	PushActiveSnapshot(GetTransactionSnapshot());
	batch->attachment = svp_attachment_get(batch->run->attachment, false);
	if (!svp_attachment_enter(batch->attachment, &batch->caller))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", batch->attachment->data_schema),
				 errhint("Detach and attach again.")));
	if (!svp_rows_prepare(batch->attachment, &problem))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("attachment \"%s\" cannot be used: %s", batch->attachment->name, problem),
				 errhint("Put right what is missing, or call service_policy.detach(%s) and attach again; the evidence is kept.",
						 quote_literal_cstr(batch->attachment->name))));
}

void
svp_batch_leave(SvpBatch *batch)
{
	svp_attachment_leave(&batch->caller);
	PopActiveSnapshot();
}

/*
 * Commit what has been recorded so far, but not the position.  False when the
 * configuration has changed meanwhile: then the tickets that were read may not
 * be what the mapping now says.
 */
static bool
step_aside(SvpBatch *batch)
{
	uint64		generation = batch->generation;

	svp_batch_leave(batch);
	svp_next_transaction();
	svp_batch_enter(batch);
	return batch->generation == generation;
}

/* A batch */

static void
read_tickets(SvpBatch *batch)
{
	SvpKeyRange range = {.after = batch->run->position,.limit = batch->run->batch};

	if (svp_slice_read(batch->attachment, batch->attachment->ticket, &batch->order, &range,
					   &batch->tickets) != NULL)
		svp_slice_read_rows(batch->attachment, &batch->order, &range, &batch->tickets);
}

/*
 * What else there is of the tickets.  That something is recorded of one is
 * looked up after its row was read: then one that is not known is as read, or
 * is being recorded by a transaction for which its first record waits.
 */
static void
read_evidence(SvpBatch *batch)
{
	SvpKeyRange range = {
		.from = batch->tickets.rows[0].key,
		.to = batch->tickets.rows[batch->tickets.nrows - 1].key
	};

	batch->history = svp_backfill_histories(batch->attachment, &batch->order, &batch->tickets);
	svp_slice_read_known(batch->attachment, &batch->order, &range, &batch->known);
}

static bool
is_known(SvpBatch *batch, const Datum *key)
{
	for (; batch->next_known < batch->known.nrows; batch->next_known++)
	{
		int			compared = svp_key_compare(&batch->order,
											   batch->known.rows[batch->next_known].key, key);

		if (compared >= 0)
			return compared == 0;
	}
	return false;
}

static void
record_ticket(void *arg)
{
	SvpBatch   *batch = arg;
	SvpSliceRow *row = &batch->tickets.rows[batch->ticket];
	SvpChange  *changes;
	int			nchanges;

	CHECK_FOR_INTERRUPTS();
	changes = svp_backfill_changes(batch->history, row->key, &nchanges);
	svp_backfill_ticket(batch->run, batch->attachment, &batch->order, batch->bulk, row,
						is_known(batch, row->key), changes, nchanges, &batch->counts);
}

static void
record_tickets(SvpBatch *batch)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "service_policy backfill ticket",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	for (batch->ticket = batch->first; batch->ticket < batch->end; batch->ticket++)
	{
		record_ticket(batch);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

/*
 * Record a portion's tickets with the tables kept open: those that are not
 * known in bulk, where that can be.
 */
static void
record_portion(void *arg)
{
	SvpBatch   *batch = arg;
	MemoryContext tables = AllocSetContextCreate(CurrentMemoryContext,
												 "service_policy backfill tables",
												 ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(tables);
	SvpSpanMark span = svp_span_enter(tables);

	batch->bulk = batch->attachment->message == NULL && !batch->is_contended ?
		svp_bulk_begin(batch->attachment) : NULL;
	MemoryContextSwitchTo(caller);
	record_tickets(batch);
	if (batch->bulk != NULL)
	{
		svp_bulk_write(batch->bulk, NULL);
		svp_bulk_end(batch->bulk);
	}
	batch->bulk = NULL;
	svp_span_leave(span);
	MemoryContextDelete(tables);
}

/*
 * Is that another transaction's doing?
 */
static bool
is_contention(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION;
}

/*
 * False when the batch has to be read again.
 */
static bool
record_one_by_one(SvpBatch *batch)
{
	for (batch->ticket = batch->first; batch->ticket < batch->end; batch->ticket++)
	{
		SvpBackfillCounts counts = batch->counts;
		ErrorData  *error = svp_attempt_impatiently(record_ticket, batch);

		if (error == NULL)
			continue;
		if (!is_contention(error))
			ReThrowError(error);
		batch->counts = counts;
		if (!step_aside(batch))
			return false;
		record_ticket(batch);
		if (!step_aside(batch))
			return false;
	}
	return true;
}

/*
 * True if the portion was recorded; else nothing of it was.
 */
static bool
attempt_portion(SvpBatch *batch, bool is_contended)
{
	SvpBackfillCounts counts = batch->counts;
	int			next_known = batch->next_known;
	ErrorData  *error;

	batch->is_contended = is_contended;
	svp_backfill_mark(batch->history);
	error = svp_attempt_impatiently(record_portion, batch);
	if (error == NULL)
		return true;
	svp_bulk_abandon();
	batch->bulk = NULL;
	if (!is_contention(error))
		ReThrowError(error);
	batch->counts = counts;
	batch->next_known = next_known;
	svp_backfill_rewind(batch->history);
	return false;
}

/*
 * A batch in portions, so that where another transaction is at a ticket, few
 * have to be taken more slowly.  False when it has to be read again.
 */
static bool
record_batch(SvpBatch *batch)
{
	for (batch->first = 0; batch->first < batch->tickets.nrows; batch->first = batch->end)
	{
		batch->end = Min(batch->first + PORTION, batch->tickets.nrows);
		if (!attempt_portion(batch, false) && !attempt_portion(batch, true) &&
			!record_one_by_one(batch))
			return false;
	}
	return true;
}

/*
 * Go over the next tickets.  False when there are none.
 */
bool
svp_backfill_batch(SvpBackfill *run)
{
	SvpBatch		batch = {run};
	bool		found;

	svp_batch_enter(&batch);
	svp_key_order(batch.attachment, &batch.order);
	read_tickets(&batch);
	found = batch.tickets.nrows > 0;
	if (found)
	{
		read_evidence(&batch);
		if (record_batch(&batch))
		{
			run->counts.done += batch.counts.done;
			svp_backfill_move(run, &batch.order,
							  batch.tickets.rows[batch.tickets.nrows - 1].key);
		}
		run->counts.recorded += batch.counts.recorded;
		run->counts.completed += batch.counts.completed;
		run->counts.restated += batch.counts.restated;
	}
	svp_backfill_save(run, batch.attachment, !found);
	svp_batch_leave(&batch);
	return found;
}
