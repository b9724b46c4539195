/*-------------------------------------------------------------------------
 *
 * launcher.c
 *		The background worker that sends others to the databases.
 *
 * It is connected to none itself, so it can tell which databases there are,
 * but not which of them have the extension: a worker goes and looks, once.
 * After that one without it is left alone, until somebody there changes what
 * the extension is configured by.
 *
 * What it knows is in shared memory (watch.c), and when a database is visited
 * is decided by a pure core (visit.c).  The clock is read here and nowhere
 * else on this side.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "launcher.h"
#include "tick_worker.h"
#include "watch.h"
#include "worker.h"

#define TYPE "service_policy launcher"

/* Nobody tells of an extension whose configuration came without its triggers. */
#define FORGET_ABSENT (USECS_PER_HOUR)

typedef struct Running
{
	Oid			database;
	BackgroundWorkerHandle *handle;
} Running;

typedef struct Launcher
{
	TimestampTz now;
	TimestampTz listed_at;		/* the databases */
	TimestampTz forgot_at;
	List	   *absent;			/* databases without the extension */
	List	   *running;		/* of Running */
	bool		is_full;		/* which has been said */
} Launcher;

void
svp_launcher_init(void)
{
	BackgroundWorker worker;

	svp_worker_describe(&worker, "svp_launcher_main", TYPE);
	snprintf(worker.bgw_name, BGW_MAXLEN, TYPE);
	worker.bgw_restart_time = 5;
	RegisterBackgroundWorker(&worker);
}

/* Which databases there are */

/*
 * A template is nobody's desk, and is to be copied without anybody in it.
 */
static bool
is_open(Form_pg_database database)
{
	return database->datallowconn && !database->datistemplate && database->datconnlimit != -2;
}

static List *
list_databases(MemoryContext context)
{
	List	   *databases = NIL;
	Relation	relation;
	TableScanDesc scan;
	HeapTuple	tuple;

	svp_worker_begin("listing databases");
	relation = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(relation, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);
		MemoryContext old = MemoryContextSwitchTo(context);

		if (is_open(database))
			databases = lappend_oid(databases, database->oid);
		MemoryContextSwitchTo(old);
	}
	table_endscan(scan);
	table_close(relation, AccessShareLock);
	svp_worker_end();
	MemoryContextSwitchTo(context);
	return databases;
}

static void
say_it_is_full(Launcher *launcher)
{
	if (!launcher->is_full)
		ereport(LOG,
				(errmsg("there are more databases than service_policy.worker_databases has room for"),
				 errhint("In the others nobody calls service_policy.tick(). Raise the setting, and restart the server.")));
	launcher->is_full = true;
}

/*
 * Of those without the extension keep the ones that are still there, unless it
 * is time to look at all again.
 */
static void
keep_absent(Launcher *launcher, const List *databases)
{
	bool		forget = launcher->now - launcher->forgot_at >= FORGET_ABSENT;
	ListCell   *lc;

	if (forget)
		launcher->forgot_at = launcher->now;
	foreach(lc, launcher->absent)
	{
		if (forget || !list_member_oid(databases, lfirst_oid(lc)))
			launcher->absent = foreach_delete_current(launcher->absent, lc);
	}
}

static void
look_around(Launcher *launcher)
{
	List	   *databases = list_databases(CurrentMemoryContext);
	ListCell   *lc;
	bool		fits = true;

	launcher->listed_at = launcher->now;
	keep_absent(launcher, databases);
	svp_watch_keep(databases);
	foreach(lc, databases)
	{
		if (!list_member_oid(launcher->absent, lfirst_oid(lc)))
			fits = svp_watch_add(lfirst_oid(lc), launcher->now) && fits;
	}
	if (!fits)
		say_it_is_full(launcher);
	list_free(databases);
}

/* Visits */

static void
end_visit(Launcher *launcher, Oid database)
{
	if (!svp_watch_end(database, launcher->now))
		launcher->absent = list_append_unique_oid(launcher->absent, database);
}

static void
see_who_is_back(Launcher *launcher)
{
	ListCell   *lc;

	foreach(lc, launcher->running)
	{
		Running    *running = lfirst(lc);
		pid_t		pid;

		if (GetBackgroundWorkerPid(running->handle, &pid) != BGWH_STOPPED)
			continue;
		end_visit(launcher, running->database);
		launcher->running = foreach_delete_current(launcher->running, lc);
		pfree(running->handle);
		pfree(running);
	}
}

static void
send_one(Launcher *launcher, Oid database)
{
	Running    *running;
	BackgroundWorkerHandle *handle = svp_tick_worker_start(database);

	ereport(DEBUG1, (errmsg_internal("service_policy visits database %u", database)));
	if (handle == NULL)
	{
		svp_watch_error(database, "there is no room for a background worker, see max_worker_processes");
		end_visit(launcher, database);
		return;
	}
	running = palloc(sizeof(Running));
	*running = (Running) {database, handle};
	launcher->running = lappend(launcher->running, running);
}

/*
 * Returns when the next visit is due, as far as that is to be waited for.
 */
static TimestampTz
send_all(Launcher *launcher)
{
	while (list_length(launcher->running) < svp_max_workers)
	{
		TimestampTz next;
		Oid			database = svp_watch_next(launcher->now, &next);

		if (!OidIsValid(database))
			return next;
		send_one(launcher, database);
	}
	return SVP_NEVER;
}

void
svp_launcher_main(Datum arg)
{
	Launcher	launcher = {0};

	svp_worker_connect(InvalidOid);
	MemoryContextSwitchTo(AllocSetContextCreate(TopMemoryContext, TYPE, ALLOCSET_DEFAULT_SIZES));
	svp_watch_lead();
	for (;;)
	{
		TimestampTz next;

		launcher.now = GetCurrentTimestamp();
		see_who_is_back(&launcher);
		next = launcher.listed_at + svp_worker_naptime * USECS_PER_SEC;
		/* the clock may have been set back */
		if (next <= launcher.now || launcher.listed_at > launcher.now)
		{
			look_around(&launcher);
			next = launcher.now + svp_worker_naptime * USECS_PER_SEC;
		}
		next = Min(next, send_all(&launcher));
		(void) svp_worker_wait(Max(1, (next - launcher.now + 999) / 1000));
	}
}
