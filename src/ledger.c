/*-------------------------------------------------------------------------
 *
 * ledger.c
 *		The ledger of a ticket, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "ledger.h"

static void
read_record(int row, SvpRecord *record)
{
	record->seq = svp_int_field(row, 1);
	record->event.at = svp_time_field(row, 2, NULL);
	record->event.kind = svp_word_field(row, 3, svp_event_names, SVP_NEVENTS, SVP_EVENT_CHANGED);
	record->event.state = svp_word_field(row, 4, svp_state_names, SVP_NSTATES, SVP_STATE_OPEN);
	record->source_state = svp_text_field(row, 5);
	record->opened_at = svp_time_field(row, 6, NULL);
	record->recorded_by = svp_text_field(row, 7);
	record->recorded_at = svp_time_field(row, 8, NULL);
	svp_read_ticket(row, 9, record);
}

/*
 * Read a ticket's ledger, with room for a few more records.
 */
void
svp_ledger_read(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger)
{
	SvpParameters	parameters = {0};

	svp_add_key(&parameters, attachment, key);
	svp_evidence_run(attachment, SVP_READ_LEDGER, &parameters, SPI_OK_SELECT);
	ledger->nrecords = SPI_processed;
	ledger->records = palloc0(sizeof(SvpRecord) * (SPI_processed + 4));
	for (int i = 0; i < ledger->nrecords; i++)
		read_record(i, &ledger->records[i]);
	SPI_freetuptable(SPI_tuptable);
}

/*
 * The row as it was last recorded: the newest record that is not a reply, or
 * NULL.
 */
const SvpRecord *
svp_ledger_latest(const SvpLedger *ledger)
{
	const SvpRecord *latest = NULL;

	for (int i = 0; i < ledger->nrecords; i++)
	{
		const SvpRecord *record = &ledger->records[i];

		if (record->event.kind != SVP_EVENT_RESPONDED &&
			(latest == NULL || record->seq > latest->seq))
			latest = record;
	}
	return latest;
}

/*
 * Put a record, the newest, in its place among the others.
 */
void
svp_ledger_add(SvpLedger *ledger, const SvpRecord *record)
{
	int			i = ledger->nrecords++;

	for (; i > 0 && svp_event_before(&record->event, &ledger->records[i - 1].event); i--)
		ledger->records[i] = ledger->records[i - 1];
	ledger->records[i] = *record;
}

/*
 * When the ticket was opened, as last said before it was first resolved: from
 * then on that is part of what was judged.
 */
int64
svp_ledger_opening(const SvpLedger *ledger)
{
	int32		resolved = INT32_MAX;
	int32		latest = 0;
	int64		opening = 0;

	for (int i = 0; i < ledger->nrecords; i++)
	{
		const SvpRecord *record = &ledger->records[i];

		if (record->event.kind != SVP_EVENT_RESPONDED && record->seq < resolved &&
			(record->event.state == SVP_STATE_RESOLVED || record->event.state == SVP_STATE_CLOSED))
			resolved = record->seq;
	}
	for (int i = 0; i < ledger->nrecords; i++)
	{
		const SvpRecord *record = &ledger->records[i];

		if (record->event.kind == SVP_EVENT_RESPONDED || record->seq > resolved ||
			record->seq <= latest)
			continue;
		latest = record->seq;
		opening = record->opened_at;
	}
	return opening;
}

bool
svp_record_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/*
 * Do two records say the same of their ticket, but for state and opening?
 */
bool
svp_record_same_ticket(const SvpRecord *a, const SvpRecord *b)
{
	for (int i = 0; i < SVP_NDIMENSIONS; i++)
	{
		if (!svp_record_same_text(a->event.scenario.value[i], b->event.scenario.value[i]))
			return false;
	}
	return svp_record_same_text(a->agent, b->agent) && svp_record_same_text(a->customer, b->customer);
}

typedef struct Appending
{
	SvpAttachment *attachment;
	SvpParameters *parameters;
} Appending;

static void
append_record(void *arg)
{
	Appending  *append = arg;

	svp_evidence_run(append->attachment, SVP_APPEND_LEDGER, append->parameters, SPI_OK_INSERT);
}

/*
 * Append under a snapshot that may be older than the row's lock: a ticket that
 * was deleted meanwhile can be inserted again, but its ledger has an end that
 * this transaction does not see.  That is no duplicate key of the CRM's.
 */
static void
append_serialized(SvpAttachment *attachment, SvpParameters *parameters)
{
	Appending	append = {attachment, parameters};
	ErrorData  *error = svp_attempt(append_record, &append);

	if (error == NULL)
		return;
	if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION)
		ReThrowError(error);
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to a concurrent change of the ticket"),
			 errhint("The transaction might succeed if retried.")));
}

static void
set_record(SvpParameters *parameters, SvpAttachment *attachment, const Datum *key,
		   const SvpRecord *record)
{
	bool		is_reply = record->event.kind == SVP_EVENT_RESPONDED;

	svp_add_key(parameters, attachment, key);
	svp_add_value(parameters, Int32GetDatum(record->seq));
	svp_add_value(parameters, TimestampTzGetDatum(record->event.at));
	svp_add_text(parameters, svp_event_names[record->event.kind]);
	svp_add_text(parameters, is_reply ? NULL : svp_state_names[record->event.state]);
	svp_add_text(parameters, record->source_state);
	svp_add_optional(parameters, !is_reply, TimestampTzGetDatum(record->opened_at));
	svp_add_text(parameters, record->recorded_by);
	svp_add_value(parameters, TimestampTzGetDatum(record->recorded_at));
	svp_add_ticket(parameters, record);
}

void
svp_ledger_append(SvpAttachment *attachment, const Datum *key, const SvpRecord *record)
{
	SvpParameters	parameters = {0};

	set_record(&parameters, attachment, key, record);
	if (IsolationUsesXactSnapshot())
		append_serialized(attachment, &parameters);
	else
		svp_evidence_run(attachment, SVP_APPEND_LEDGER, &parameters, SPI_OK_INSERT);
}

bool
svp_ledger_begin(SvpAttachment *attachment, const Datum *key, const SvpRecord *record)
{
	SvpParameters	parameters = {0};

	set_record(&parameters, attachment, key, record);
	svp_evidence_run(attachment, SVP_BEGIN_LEDGER, &parameters, SPI_OK_INSERT);
	return SPI_processed > 0;
}

/*
 * Take back a record of this same transaction.
 */
void
svp_ledger_retract(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger, int32 seq)
{
	SvpParameters	parameters = {0};
	int			n = 0;

	svp_add_key(&parameters, attachment, key);
	svp_add_value(&parameters, Int32GetDatum(seq));
	svp_evidence_run(attachment, SVP_RETRACT_LEDGER, &parameters, SPI_OK_DELETE);
	for (int i = 0; i < ledger->nrecords; i++)
	{
		if (ledger->records[i].seq != seq)
			ledger->records[n++] = ledger->records[i];
	}
	ledger->nrecords = n;
}
