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
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "ledger.h"

/* The kind of the anchor, which the clocks know nothing of. */
#define EXPECTED "expected"

/* A change of one row adds at most so many records: opened, resolved, closed, changed, responded. */
#define LEDGER_ROOM 5

void
svp_record_write_ticket(SvpRow *row, const SvpRecord *record)
{
	for (int i = 0; i < SVP_NDIMENSIONS; i++)
		svp_row_add_text(row, record->event.scenario.value[i]);
	svp_row_add_text(row, record->agent);
	svp_row_add_text(row, record->customer);
}

void
svp_record_read_ticket(const Datum *values, const bool *nulls, SvpRecord *record)
{
	const char *texts[SVP_NDIMENSIONS + 2];

	svp_value_texts(values, nulls, lengthof(texts), texts);
	memcpy(record->event.scenario.value, texts, sizeof(char *) * SVP_NDIMENSIONS);
	record->agent = texts[SVP_NDIMENSIONS];
	record->customer = texts[SVP_NDIMENSIONS + 1];
}

static void
read_record(const Datum *values, const bool *nulls, SvpRecord *record)
{
	record->seq = svp_value_int(values, nulls, 0);
	record->event.at = svp_value_time(values, nulls, 1, NULL);
	record->recorded_at = svp_value_time(values, nulls, 2, NULL);
	record->recorded_by = svp_value_text(values, nulls, 3);
	record->event.kind = svp_value_word(values, nulls, 4, svp_event_names, SVP_NEVENTS,
										SVP_EVENT_CHANGED);
	record->event.state = svp_value_word(values, nulls, 5, svp_state_names, SVP_NSTATES,
										 SVP_STATE_OPEN);
	record->source_state = svp_value_text(values, nulls, 6);
	record->opened_at = svp_value_time(values, nulls, 7, NULL);
	svp_record_read_ticket(values + 8, nulls + 8, record);
	record->in_order = !nulls[8 + SVP_NDIMENSIONS + 2] &&
		DatumGetBool(values[8 + SVP_NDIMENSIONS + 2]);
}

/*
 * In order of the events; at one place, in order of recording.
 */
static int
compare_records(const void *a, const void *b)
{
	const SvpRecord *one = a;
	const SvpRecord *two = b;

	if (svp_event_before(&one->event, &two->event))
		return -1;
	if (svp_event_before(&two->event, &one->event))
		return 1;
	return one->seq < two->seq ? -1 : one->seq > two->seq;
}

typedef struct Reading
{
	int			nkey;
	SvpLedger  *ledger;
	int			capacity;
} Reading;

static bool
is_anchor(const Datum *values, const bool *nulls)
{
	static const char *const expected[] = {EXPECTED};

	return svp_value_word(values, nulls, 4, expected, 1, -1) == 0;
}

static bool
take_record(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	Reading    *reading = arg;
	SvpLedger  *ledger = reading->ledger;
	int32		seq;

	values += reading->nkey;
	nulls += reading->nkey;
	seq = svp_value_int(values, nulls, 0);
	ledger->last_seq = Max(ledger->last_seq, seq);
	if (seq == 1 && is_anchor(values, nulls))
		return true;
	if (ledger->nrecords + LEDGER_ROOM >= reading->capacity)
	{
		reading->capacity *= 2;
		ledger->records = repalloc_huge(ledger->records,
										sizeof(SvpRecord) * (Size) reading->capacity);
	}
	memset(&ledger->records[ledger->nrecords], 0, sizeof(SvpRecord));
	read_record(values, nulls, &ledger->records[ledger->nrecords++]);
	return true;
}

/*
 * From the newest on: one that is in order is enough.
 */
static bool
take_newest(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	SvpLedger  *ledger = ((Reading *) arg)->ledger;

	(void) take_record(arg, place, values, nulls);
	ledger->is_partial = ledger->nrecords == 1 && ledger->records[0].in_order;
	return !ledger->is_partial;
}

void
svp_ledger_make(SvpLedger *ledger)
{
	*ledger = (SvpLedger) {.records = palloc(sizeof(SvpRecord) * LEDGER_ROOM)};
}

static void
read_ledger(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger, bool backward,
			SvpRowConsumer take)
{
	Reading		reading = {attachment->ticket->nkey, ledger, 2 * LEDGER_ROOM};

	*ledger = (SvpLedger) {.records = palloc(sizeof(SvpRecord) * reading.capacity)};
	svp_rows_scan(attachment, SVP_LEDGER, reading.nkey, key, backward, take, &reading);
	qsort(ledger->records, ledger->nrecords, sizeof(SvpRecord), compare_records);
}

void
svp_ledger_read(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger)
{
	read_ledger(attachment, key, ledger, false, take_record);
}

void
svp_ledger_read_newest(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger)
{
	read_ledger(attachment, key, ledger, true, take_newest);
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
 * Is the ticket gone?  What is deleted with it, or after it, stays as evidence
 * of how it was served.
 */
bool
svp_ledger_has_left(const SvpLedger *ledger)
{
	const SvpRecord *latest = svp_ledger_latest(ledger);

	return latest != NULL && latest->event.kind == SVP_EVENT_LEFT;
}

/*
 * Make room for so many records beside the few that any ledger has room for.
 */
void
svp_ledger_reserve(SvpLedger *ledger, int n)
{
	Size		capacity = (Size) ledger->nrecords + n + LEDGER_ROOM;

	ledger->records = repalloc_huge(ledger->records, sizeof(SvpRecord) * capacity);
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

		/* what backfill() added later, below 1, tells nothing of the opening */
		if (record->event.kind != SVP_EVENT_RESPONDED &&
			record->seq > 0 && record->seq < resolved &&
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

static void
fill_row(SvpRow *row, SvpAttachment *attachment, const Datum *key, const SvpRecord *record)
{
	bool		is_reply = record->event.kind == SVP_EVENT_RESPONDED;

	svp_row_begin(row);
	svp_row_add_key(row, attachment->ticket->nkey, key);
	svp_row_add(row, Int32GetDatum(record->seq));
	svp_row_add(row, TimestampTzGetDatum(record->event.at));
	svp_row_add(row, TimestampTzGetDatum(record->recorded_at));
	svp_row_add_text(row, record->recorded_by);
	svp_row_add_text(row, svp_event_names[record->event.kind]);
	svp_row_add_text(row, is_reply ? NULL : svp_state_names[record->event.state]);
	svp_row_add_text(row, record->source_state);
	svp_row_add_optional(row, !is_reply, TimestampTzGetDatum(record->opened_at));
	svp_record_write_ticket(row, record);
	svp_row_add(row, BoolGetDatum(record->in_order));
}

/*
 * Append a record.  The row's lock keeps others away, but a snapshot may be
 * older than it: a ticket that was deleted meanwhile can be inserted again,
 * and its ledger has an end that this transaction does not see.  That is a
 * serialization failure, and no duplicate key of the CRM's.
 */
void
svp_ledger_append(SvpAttachment *attachment, const Datum *key, const SvpRecord *record)
{
	SvpRow		row;

	fill_row(&row, attachment, key, record);
	if (!IsolationUsesXactSnapshot())
		(void) svp_rows_insert(attachment, SVP_LEDGER, row.values, row.nulls);
	else if (!svp_rows_insert_new(attachment, SVP_LEDGER, row.values, row.nulls))
		elog(ERROR, "record %d of a ticket is in its ledger already", record->seq);
}

bool
svp_ledger_begin(SvpAttachment *attachment, const Datum *key, const SvpRecord *record)
{
	SvpRow		row;

	fill_row(&row, attachment, key, record);
	return svp_rows_insert_new(attachment, SVP_LEDGER, row.values, row.nulls);
}

bool
svp_ledger_anchor(SvpAttachment *attachment, const Datum *key, int64 at, const char *recorded_by)
{
	SvpRecord	none = {0};
	SvpRow		row;

	svp_row_begin(&row);
	svp_row_add_key(&row, attachment->ticket->nkey, key);
	svp_row_add(&row, Int32GetDatum(1));
	svp_row_add(&row, TimestampTzGetDatum(at));
	svp_row_add(&row, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	svp_row_add_text(&row, recorded_by);
	svp_row_add_text(&row, EXPECTED);
	svp_row_add_text(&row, NULL);
	svp_row_add_text(&row, NULL);
	svp_row_add_optional(&row, false, (Datum) 0);
	svp_record_write_ticket(&row, &none);
	svp_row_add(&row, BoolGetDatum(false));
	return svp_rows_insert_new(attachment, SVP_LEDGER, row.values, row.nulls);
}

bool
svp_ledger_lock(SvpAttachment *attachment, const Datum *key)
{
	SvpRow		row;

	svp_row_begin(&row);
	svp_row_add_key(&row, attachment->ticket->nkey, key);
	svp_row_add(&row, Int32GetDatum(1));
	return svp_rows_lock(attachment, SVP_LEDGER, row.values);
}

void
svp_ledger_amend(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger,
				 const SvpRecord *record)
{
	SvpRow		row;

	fill_row(&row, attachment, key, record);
	(void) svp_rows_update(attachment, SVP_LEDGER, NULL, row.values, row.nulls);
	for (int i = 0; i < ledger->nrecords; i++)
	{
		if (ledger->records[i].seq == record->seq)
			ledger->records[i] = *record;
	}
}

/*
 * Take back a record of this same transaction.
 */
void
svp_ledger_retract(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger, int32 seq)
{
	SvpRow		row;
	int			n = 0;

	svp_row_begin(&row);
	svp_row_add_key(&row, attachment->ticket->nkey, key);
	svp_row_add(&row, Int32GetDatum(seq));
	(void) svp_rows_delete(attachment, SVP_LEDGER, row.values);
	for (int i = 0; i < ledger->nrecords; i++)
	{
		if (ledger->records[i].seq != seq)
			ledger->records[n++] = ledger->records[i];
	}
	ledger->nrecords = n;
}
