/*-------------------------------------------------------------------------
 *
 * worker.h
 *		A background worker with a connection to one database.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_WORKER_H
#define SVP_WORKER_H

/*
 * Have the postmaster start one: an exported function of ours, which is given
 * the database, and what it is called in pg_stat_activity.  False if there is
 * no room for it (max_worker_processes).  The postmaster never restarts it.
 */
extern bool svp_worker_start(const char *function, const char *type, Oid database);

/* In the worker: first this, … */
extern void svp_worker_connect(Oid database);

/* … then passes, each a transaction in an SPI connection, … */
extern void svp_worker_begin(const char *doing);
extern void svp_worker_end(void);

/* … and between them a wait; true if nothing woke it up meanwhile. */
extern bool svp_worker_wait(long milliseconds);

#endif							/* SVP_WORKER_H */
