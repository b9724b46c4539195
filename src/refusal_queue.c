/*-------------------------------------------------------------------------
 *
 * refusal_queue.c
 *		Records of refused refunds on their way to the tables of their
 *		databases, in shared memory.
 *
 * A refusal ends in an error, which takes back all that its transaction wrote;
 * what is here outlives it.  There is shared memory only if the library was
 * preloaded, and as much as a setting says.  One lock guards everything, and
 * is held to link and unlink, never to allocate, to write or to report.
 *
 * A record belongs to the worker that serves its database, which reads it in
 * place and takes it out once it is committed; when that worker dies before,
 * the next one finds it.  Without one it belongs to whoever withdraws it.
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

#include "refusal_queue.h"
#include "shared_memory.h"

#define REFUSAL(pointer) dlist_container(SvpRefusal, node, pointer)

/* A worker that was asked for and has not come by then never will. */
#define START_TIMEOUT_MS 30000

/* The worker of a database, from when it is asked for. */
typedef struct Server
{
	Oid			database;		/* InvalidOid: not in use */
	Latch	   *latch;			/* NULL until it is there */
	TimestampTz asked_at;
} Server;

typedef struct Queue
{
	LWLock	   *lock;
	dlist_head	queued;			/* in the order in which they came */
	dlist_head	unused;
	int			nservers;
	Server		servers[FLEXIBLE_ARRAY_MEMBER];
} Queue;

static int	queue_size = 1024;	/* in kilobytes */
static Queue *queue = NULL;
static pg_on_exit_callback end_of_server = NULL;

/* Setting up */

static int
number_of_records(void)
{
	return queue_size / (SVP_REFUSAL_SIZE / 1024);
}

static Size
header_size(void)
{
	return MAXALIGN(add_size(offsetof(Queue, servers), mul_size(max_worker_processes, sizeof(Server))));
}

static Size
whole_size(void)
{
	return add_size(header_size(), mul_size(number_of_records(), SVP_REFUSAL_SIZE));
}

static void
create(void *area, LWLock *lock)
{
	char	   *records = (char *) area + header_size();

	queue = area;
	queue->lock = lock;
	queue->nservers = max_worker_processes;
	dlist_init(&queue->queued);
	dlist_init(&queue->unused);
	for (int i = 0; i < number_of_records(); i++)
		dlist_push_tail(&queue->unused, &((SvpRefusal *) (records + i * SVP_REFUSAL_SIZE))->node);
	on_shmem_exit(end_of_server, (Datum) 0);
}

static const SvpSharedArea shared = {"service_policy refusals", whole_size, create, (void **) &queue};

void
svp_refusal_queue_init(pg_on_exit_callback at_end)
{
	DefineCustomIntVariable("service_policy.attempt_queue_size",
							"Shared memory for refused refunds that are to be recorded.",
							"When it is full they are written to the server log.",
							&queue_size, 1024, 64, 65536, PGC_POSTMASTER, GUC_UNIT_KB,
							NULL, NULL, NULL);
	end_of_server = at_end;
	svp_shared_memory_add(&shared);
}

/* Under the lock */

static Server *
find_server(Oid database)
{
	for (int i = 0; i < queue->nservers; i++)
	{
		if (queue->servers[i].database == database)
			return &queue->servers[i];
	}
	return NULL;
}

/*
 * The worker of a database, which the caller is to start if it is "first".
 * NULL if there is no room to note one down: then there is none to start one.
 */
static Server *
server_for(Oid database, TimestampTz now, bool *first)
{
	Server	   *server = find_server(database);

	*first = server == NULL || (server->latch == NULL &&
								TimestampDifferenceExceeds(server->asked_at, now, START_TIMEOUT_MS));
	if (server == NULL)
		server = find_server(InvalidOid);
	if (server != NULL && *first)
		*server = (Server) {database, NULL, now};
	return server;
}

static bool
has_refusals(Oid database)
{
	dlist_iter	iter;

	dlist_foreach(iter, &queue->queued)
	{
		if (REFUSAL(iter.cur)->database == database)
			return true;
	}
	return false;
}

/*
 * Take out the records of a database, or of all with InvalidOid, with which as
 * many workers have failed.
 */
static void
take_out(Oid database, int failures, dlist_head *taken)
{
	dlist_mutable_iter iter;

	dlist_init(taken);
	dlist_foreach_modify(iter, &queue->queued)
	{
		SvpRefusal *refusal = REFUSAL(iter.cur);

		if ((OidIsValid(database) && refusal->database != database) || refusal->failures < failures)
			continue;
		dlist_delete(iter.cur);
		dlist_push_tail(taken, iter.cur);
	}
}

/* For whoever refuses */

SvpQueueing
svp_refusal_put(const char *attachment, const char *record)
{
	TimestampTz now = GetCurrentTimestamp();
	Server	   *server = NULL;
	bool		first = false;

	if (queue == NULL)
		return SVP_QUEUE_ABSENT;
	Assert(strlen(record) < SVP_REFUSAL_RECORD_SIZE);
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	if (!dlist_is_empty(&queue->unused))
		server = server_for(MyDatabaseId, now, &first);
	if (server != NULL)
	{
		SvpRefusal *refusal = REFUSAL(dlist_pop_head_node(&queue->unused));

		refusal->database = MyDatabaseId;
		refusal->failures = 0;
		strlcpy(refusal->attachment, attachment, NAMEDATALEN);
		strlcpy(refusal->record, record, SVP_REFUSAL_RECORD_SIZE);
		dlist_push_tail(&queue->queued, &refusal->node);
		if (server->latch != NULL)
			SetLatch(server->latch);
	}
	LWLockRelease(queue->lock);
	if (server == NULL)
		return SVP_QUEUE_FULL;
	return first ? SVP_QUEUED_FIRST : SVP_QUEUED;
}

/* For a database's worker */

bool
svp_refusal_serve(Oid database)
{
	Server	   *server;
	bool		mine;

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	server = find_server(database);
	mine = server != NULL && server->latch == NULL;
	if (mine)
		server->latch = MyLatch;
	LWLockRelease(queue->lock);
	return mine;
}

int
svp_refusal_batch(Oid database, SvpRefusal **batch, int size)
{
	dlist_iter	iter;
	int			n = 0;

	LWLockAcquire(queue->lock, LW_SHARED);
	dlist_foreach(iter, &queue->queued)
	{
		SvpRefusal *refusal = REFUSAL(iter.cur);

		if (refusal->database != database ||
			(n > 0 && strcmp(refusal->attachment, batch[0]->attachment) != 0))
			continue;
		batch[n++] = refusal;
		if (n == size)
			break;
	}
	LWLockRelease(queue->lock);
	return n;
}

void
svp_refusal_done(SvpRefusal **batch, int n)
{
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	for (int i = 0; i < n; i++)
	{
		dlist_delete(&batch[i]->node);
		dlist_push_head(&queue->unused, &batch[i]->node);
	}
	LWLockRelease(queue->lock);
}

bool
svp_refusal_leave(Oid database)
{
	bool		left;

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	left = !has_refusals(database);
	if (left)
		find_server(database)->database = InvalidOid;
	LWLockRelease(queue->lock);
	return left;
}

bool
svp_refusal_fail(Oid database, int patience, dlist_head *given_up)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		left;
	dlist_iter	iter;

	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	dlist_foreach(iter, &queue->queued)
	{
		if (REFUSAL(iter.cur)->database == database)
			REFUSAL(iter.cur)->failures++;
	}
	take_out(database, patience, given_up);
	left = has_refusals(database);
	*find_server(database) = (Server) {left ? database : InvalidOid, NULL, now};
	LWLockRelease(queue->lock);
	return left;
}

/* Without a worker */

void
svp_refusal_give_up(Oid database, dlist_head *given_up)
{
	Server	   *server;

	dlist_init(given_up);
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	server = OidIsValid(database) ? find_server(database) : NULL;
	if (server == NULL || server->latch == NULL)
		take_out(database, 0, given_up);
	if (server != NULL && server->latch == NULL)
		server->database = InvalidOid;
	LWLockRelease(queue->lock);
}

void
svp_refusal_discard(dlist_head *given_up)
{
	LWLockAcquire(queue->lock, LW_EXCLUSIVE);
	while (!dlist_is_empty(given_up))
		dlist_push_head(&queue->unused, dlist_pop_head_node(given_up));
	LWLockRelease(queue->lock);
}
