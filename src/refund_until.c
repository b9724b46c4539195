/*-------------------------------------------------------------------------
 *
 * refund_until.c
 *		Until when a customer may ask for a refund.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "refund_question.h"

PG_FUNCTION_INFO_V1(svp_refundable_until);

#define FACT_OPENED_AT "opened_at"

/*
 * Does a window start when the customer asks, who has not yet?  Then he cannot
 * be too late for it.
 */
static bool
starts_with_asking(const SvpRefundCase *refund, const SvpCutoff *cutoff)
{
	int			asked = svp_mapping_at(refund->mapping, SVP_NAME_REQUESTED_AT);

	if (refund->ticket != NULL)
		return false;
	if (cutoff->start != NULL)
		return strcmp(cutoff->start->fact, SVP_FACT_REQUESTED_AT) == 0 &&
			(asked < 0 || !refund->facts.values[asked].set);
	for (int i = 0; i < cutoff->window->nstarts; i++)
	{
		if (strcmp(cutoff->window->starts[i].fact, FACT_OPENED_AT) == 0)
			return true;
	}
	return false;
}

/*
 * The end of a window, which is infinity where it does not limit asking.
 * False if it cannot be told.
 */
static bool
find_end(const SvpRefundCase *refund, const SvpWindow *window, SvpCalendar *calendar, int64 *end)
{
	SvpRefundFacts facts = svp_refund_case_facts(refund);
	SvpCutoff	cutoff;

	memset(&facts.relief, 0, sizeof(facts.relief));
	svp_cutoff_find(window, calendar, &facts, &cutoff);
	*end = DT_NOEND;
	if (starts_with_asking(refund, &cutoff))
		return true;
	if (cutoff.state == SVP_CUTOFF_NO_START)
		return window->if_missing == SVP_IF_MISSING_OPEN;
	*end = cutoff.at;
	return cutoff.state == SVP_CUTOFF_FOUND;
}

/*
 * The first instant too late to ask: what is asked for after the issue limit
 * cannot be issued in time.  False if it cannot be told, or there is none.
 */
static bool
find_until(const SvpRefundCase *refund, int64 *until)
{
	const SvpRefundRule *rule = refund->rule;
	int64		end;

	*until = DT_NOEND;
	if (refund->facts.problem != NULL)
		return false;
	if (rule == NULL)
		return true;
	if (rule->final_sale)
		return false;
	if (rule->has_window && !find_end(refund, &rule->window, refund->calendars.window, until))
		return false;
	if (rule->has_issue_limit)
	{
		if (!find_end(refund, &rule->issue_limit, refund->calendars.issue_limit, &end))
			return false;
		*until = Min(*until, end);
	}
	return true;
}

/*
 * service_policy.refundable_until(name, facts, as_of)
 */
Datum
svp_refundable_until(PG_FUNCTION_ARGS)
{
	SvpRefundQuestion question;
	int64		until;
	bool		known;

	if (!svp_refund_question_begin(fcinfo, &question))
		PG_RETURN_NULL();
	if (question.found)
		svp_refund_case_judge(&question.refund);
	known = question.found && find_until(&question.refund, &until);
	svp_refund_question_end(&question);
	if (!known)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(until);
}
