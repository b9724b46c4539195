/*-------------------------------------------------------------------------
 *
 * action_call.h
 *		Calling the function of an action.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ACTION_CALL_H
#define SVP_ACTION_CALL_H

#include "action_row.h"

/* What is done for an action. */
typedef struct SvpActionCall
{
	SvpAction  *action;
	const char *function;		/* NULL: none is registered */
	Datum		escalation;		/* of which it is told */
	bool		took_too_long;
} SvpActionCall;

/*
 * Do it and note that it is done.  NULL, or why it failed: then nothing of it
 * is left.
 */
extern const char *svp_action_call(SvpActionCall *call);

/* Have constraints checked at once from here on, those that wait too. */
extern void svp_constraints_immediate(void);

#endif							/* SVP_ACTION_CALL_H */
