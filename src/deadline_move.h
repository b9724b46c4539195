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

#include "revise.h"

/* One move, as far as is told of it. */
typedef struct SvpMove
{
	int64		moved_at;
	const char *moved_by;
	const char *metric;
	int			cycle;
	const char *calendar;
	bool		has_old_due;
	bool		has_new_due;
	int64		old_due_at;
	int64		new_due_at;
} SvpMove;

extern void svp_move_append(SvpAttachment *attachment, const Datum *key, const char *moved_by,
							const SvpStoredClock *before, const SvpStoredClock *after);

/* The moves of a ticket's clocks, in order. */
extern SvpMove *svp_moves_read(const SvpRevision *revision, const Datum *key, int *n);

#endif							/* SVP_DEADLINE_MOVE_H */
