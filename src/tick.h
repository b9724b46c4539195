/*-------------------------------------------------------------------------
 *
 * tick.h
 *		What is due in this database, and who does it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TICK_H
#define SVP_TICK_H

#include "nodes/pg_list.h"

/* The names of all attachments, in order. */
extern List *svp_tick_attachments(void);

/* The last tick() of this session has used up its batch, so there may be more. */
extern bool svp_tick_is_used_up;

#endif							/* SVP_TICK_H */
