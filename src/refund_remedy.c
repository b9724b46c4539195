/*-------------------------------------------------------------------------
 *
 * refund_remedy.c
 *		Who can help where a refund is not allowed, and by which call.
 *
 * An exception departs from the rule, an approval is what it asks for.  How
 * much the call has to give is found out by deciding again with so much more.
 * Which roles there are, and how far they may go, is not told.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "business_time_compile.h"
#include "discretion.h"
#include "key.h"
#include "refund_remedy.h"
#include "refund_text.h"
#include "settings.h"

/* A cutoff, a limit on the issue, and two limits on the amount can each be in the way. */
#define MOST_TRIES	5

/* How much an exception has to give */

/*
 * Days of grace with which a moment is not too late any more.
 */
static int64
days_late(const SvpRefundCase *refund)
{
	const SvpRefundDecision *decision = &refund->decision;
	const SvpWindow *window = decision->bound_by;
	SvpCalendar *calendar = svp_refund_calendar(refund, window);
	int64		moment = decision->reason == SVP_REASON_ISSUE_LIMIT ? refund->now :
		svp_refund_case_fact(refund, SVP_FACT_REQUESTED_AT)->value;

	if (window->unit == SVP_WINDOW_EXACTLY)
		return (moment - decision->cutoff_at) / SVP_USEC_PER_DAY + 1;
	return svp_refund_local_date(calendar, moment) -
		svp_refund_local_date(calendar, decision->cutoff_at) + 1;
}

/*
 * What is beyond the rule's limits on the amount.
 */
static SvpAmount
amount_beyond(const SvpRefundCase *refund)
{
	SvpAmount	amount = svp_refund_case_fact(refund, SVP_FACT_AMOUNT)->value;
	SvpRefundFacts facts = svp_refund_case_facts(refund);
	SvpRefundBound bounds[SVP_NREFUND_BOUNDS];
	int			n = svp_refund_bounds(refund->rule, &facts, bounds);
	SvpAmount	beyond = 0;

	for (int i = 0; i < n; i++)
	{
		if (bounds[i].reason == SVP_REASON_AMOUNT && strcmp(bounds[i].name, SVP_FACT_PAID_AMOUNT) != 0 &&
			strcmp(bounds[i].name, SVP_FACT_LINE_PAID) != 0)
			beyond = Max(beyond, amount + Max(bounds[i].already, 0) - bounds[i].most);
	}
	return beyond;
}

/*
 * Make the relief larger by what is still in the way.  False if that is
 * nothing which an exception departs from.
 */
static bool
relieve_more(SvpRefundCase *refund)
{
	int64		days = 0;
	SvpAmount	extra = 0;

	switch (refund->decision.reason)
	{
		case SVP_REASON_CUTOFF:
		case SVP_REASON_ISSUE_LIMIT:
			days = days_late(refund);
			break;
		case SVP_REASON_AMOUNT:
			extra = amount_beyond(refund);
			break;
		default:
			break;
	}
	refund->relief.grace_days += (int32) days;
	refund->relief.extra += extra;
	return days > 0 || extra > 0;
}

/*
 * Find the least with which nothing refuses the refund.
 */
static bool
find_relief(const SvpRefundCase *refund, SvpRelief *relief)
{
	SvpRefundCase trial = *refund;

	memset(&trial.relief, 0, sizeof(SvpRelief));
	for (int i = 0; i < MOST_TRIES; i++)
	{
		SvpRefundFacts facts = svp_refund_case_facts(&trial);

		svp_refund_decide(trial.rule, &trial.calendars, &facts, &trial.decision);
		*relief = trial.relief;
		if (trial.decision.outcome != SVP_REFUND_REFUSED)
			return true;
		if (!relieve_more(&trial))
			break;
	}
	return false;
}

/* The call */

/*
 * A key of the refund or the ticket, as a list.
 */
static char *
key_list(const Datum *key, const Oid *types, int nkey)
{
	int			level = svp_settings_enter();
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < nkey; i++)
	{
		char	   *part = svp_key_part_text(types[i], key[i]);

		appendStringInfoString(&text, i > 0 ? ", " : "[");
		if (types[i] == INT8OID || types[i] == INT4OID || types[i] == INT2OID)
			appendStringInfoString(&text, part);
		else
			escape_json(&text, part);
	}
	svp_settings_leave(level);
	appendStringInfoChar(&text, ']');
	return text.data;
}

static char *
quoted(const char *value)
{
	StringInfoData text;

	if (value == NULL)
		return NULL;
	initStringInfo(&text);
	escape_json(&text, value);
	return text.data;
}

/*
 * What it would be granted for: the most particular subject by which another
 * attempt is found again.  NULL if there is none.
 */
static char *
subject(const SvpRefundCase *refund)
{
	const SvpAttachment *attachment = refund->attachment;
	char	   *values[SVP_NSUBJECTS] = {NULL};

	if (refund->facts.key != NULL && !refund->key_is_made)
		values[SVP_SUBJECT_REFUND] = key_list(refund->facts.key, attachment->refund_key_types,
											  attachment->refund->nkey);
	if (refund->ticket_key != NULL)
		values[SVP_SUBJECT_TICKET] = key_list(refund->ticket_key, attachment->key_types,
											  attachment->ticket->nkey);
	values[SVP_SUBJECT_ORDER] = quoted(svp_refund_case_text(refund, SVP_NAME_ORDER_ID));
	values[SVP_SUBJECT_CUSTOMER] = quoted(svp_refund_case_text(refund, SVP_NAME_CUSTOMER));
	for (int i = 0; i < SVP_NSUBJECTS; i++)
	{
		if (values[i] != NULL &&
			(i == SVP_SUBJECT_REFUND || svp_mapping_find(attachment->refund, svp_subject_names[i]) >= 0))
			return psprintf("{\"%s\": %s}", svp_subject_names[i], values[i]);
	}
	return NULL;
}

/*
 * The function with its arguments; without a subject its name.
 */
static char *
call(const SvpRefundCase *refund, const SvpGrant *grant)
{
	const char *function = grant->is_approval ? "approve_refund" : "grant_exception";
	char	   *of = subject(refund);
	StringInfoData text;

	if (of == NULL)
		return psprintf(" with service_policy.%s().", function);
	initStringInfo(&text);
	appendStringInfo(&text, ": SELECT service_policy.%s(%s, %s, '<reason>'", function,
					 quote_literal_cstr(refund->attachment->name), quote_literal_cstr(of));
	if (grant->grace_days > 0)
		appendStringInfo(&text, ", grace_days => %d", grant->grace_days);
	if (grant->amount > 0)
		appendStringInfo(&text, ", amount => %s", svp_refund_amount_text(refund, grant->amount));
	if (grant->amount > 0 && grant->currency != NULL)
		appendStringInfo(&text, ", currency => %s", quote_literal_cstr(grant->currency));
	appendStringInfoString(&text, ");");
	return text.data;
}

/* Who can help */

static SvpGrant
grant_for(const SvpRefundCase *refund, bool is_approval)
{
	return (SvpGrant) {
		.attachment = refund->attachment,
		.granter = get_role_oid(refund->role, true),
		.is_approval = is_approval,
		.currency = svp_refund_case_text(refund, SVP_NAME_CURRENCY)
	};
}

/*
 * An approval is of an amount, so what is of none cannot be approved.
 */
static char *
by_approval(const SvpRefundCase *refund, const SvpPolicy *policy)
{
	const SvpRefundFact *amount = svp_refund_case_fact(refund, SVP_FACT_AMOUNT);
	SvpGrant	grant = grant_for(refund, true);

	if (amount == NULL || amount->knowledge != SVP_KNOWN)
		return NULL;
	grant.amount = amount->value > 0 ? amount->value : SVP_AMOUNT_ONE;
	if (svp_discretion_of(&grant, policy) == SVP_NOBODYS)
		return "No role may approve it, by the discretion that the policy gives.";
	if (refund->own_approval != NULL)
		return psprintf("Approval " INT64_FORMAT " is by who refunds, so somebody else has to approve it%s",
						refund->own_approval->id, call(refund, &grant));
	return psprintf("A role with discretion may approve it%s", call(refund, &grant));
}

/*
 * An exception may be one's own, unless the rule has four eyes.
 */
static char *
by_exception(const SvpRefundCase *refund, const SvpPolicy *policy)
{
	SvpGrant	grant = grant_for(refund, false);
	SvpRelief	relief;
	SvpWhose	whose;

	if (!find_relief(refund, &relief))
		return NULL;
	grant.grace_days = relief.grace_days;
	grant.amount = relief.extra;
	whose = svp_discretion_of(&grant, policy);
	if (whose == SVP_NOBODYS)
		return NULL;
	if (whose == SVP_OTHERS || refund->rule->four_eyes)
		return psprintf("A role with discretion may depart from the rule%s", call(refund, &grant));
	return psprintf("It is within your discretion to depart from the rule%s", call(refund, &grant));
}

/*
 * Who grants is asked of the version in force, whichever judged.
 */
char *
svp_refund_remedy(const SvpRefundCase *refund)
{
	const SvpPolicy *policy = svp_policy_at(refund->attachment->policy, refund->now);

	if (policy == NULL || policy->ndiscretions == 0 || refund->rule == NULL ||
		refund->attachment->refund == NULL)
		return NULL;
	switch (refund->decision.outcome)
	{
		case SVP_REFUND_NEEDS_APPROVAL:
			return by_approval(refund, policy);
		case SVP_REFUND_REFUSED:
			return by_exception(refund, policy);
		case SVP_REFUND_ALLOWED:
			break;
	}
	return NULL;
}
