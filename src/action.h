/*-------------------------------------------------------------------------
 *
 * action.h
 *		What levels of escalation do besides telling people.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ACTION_H
#define SVP_ACTION_H

#include "escalation_text.h"

/* The view of them: who may update that, may have them tried anew. */
#define SVP_ACTIONS_VIEW "escalation_actions"

/* Put on record, with an escalation that is new, what is to be done. */
extern void svp_actions_add(SvpAttachment *attachment, const Datum *key,
							const SvpEscalationCase *escalation, int64 fired_at);

/* What one tick() may still do. */
typedef struct SvpActionBudget
{
	int			actions;
	TimestampTz until;			/* 0: until the first has begun */
	bool		is_used_up;		/* there is more to do */
} SvpActionBudget;

/*
 * Are actions of an attachment due that may run now?  If so run them; of what
 * fails a warning tells.  Constraints have to be immediate: nothing of theirs
 * must be left to be run with the rights of whoever commits.
 */
extern bool svp_actions_are_due(const char *name);
extern void svp_actions_run(const char *name, SvpActionBudget *budget);

/* Is this session amid one? */
extern bool svp_action_is_running(void);

#endif							/* SVP_ACTION_H */
