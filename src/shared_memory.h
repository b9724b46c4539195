/*-------------------------------------------------------------------------
 *
 * shared_memory.h
 *		What the library keeps in shared memory, if it is preloaded.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_SHARED_MEMORY_H
#define SVP_SHARED_MEMORY_H

#include "storage/lwlock.h"

typedef struct SvpSharedArea
{
	const char *name;			/* of its lock too */
	Size		(*size) (void); /* by the settings, which are read before */
	void		(*create) (void *area, LWLock *lock);	/* it is zeroed, in the postmaster */
	void	  **area;			/* where to put it */
} SvpSharedArea;

/* While the library is being preloaded: each area, and then the end of them. */
extern void svp_shared_memory_add(const SvpSharedArea *area);
extern void svp_shared_memory_init(void);

#endif							/* SVP_SHARED_MEMORY_H */
