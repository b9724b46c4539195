/*-------------------------------------------------------------------------
 *
 * exception_grant.c
 *		Granting exceptions, approving refunds, and taking that back.
 *
 * Who may is the policy's matter: members of the roles that the discretion of
 * the version in force names.  So anybody may call these, and they write with
 * the rights of the attachment's owner.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "discretion.h"
#include "key.h"
#include "mapping.h"
#include "number.h"
#include "rows.h"

PG_FUNCTION_INFO_V1(svp_grant_exception);
PG_FUNCTION_INFO_V1(svp_approve_refund);
PG_FUNCTION_INFO_V1(svp_revoke_exception);

/*
 * An exception is for a case at hand.  One that is still there months later
 * is found by somebody else.
 */
#define LASTS (7 * SVP_USEC_PER_DAY)

/* Arguments */

static char *
text_argument(FunctionCallInfo fcinfo, int i)
{
	return PG_ARGISNULL(i) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

static void
read_subject_parts(SvpGrant *grant, JsonbValue *value)
{
	bool		is_list = value->type == jbvBinary &&
		JsonContainerIsArray(value->val.binary.data) &&
		grant->subject_kind <= SVP_SUBJECT_TICKET;

	grant->nsubject = is_list ? JsonContainerSize(value->val.binary.data) : 1;
	grant->subject = palloc(sizeof(char *) * Max(grant->nsubject, 1));
	for (int i = 0; i < grant->nsubject; i++)
	{
		JsonbValue *part = is_list ? getIthJsonbValueFromContainer(value->val.binary.data, i) : value;

		if (part->type != jbvString && part->type != jbvNumeric)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the %s that an %s is for must be a text or a number",
							svp_subject_names[grant->subject_kind], SVP_GRANT_KIND(grant)),
					 grant->subject_kind <= SVP_SUBJECT_TICKET ?
					 errhint("Of a key of several columns give a list of its parts.") : 0));
		grant->subject[i] = svp_json_text(part);
	}
}

/*
 * Whom or what it is for: an object with one member.
 */
static void
read_subject(SvpGrant *grant, Jsonb *subject)
{
	JsonbIterator *iterator;
	JsonbValue	value;
	int			kind = -1;

	if (JB_ROOT_IS_OBJECT(subject) && JB_ROOT_COUNT(subject) == 1)
	{
		iterator = JsonbIteratorInit(&subject->root);
		(void) JsonbIteratorNext(&iterator, &value, true);
		(void) JsonbIteratorNext(&iterator, &value, true);
		kind = svp_word_index(svp_subject_names, SVP_NSUBJECTS, svp_json_text(&value));
	}
	if (kind < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the subject must be one ticket, customer, order or refund"),
				 errhint("For example {\"ticket\": [7]}, {\"customer\": \"c1\"}, {\"order_id\": \"A17\"} or {\"refund\": [3]}.")));
	grant->subject_kind = (SvpSubject) kind;
	(void) JsonbIteratorNext(&iterator, &value, true);
	read_subject_parts(grant, &value);
}

/*
 * Nobody would find an exception for what the refunds do not tell.
 */
static void
check_subject(const SvpGrant *grant)
{
	const SvpAttachment *attachment = grant->attachment;
	const char *name = svp_subject_names[grant->subject_kind];
	int			nkey = grant->subject_kind == SVP_SUBJECT_REFUND ? attachment->refund->nkey :
		grant->subject_kind == SVP_SUBJECT_TICKET ? attachment->ticket->nkey : 1;

	if (grant->subject_kind != SVP_SUBJECT_REFUND &&
		svp_mapping_find(attachment->refund, name) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the refunds of attachment \"%s\" have no fact \"%s\"",
						attachment->name, name),
				 errhint("Choose another subject, or map that fact: see attach_refunds().")));
	if (grant->nsubject != nkey)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("the key of a %s of attachment \"%s\" has %d part, not %d",
							   "the key of a %s of attachment \"%s\" has %d parts, not %d",
							   nkey, name, attachment->name, nkey, grant->nsubject)));
}

static void
read_amount(SvpGrant *grant, FunctionCallInfo fcinfo, int i)
{
	char	   *currency = text_argument(fcinfo, i + 1);

	if (currency != NULL && (PG_ARGISNULL(i) || svp_is_blank(currency)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg(PG_ARGISNULL(i) ? "a currency needs an amount" : "the currency is blank")));
	grant->currency = currency;
	if (PG_ARGISNULL(i))
		return;
	if (!svp_number_parse(DatumGetCString(DirectFunctionCall1(numeric_out, PG_GETARG_DATUM(i))),
						  &grant->amount) ||
		grant->amount <= 0 || grant->amount >= SVP_AMOUNT_LIMIT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the amount must be above zero and below " INT64_FORMAT,
						SVP_AMOUNT_LIMIT / SVP_AMOUNT_ONE)));
}

static void
read_expiry(SvpGrant *grant, FunctionCallInfo fcinfo, int i)
{
	grant->granted_at = GetCurrentTimestamp();
	grant->expires_at = PG_ARGISNULL(i) ? grant->granted_at + LASTS : PG_GETARG_TIMESTAMPTZ(i);
	if (grant->expires_at <= grant->granted_at ||
		TIMESTAMP_NOT_FINITE(grant->expires_at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expires_at must be a finite time that is yet to come")));
}

/* Name, subject and reason come first. */
static void
read_who_and_why(SvpGrant *grant, FunctionCallInfo fcinfo)
{
	for (int i = 0; i < 3; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("an %s needs an attachment, a subject and a reason", SVP_GRANT_KIND(grant))));
	}
	grant->reason = text_argument(fcinfo, 2);
	if (svp_is_blank(grant->reason))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the reason is blank"),
				 errhint("Say why, for those who read exception_use.")));
	read_subject(grant, PG_GETARG_JSONB_P(1));
}

static SvpAttachment *
attachment_with_refunds(const char *name)
{
	SvpAttachment *attachment = svp_attachment_get(name, false);

	if (attachment->refund == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("attachment \"%s\" has no refund table", name),
				 errhint("Attach it with service_policy.attach_refunds().")));
	return attachment;
}

/* In the name of the owner */

static void
enter(SvpAttachment *attachment, SvpCaller *caller)
{
	const char *problem = NULL;

	if (!svp_attachment_enter(attachment, caller))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" does not exist", attachment->data_schema)));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (!svp_rows_prepare(attachment, &problem))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the evidence of attachment \"%s\" cannot be read: %s",
						attachment->name, problem)));
	svp_learn_key_types(attachment, SVP_EXCEPTION_TABLE, attachment->refund,
						&attachment->refund_key_types);
}

static void
leave(const SvpCaller *caller)
{
	SPI_finish();
	svp_attachment_leave(caller);
}


/* Granting */

/*
 * What both functions do.  The last arguments begin with the one whose number
 * is given: amount, currency, expires_at, agent.
 */
static Datum
grant_as_asked(FunctionCallInfo fcinfo, SvpGrant *grant, int amount)
{
	const SvpPolicy *policy;
	SvpCaller	caller;
	int64		id;

	read_who_and_why(grant, fcinfo);
	read_amount(grant, fcinfo, amount);
	read_expiry(grant, fcinfo, amount + 2);
	grant->agent = text_argument(fcinfo, amount + 3);
	if (grant->agent != NULL && svp_is_blank(grant->agent))
		grant->agent = NULL;
	grant->granter = GetUserId();
	grant->attachment = attachment_with_refunds(text_argument(fcinfo, 0));
	check_subject(grant);
	policy = svp_policy_at(grant->attachment->policy, grant->granted_at);
	if (policy == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no version of policy \"%s\" is in force", grant->attachment->policy)));

	enter(grant->attachment, &caller);
	id = svp_grant_within_discretion(grant, policy);
	leave(&caller);
	return Int64GetDatum(id);
}

/*
 * service_policy.grant_exception(name, subject, reason, grace_days, amount,
 * currency, expires_at, agent)
 */
Datum
svp_grant_exception(PG_FUNCTION_ARGS)
{
	SvpGrant	exception = {.is_approval = false};

	if (!PG_ARGISNULL(3))
		exception.grace_days = PG_GETARG_INT32(3);
	if (exception.grace_days < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("grace_days must not be negative")));
	if (exception.grace_days == 0 && PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an exception needs grace_days, an amount, or both")));
	return grant_as_asked(fcinfo, &exception, 4);
}

/*
 * service_policy.approve_refund(name, subject, reason, amount, currency,
 * expires_at, agent)
 */
Datum
svp_approve_refund(PG_FUNCTION_ARGS)
{
	SvpGrant	approval = {.is_approval = true};

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an approval needs the amount up to which it approves")));
	return grant_as_asked(fcinfo, &approval, 3);
}

/* Revoking */

#define THE_ONE " WHERE exception_id OPERATOR(pg_catalog.=) $1"

static bool
find(const SvpAttachment *attachment, int64 id, const char *columns, const char *lock)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(id);

	if (SPI_execute_with_args(psprintf("SELECT %s FROM %s" THE_ONE "%s", columns,
									   svp_exception_table(attachment), lock),
							  1, &type, &value, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read exception " INT64_FORMAT, id);
	return SPI_processed > 0;
}

static char *
found_text(int column)
{
	return SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);
}

/*
 * Who granted it may revoke it, and the other members of its role.  That is
 * asked before its row is locked, or anybody could hold up refunds.
 */
static void
check_may_revoke(const SvpAttachment *attachment, int64 id, Oid role)
{
	if (!find(attachment, id, "role, granted_by", ""))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("attachment \"%s\" has no exception " INT64_FORMAT, attachment->name, id)));
	if (!svp_is_member(role, found_text(1)) && strcmp(svp_role_name(role), found_text(2)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" may not revoke exception " INT64_FORMAT, svp_role_name(role), id),
				 errdetail("That is for who granted it and the members of \"%s\".", found_text(1))));
}

/*
 * Wait for a refund that is using it.
 */
static void
lock_open(const SvpAttachment *attachment, int64 id)
{
	const char *end;

	if (!find(attachment, id, "CASE WHEN used_at IS NOT NULL THEN 'used'"
			  " WHEN revoked_at IS NOT NULL THEN 'revoked' END", " FOR NO KEY UPDATE"))
		elog(ERROR, "exception " INT64_FORMAT " is gone", id);
	end = found_text(1);
	if (end != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("exception " INT64_FORMAT " of attachment \"%s\" is %s already",
						id, attachment->name, end)));
}

static void
mark_revoked(const SvpAttachment *attachment, int64 id, Oid role)
{
	Oid			types[] = {INT8OID, TIMESTAMPTZOID, TEXTOID};
	Datum		values[] = {
		Int64GetDatum(id), TimestampTzGetDatum(GetCurrentTimestamp()),
		CStringGetTextDatum(svp_role_name(role))
	};

	if (SPI_execute_with_args(psprintf("UPDATE %s SET revoked_at = $2, revoked_by = $3,"
									   " grant_number = NULL" THE_ONE,
									   svp_exception_table(attachment)),
							  3, types, values, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not revoke exception " INT64_FORMAT, id);
}

/*
 * service_policy.revoke_exception(name, id)
 */
Datum
svp_revoke_exception(PG_FUNCTION_ARGS)
{
	SvpAttachment *attachment;
	SvpCaller	caller;
	int64		id;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("which attachment and exception is needed")));
	attachment = attachment_with_refunds(text_argument(fcinfo, 0));
	id = PG_GETARG_INT64(1);

	enter(attachment, &caller);
	check_may_revoke(attachment, id, caller.user);
	lock_open(attachment, id);
	mark_revoked(attachment, id, caller.user);
	leave(&caller);
	PG_RETURN_VOID();
}
