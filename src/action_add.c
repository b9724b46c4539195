/*-------------------------------------------------------------------------
 *
 * action_add.c
 *		What is to be done, on record with the escalation.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "action.h"

static void
add(SvpAttachment *attachment, const Datum *key, const SvpEscalationCase *escalation,
	int64 fired_at, const char *action, const char *argument)
{
	SvpRow		row;

	svp_row_begin(&row);
	svp_row_add_key(&row, attachment->ticket->nkey, key);
	svp_row_add_text(&row, escalation->stored->metric);
	svp_row_add(&row, Int32GetDatum(escalation->stored->clock.cycle));
	svp_row_add(&row, Int32GetDatum(escalation->point->level->number));
	svp_row_add(&row, Int32GetDatum(escalation->point->occurrence));
	svp_row_add_text(&row, action);
	svp_row_add_text(&row, argument);
	svp_row_add_text(&row, "pending");
	svp_row_add(&row, Int32GetDatum(0));
	svp_row_add(&row, TimestampTzGetDatum(fired_at));
	(void) svp_rows_insert_new(attachment, SVP_ESCALATION_ACTION, row.values, row.nulls);
}

void
svp_actions_add(SvpAttachment *attachment, const Datum *key, const SvpEscalationCase *escalation,
				int64 fired_at)
{
	const SvpEscalationLevel *level = escalation->point->level;

	if (level->assign != NULL)
		add(attachment, key, escalation, fired_at, "assign", level->assign);
	if (level->priority != NULL)
		add(attachment, key, escalation, fired_at, "priority", level->priority);
	if (level->call != NULL)
		add(attachment, key, escalation, fired_at, level->call, NULL);
}
