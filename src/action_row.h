/*-------------------------------------------------------------------------
 *
 * action_row.h
 *		The row of an action that is due.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ACTION_ROW_H
#define SVP_ACTION_ROW_H

#include "revise.h"

/* What tells an action from the others, beside the ticket's key. */
#define SVP_ACTION_PARTS 5

/* A row, by the values of its primary key. */
typedef struct SvpAction
{
	SvpAttachment *attachment;
	Datum		values[INDEX_MAX_KEYS + SVP_ACTION_PARTS + 1];	/* one is for the statements */
	const char *name;			/* which action it is */
} SvpAction;

/* Without a lock. */
extern SPITupleTable *svp_actions_find(SvpAttachment *attachment, TimestampTz now, List *but_not,
									   int limit, int *n);

/* The row in a place of what was found. */
extern void svp_action_set(SvpAction *action, SPITupleTable *found, int row);

/*
 * Lock it and note an attempt, of which the function is told.  False if there
 * is none to be made: somebody else has it, has tried it, or it is not to be
 * done any more, which is then noted.
 */
extern bool svp_action_take(SvpAction *action, TimestampTz now, Datum *escalation);

/* What came of it. */
extern void svp_action_done(SvpAction *action);
extern void svp_action_failed(SvpAction *action, const char *error);

#endif							/* SVP_ACTION_ROW_H */
