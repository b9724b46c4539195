/*-------------------------------------------------------------------------
 *
 * backfill.c
 *		The procedure that takes over the tickets that were there before.
 *
 * It is in C because a procedure that sets search_path cannot commit, and one
 * that does not would have to trust it.  Each batch is a transaction, with the
 * position in it, in READ COMMITTED whatever the session's default.  A batch is
 * committed before anything is waited for, so that no writer of the CRM can
 * get into a deadlock with it: where another transaction is at a ticket, it
 * lets the batch go and takes its tickets one by one, waiting only with
 * nothing in hand.
 *
 * That it runs is a lock on its table of runs, which ends with the session or
 * by an error.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "backfill.h"
#include "compat.h"
#include "config.h"
#include "rows.h"
#include "span.h"

PG_FUNCTION_INFO_V1(svp_backfill);

#define MAX_BATCH 1000000

/* Tickets that are recorded in one subtransaction. */
#define PORTION 1000

/* How long a batch waits for another transaction before it lets go. */
#define PATIENCE "20ms"

/* A batch of tickets in its transaction. */
typedef struct Batch
{
	SvpBackfill *run;
	SvpAttachment *attachment;
	uint64		generation;		/* of the attachments */
	SvpCaller	caller;
	SvpKeyOrder order;
	SvpSlice	tickets;
	SvpSlice	known;
	int			next_known;
	SvpBackfillHistory *history;
	SvpBackfillCounts counts;
	int			first;			/* of the portion at hand … */
	int			end;			/* … and behind its last */
	int			ticket;			/* the one at hand */
	struct SvpBulk *bulk;		/* NULL: tickets are written one by one */
	bool		is_contended;	/* somebody else is at tickets of the portion */
} Batch;

/* Transactions */

static void
begin_transaction(void)
{
	SPI_start_transaction();
	(void) set_config_option("transaction_isolation", "read committed", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

static void
next_transaction(void)
{
	SPI_commit();
	begin_transaction();
}

/*
 * Act as the attachment's owner, under a snapshot of its own.
 */
static void
enter(Batch *batch)
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

static void
leave(Batch *batch)
{
	svp_attachment_leave(&batch->caller);
	PopActiveSnapshot();
}

/*
 * Commit what has been recorded so far, but not the position.  The tickets
 * that were read are good as long as their mapping is.
 */
static void
step_aside(Batch *batch)
{
	uint64		generation = batch->generation;

	leave(batch);
	next_transaction();
	enter(batch);
	if (batch->generation != generation)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("attachment \"%s\" was changed meanwhile", batch->run->attachment),
				 errhint("Call backfill() again: it goes on where it was.")));
}

/* A batch */

static void
read_tickets(Batch *batch)
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
read_evidence(Batch *batch)
{
	SvpKeyRange range = {
		.from = batch->tickets.rows[0].key,
		.to = batch->tickets.rows[batch->tickets.nrows - 1].key
	};

	batch->history = svp_backfill_histories(batch->attachment, &batch->order, &batch->tickets);
	svp_slice_read_known(batch->attachment, &batch->order, &range, &batch->known);
}

static bool
is_known(Batch *batch, const Datum *key)
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
record_ticket(Batch *batch)
{
	SvpSliceRow *row = &batch->tickets.rows[batch->ticket];
	SvpChange  *changes;
	int			nchanges;

	CHECK_FOR_INTERRUPTS();
	changes = svp_backfill_changes(batch->history, row->key, &nchanges);
	svp_backfill_ticket(batch->run, batch->attachment, &batch->order, batch->bulk, row,
						is_known(batch, row->key), changes, nchanges, &batch->counts);
}

static void
impatiently(void (*work) (Batch *batch), Batch *batch)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("lock_timeout", PATIENCE, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	work(batch);
	AtEOXact_GUC(false, level);
}

static void
record_tickets(Batch *batch)
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
record_portion(Batch *batch)
{
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
		svp_bulk_end(batch->bulk);
	batch->bulk = NULL;
	svp_span_leave(span);
	MemoryContextDelete(tables);
}

static void
try_portion(void *arg)
{
	impatiently(record_portion, arg);
}

static void
try_ticket(void *arg)
{
	impatiently(record_ticket, arg);
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

static void
record_one_by_one(Batch *batch)
{
	for (batch->ticket = batch->first; batch->ticket < batch->end; batch->ticket++)
	{
		SvpBackfillCounts counts = batch->counts;
		ErrorData  *error = svp_attempt(try_ticket, batch);

		if (error == NULL)
			continue;
		if (!is_contention(error))
			ReThrowError(error);
		batch->counts = counts;
		step_aside(batch);
		record_ticket(batch);
		step_aside(batch);
	}
}

/*
 * True if the portion was recorded; else nothing of it was.
 */
static bool
attempt_portion(Batch *batch, bool is_contended)
{
	SvpBackfillCounts counts = batch->counts;
	int			next_known = batch->next_known;
	ErrorData  *error;

	batch->is_contended = is_contended;
	svp_backfill_mark(batch->history);
	error = svp_attempt(try_portion, batch);
	if (error == NULL)
		return true;
	svp_bulk_take(NULL, false);
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
 * have to be taken more slowly.
 */
static void
record_batch(Batch *batch)
{
	for (batch->first = 0; batch->first < batch->tickets.nrows; batch->first = batch->end)
	{
		batch->end = Min(batch->first + PORTION, batch->tickets.nrows);
		if (!attempt_portion(batch, false) && !attempt_portion(batch, true))
			record_one_by_one(batch);
	}
}

/*
 * Go over the next tickets.  False when there are none.
 */
static bool
do_batch(SvpBackfill *run)
{
	Batch		batch = {run};
	bool		found;

	enter(&batch);
	svp_key_order(batch.attachment, &batch.order);
	read_tickets(&batch);
	found = batch.tickets.nrows > 0;
	if (found)
	{
		read_evidence(&batch);
		record_batch(&batch);
		run->counts.done += batch.counts.done;
		run->counts.recorded += batch.counts.recorded;
		run->counts.completed += batch.counts.completed;
		run->counts.restated += batch.counts.restated;
		svp_backfill_move(run, &batch.order, batch.tickets.rows[batch.tickets.nrows - 1].key);
	}
	svp_backfill_save(run, batch.attachment, !found);
	leave(&batch);
	return found;
}

/* A run */

static void
pause_between_batches(const SvpBackfill *run)
{
	TimestampTz until = GetCurrentTimestamp() + run->sleep;

	for (;;)
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), until);

		CHECK_FOR_INTERRUPTS();
		if (left <= 0)
			break;
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 Min(left, 60000), PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
}

static void
set_lock_tag(LOCKTAG *tag, Oid table)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, RelationRelationId, table, 0);
}

/*
 * Let nobody else run it on the same attachment until this session lets go.
 */
static void
lock_run(const SvpAttachment *attachment, LOCKTAG *tag)
{
	set_lock_tag(tag, svp_backfill_table(attachment));
	if (LockAcquire(tag, ExclusiveLock, true, true) != LOCKACQUIRE_OK)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("backfill of \"%s\" is running already", attachment->name),
				 errhint("See %s.backfill_progress; to stop it, cancel the session that called it.",
						 quote_identifier(attachment->name))));
}

static void
check_caller(const SvpAttachment *attachment, const Batch *batch)
{
	Oid			owner = GetUserId();

	if (has_privs_of_role(batch->caller.user, owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("role %s may not backfill \"%s\"",
					quote_identifier(svp_role_name(batch->caller.user)), attachment->name),
			 errhint("It belongs to %s: call it as a member of that role.",
					 quote_identifier(svp_role_name(owner)))));
}

static void
begin_run(SvpBackfill *run, LOCKTAG *tag)
{
	Batch		batch = {run};

	enter(&batch);
	check_caller(batch.attachment, &batch);
	lock_run(batch.attachment, tag);
	svp_key_order(batch.attachment, &batch.order);
	svp_backfill_begin(run, batch.attachment, &batch.order);
	leave(&batch);
}

static void
go_through(SvpBackfill *run)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "service_policy backfill batch",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	while (do_batch(run))
	{
		next_transaction();
		MemoryContextReset(context);
		if (run->sleep > 0)
			pause_between_batches(run);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
}

static void
check_not_atomic(FunctionCallInfo fcinfo)
{
	if (fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!castNode(CallContext, fcinfo->context)->atomic)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
			 errmsg("backfill() cannot run inside a transaction block, since each batch is a transaction of its own"),
			 errhint("Call it as a statement of its own: with autocommit, without BEGIN, psql's -1 or a block with an EXCEPTION clause around it.")));
}

/*
 * The pause between batches in microseconds.
 */
static int64
sleep_argument(const Interval *sleep)
{
	if (sleep->month != 0 || sleep->day != 0 || sleep->time < 0 || sleep->time > USECS_PER_DAY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the pause between batches must be from 0 to 24 hours"),
				 errhint("For example sleep => '100 milliseconds'.")));
	return sleep->time;
}

static void
read_arguments(FunctionCallInfo fcinfo, SvpBackfill *run)
{
	for (int i = 0; i < 4; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("the arguments of backfill() cannot be null")));
	}
	run->attachment = text_to_cstring(PG_GETARG_TEXT_PP(0));
	run->batch = PG_GETARG_INT32(1);
	run->sleep = sleep_argument(PG_GETARG_INTERVAL_P(2));
	run->resume = PG_GETARG_BOOL(3);
	if (run->batch < 1 || run->batch > MAX_BATCH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a batch must have from 1 to %d tickets", MAX_BATCH)));
}

/*
 * service_policy.backfill(name, batch, sleep, resume): a procedure.
 */
Datum
svp_backfill(PG_FUNCTION_ARGS)
{
	SvpBackfill run = {NULL};
	LOCKTAG		tag;

	check_not_atomic(fcinfo);
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	run.context = CurrentMemoryContext;
	read_arguments(fcinfo, &run);
	run.caller = svp_role_name(GetUserId());

	next_transaction();
	begin_run(&run, &tag);
	next_transaction();
	go_through(&run);
	next_transaction();
	LockRelease(&tag, ExclusiveLock, true);
	SPI_finish();
	PG_RETURN_VOID();
}
