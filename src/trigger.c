/*-------------------------------------------------------------------------
 *
 * trigger.c
 *		What the recording triggers have in common.
 *
 * They write with the rights of the attachment's owner.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/rel.h"

#include "attempt.h"
#include "span.h"
#include "trigger.h"

void
svp_trigger_warn(const SvpAttachment *attachment, const char *row, const char *problem)
{
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("service_policy could not record a %s of \"%s\": %s", row,
					attachment->name, problem),
			 errhint("The statement goes on. Put right what is missing, or call service_policy.detach(%s) and attach again; the evidence is kept.",
					 quote_literal_cstr(attachment->name))));
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

static void
check_arguments(const TriggerData *trigger, int nargs)
{
	if (trigger->tg_trigger->tgnargs == nargs)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("trigger \"%s\" needs %s", trigger->tg_trigger->tgname,
					nargs == 1 ? "one argument, the attachment's name" :
					"two arguments, the names of the attachment and of the table")));
}

/*
 * The trigger's attachment.  NULL after a warning where there is none, or
 * where somebody has edited its rows so that they cannot be read.
 */
SvpAttachment *
svp_trigger_attachment(TriggerData *trigger, int nargs)
{
	Search		search = {NULL};
	ErrorData  *error;

	check_arguments(trigger, nargs);
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

Datum
svp_trigger_record(FunctionCallInfo fcinfo, const char *row, int nargs, SvpRecorder record)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	SvpAttachment *attachment;
	SvpCaller	caller;
	SvpSpanMark before;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("_%s_changed() can only be called as an AFTER trigger for each row", row)));

	attachment = svp_trigger_attachment(trigger, nargs);
	if (attachment == NULL || attachment->ticket == NULL)
		return PointerGetDatum(NULL);
	if (!svp_attachment_enter(attachment, &caller))
	{
		svp_trigger_warn(attachment, row,
						 psprintf("schema \"%s\" does not exist", attachment->data_schema));
		return PointerGetDatum(NULL);
	}
	before = svp_span_enter(fcinfo->flinfo->fn_mcxt);
	record(attachment, fcinfo, caller.user);
	svp_span_leave(before);
	svp_attachment_leave(&caller);
	return PointerGetDatum(NULL);
}
