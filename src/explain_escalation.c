/*-------------------------------------------------------------------------
 *
 * explain_escalation.c
 *		What of a clock has escalated, and what does next, in words.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "escalation_schedule.h"
#include "escalation_table.h"
#include "explain.h"

static void
append_action(StringInfo line, const char *what, const char *whom, const char *state)
{
	if (whom != NULL)
		appendStringInfo(line, ", %s %s", what, whom);
	if (state != NULL)
		appendStringInfo(line, " (%s)", state);
}

/* What a level does, and how far that is. */
static char *
actions(const SvpFired *fired)
{
	StringInfoData line;

	initStringInfo(&line);
	append_action(&line, "notify", fired->notify, fired->notify_state);
	append_action(&line, "assign to", fired->assign_to, fired->assign_state);
	append_action(&line, "priority", fired->set_priority, fired->priority_state);
	append_action(&line, "call", fired->call_function, fired->call_state);
	return line.data;
}

/* A level that fires several times says which time it is. */
static char *
level_name(int level, int occurrence)
{
	return occurrence == 1 ? psprintf("level %d", level) :
		psprintf("level %d, time %d,", level, occurrence);
}

static void
tell_fired(SvpExplanation *explanation, const SvpFired *fired)
{
	svp_tell(&explanation->story, "  escalation %s fired at %s, due %s%s",
			 level_name(fired->level, fired->occurrence), svp_tell_instant(fired->fired_at),
			 svp_tell_instant(fired->due_at), actions(fired));
}

static void
tell_next(SvpExplanation *explanation, const SvpClock *clock, const SvpStoredClock *stored)
{
	const SvpEscalation *chain = svp_schedule_chain(explanation->judge->policy, stored);
	SvpEscalated so_far;
	SvpEscalationPoint next;
	SvpFired	then;

	if (chain == NULL)
		return;
	so_far = svp_schedule_so_far(chain, &explanation->timeline->history, stored);
	if (!svp_escalation_next(chain, clock, &so_far, &next))
	{
		svp_tell(&explanation->story, "  as things are nothing escalates%s",
				 clock->state == SVP_CLOCK_PAUSED ? " while it is paused" : " any more");
		return;
	}
	then = (SvpFired) {
		.notify = next.level->notify,
		.assign_to = next.level->assign,
		.set_priority = next.level->priority,
		.call_function = next.level->call
	};
	svp_tell(&explanation->story, "  escalation %s fires at %s%s",
			 level_name(next.level->number, next.occurrence), svp_tell_instant(next.at), actions(&then));
}

void
svp_explain_escalation(SvpExplanation *explanation, const SvpClock *clock,
					   const SvpStoredClock *stored)
{
	int			n;
	SvpFired   *fired = svp_escalations_read(explanation->attachment, explanation->key,
											 stored->metric, stored->clock.cycle, &n);

	for (int i = 0; i < n; i++)
		tell_fired(explanation, &fired[i]);
	if (stored->climb.is_acknowledged)
		svp_tell(&explanation->story, "  acknowledged at %s by %s",
				 svp_tell_instant(stored->climb.acknowledged_at), stored->climb.acknowledged_by);
	if (SVP_CLOCK_IS_OPEN(&stored->clock) && SVP_CLOCK_IS_OPEN(clock))
		tell_next(explanation, clock, stored);
}
