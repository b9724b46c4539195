/*-------------------------------------------------------------------------
 *
 * refusal_worker.h
 *		The background worker that records refused refunds.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUSAL_WORKER_H
#define SVP_REFUSAL_WORKER_H

/* While the library is being preloaded. */
extern void svp_refusal_worker_init(void);

/* One for this database; if there can be none its records go to the log. */
extern void svp_refusal_worker_start(Oid database);

extern PGDLLEXPORT void svp_refusal_worker_main(Datum arg);

#endif							/* SVP_REFUSAL_WORKER_H */
