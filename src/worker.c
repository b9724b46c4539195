/*-------------------------------------------------------------------------
 *
 * worker.c
 *		A background worker with a connection to one database, or to none.
 *
 * It runs as the superuser that initdb made, so whoever uses it switches to
 * the owner of what it works on, see svp_attachment_enter().
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "worker.h"

/*
 * What a database or a role may have been given for its sessions, and a
 * worker must not have: it would wait without end, or could not write.
 */
static const char *const settings[][2] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"default_transaction_isolation", "read committed"},
	{"default_transaction_read_only", "off"},
	{"default_transaction_deferrable", "off"},
	{"session_replication_role", "origin"},
	{"statement_timeout", "0"},
	{"transaction_timeout", "0"},	/* since 17 */
	{"lock_timeout", "0"},
	{"idle_in_transaction_session_timeout", "0"}
};

void
svp_worker_describe(BackgroundWorker *worker, const char *function, const char *type)
{
	memset(worker, 0, sizeof(*worker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	snprintf(worker->bgw_library_name, BGW_MAXLEN, "service_policy");
	snprintf(worker->bgw_function_name, BGW_MAXLEN, "%s", function);
	snprintf(worker->bgw_type, BGW_MAXLEN, "%s", type);
}

BackgroundWorkerHandle *
svp_worker_start(const char *function, const char *type, Oid database, pid_t notify)
{
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;

	svp_worker_describe(&worker, function, type);
	worker.bgw_main_arg = ObjectIdGetDatum(database);
	worker.bgw_notify_pid = notify;
	snprintf(worker.bgw_name, BGW_MAXLEN, "%s for database %u", type, database);
	return RegisterDynamicBackgroundWorker(&worker, &handle) ? handle : NULL;
}

void
svp_worker_connect(Oid database)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);

	for (int i = 0; i < lengthof(settings); i++)
	{
		if (GetConfigOption(settings[i][0], true, false) != NULL)
			SetConfigOption(settings[i][0], settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
	}
	/* A standby that is down must not hold it up. */
	if (synchronous_commit > SYNCHRONOUS_COMMIT_LOCAL_FLUSH)
		SetConfigOption("synchronous_commit", "local", PGC_SUSET, PGC_S_OVERRIDE);
}

void
svp_worker_begin(const char *doing)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	PushActiveSnapshot(GetTransactionSnapshot());
	pgstat_report_activity(STATE_RUNNING, doing);
}

void
svp_worker_end(void)
{
	PopActiveSnapshot();
	SPI_finish();
	CommitTransactionCommand();
	(void) pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
}

bool
svp_worker_wait(long milliseconds)
{
	int			events = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
								   milliseconds, PG_WAIT_EXTENSION);

	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	return (events & WL_LATCH_SET) == 0;
}
