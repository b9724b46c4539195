/*-------------------------------------------------------------------------
 *
 * launcher.h
 *		The background worker that sends others to the databases.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_LAUNCHER_H
#define SVP_LAUNCHER_H

/* While the library is being preloaded. */
extern void svp_launcher_init(void);

extern PGDLLEXPORT void svp_launcher_main(Datum arg);

#endif							/* SVP_LAUNCHER_H */
