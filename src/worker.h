/*-------------------------------------------------------------------------
 *
 * worker.h
 *		A background worker with a connection to one database, or to none.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_WORKER_H
#define SVP_WORKER_H

#include "postmaster/bgworker.h"

/*
 * An exported function of ours, and what it is called in pg_stat_activity.
 * The postmaster starts it once the server may be written to, and never again.
 */
extern void svp_worker_describe(BackgroundWorker *worker, const char *function, const char *type);

/*
 * Have the postmaster start one, which is given the database, and tell a
 * process when it starts and ends, or nobody for 0.  NULL if there is no room
 * for it (max_worker_processes).
 */
extern BackgroundWorkerHandle *svp_worker_start(const char *function, const char *type,
												Oid database, pid_t notify);

/* In the worker: first this (InvalidOid: only what all databases share), … */
extern void svp_worker_connect(Oid database);

/* … then passes, each a transaction in an SPI connection, … */
extern void svp_worker_begin(const char *doing);
extern void svp_worker_end(void);

/* … and between them a wait; true if nothing woke it up meanwhile. */
extern bool svp_worker_wait(long milliseconds);

#endif							/* SVP_WORKER_H */
