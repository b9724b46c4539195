/*-------------------------------------------------------------------------
 *
 * refund_refusal.c
 *		The record of a refused refund, which outlives its transaction.
 *
 * It is a JSON object whose members are the columns of the attachment's table
 * refund_attempt: a background worker inserts it there, and where that cannot
 * be it is one line of the server log, from which it can be inserted later.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "key.h"
#include "refund_facts.h"
#include "refund_message.h"
#include "refund_refusal.h"
#include "refusal_queue.h"
#include "refusal_worker.h"
#include "settings.h"
#include "table.h"

/* Texts are cut to the first of these lengths, in bytes, with which the record fits. */
static const int lengths[] = {1000, 200, 50, 20};

typedef struct Record
{
	StringInfoData json;
	int			max;			/* length of a text */
} Record;

/* Writing JSON */

static void
add(Record *record, const char *name, const char *value)
{
	appendStringInfoString(&record->json, record->json.len == 0 ? "{" : ", ");
	escape_json(&record->json, name);
	appendStringInfo(&record->json, ": %s", value);
}

static const char *
cut(const char *text, int max)
{
	size_t		length = text == NULL ? 0 : strlen(text);

	return length <= max ? text : pnstrdup(text, pg_mbcliplen(text, length, max));
}

static void
add_text(Record *record, const char *name, const char *text)
{
	StringInfoData quoted;

	if (text == NULL)
		return;
	initStringInfo(&quoted);
	escape_json(&quoted, cut(text, record->max));
	add(record, name, quoted.data);
}

static void
add_time(Record *record, const char *name, int64 at)
{
	char		buffer[MAXDATELEN + 1];
	int			utc = 0;

	add_text(record, name, JsonEncodeDateTime(buffer, TimestampTzGetDatum(at), TIMESTAMPTZOID, &utc));
}

static void
add_amount(Record *record, const char *name, SvpAmount amount)
{
	add(record, name, DatumGetCString(DirectFunctionCall1(numeric_out, svp_refund_numeric(amount))));
}

static const SvpRefundFact *
known(const SvpRefundCase *refund, const char *name)
{
	const SvpRefundFact *fact = svp_refund_case_fact(refund, name);

	return fact != NULL && fact->knowledge == SVP_KNOWN ? fact : NULL;
}

/* What the record says */

/* A refund's key in one text, a ticket's in columns of its parts. */
static void
add_keys(Record *record, const SvpRefundCase *refund)
{
	SvpAttachment *attachment = refund->attachment;
	StringInfoData key;

	initStringInfo(&key);
	for (int i = 0; i < attachment->refund->nkey && refund->facts.key != NULL; i++)
		appendStringInfo(&key, "%s%s", i > 0 ? "/" : "",
						 svp_key_part_text(attachment->refund_key_types[i], refund->facts.key[i]));
	add_text(record, "refund_key", refund->facts.key != NULL ? key.data : NULL);
	for (int i = 0; i < attachment->ticket->nkey && refund->ticket_key != NULL; i++)
		add_text(record, svp_table_get(attachment, SVP_REFUND_DECISION)->ticket_names[i],
				 svp_key_part_text(attachment->key_types[i], refund->ticket_key[i]));
}

static void
add_writer(Record *record, const SvpRefundCase *refund, const char *schema, const char *table)
{
	add_text(record, "attempted_by", refund->role);
	add_text(record, "session_role", svp_role_name(GetSessionUserId()));
	add_text(record, "application_name", application_name);
	add(record, "process_id", psprintf("%d", MyProcPid));
	add_text(record, "table_name", quote_qualified_identifier(schema, table));
}

static void
add_decision(Record *record, const SvpRefundCase *refund)
{
	const SvpRefundDecision *decision = &refund->decision;

	add_text(record, "decision", svp_refund_outcome_names[decision->outcome]);
	add_text(record, "reason", svp_refund_reason_names[decision->reason]);
	add_text(record, "rule", refund->rule == NULL ? NULL : refund->rule->name);
	if (refund->policy != NULL)
		add(record, "policy_version", psprintf("%d", refund->policy->version));
	if (decision->has_cutoff)
		add_time(record, "cutoff_at", decision->cutoff_at);
	if (decision->has_allowed_amount)
		add_amount(record, "allowed_amount", decision->allowed_amount);
	add_text(record, "message", svp_refund_summary(refund));
}

static void
add_facts(Record *record, const SvpRefundCase *refund)
{
	static const SvpFactName texts[] = {
		SVP_NAME_CURRENCY, SVP_NAME_ORDER_ID, SVP_NAME_LINE_ID, SVP_NAME_AGENT, SVP_NAME_CUSTOMER
	};
	const SvpRefundFact *requested = known(refund, SVP_FACT_REQUESTED_AT);
	const SvpRefundFact *amount = known(refund, SVP_FACT_AMOUNT);

	if (requested != NULL)
		add_time(record, "requested_at", requested->value);
	if (amount != NULL)
		add_amount(record, "amount", amount->value);
	for (int i = 0; i < lengthof(texts); i++)
		add_text(record, svp_fact_name(texts[i]), svp_refund_case_text(refund, texts[i]));
}

static void
add_columns(Record *record, const SvpRefundCase *refund, const char *schema, const char *table)
{
	add_text(record, "database", get_database_name(MyDatabaseId));
	add_text(record, "attachment", refund->attachment->name);
	add_time(record, "attempted_at", refund->now);
	add_writer(record, refund, schema, table);
	add_keys(record, refund);
	add_decision(record, refund);
	add_facts(record, refund);
}

/* All the facts, their texts cut. */
static char *
facts_text(const SvpRefundCase *refund, int max)
{
	SvpRefundCase copy = *refund;
	Size		size = sizeof(SvpFactValue) * refund->mapping->nfacts;

	copy.facts.problem = cut(refund->facts.problem, max);
	copy.facts.values = memcpy(palloc(size), refund->facts.values, size);
	for (int i = 0; i < refund->mapping->nfacts; i++)
		copy.facts.values[i].text = cut(refund->facts.values[i].text, max);
	return JsonbToCString(NULL, &DatumGetJsonbP(svp_refund_facts_jsonb(&copy))->root, 0);
}

/*
 * The record, of a size for which there is room: its columns go before the
 * facts, which are left out if they are too many even when they are cut.
 */
static char *
build(const SvpRefundCase *refund, const char *schema, const char *table)
{
	static const char member[] = ", \"facts\": ";
	Record		record;
	int			i = 0;

	do
	{
		if (i == lengthof(lengths))
			elog(ERROR, "its record has more than %d bytes", (int) SVP_REFUSAL_RECORD_SIZE);
		initStringInfo(&record.json);
		record.max = lengths[i++];
		add_columns(&record, refund, schema, table);
	} while (record.json.len + sizeof("}") > SVP_REFUSAL_RECORD_SIZE);

	for (i = 0; i < lengthof(lengths); i++)
	{
		char	   *facts = facts_text(refund, lengths[i]);

		if (record.json.len + sizeof(member) + strlen(facts) + 1 > SVP_REFUSAL_RECORD_SIZE)
			continue;
		appendStringInfo(&record.json, "%s%s", member, facts);
		break;
	}
	appendStringInfoChar(&record.json, '}');
	return record.json.data;
}

/* Where it goes */

void
svp_refusal_log(const char *record, const char *why)
{
	ereport(LOG_SERVER_ONLY,
			(errmsg_internal("service_policy refused a refund: %s", record),
			 why != NULL ? errdetail_internal("It is not in the table refund_attempt: %s.", why) : 0,
			 errhidestmt(true),
			 errhidecontext(true)));
}

typedef struct Note
{
	const SvpRefundCase *refund;
	const char *schema;
	const char *table;
	char	   *record;
} Note;

static void
build_note(void *arg)
{
	Note	   *note = arg;
	int			level = svp_settings_enter();

	note->record = build(note->refund, note->schema, note->table);
	svp_settings_leave(level);
}

void
svp_refusal_note(const SvpRefundCase *refund, const char *schema, const char *table)
{
	Note		note = {refund, schema, table, NULL};
	ErrorData  *error = svp_attempt(build_note, &note);

	if (error != NULL)
	{
		ereport(LOG_SERVER_ONLY,
				(errmsg("could not note down a refused refund of attachment \"%s\": %s",
						refund->attachment->name, error->message)));
		return;
	}
	switch (svp_refusal_put(refund->attachment->name, note.record))
	{
		case SVP_QUEUED:
			break;
		case SVP_QUEUED_FIRST:
			svp_refusal_worker_start(MyDatabaseId);
			break;
		case SVP_QUEUE_FULL:
			svp_refusal_log(note.record, "the queue is full, see service_policy.attempt_queue_size");
			break;
		case SVP_QUEUE_ABSENT:
			svp_refusal_log(note.record, NULL);
			break;
	}
}
