/*-------------------------------------------------------------------------
 *
 * ticket.c
 *		The trigger on a ticket table.
 *
 * The trigger is AFTER ROW, so it sees the row as it was stored, and holds
 * that row's lock while it works: two changes of one ticket follow each other.
 * It writes with the rights of the attachment's owner.  Nothing that a row
 * contains makes it fail; what cannot be understood becomes an issue.
 *
 * An event costs O(events of its ticket): the ledger is folded anew, so that
 * the clocks depend on the ledger alone and not on its order of arrival.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "attempt.h"
#include "span.h"
#include "ticket.h"

PG_FUNCTION_INFO_V1(svp_ticket_changed);

void
svp_ticket_warn(const SvpAttachment *attachment, const char *problem)
{
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("service_policy could not record a ticket of \"%s\": %s",
					attachment->name, problem),
			 errhint("The statement goes on. Put right what is missing, or call service_policy.detach(%s) and attach again; the evidence is kept.",
					 quote_literal_cstr(attachment->name))));
}

static void
record_ticket(SvpAttachment *attachment, Datum *key, const SvpFacts *facts,
			  const char *recorded_by)
{
	SvpTicket	ticket = {.attachment = attachment,.recorded_by = recorded_by,.key = key};

	svp_ticket_open(&ticket);
	svp_ticket_record(&ticket, facts);
}

static bool
same_key(const SvpAttachment *attachment, const Datum *a, const Datum *b)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
	{
		int16		length;
		bool		by_value;

		get_typlenbyval(attachment->key_types[i], &length, &by_value);
		if (!datum_image_eq(a[i], b[i], by_value, length))
			return false;
	}
	return true;
}

static void
record_change_of_row(SvpAttachment *attachment, TriggerData *trigger, const char *recorded_by)
{
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
	SvpFacts	facts;
	const char *problem;
	SvpRowReader *reader = svp_attachment_reader(attachment, attachment->ticket,
												 trigger->tg_relation, &problem);

	if (reader == NULL || !svp_rows_prepare(attachment, &problem))
	{
		svp_ticket_warn(attachment, problem);
		return;
	}
	problem = svp_reader_key_problem(reader, attachment->key_types);
	if (problem != NULL)
	{
		svp_ticket_warn(attachment, problem);
		return;
	}
	if (is_update && svp_reader_same(reader, trigger->tg_trigtuple, trigger->tg_newtuple))
		return;
	svp_reader_read(reader, is_update ? trigger->tg_newtuple : trigger->tg_trigtuple, &facts);
	if (facts.key == NULL)
	{
		svp_ticket_warn(attachment, "its key is null");
		return;
	}
	if (is_update)
	{
		Datum	   *old_key = svp_reader_key(reader, trigger->tg_trigtuple);

		if (old_key != NULL && !same_key(attachment, old_key, facts.key))
			record_ticket(attachment, old_key, NULL, recorded_by);
	}
	if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		record_ticket(attachment, facts.key, NULL, recorded_by);
	else if (!svp_row_superseded(is_update ? trigger->tg_newtuple : trigger->tg_trigtuple))
		record_ticket(attachment, facts.key, &facts, recorded_by);
}

typedef struct Search
{
	const char *name;
	SvpAttachment *attachment;
} Search;

static void
get_attachment(void *arg)
{
	Search	   *search = arg;

	search->attachment = svp_attachment_get(search->name, true);
}

/*
 * The trigger's attachment.  NULL after a warning where there is none, or
 * where somebody has edited its rows so that they cannot be read.
 */
SvpAttachment *
svp_trigger_attachment(TriggerData *trigger)
{
	Search		search = {NULL};
	ErrorData  *error;

	if (trigger->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" needs one argument, the attachment's name",
						trigger->tg_trigger->tgname)));
	search.name = trigger->tg_trigger->tgargs[0];
	search.attachment = svp_attachment_cached(search.name);
	if (search.attachment != NULL)
		return search.attachment;
	error = svp_attempt(get_attachment, &search);
	if (error != NULL)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("attachment \"%s\" cannot be read: %s", search.name, error->message),
				 errhint("The statement goes on. Put its rows in service_policy.attachment and service_policy.attachment_table right, or call service_policy.detach(%s) and attach again; the evidence is kept.",
						 quote_literal_cstr(search.name))));
	else if (search.attachment == NULL)
		ereport(WARNING,
				(errmsg("attachment \"%s\" of trigger \"%s\" does not exist",
						search.name, trigger->tg_trigger->tgname),
				 errhint("The statement goes on. Drop the trigger, or attach again.")));
	return error == NULL ? search.attachment : NULL;
}

/*
 * service_policy._ticket_changed(attachment): AFTER INSERT, UPDATE or DELETE
 * trigger of a ticket table, for each row.
 */
Datum
svp_ticket_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	SvpAttachment *attachment;
	SvpCaller	caller;
	struct SvpSpan *before;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("_ticket_changed() can only be called as an AFTER trigger for each row")));

	attachment = svp_trigger_attachment(trigger);
	if (attachment == NULL || attachment->ticket == NULL)
		return PointerGetDatum(NULL);
	if (!svp_attachment_enter(attachment, &caller))
	{
		svp_ticket_warn(attachment, psprintf("schema \"%s\" does not exist", attachment->data_schema));
		return PointerGetDatum(NULL);
	}
	before = svp_span_enter(fcinfo->flinfo->fn_mcxt);
	record_change_of_row(attachment, trigger, svp_role_name(caller.user));
	svp_span_leave(before);
	svp_attachment_leave(&caller);
	return PointerGetDatum(NULL);
}
