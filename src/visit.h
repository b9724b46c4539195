/*-------------------------------------------------------------------------
 *
 * visit.h
 *		When a database is visited next by a worker.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_VISIT_H
#define SVP_VISIT_H

#define SVP_NEVER INT64CONST(0x7fffffffffffffff)
#define SVP_ALWAYS (-SVP_NEVER)

/* How a visit ended. */
typedef enum SvpVisitEnd
{
	SVP_VISIT_DONE,				/* all that was due is done */
	SVP_VISIT_UNFINISHED,		/* its time was over, there is more to do */
	SVP_VISIT_STUCK,			/* what is due cannot be done, as a ticket that somebody holds */
	SVP_VISIT_FAILED
} SvpVisitEnd;

typedef struct SvpVisit
{
	bool		is_on;			/* somebody is there */
	int64		ended_at;		/* the last visit; the first one is then due */
	int64		next_at;		/* as it found, or SVP_NEVER */
	int64		wanted_at;		/* as others have asked since; SVP_NEVER: nobody has */
	int			retries;		/* visits in a row that were stuck or failed */
	int			failures;		/* … that failed */
} SvpVisit;

/* A database that nobody has visited yet. */
extern void svp_visit_init(SvpVisit *visit, int64 now);

/*
 * Something has come up there that is due at that time.  Is that earlier than
 * was known?  What is due from known_until on, or later, is not.
 */
extern bool svp_visit_want(SvpVisit *visit, int64 at);
extern int64 svp_visit_known_until(const SvpVisit *visit);

/* due_at: when something is due, or SVP_NEVER */
extern void svp_visit_begin(SvpVisit *visit);
extern void svp_visit_end(SvpVisit *visit, SvpVisitEnd end, int64 due_at, int64 now);

/* The clock may have been set back: what was to wait until then waits from now on. */
extern void svp_visit_see(SvpVisit *visit, int64 now);

/*
 * When it is due; SVP_NEVER while somebody is there.  naptime: how long it may
 * take to see what nobody told.
 */
extern int64 svp_visit_due(const SvpVisit *visit, int64 naptime);

#endif							/* SVP_VISIT_H */
