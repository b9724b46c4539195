/*-------------------------------------------------------------------------
 *
 * watch.c
 *		The databases that are visited by workers, in shared memory.
 *
 * There is none of it unless the library was preloaded.  One lock guards
 * everything, and is held for a look at the entries and no more.  Up to when
 * it is known what is due there is read without it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "shared_memory.h"
#include "watch.h"

typedef struct Watch
{
	LWLock	   *lock;
	Latch	   *leader;			/* NULL: there is none now */
	int			n;
	SvpWatched	databases[FLEXIBLE_ARRAY_MEMBER];
} Watch;

int			svp_worker_naptime = 60;
int			svp_max_workers = 2;
static int	max_databases = 100;
static Watch *watch = NULL;

/* Setting up */

static Size
size(void)
{
	return add_size(offsetof(Watch, databases), mul_size(max_databases, sizeof(SvpWatched)));
}

static void
create(void *area, LWLock *lock)
{
	watch = area;
	watch->lock = lock;
	watch->n = max_databases;
}

static const SvpSharedArea shared = {"service_policy databases", size, create, (void **) &watch};

void
svp_watch_init(void)
{
	DefineCustomIntVariable("service_policy.worker_naptime",
							"Longest time between two visits of a worker to a database.",
							"It comes sooner when something is due.",
							&svp_worker_naptime, 60, 1, 86400, PGC_SIGHUP, GUC_UNIT_S,
							NULL, NULL, NULL);
	DefineCustomIntVariable("service_policy.max_workers",
							"Number of databases that are visited at a time.",
							"With 0 nobody calls tick() but those whom you have do it.",
							&svp_max_workers, 2, 0, 64, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("service_policy.worker_databases",
							"Number of databases with the extension for which there is room.",
							"Those beyond it are not visited.",
							&max_databases, 100, 1, 10000, PGC_POSTMASTER, 0,
							NULL, NULL, NULL);
	svp_shared_memory_add(&shared);
}

/* Under the lock */

static SvpWatched *
find(Oid database)
{
	for (int i = 0; i < watch->n; i++)
	{
		if (watch->databases[i].database == database)
			return &watch->databases[i];
	}
	return NULL;
}

/*
 * Its entry, or a new one; NULL if there is no room.
 */
static SvpWatched *
find_or_add(Oid database, TimestampTz now)
{
	SvpWatched *entry = find(database);

	if (entry != NULL)
		return entry;
	entry = find(InvalidOid);
	if (entry == NULL)
		return NULL;
	memset(entry, 0, sizeof(*entry));
	entry->report.due_at = SVP_NEVER;
	svp_visit_init(&entry->visit, now);
	pg_atomic_init_u64(&entry->known_until, svp_visit_known_until(&entry->visit));
	pg_write_barrier();
	entry->database = database;
	return entry;
}

/*
 * After each change of the visit.
 */
static void
publish(SvpWatched *entry)
{
	pg_atomic_write_u64(&entry->known_until, svp_visit_known_until(&entry->visit));
}

static TimestampTz
due(const SvpWatched *entry)
{
	return svp_visit_due(&entry->visit, svp_worker_naptime * USECS_PER_SEC);
}

/* For the launcher */

static void
stop_leading(int code, Datum arg)
{
	LWLockAcquire(watch->lock, LW_EXCLUSIVE);
	watch->leader = NULL;
	LWLockRelease(watch->lock);
}

/*
 * The one before may have gone in the midst of visits, whose end nobody has
 * seen: what was seen of them is not used, and they are made once more.
 */
void
svp_watch_lead(void)
{
	TimestampTz now = GetCurrentTimestamp();

	LWLockAcquire(watch->lock, LW_EXCLUSIVE);
	watch->leader = MyLatch;
	for (int i = 0; i < watch->n; i++)
	{
		if (watch->databases[i].visit.is_on)
		{
			svp_visit_init(&watch->databases[i].visit, now);
			publish(&watch->databases[i]);
		}
	}
	LWLockRelease(watch->lock);
	before_shmem_exit(stop_leading, (Datum) 0);
}

bool
svp_watch_add(Oid database, TimestampTz now)
{
	SvpWatched *entry;

	LWLockAcquire(watch->lock, LW_EXCLUSIVE);
	entry = find_or_add(database, now);
	LWLockRelease(watch->lock);
	return entry != NULL;
}

void
svp_watch_keep(const List *databases)
{
	LWLockAcquire(watch->lock, LW_EXCLUSIVE);
	for (int i = 0; i < watch->n; i++)
	{
		SvpWatched *entry = &watch->databases[i];

		if (!entry->visit.is_on && !list_member_oid(databases, entry->database))
			entry->database = InvalidOid;
	}
	LWLockRelease(watch->lock);
}

Oid
svp_watch_next(TimestampTz now, TimestampTz *next)
{
	SvpWatched *first = NULL;
	Oid			database = InvalidOid;

	LWLockAcquire(watch->lock, LW_EXCLUSIVE);
	for (int i = 0; i < watch->n; i++)
	{
		SvpWatched *entry = &watch->databases[i];

		if (!OidIsValid(entry->database))
			continue;
		svp_visit_see(&entry->visit, now);
		if (first == NULL || due(entry) < due(first))
			first = entry;
	}
	*next = first == NULL ? SVP_NEVER : due(first);
	if (*next <= now)
	{
		database = first->database;
		svp_visit_begin(&first->visit);
		publish(first);
		first->report.end = SVP_VISIT_FAILED;
		first->report.has_error = false;
	}
	LWLockRelease(watch->lock);
	return database;
}

/*
 * The text of an error of any database, as far as all can read it.
 */
static void
set_error(SvpWatchReport *report, const char *error)
{
	report->has_error = true;
	strlcpy(report->error, error, sizeof(report->error));
	for (char *c = report->error; *c != '\0'; c++)
	{
		if (IS_HIGHBIT_SET(*c))
			*c = '?';
	}
}

static void
count_failure(SvpWatchReport *report, TimestampTz now)
{
	if (!report->has_error)
		set_error(report, "the worker ended without a word of its own, see the server log");
	report->failures = svp_count(report->failures, 1);
	report->failed_at = now;
}

bool
svp_watch_end(Oid database, TimestampTz now)
{
	SvpWatched *entry;
	bool		is_absent = false;

	LWLockAcquire(watch->lock, LW_EXCLUSIVE);
	entry = find(database);
	if (entry != NULL)
	{
		SvpWatchReport *report = &entry->report;

		if (report->end == SVP_VISIT_FAILED)
			count_failure(report, now);
		svp_visit_end(&entry->visit, report->end, report->due_at, now);
		publish(entry);
		is_absent = report->end != SVP_VISIT_FAILED && !report->is_present;
		if (is_absent && due(entry) > now)
			entry->database = InvalidOid;
	}
	LWLockRelease(watch->lock);
	return !is_absent;
}

/* For workers */

bool
svp_watch_read(Oid database, SvpWatchReport *report)
{
	SvpWatched *entry;

	LWLockAcquire(watch->lock, LW_SHARED);
	entry = find(database);
	if (entry != NULL)
		*report = entry->report;
	LWLockRelease(watch->lock);
	return entry != NULL;
}

void
svp_watch_tell(Oid database, const SvpWatchReport *report)
{
	SvpWatched *entry;

	LWLockAcquire(watch->lock, LW_EXCLUSIVE);
	entry = find(database);
	if (entry != NULL)
		entry->report = *report;
	LWLockRelease(watch->lock);
}

void
svp_watch_error(Oid database, const char *error)
{
	SvpWatched *entry;

	LWLockAcquire(watch->lock, LW_EXCLUSIVE);
	entry = find(database);
	if (entry != NULL)
		set_error(&entry->report, error);
	LWLockRelease(watch->lock);
}

/* For all others */

bool
svp_watch_exists(void)
{
	return watch != NULL;
}

/*
 * What a visit sees that has yet to begin is no news, so this is asked after
 * the commit of what is due.
 */
bool
svp_watch_knows(Oid database, TimestampTz at)
{
	static SvpWatched *mine = NULL;

	if (watch == NULL)
		return true;
	if (mine == NULL || mine->database != database)
	{
		LWLockAcquire(watch->lock, LW_SHARED);
		mine = find(database);
		LWLockRelease(watch->lock);
	}
	return mine != NULL && at >= (TimestampTz) pg_atomic_read_u64(&mine->known_until);
}

/*
 * Called as a transaction commits, so it must not fail.
 */
void
svp_watch_want(Oid database, TimestampTz at)
{
	SvpWatched *entry;
	bool		is_earlier;

	if (watch == NULL)
		return;
	LWLockAcquire(watch->lock, LW_EXCLUSIVE);
	entry = find(database);
	if (entry != NULL)
	{
		is_earlier = svp_visit_want(&entry->visit, at);
		publish(entry);
	}
	else
		is_earlier = find_or_add(database, Min(at, GetCurrentTimestamp())) != NULL;
	if (is_earlier && watch->leader != NULL)
		SetLatch(watch->leader);
	LWLockRelease(watch->lock);
}

SvpWatched *
svp_watch_list(int *n)
{
	SvpWatched *list;

	*n = 0;
	if (watch == NULL)
		return NULL;
	list = palloc(sizeof(SvpWatched) * watch->n);
	LWLockAcquire(watch->lock, LW_SHARED);
	for (int i = 0; i < watch->n; i++)
	{
		if (OidIsValid(watch->databases[i].database))
			list[(*n)++] = watch->databases[i];
	}
	LWLockRelease(watch->lock);
	return list;
}

int32
svp_count(int32 count, int more)
{
	return more > PG_INT32_MAX - count ? PG_INT32_MAX : count + more;
}
