/*-------------------------------------------------------------------------
 *
 * refund_exception.c
 *		Which exception and approval a refund rests on.
 *
 * An exception is what somebody may decide beyond the rule; an approval is
 * for what the rule leaves to somebody else, so it never is one's own.
 * Nothing is looked up for a refund that the rule allows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/timestamp.h"

#include "currency.h"
#include "exception_table.h"

/*
 * Could one person have been both roles?  Who is a member of the other can
 * SET ROLE to it.  Not that superusers can be everybody.
 */
static bool
same_person(const char *one, const char *other)
{
	Oid			role = get_role_oid(one, true);
	Oid			other_role = get_role_oid(other, true);

	if (strcmp(one, other) == 0)
		return true;
	return OidIsValid(role) && OidIsValid(other_role) &&
		(is_member_of_role_nosuper(role, other_role) || is_member_of_role_nosuper(other_role, role));
}

/*
 * Is it of the person who refunds?  The application tells its agents apart;
 * where it does not, their database roles do.
 */
static bool
is_own(const SvpRefundCase *refund, const SvpException *exception)
{
	const char *agent = svp_refund_case_person(refund, SVP_NAME_AGENT);

	if (agent != NULL && exception->agent != NULL)
		return strcmp(agent, exception->agent) == 0;
	return same_person(refund->role, exception->granted_by);
}

const char *
svp_exception_objection(const SvpRefundCase *refund, const SvpException *exception)
{
	const char *currency = svp_refund_case_text(refund, SVP_NAME_CURRENCY);

	if (exception->currency != NULL &&
		(currency == NULL || !svp_currency_same(currency, exception->currency)))
		return psprintf("it is for refunds in %s", exception->currency);
	if (exception->is_approval && is_own(refund, exception))
		return "nobody approves their own";
	if (refund->rule->four_eyes && is_own(refund, exception))
		return "the rule has four eyes, and it is their own";
	return NULL;
}

/*
 * Decide with these, and keep that if it is better than what there is.
 */
static bool
try_relief(SvpRefundCase *refund, const SvpException *exception, const SvpException *approval)
{
	SvpRefundCase trial = *refund;
	SvpRefundFacts facts;

	CHECK_FOR_INTERRUPTS();
	memset(&trial.relief, 0, sizeof(SvpRelief));
	if (exception != NULL)
		trial.relief = exception->relief;
	if (approval != NULL)
	{
		trial.relief.approved = true;
		trial.relief.approved_amount = approval->relief.approved_amount;
	}
	facts = svp_refund_case_facts(&trial);
	svp_refund_decide(trial.rule, &trial.calendars, &facts, &trial.decision);
	if (trial.decision.outcome < refund->decision.outcome)
	{
		trial.exception = exception;
		trial.approval = approval;
		*refund = trial;
	}
	return refund->decision.outcome == SVP_REFUND_ALLOWED;
}

/*
 * One of them is better than two, and each is tried in the order in which they
 * are to be used.  What an approval is good for does not depend on the
 * exception, so one that leaves something to approve is as good as the others.
 */
static void
try_all(SvpRefundCase *refund, const List *found)
{
	const SvpException *exception;
	ListCell   *lc;

	foreach(lc, found)
	{
		const SvpException *one = lfirst(lc);

		if (try_relief(refund, one->is_approval ? NULL : one, one->is_approval ? one : NULL))
			return;
	}
	exception = refund->exception;
	foreach(lc, found)
	{
		const SvpException *approval = lfirst(lc);

		if (exception != NULL && approval->is_approval && try_relief(refund, exception, approval))
			return;
	}
}

void
svp_exceptions_forget(SvpRefundCase *refund)
{
	refund->exception = NULL;
	refund->approval = NULL;
	refund->own_approval = NULL;
	memset(&refund->relief, 0, sizeof(SvpRelief));
}

/*
 * Decide again with what was granted for the refund.  An exception may leave
 * something to approve: then it needs approval, and is no longer refused.
 */
bool
svp_exceptions_relieve(SvpRefundCase *refund)
{
	List	   *found = NIL;
	ListCell   *lc;

	refund->unrelieved = refund->decision;
	if (refund->rule == NULL || refund->attachment->refund == NULL)
		return false;
	foreach(lc, svp_exceptions_open(refund))
	{
		SvpException *exception = lfirst(lc);

		if (svp_exception_objection(refund, exception) == NULL)
			found = lappend(found, exception);
		else if (exception->is_approval && is_own(refund, exception))
			refund->own_approval = exception;
	}
	try_all(refund, found);
	return refund->exception != NULL || refund->approval != NULL;
}

static bool
lock_all(const SvpRefundCase *refund, const SvpException **lost)
{
	const SvpException *ones[] = {refund->exception, refund->approval};

	/* always in this order, so that two refunds do not wait for each other */
	for (int i = 0; i < lengthof(ones); i++)
	{
		*lost = ones[i];
		if (ones[i] != NULL && !svp_exception_lock(refund, ones[i]))
			return false;
	}
	return true;
}

static void
decide_by_what_is_left(SvpRefundCase *refund)
{
	refund->decision = refund->unrelieved;
	svp_exceptions_forget(refund);
	(void) svp_exceptions_relieve(refund);
}

void
svp_exceptions_use(SvpRefundCase *refund)
{
	const SvpException *lost;
	int64		last_lost = 0;

	while (!lock_all(refund, &lost))
	{
		/* what is used is not found open; only the owner's own triggers make it so */
		if (lost->id == last_lost)
			elog(ERROR, "exception " INT64_FORMAT " is open and cannot be locked", lost->id);
		last_lost = lost->id;
		decide_by_what_is_left(refund);
	}
	if (refund->exception != NULL)
		svp_exception_mark_used(refund, refund->exception);
	if (refund->approval != NULL)
		svp_exception_mark_used(refund, refund->approval);
}
