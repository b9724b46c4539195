/*-------------------------------------------------------------------------
 *
 * explain_refund.c
 *		How the decision on a refund came about, in words.
 *
 * It is judged as the trigger would; then each of its grounds is told.  Times
 * are in the zone that the rule counts in.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "exception_table.h"
#include "explain_refund.h"
#include "refund_message.h"
#include "refund_remedy.h"
#include "refund_text.h"

PG_FUNCTION_INFO_V1(svp_explain_refund);

/* Facts */

static char *
value_text(const SvpRefundCase *refund, int i)
{
	const SvpFactMapping *fact = &refund->mapping->facts[i];
	const SvpFactValue *value = &refund->facts.values[i];

	if (value->problem != NULL)
		return psprintf("\"%s\", which %s", value->text, value->problem);
	if (fact->kind == SVP_FACT_NUMBER)
		return svp_refund_amount_text(refund, value->number);
	if (fact->kind == SVP_FACT_TIME)
		return svp_refund_instant(svp_refund_zone(refund), value->number);
	return psprintf("%s", value->text);
}

static void
tell_facts(SvpStory *story, const SvpRefundCase *refund)
{
	const SvpMapping *mapping = refund->mapping;
	int			asked = svp_mapping_at(mapping, SVP_NAME_REQUESTED_AT);

	svp_tell(story, "facts");
	for (int i = 0; i < mapping->nfacts; i++)
	{
		if (refund->facts.values[i].set || refund->facts.values[i].problem != NULL)
			svp_tell(story, "  %s %s", mapping->facts[i].name, value_text(refund, i));
	}
	if (refund->names_ticket && refund->ticket == NULL)
		svp_tell(story, "  nothing is recorded of the ticket");
	if (refund->facts.problem != NULL)
		svp_tell(story, "  a mapped expression failed: %s", refund->facts.problem);
	else if (asked < 0 || (!refund->facts.values[asked].set && refund->facts.values[asked].problem == NULL))
		svp_tell(story, "  requested_at is not given: %s, %s",
				 refund->ticket != NULL ? "the ticket's opening counts" : "the customer asks now",
				 svp_refund_instant(svp_refund_zone(refund),
									svp_refund_case_fact(refund, SVP_FACT_REQUESTED_AT)->value));
}

/* The decision */

static char *
gives(const SvpRefundCase *refund, const SvpException *exception)
{
	const SvpRelief *relief = &exception->relief;
	char	   *days = psprintf("%d day%s of grace", relief->grace_days, relief->grace_days == 1 ? "" : "s");

	if (exception->is_approval)
		return psprintf("approves up to %s", svp_refund_money(refund, relief->approved_amount));
	if (relief->extra == 0)
		return days;
	return psprintf("%s more%s%s", svp_refund_money(refund, relief->extra),
					relief->grace_days > 0 ? ", " : "", relief->grace_days > 0 ? days : "");
}

/*
 * What was granted that the refund could rest on, and whether it does.
 */
static void
tell_exceptions(SvpStory *story, const SvpRefundCase *refund)
{
	List	   *open = svp_exceptions_open(refund);
	ListCell   *lc;

	if (open != NIL)
		svp_tell(story, "exceptions and approvals");
	foreach(lc, open)
	{
		const SvpException *one = lfirst(lc);
		const SvpException *chosen = one->is_approval ? refund->approval : refund->exception;
		const char *objection = refund->rule == NULL ? NULL : svp_exception_objection(refund, one);

		svp_tell(story, "  %s " INT64_FORMAT ": %s, granted by %s%s%s as %s, \"%s\": %s",
				 one->is_approval ? "approval" : "exception", one->id, gives(refund, one),
				 one->granted_by, one->agent == NULL ? "" : ", agent ", one->agent == NULL ? "" : one->agent,
				 one->role, one->reason,
				 chosen != NULL && chosen->id == one->id ? "the decision rests on it" :
				 objection != NULL ? objection : "it makes no difference");
	}
}

static void
tell_decision(SvpStory *story, const SvpRefundCase *refund, const char *language)
{
	const SvpRefundDecision *decision = &refund->decision;
	const char *reason = svp_refund_reason_names[decision->reason];
	const char *remedy = svp_refund_remedy(refund);

	svp_tell(story, "decision: %s%s%s%s%s", svp_refund_outcome_names[decision->outcome],
			 reason == NULL ? "" : ", ", reason == NULL ? "" : reason,
			 refund->rule == NULL ? "" : ", mode ", refund->rule == NULL ? "" : svp_mode_names[refund->mode]);
	svp_tell(story, "  %s", svp_refund_summary(refund));
	if (remedy != NULL && decision->outcome != SVP_REFUND_ALLOWED)
		svp_tell(story, "  %s", remedy);
	if (decision->outcome != SVP_REFUND_ALLOWED)
		svp_tell(story, "to the customer: %s", svp_refund_customer_message(refund, language));
}

static void
tell_case(SvpStory *story, const SvpRefundCase *refund, const char *language)
{
	svp_tell(story, "as of %s", svp_refund_instant(svp_refund_zone(refund), refund->now));
	tell_facts(story, refund);
	svp_explain_refund_rule(story, refund);
	if (refund->rule != NULL)
	{
		svp_explain_refund_time(story, refund);
		svp_explain_refund_amount(story, refund);
		svp_explain_refund_people(story, refund);
		if (refund->attachment->refund != NULL)
			tell_exceptions(story, refund);
	}
	tell_decision(story, refund, language);
}

/*
 * Limits that are between the company and its staff are told, so it is for
 * those who may read the record.
 */
static void
check_reader(const SvpAttachment *attachment)
{
	svp_attachment_check_reader(attachment, attachment->refund != NULL ? "refund_log" : "ticket_status");
}

/*
 * service_policy._explain_refund(name, facts, as_of, language): the lines of
 * the story.
 */
Datum
svp_explain_refund(PG_FUNCTION_ARGS)
{
	const char *language = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	SvpStory	story = {.context = CurrentMemoryContext};
	SvpRefundQuestion question;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	check_reader(svp_attachment_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), false));
	(void) svp_refund_question_begin(fcinfo, &question);
	if (question.found)
		svp_refund_case_judge(&question.refund);
	if (question.key != NULL)
		svp_explain_refund_record(&story, &question);
	if (question.found)
		tell_case(&story, &question.refund, language);
	svp_refund_question_end(&question);
	PG_RETURN_DATUM(makeArrayResult(story.lines, CurrentMemoryContext));
}
