/*-------------------------------------------------------------------------
 *
 * backfill.c
 *		The procedure that takes over the tickets that were there before.
 *
 * It is in C because a procedure that sets search_path cannot commit, and one
 * that does not would have to trust it.
 *
 * That it runs is a lock on its table of runs, which ends with the session or
 * by an error.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "backfill_batch.h"

PG_FUNCTION_INFO_V1(svp_backfill);

#define MAX_BATCH 1000000

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
check_caller(const SvpAttachment *attachment, const SvpBatch *batch)
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
	SvpBatch	batch = {run};

	svp_batch_enter(&batch);
	check_caller(batch.attachment, &batch);
	lock_run(batch.attachment, tag);
	svp_key_order(batch.attachment, &batch.order);
	svp_backfill_begin(run, batch.attachment, &batch.order);
	svp_batch_leave(&batch);
}

static void
go_through(SvpBackfill *run)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "service_policy backfill batch",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	while (svp_backfill_batch(run))
	{
		svp_next_transaction();
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

	svp_next_transaction();
	begin_run(&run, &tag);
	svp_next_transaction();
	go_through(&run);
	svp_next_transaction();
	LockRelease(&tag, ExclusiveLock, true);
	SPI_finish();
	PG_RETURN_VOID();
}
