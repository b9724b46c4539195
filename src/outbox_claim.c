/*-------------------------------------------------------------------------
 *
 * outbox_claim.c
 *		Handing out the notifications of escalations.
 *
 * At least once: what is claimed and not confirmed in time is handed out
 * again, under the id that it had.  When as many were handed out in a minute
 * as the policy allows, the others are told all together.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "limit.h"
#include "mapping.h"
#include "outbox.h"
#include "suspension.h"

PG_FUNCTION_INFO_V1(svp_claim);

#define CLAIM_COLUMNS 13

/* The parameters of every claim, before its own. */
#define NSHARED 3

/*
 * Hand out those that are now claimed, of all that were looked at.
 */
static void
hand_out(SvpClaim *claim)
{
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[row];
		TupleDesc	columns = SPI_tuptable->tupdesc;
		Datum		values[CLAIM_COLUMNS];
		bool		nulls[CLAIM_COLUMNS];
		const char *state = SPI_getvalue(tuple, columns, 1);

		/* a trigger of the owner's may have made NULL of it */
		if (state == NULL || strcmp(state, "claimed") != 0)
			continue;
		for (int i = 0; i < CLAIM_COLUMNS; i++)
			values[i] = SPI_getbinval(tuple, columns, i + 2, &nulls[i]);
		svp_result_add(&claim->handed_out, values, nulls);
		claim->wanted--;
	}
}

uint64
svp_outbox_claim(SvpClaim *claim, const char *query, int nargs, const Oid *types,
				 const Datum *values, const char *nulls)
{
	Oid		   *all_types = palloc(sizeof(Oid) * (NSHARED + nargs));
	Datum	   *all_values = palloc(sizeof(Datum) * (NSHARED + nargs));
	char	   *all_nulls = palloc(NSHARED + nargs);
	uint64		found;

	CHECK_FOR_INTERRUPTS();
	all_types[0] = all_types[1] = TIMESTAMPTZOID;
	all_types[2] = TEXTOID;
	all_values[0] = TimestampTzGetDatum(claim->now);
	all_values[1] = TimestampTzGetDatum(claim->until);
	all_values[2] = CStringGetTextDatum(claim->revision.called_by);
	memset(all_nulls, ' ', NSHARED + nargs);
	memcpy(all_types + NSHARED, types, sizeof(Oid) * nargs);
	memcpy(all_values + NSHARED, values, sizeof(Datum) * nargs);
	if (nulls != NULL)
		memcpy(all_nulls + NSHARED, nulls, nargs);
	if (SPI_execute_with_args(query, NSHARED + nargs, all_types, all_values, all_nulls, false,
							  0) < 0)
		elog(ERROR, "the notifications of %s cannot be claimed", claim->revision.attachment->name);
	found = SPI_processed;
	hand_out(claim);
	SPI_freetuptable(SPI_tuptable);
	return found;
}

/*
 * Of a ticket that is no longer open nobody is told.  What was handed out so
 * often without a word is given up.
 */
static void
append_found(StringInfo query, const SvpAttachment *attachment, const char *which)
{
	appendStringInfo(query, "SELECT %s, " SVP_ESCALATION_PARTS ", CASE WHEN NOT ",
					 svp_revise_key_columns(attachment, ""));
	svp_outbox_append_is_open(query, attachment);
	appendStringInfo(query,
					 " THEN 'suppressed' WHEN attempts >= " SVP_MOST_ATTEMPTS " THEN 'failed'"
					 " ELSE 'claimed' END AS next_state"
					 " FROM %s e WHERE notify IS NOT NULL AND state IN ('pending', 'claimed')"
					 " AND attempt_at <= $1%s ORDER BY attempt_at, due_at LIMIT $4"
					 " FOR NO KEY UPDATE SKIP LOCKED",
					 svp_outbox_table(attachment, "escalation"), which);
}

/* Of a row: the state first, then what claim() returns. */
static void
append_claimed(StringInfo query, const SvpAttachment *attachment)
{
	const char *key = svp_revise_key_as_text(attachment, "");

	appendStringInfo(query, "SELECT state, jsonb_build_array(%s, " SVP_ESCALATION_PARTS ")::text, ARRAY[%s", key, key);
	appendStringInfoString(query,
						   "], " SVP_ESCALATION_PARTS ", notify, notify_channel,"
						   " subject, message, due_at, fired_at, attempts FROM taken"
						   " ORDER BY due_at, fired_at, escalation_level, occurrence");
}

/*
 * Claim at most $4 escalations.
 */
static char *
claim_query(const SvpAttachment *attachment, const char *which, const char *set)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfoString(&query, "WITH found AS MATERIALIZED (");
	append_found(&query, attachment, which);
	appendStringInfo(&query,
					 "), taken AS (UPDATE %s e SET " SVP_CLAIM_SET("next_state") ","
					 " claimed_at = CASE next_state WHEN 'claimed' THEN $1 ELSE claimed_at END%s"
					 " FROM found f WHERE ",
					 svp_outbox_table(attachment, "escalation"), set);
	svp_outbox_append_same(&query, attachment, "e", "f");
	appendStringInfoString(&query, " RETURNING e.*) ");
	append_claimed(&query, attachment);
	return query.data;
}

void
svp_outbox_claim_only(SvpClaim *claim, Datum notify, Datum channel, bool no_channel)
{
	Oid			types[] = {INT8OID, TEXTOID, TEXTOID};
	Datum		values[] = {Int64GetDatum(1), notify, channel};
	char		nulls[] = {' ', ' ', no_channel ? 'n' : ' '};

	(void) svp_outbox_claim(claim,
							claim_query(claim->revision.attachment,
										" AND claimed_by IS NULL AND notify = $5"
										" AND notify_channel IS NOT DISTINCT FROM $6",
										", beyond_limit_at = $1"),
							lengthof(types), types, values, nulls);
}

/*
 * Has statements walk along the index of what waits, whatever is known of the
 * table: in a storm there are no statistics yet, and to gather and sort all
 * that waits, for each claim, would take longer than the claims.
 */
static int
enter_order_of_index(void)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("enable_bitmapscan", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	return level;
}

/*
 * Hand out so many, each by itself.  False if there are no more.
 */
static bool
claim_each(SvpClaim *claim, int limit)
{
	char	   *query = claim_query(claim->revision.attachment, "", "");
	int			wanted_after = claim->wanted - limit;
	Oid			type = INT8OID;
	int			level = enter_order_of_index();
	bool		has_more = true;

	/* those that were looked at and not handed out make room for others */
	while (has_more && claim->wanted > wanted_after)
	{
		uint64		asked = claim->wanted - wanted_after;
		Datum		value = Int64GetDatum(asked);

		has_more = svp_outbox_claim(claim, query, 1, &type, &value, NULL) == asked;
	}
	AtEOXact_GUC(false, level);
	return has_more;
}

static void
do_claim(SvpClaim *claim)
{
	int			left;

	if (svp_is_suspended(claim->revision.attachment, claim->now))
		return;
	svp_summaries_claim(claim);
	left = svp_limit_left(&claim->revision, "escalation", "claimed_at", claim->now);
	if (claim_each(claim, Min(left, claim->wanted)) && claim->wanted > 0)
		svp_summarise(claim);
}

/*
 * The instant at which what is claimed now is handed out again.
 */
static TimestampTz
end_of_claim(TimestampTz now, Interval *visibility)
{
	TimestampTz until =
		DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(now),
												IntervalPGetDatum(visibility)));

	if (until <= now || TIMESTAMP_NOT_FINITE(until))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("visibility must be above zero and finite")));
	return until;
}

/*
 * service_policy.claim(name, max, visibility): notifications to send, each to
 * one caller at a time.
 */
Datum
svp_claim(PG_FUNCTION_ARGS)
{
	SvpClaim	claim = {.now = GetCurrentTimestamp()};
	SvpAttachment *attachment;

	svp_outbox_require(fcinfo, 3, "name, max and visibility");
	claim.wanted = PG_GETARG_INT32(1);
	if (claim.wanted < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max must be at least 1, not %d", claim.wanted)));
	attachment = svp_outbox_attachment(fcinfo, "claim()");
	claim.until = end_of_claim(claim.now, PG_GETARG_INTERVAL_P(2));
	svp_result_begin(fcinfo, &claim.handed_out);
	svp_revise_begin(&claim.revision, attachment);
	do_claim(&claim);
	svp_revise_end(&claim.revision);
	return (Datum) 0;
}
