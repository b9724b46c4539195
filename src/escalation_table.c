/*-------------------------------------------------------------------------
 *
 * escalation_table.c
 *		The escalations of a ticket, as rows.
 *
 * The primary key is what has a level fire once: whatever a crash, a restored
 * dump or a second session makes of the clock, the row is there already.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "action.h"
#include "escalation_table.h"

bool
svp_escalation_add(SvpAttachment *attachment, const Datum *key,
				   const SvpEscalationCase *escalation, int64 fired_at)
{
	const SvpEscalationLevel *level = escalation->point->level;
	SvpRow		row;

	svp_row_begin(&row);
	svp_row_add_key(&row, attachment->ticket->nkey, key);
	svp_row_add_text(&row, escalation->stored->metric);
	svp_row_add(&row, Int32GetDatum(escalation->stored->clock.cycle));
	svp_row_add(&row, Int32GetDatum(level->number));
	svp_row_add(&row, Int32GetDatum(escalation->point->occurrence));
	svp_row_add(&row, TimestampTzGetDatum(escalation->point->at));
	svp_row_add(&row, TimestampTzGetDatum(fired_at));
	svp_row_add(&row, Int32GetDatum(escalation->stored->policy_version));
	svp_row_add_text(&row, escalation->stored->benchmark);
	svp_row_add_text(&row, level->notify);
	svp_row_add_text(&row, level->channel);
	svp_row_add_text(&row, svp_escalation_text(escalation, &level->subject));
	svp_row_add_text(&row, svp_escalation_text(escalation, &level->message));
	svp_row_add_text(&row, level->assign);
	svp_row_add_text(&row, level->priority);
	svp_row_add_text(&row, level->call);
	svp_row_add_text(&row, level->notify == NULL ? NULL : "pending");
	svp_row_add(&row, Int32GetDatum(0));
	svp_row_add_optional(&row, level->notify != NULL, TimestampTzGetDatum(fired_at));
	svp_record_write_ticket(&row, &escalation->stored->record);
	if (!svp_rows_insert_new(attachment, SVP_ESCALATION, row.values, row.nulls))
		return false;
	svp_actions_add(attachment, key, escalation, fired_at);
	return true;
}

typedef struct Reading
{
	int			nkey;
	int			n;
	int			capacity;
	SvpFired   *fired;
} Reading;

static bool
take_row(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	Reading    *reading = arg;
	SvpFired   *fired;

	if (reading->n == reading->capacity)
	{
		reading->capacity *= 2;
		reading->fired = repalloc(reading->fired, sizeof(SvpFired) * reading->capacity);
	}
	fired = &reading->fired[reading->n++];
	memset(fired, 0, sizeof(*fired));
	values += reading->nkey;
	nulls += reading->nkey;
	fired->level = svp_value_int(values, nulls, 2);
	fired->occurrence = svp_value_int(values, nulls, 3);
	fired->due_at = svp_value_time(values, nulls, 4, NULL);
	fired->fired_at = svp_value_time(values, nulls, 5, NULL);
	fired->notify = svp_value_text(values, nulls, 8);
	fired->assign_to = svp_value_text(values, nulls, 12);
	fired->set_priority = svp_value_text(values, nulls, 13);
	fired->call_function = svp_value_text(values, nulls, 14);
	fired->notify_state = svp_value_text(values, nulls, 15);
	return true;
}

static bool
take_action(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	Reading    *reading = arg;
	const char *action;
	const char *state;

	values += reading->nkey;
	nulls += reading->nkey;
	action = svp_value_text(values, nulls, 4);
	state = svp_value_text(values, nulls, 6);
	for (int i = 0; i < reading->n; i++)
	{
		SvpFired   *fired = &reading->fired[i];

		if (fired->level != svp_value_int(values, nulls, 2) ||
			fired->occurrence != svp_value_int(values, nulls, 3))
			continue;
		if (strcmp(action, "assign") == 0)
			fired->assign_state = state;
		else if (strcmp(action, "priority") == 0)
			fired->priority_state = state;
		else
			fired->call_state = state;
	}
	return true;
}

SvpFired *
svp_escalations_read(SvpAttachment *attachment, const Datum *key, const char *metric, int cycle,
					 int *n)
{
	Reading		reading = {attachment->ticket->nkey, 0, 4, palloc(sizeof(SvpFired) * 4)};
	SvpRow		prefix;

	svp_row_begin(&prefix);
	svp_row_add_key(&prefix, reading.nkey, key);
	svp_row_add_text(&prefix, metric);
	svp_row_add(&prefix, Int32GetDatum(cycle));
	svp_rows_scan(attachment, SVP_ESCALATION, prefix.n, prefix.values, false, take_row, &reading);
	svp_rows_scan(attachment, SVP_ESCALATION_ACTION, prefix.n, prefix.values, false, take_action,
				  &reading);
	*n = reading.n;
	return reading.fired;
}
