/*-------------------------------------------------------------------------
 *
 * refusal_queue.h
 *		Records of refused refunds on their way to the tables of their
 *		databases, in shared memory.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUSAL_QUEUE_H
#define SVP_REFUSAL_QUEUE_H

#include "lib/ilist.h"
#include "storage/ipc.h"

#define SVP_REFUSAL_SIZE 4096

typedef struct SvpRefusal
{
	dlist_node	node;
	Oid			database;
	int			failures;		/* workers that died with it in their hands */
	char		attachment[NAMEDATALEN];
	char		record[FLEXIBLE_ARRAY_MEMBER];	/* a JSON object */
} SvpRefusal;

/* Of a record, with its final zero. */
#define SVP_REFUSAL_RECORD_SIZE (SVP_REFUSAL_SIZE - offsetof(SvpRefusal, record))

typedef enum SvpQueueing
{
	SVP_QUEUED,					/* and a worker is there for it */
	SVP_QUEUED_FIRST,			/* and the caller is to start a worker */
	SVP_QUEUE_FULL,
	SVP_QUEUE_ABSENT			/* the library was not preloaded */
} SvpQueueing;

/* While the library is being preloaded; the function is called as the server ends. */
extern void svp_refusal_queue_init(pg_on_exit_callback at_end);

/* For whoever refuses. */
extern SvpQueueing svp_refusal_put(const char *attachment, const char *record);

/* Become the worker of a database.  False if it has one, or needs none. */
extern bool svp_refusal_serve(Oid database);

/* The oldest records of the database, all of one attachment; how many. */
extern int	svp_refusal_batch(Oid database, SvpRefusal **batch, int size);
extern void svp_refusal_done(SvpRefusal **batch, int n);

/* Stop, unless there is something to do after all; then false. */
extern bool svp_refusal_leave(Oid database);

/*
 * Stop in the midst of it.  Records with which so many workers have failed are
 * given up; true if there are others, for which the caller is to start one.
 */
extern bool svp_refusal_fail(Oid database, int patience, dlist_head *given_up);

/*
 * The worker that was asked for will not come: give up all records of the
 * database, unless it has a worker; with InvalidOid those of all.
 */
extern void svp_refusal_give_up(Oid database, dlist_head *given_up);

/* What was given up belongs to the caller until then. */
extern void svp_refusal_discard(dlist_head *given_up);

#endif							/* SVP_REFUSAL_QUEUE_H */
