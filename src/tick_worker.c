/*-------------------------------------------------------------------------
 *
 * tick_worker.c
 *		The background worker that visits a database and calls tick() there.
 *
 * A visit is short, even if there is more to do, so that whoever wants the
 * database for himself (DROP DATABASE waits for five seconds) gets it: he
 * comes before the next visit, which would have to wait for him.
 *
 * It is the superuser that initdb made, but in a restricted operation, with
 * all constraints immediate: what runs is for each attachment run as its
 * owner, and nothing of theirs is left to be run as superuser at the end.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lwlock.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "tick.h"
#include "tick_worker.h"
#include "watch.h"
#include "worker.h"

#define TYPE "service_policy worker"

/* How long a visit takes at most, but for its last pass. */
#define LONGEST_VISIT (2 * USECS_PER_SEC)

/* What is due so soon is waited for. */
#define LINGER USECS_PER_SEC

/* DDL comes first. */
#define LOCK_TIMEOUT "1s"

typedef struct Visit
{
	Oid			database;
	SvpWatchReport report;
	TimestampTz pass_at;
	int			fired;			/* by this pass */
} Visit;

BackgroundWorkerHandle *
svp_tick_worker_start(Oid database)
{
	return svp_worker_start("svp_tick_worker_main", TYPE, database, MyProcPid);
}

/*
 * The one value that a query returns.
 */
static Datum
ask(const char *query, bool *isnull)
{
	if (SPI_execute(query, false, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "%s returned no value", query);
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, isnull);
}

static void
tick(Visit *visit)
{
	bool		isnull;
	Datum		due;

	if (SPI_execute("SET CONSTRAINTS ALL IMMEDIATE", false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "SET CONSTRAINTS failed");
	visit->fired = DatumGetInt32(ask("SELECT service_policy.tick()", &isnull));
	due = ask("SELECT service_policy.next_tick_at()", &isnull);
	visit->report.due_at = isnull ? SVP_NEVER : DatumGetTimestampTz(due);
}

/*
 * Settings that somebody's function makes are taken back.
 */
static void
tick_restricted(Visit *visit)
{
	int			level = NewGUCNestLevel();
	Oid			user;
	int			context;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(user, context | SECURITY_RESTRICTED_OPERATION);
	tick(visit);
	SetUserIdAndSecContext(user, context);
	AtEOXact_GUC(false, level);
}

static void
pass(Visit *visit)
{
	SvpWatchReport *report = &visit->report;

	svp_worker_begin("service_policy.tick()");
	visit->pass_at = GetCurrentTransactionStartTimestamp();
	report->is_present = OidIsValid(get_extension_oid("service_policy", true));
	if (report->is_present)
		tick_restricted(visit);
	svp_worker_end();
	if (!report->is_present)
		return;
	report->last_pass_at = visit->pass_at;
	report->passes = svp_count(report->passes, 1);
	report->fired = svp_count(report->fired, visit->fired);
	svp_watch_tell(visit->database, report);
}

/*
 * What was due before the pass, and still is, it could not do.
 */
static SvpVisitEnd
judge(const Visit *visit)
{
	if (!visit->report.is_present)
		return SVP_VISIT_DONE;
	if (visit->fired > 0 || svp_tick_is_used_up)
		return SVP_VISIT_UNFINISHED;
	if (visit->report.due_at <= visit->pass_at)
		return SVP_VISIT_STUCK;
	return visit->report.due_at <= GetCurrentTimestamp() + LINGER ? SVP_VISIT_UNFINISHED : SVP_VISIT_DONE;
}

/*
 * Passes, until nothing is due soon, or the visit has been long enough.
 */
static SvpVisitEnd
visit_database(Visit *visit)
{
	TimestampTz end = GetCurrentTimestamp() + LONGEST_VISIT;

	for (;;)
	{
		SvpVisitEnd judgement;
		TimestampTz now;

		pass(visit);
		judgement = judge(visit);
		now = GetCurrentTimestamp();
		if (judgement != SVP_VISIT_UNFINISHED || now >= end)
			return judgement;
		if (visit->fired == 0 && !svp_tick_is_used_up && visit->report.due_at > now)
			(void) svp_worker_wait((visit->report.due_at - now + 999) / 1000);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
tell_error(Oid database)
{
	ErrorData  *error;

	MemoryContextSwitchTo(TopMemoryContext);
	error = CopyErrorData();
	LWLockReleaseAll();
	svp_watch_error(database, error->message);
}

void
svp_tick_worker_main(Datum arg)
{
	Visit		visit = {.database = DatumGetObjectId(arg)};

	if (!svp_watch_read(visit.database, &visit.report))
		return;
	svp_worker_connect(visit.database);
	SetConfigOption("lock_timeout", LOCK_TIMEOUT, PGC_SUSET, PGC_S_OVERRIDE);
	PG_TRY();
	{
		visit.report.end = visit_database(&visit);
	}
	PG_CATCH();
	{
		tell_error(visit.database);
		PG_RE_THROW();
	}
	PG_END_TRY();
	svp_watch_tell(visit.database, &visit.report);
}
