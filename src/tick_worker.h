/*-------------------------------------------------------------------------
 *
 * tick_worker.h
 *		The background worker that visits a database and calls tick() there.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TICK_WORKER_H
#define SVP_TICK_WORKER_H

#include "postmaster/bgworker.h"

/* One for this database, which tells the caller when it ends; NULL if there can be none. */
extern BackgroundWorkerHandle *svp_tick_worker_start(Oid database);

extern PGDLLEXPORT void svp_tick_worker_main(Datum arg);

#endif							/* SVP_TICK_WORKER_H */
