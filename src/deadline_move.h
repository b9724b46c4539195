/*-------------------------------------------------------------------------
 *
 * deadline_move.h
 *		Open clocks that a change of their calendar moved, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_DEADLINE_MOVE_H
#define SVP_DEADLINE_MOVE_H

#include "clock_table.h"

extern void svp_move_append(SvpAttachment *attachment, const Datum *key, const char *moved_by,
							const SvpStoredClock *before, const SvpStoredClock *after);

#endif							/* SVP_DEADLINE_MOVE_H */
