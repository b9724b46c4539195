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

#include "calendar.h"
#include "config.h"
#include "refusal_worker.h"
#include "settle.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	svp_config_init();
	svp_calendar_init();
	svp_settle_init();
	svp_refusal_worker_init();
}
