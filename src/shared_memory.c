/*-------------------------------------------------------------------------
 *
 * shared_memory.c
 *		What the library keeps in shared memory, if it is preloaded.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#include "compat.h"
#include "shared_memory.h"

static const SvpSharedArea *areas[2];
static int	nareas = 0;
static shmem_request_hook_type previous_request = NULL;
static shmem_startup_hook_type previous_startup = NULL;

void
svp_shared_memory_add(const SvpSharedArea *area)
{
	Assert(nareas < lengthof(areas));
	areas[nareas++] = area;
}

static void
request(void)
{
	if (previous_request != NULL)
		previous_request();
	for (int i = 0; i < nareas; i++)
	{
		RequestAddinShmemSpace(areas[i]->size());
		RequestNamedLWLockTranche(areas[i]->name, 1);
	}
}

static void
attach(const SvpSharedArea *area)
{
	bool		found;

	*area->area = ShmemInitStruct(area->name, area->size(), &found);
	if (found)
		return;
	memset(*area->area, 0, area->size());
	area->create(*area->area, &GetNamedLWLockTranche(area->name)->lock);
}

static void
startup(void)
{
	if (previous_startup != NULL)
		previous_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	for (int i = 0; i < nareas; i++)
		attach(areas[i]);
	LWLockRelease(AddinShmemInitLock);
}

void
svp_shared_memory_init(void)
{
	svp_request_shared_memory(previous_request, request);
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}
