/*-------------------------------------------------------------------------
 *
 * watch.h
 *		The databases that are visited by workers, in shared memory.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_WATCH_H
#define SVP_WATCH_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "port/atomics.h"

#include "visit.h"

/* What visits found, and how they went. */
typedef struct SvpWatchReport
{
	bool		is_present;		/* the extension is there */
	SvpVisitEnd end;			/* of the last visit */
	int32		passes;
	TimestampTz last_pass_at;	/* 0: none yet */
	TimestampTz due_at;			/* when something is due there; SVP_NEVER: nothing is */
	int32		fired;			/* escalations */
	int32		failures;
	TimestampTz failed_at;
	bool		has_error;		/* this visit has said why it fails */
	char		error[256];		/* of the last failure, in ASCII, as databases differ in encoding */
} SvpWatchReport;

typedef struct SvpWatched
{
	Oid			database;		/* InvalidOid: not in use */
	pg_atomic_uint64 known_until;	/* see svp_visit_known_until(); read without the lock */
	SvpVisit	visit;
	SvpWatchReport report;
} SvpWatched;

/* Settings */
extern int	svp_worker_naptime; /* in seconds */
extern int	svp_max_workers;

/* While the library is being preloaded. */
extern void svp_watch_init(void);

/* What happens there from now on concerns this process. */
extern void svp_watch_lead(void);

/* Visit this database too; false if there is no room to note it down. */
extern bool svp_watch_add(Oid database, TimestampTz now);

/* Forget all others. */
extern void svp_watch_keep(const List *databases);

/* Begin the most urgent visit if it is due; else InvalidOid, and when it will be. */
extern Oid	svp_watch_next(TimestampTz now, TimestampTz *next);

/* The visit is over; is the extension there?  If not the database is forgotten. */
extern bool svp_watch_end(Oid database, TimestampTz now);

/* During a visit: what is known of the database, and what is found.  Until another end is told it fails. */
extern bool svp_watch_read(Oid database, SvpWatchReport *report);
extern void svp_watch_tell(Oid database, const SvpWatchReport *report);
extern void svp_watch_error(Oid database, const char *error);

/*
 * For all others: something is due there at that time.  Whether that is known
 * can be asked first, which costs next to nothing; it is true where nobody
 * watches.
 */
extern bool svp_watch_exists(void);
extern bool svp_watch_knows(Oid database, TimestampTz at);
extern void svp_watch_want(Oid database, TimestampTz at);

/* All that are watched; none if the library was not preloaded. */
extern SvpWatched *svp_watch_list(int *n);

/* Numbers that are shown end somewhere. */
extern int32 svp_count(int32 count, int more);

#endif							/* SVP_WATCH_H */
