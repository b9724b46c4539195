/*-------------------------------------------------------------------------
 *
 * outbox_summary.c
 *		Telling many escalations all together.
 *
 * When a minute's limit is used up, what else is due is summed up: for each
 * who is told by a channel, one notification.  Nobody gets a second one within
 * a minute, nor while the one before has not been sent; what comes meanwhile
 * waits.  One that would be summed up all alone is handed out as it is.
 *
 * What was claimed before is never summed up: perhaps it was sent.  So an
 * escalation is told by itself, or counted in one summary.  The rows are
 * locked, and one claim at a time makes summaries.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "key.h"
#include "limit.h"
#include "mapping.h"
#include "outbox.h"
#include "summary_text.h"

/*
 * Of a row: the state first, then what claim() returns.  What a summary has not
 * is empty, and not NULL.  The owner may have changed the types: therefore the
 * casts.
 */
#define CLAIMED_SUMMARY \
	"state::text, jsonb_build_array('" SVP_SUMMARY_ID "', summary_id)::text, '{}'::text[]," \
	" metrics::text, 0, escalation_level::int, 0, notify::text, notify_channel::text, subject::text," \
	" message::text, due_at::timestamptz, fired_at::timestamptz, attempts::int"

static const char *
summary_table(const SvpAttachment *attachment)
{
	return svp_outbox_table(attachment, "escalation_summary");
}

/* Handing out again */

/*
 * Of one whose tickets are all over, nobody is told.
 */
void
svp_summaries_claim(SvpClaim *claim)
{
	const SvpAttachment *attachment = claim->revision.attachment;
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(claim->wanted);
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query,
					 "WITH found AS MATERIALIZED (SELECT summary_id AS id, CASE"
					 " WHEN attempts >= " SVP_MOST_ATTEMPTS " THEN 'failed'"
					 " WHEN EXISTS (SELECT FROM %s e WHERE e.summary_id = s.summary_id AND ",
					 svp_outbox_table(attachment, "escalation"));
	svp_outbox_append_is_open(&query, attachment);
	appendStringInfo(&query,
					 ") THEN 'claimed' ELSE 'suppressed' END AS next_state FROM %1$s s"
					 " WHERE state IN ('pending', 'claimed') AND attempt_at <= $1"
					 " ORDER BY attempt_at LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED)"
					 " UPDATE %1$s SET " SVP_CLAIM_SET("next_state")
					 " FROM found WHERE summary_id = id RETURNING " CLAIMED_SUMMARY,
					 summary_table(attachment));
	(void) svp_outbox_claim(claim, query.data, 1, &type, &value, NULL);
}

/* Summing up */

/*
 * Who was told beyond the limit within a minute, or has yet to be: $2 and $3
 * are a minute before now and after it, for a clock that was set back.
 */
static void
append_busy(StringInfo query, const SvpAttachment *attachment)
{
	appendStringInfo(query,
					 "SELECT notify, notify_channel FROM %s"
					 " WHERE state IN ('pending', 'claimed') OR (summarised_at > $2 AND summarised_at < $3)"
					 " UNION ALL SELECT notify, notify_channel FROM %s"
					 " WHERE claimed_at > $2 AND claimed_at < $3"
					 " AND beyond_limit_at > $2 AND beyond_limit_at < $3",
					 summary_table(attachment), svp_outbox_table(attachment, "escalation"));
}

static void
append_found(StringInfo query, const SvpAttachment *attachment)
{
	appendStringInfo(query,
					 "SELECT %s, " SVP_ESCALATION_PARTS ", notify, notify_channel, due_at, fired_at, ",
					 svp_revise_key_columns(attachment, ""));
	svp_outbox_append_is_open(query, attachment);
	appendStringInfo(query,
					 " AS is_open FROM %s e"
					 " WHERE notify IS NOT NULL AND state = 'pending' AND claimed_by IS NULL"
					 " AND attempt_at <= $1"
					 " AND NOT EXISTS (SELECT FROM busy b WHERE b.notify = e.notify"
					 " AND b.notify_channel IS NOT DISTINCT FROM e.notify_channel)"
					 " FOR NO KEY UPDATE OF e SKIP LOCKED",
					 svp_outbox_table(attachment, "escalation"));
}

/*
 * Sum up what waits, of at most $4 who are told by a channel.  One alone gets
 * no number, and stays as it is.
 */
static char *
summarise_query(const SvpAttachment *attachment)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfoString(&query, "WITH busy AS MATERIALIZED (");
	append_busy(&query, attachment);
	appendStringInfoString(&query, "), found AS MATERIALIZED (");
	append_found(&query, attachment);
	appendStringInfo(&query,
					 "), summed AS MATERIALIZED (SELECT notify, notify_channel,"
					 " CASE WHEN count(*) > 1 THEN nextval(%s) END AS summary_id,"
					 " count(*)::int AS escalations, count(DISTINCT (%s))::int AS tickets,"
					 " max(escalation_level) AS escalation_level,"
					 " array_to_string(array_agg(DISTINCT escalation_level), ', ') AS levels,"
					 " array_to_string(array_agg(DISTINCT metric), ', ') AS metrics,"
					 " min(due_at) AS due_at, min(fired_at) AS fired_at"
					 " FROM found WHERE is_open GROUP BY notify, notify_channel"
					 " ORDER BY due_at, notify, notify_channel LIMIT $4)",
					 quote_literal_cstr(svp_outbox_table(attachment, "escalation_summary_id_seq")),
					 svp_revise_key_columns(attachment, ""));
	appendStringInfo(&query,
					 ", told AS (UPDATE %s e SET attempt_at = NULL, summary_id = s.summary_id,"
					 " state = CASE WHEN is_open THEN 'summarised' ELSE 'suppressed' END"
					 " FROM found f LEFT JOIN summed s ON is_open AND s.notify = f.notify"
					 " AND s.notify_channel IS NOT DISTINCT FROM f.notify_channel"
					 " WHERE (NOT is_open OR s.summary_id IS NOT NULL) AND ",
					 svp_outbox_table(attachment, "escalation"));
	svp_outbox_append_same(&query, attachment, "e", "f");
	appendStringInfoString(&query, ") SELECT * FROM summed ORDER BY due_at, notify, notify_channel");
	return query.data;
}

/* The columns of a row of that. */
enum
{
	NOTIFY = 1, CHANNEL, SUMMARY_ID, ESCALATIONS, TICKETS, LEVEL, LEVELS, METRICS, DUE_AT, FIRED_AT
};

typedef struct Summed
{
	HeapTuple	row;
	TupleDesc	columns;
} Summed;

static Datum
value_of(const Summed *summed, int column, bool *isnull)
{
	return SPI_getbinval(summed->row, summed->columns, column, isnull);
}

static const char *
text_of(const Summed *summed, int column)
{
	return SPI_getvalue(summed->row, summed->columns, column);
}

/*
 * Record a summary as claimed, and hand it out.
 */
static void
hand_out_summary(SvpClaim *claim, const Summed *summed, const SvpPolicy *policy)
{
	const SvpAttachment *attachment = claim->revision.attachment;
	bool		isnull;
	bool		no_channel;
	Datum		channel = value_of(summed, CHANNEL, &no_channel);
	SvpSummary	summary = {
		.attachment = attachment->name,
		.policy = attachment->policy,
		.notify = text_of(summed, NOTIFY),
		.channel = text_of(summed, CHANNEL),
		.escalations = DatumGetInt32(value_of(summed, ESCALATIONS, &isnull)),
		.tickets = DatumGetInt32(value_of(summed, TICKETS, &isnull)),
		.levels = text_of(summed, LEVELS),
		.metrics = text_of(summed, METRICS),
		.since = DatumGetTimestampTz(value_of(summed, DUE_AT, &isnull))
	};
	Oid			types[] = {
		INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, INT4OID, INT4OID, TEXTOID, TEXTOID,
		TIMESTAMPTZOID, TIMESTAMPTZOID
	};
	Datum		values[] = {
		value_of(summed, SUMMARY_ID, &isnull),
		CStringGetTextDatum(summary.notify),
		channel,
		CStringGetTextDatum(svp_summary_subject(&summary, policy)),
		CStringGetTextDatum(svp_summary_message(&summary, policy)),
		Int32GetDatum(summary.escalations),
		Int32GetDatum(summary.tickets),
		value_of(summed, LEVEL, &isnull),
		CStringGetTextDatum(summary.levels),
		CStringGetTextDatum(summary.metrics),
		TimestampTzGetDatum(summary.since),
		value_of(summed, FIRED_AT, &isnull)
	};
	char		nulls[lengthof(values)];

	memset(nulls, ' ', sizeof(nulls));
	nulls[2] = no_channel ? 'n' : ' ';
	(void) svp_outbox_claim(claim,
							psprintf("INSERT INTO %s (summarised_at, state, attempts, attempt_at, claimed_by,"
									 " summary_id, notify, notify_channel, subject, message, escalations,"
									 " tickets, escalation_level, levels, metrics, due_at, fired_at)"
									 " VALUES ($1, 'claimed', 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
									 " $12, $13, $14, $15) RETURNING " CLAIMED_SUMMARY,
									 summary_table(attachment)),
							lengthof(values), types, values, nulls);
}

static void
hand_out(SvpClaim *claim, const Summed *summed, const SvpPolicy *policy)
{
	bool		is_alone;
	bool		no_channel;
	Datum		channel;

	(void) value_of(summed, SUMMARY_ID, &is_alone);
	if (is_alone)
	{
		channel = value_of(summed, CHANNEL, &no_channel);
		svp_outbox_claim_only(claim, CStringGetTextDatum(text_of(summed, NOTIFY)), channel, no_channel);
	}
	else
		hand_out_summary(claim, summed, policy);
}

static SPITupleTable *
sum_up(SvpClaim *claim, uint64 *n)
{
	Oid			types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID};
	Datum		values[] = {
		TimestampTzGetDatum(claim->now),
		TimestampTzGetDatum(claim->now - USECS_PER_MINUTE),
		TimestampTzGetDatum(claim->now + USECS_PER_MINUTE),
		Int64GetDatum(claim->wanted)
	};

	if (SPI_execute_with_args(summarise_query(claim->revision.attachment), lengthof(types), types,
							  values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "the notifications of %s cannot be summed up", claim->revision.attachment->name);
	*n = SPI_processed;
	return SPI_tuptable;
}

/*
 * A claim that meets another one that is summing up leaves it to that; nobody
 * waits.  The lock is one that only they and VACUUM take.
 */
void
svp_summarise(SvpClaim *claim)
{
	const SvpAttachment *attachment = claim->revision.attachment;
	const SvpPolicy *policy = svp_limiting_policy(attachment, claim->now);
	SPITupleTable *rows;
	uint64		n;

	if (!ConditionalLockRelationOid(svp_data_relation(attachment, "escalation_summary"),
									ShareUpdateExclusiveLock))
		return;
	rows = sum_up(claim, &n);
	for (uint64 i = 0; i < n; i++)
	{
		Summed		summed = {rows->vals[i], rows->tupdesc};

		hand_out(claim, &summed, policy);
	}
}
