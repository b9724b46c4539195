/*-------------------------------------------------------------------------
 *
 * service_policy.c
 *		The library's entry: the magic block, and one call for each module
 *		that has something to set up.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "calendar.h"
#include "compat.h"
#include "config.h"
#include "launcher.h"
#include "refusal_worker.h"
#include "settle.h"
#include "shared_memory.h"
#include "watch.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

static void
init_preloaded(void)
{
	svp_refusal_worker_init();
	svp_watch_init();
	svp_shared_memory_init();
	svp_launcher_init();
	MarkGUCPrefixReserved("service_policy");
}

void
_PG_init(void)
{
	svp_config_init();
	svp_calendar_init();
	svp_settle_init();
	if (process_shared_preload_libraries_in_progress && !IsBinaryUpgrade)
		init_preloaded();
}
