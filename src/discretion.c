/*-------------------------------------------------------------------------
 *
 * discretion.c
 *		What the policy lets the members of database roles decide.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "discretion.h"
#include "refund_table.h"

/*
 * Superusers are members of every role, as everywhere in the server.
 */
bool
svp_is_member(Oid member, const char *role)
{
	Oid			oid = get_role_oid(role, true);

	return OidIsValid(oid) && is_member_of_role(member, oid);
}

/*
 * Is an amount within what an entry gives?  One without a currency is for
 * refunds in any, so it is not within amounts that have theirs.
 */
static char *
amount_objection(const SvpMoney *money, const SvpGrant *grant, const char *what)
{
	const char *space = grant->currency == NULL ? "" : " ";
	const char *currency = grant->currency == NULL ? "" : grant->currency;
	SvpAmount	most;

	if (!money->given)
		return psprintf("nothing %s", what);
	if (grant->currency == NULL && money->ncurrencies > 0)
		return psprintf("amounts %s by currency, so one has to be named", what);
	if (!svp_money_in(money, grant->currency, &most))
		return psprintf("nothing %s in %s", what, currency);
	if (grant->amount <= most)
		return NULL;
	return psprintf("at most %s%s%s %s",
					DatumGetCString(DirectFunctionCall1(numeric_out, svp_refund_numeric(most))),
					space, currency, what);
}

/*
 * NULL if an entry allows for a grant, else what it gives.
 */
static char *
objection(const SvpDiscretion *discretion, const SvpGrant *grant)
{
	if (grant->is_approval)
		return amount_objection(&discretion->approve_up_to, grant, "to approve");
	if (grant->grace_days > discretion->grace_days)
		return psprintf("at most %d grace days", discretion->grace_days);
	if (grant->amount > 0)
		return amount_objection(&discretion->max_amount, grant, "beyond the rule");
	return NULL;
}

/*
 * The roles whose members could grant it.
 */
static char *
who_may(const SvpGrant *grant, const SvpPolicy *policy)
{
	StringInfoData roles;

	initStringInfo(&roles);
	for (int i = 0; i < policy->ndiscretions; i++)
	{
		const SvpDiscretion *discretion = &policy->discretions[i];

		if (!svp_is_member(grant->granter, discretion->role) && objection(discretion, grant) == NULL)
			appendStringInfo(&roles, "%s\"%s\"", roles.len > 0 ? ", " : "", discretion->role);
	}
	return roles.data;
}

SvpWhose
svp_discretion_of(const SvpGrant *grant, const SvpPolicy *policy)
{
	SvpWhose	whose = SVP_NOBODYS;

	for (int i = 0; i < policy->ndiscretions; i++)
	{
		const SvpDiscretion *discretion = &policy->discretions[i];

		if (objection(discretion, grant) == NULL)
			whose = Max(whose, svp_is_member(grant->granter, discretion->role) ? SVP_THEIR_OWN : SVP_OTHERS);
	}
	return whose;
}

/*
 * What an entry would have to say for this, as the document has it.
 */
static char *
needed_entry(const SvpGrant *grant)
{
	StringInfoData entry;
	char	   *amount = DatumGetCString(DirectFunctionCall1(numeric_out, svp_refund_numeric(grant->amount)));

	initStringInfo(&entry);
	if (grant->grace_days > 0)
		appendStringInfo(&entry, "\"grace_days\": %d%s", grant->grace_days, grant->amount > 0 ? ", " : "");
	if (grant->amount > 0)
		appendStringInfoString(&entry, grant->is_approval ? "\"approve_up_to\": " : "\"max_amount\": ");
	if (grant->amount > 0 && grant->currency != NULL)
		appendStringInfo(&entry, "{\"%s\": %s}", grant->currency, amount);
	else if (grant->amount > 0)
		appendStringInfoString(&entry, amount);
	return entry.data;
}

/*
 * Who may instead.  How far others may go is nothing for those who may not at
 * all.
 */
static char *
hint(const SvpGrant *grant, const SvpPolicy *policy, bool may_some)
{
	char	   *others = who_may(grant, policy);

	if (svp_discretion_of(grant, policy) == SVP_NOBODYS)
		return psprintf("No role may: an entry in the discretion of the policy would have to give at least %s.",
						needed_entry(grant));
	if (!may_some)
		return "That is for members of the roles which the discretion of the policy names.";
	if (*others != '\0')
		return psprintf("Members of one of these roles may: %s.", others);
	return "The next month begins with its first day in UTC, and what is revoked does not count.";
}

static void
refuse(const SvpGrant *grant, const SvpPolicy *policy, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg(grant->is_approval ? "role \"%s\" may not give this approval" :
					"role \"%s\" may not grant this exception", svp_role_name(grant->granter)),
			 errdetail("The discretion of policy \"%s\", version %d, gives %s.", policy->name,
					   policy->version,
					   *why != '\0' ? why : "nothing to a role that it is a member of"),
			 errhint("%s", hint(grant, policy, *why != '\0'))));
}

int64
svp_grant_within_discretion(const SvpGrant *grant, const SvpPolicy *policy)
{
	StringInfoData why;

	initStringInfo(&why);
	for (int i = 0; i < policy->ndiscretions; i++)
	{
		const SvpDiscretion *discretion = &policy->discretions[i];
		char	   *gives;

		if (!svp_is_member(grant->granter, discretion->role))
			continue;
		gives = objection(discretion, grant);
		if (gives == NULL)
		{
			int64		id = svp_grant_insert(grant, discretion->role, discretion->per_month);

			if (id != 0)
				return id;
			gives = psprintf("%d a month, all of which \"%s\" has granted", discretion->per_month,
							 svp_grant_person(grant, discretion->role));
		}
		appendStringInfo(&why, "%s\"%s\" %s", why.len > 0 ? "; " : "", discretion->role, gives);
	}
	refuse(grant, policy, why.data);
	return 0;
}
