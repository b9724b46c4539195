/*-------------------------------------------------------------------------
 *
 * refund_table.c
 *		The decisions on refunds, as rows.
 *
 * A decision is never changed but for its withdrawal: when the refund is
 * decided on anew, or is gone.  What stands is what counts.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "key.h"
#include "number.h"
#include "refund_exception.h"
#include "refund_table.h"
#include "table.h"

/* The columns after the refund's key, see table.c. */
enum
{
	SEQ, DECIDED_AT, RECORDED_BY, DECISION, REASON, RULE, POLICY_VERSION, MODE, CUTOFF_AT,
	REQUESTED_AT, AMOUNT, ALLOWED_AMOUNT, FEE, CURRENCY, ORDER_ID, LINE_ID, AGENT, CUSTOMER,
	EXCEPTION_ID, APPROVAL_ID, FACTS, WITHDRAWN_AT
};

/* Was in the table before it was attached, and is only counted. */
#define COUNTED "counted"

/* Reading */

typedef struct Search
{
	const SvpTable *table;
	const SvpRefundShare *share;
	SvpRefundRecord *record;
	int			nstanding;
	bool		found;			/* the one that is looked for */
} Search;

static SvpAmount
amount_of(const Datum *values, const bool *nulls)
{
	int64		amount;

	if (nulls[AMOUNT] ||
		!svp_number_parse(DatumGetCString(DirectFunctionCall1(numeric_out, values[AMOUNT])), &amount))
		return 0;
	return Max(amount, 0);
}

static SvpRefundShare
share_of(const Datum *values, const bool *nulls)
{
	return (SvpRefundShare) {
		.order_id = svp_value_text(values, nulls, ORDER_ID),
		.line_id = svp_value_text(values, nulls, LINE_ID),
		.customer = svp_value_text(values, nulls, CUSTOMER),
		.currency = svp_value_text(values, nulls, CURRENCY),
		.amount = amount_of(values, nulls),
		.counted_at = svp_value_time(values, nulls, DECIDED_AT, NULL)
	};
}

bool
svp_refund_same_share(const SvpRefundShare *a, const SvpRefundShare *b)
{
	return a->amount == b->amount && svp_record_same_text(a->currency, b->currency) &&
		svp_record_same_text(a->order_id, b->order_id) &&
		svp_record_same_text(a->line_id, b->line_id) &&
		svp_record_same_text(a->customer, b->customer);
}

static void
copy_row(const SvpTable *table, const Datum *values, const bool *nulls, SvpRow *row)
{
	svp_row_begin(row);
	for (int i = 0; i < SVP_TABLE_WIDTH(table); i++)
	{
		int16		length;
		bool		by_value;

		get_typlenbyval(svp_table_column_type(table, i), &length, &by_value);
		svp_row_add_optional(row, !nulls[i],
							 nulls[i] ? (Datum) 0 : datumCopy(values[i], by_value, length));
	}
}

static bool
take_decision(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	Search	   *search = arg;
	SvpRefundRecord *record = search->record;
	int			nkey = search->table->nkey;
	SvpRefundShare share;

	if (record->last_seq == 0)
		record->last_seq = svp_value_int(values + nkey, nulls + nkey, SEQ);
	if (!nulls[nkey + WITHDRAWN_AT])
		return true;
	share = share_of(values + nkey, nulls + nkey);
	search->nstanding++;
	search->found = search->share != NULL && svp_refund_same_share(search->share, &share);
	if (search->nstanding == 1 || search->found)
	{
		record->share = share;
		copy_row(search->table, values, nulls, &record->row);
		record->facts = record->row.values[nkey + FACTS];
		record->is_approved = !nulls[nkey + APPROVAL_ID];
	}
	return !search->found;
}

void
svp_refund_find(SvpAttachment *attachment, const Datum *key, const SvpRefundShare *share,
				SvpRefundRecord *record)
{
	Search		search = {svp_table_get(attachment, SVP_REFUND_DECISION), share, record};

	record->last_seq = 0;
	svp_rows_scan(attachment, SVP_REFUND_DECISION, attachment->refund->nkey, key, true,
				  take_decision, &search);
	record->stands = search.found || search.nstanding == 1;
}

/* Writing */

static void
add_fact_text(SvpRow *row, const SvpRefundCase *refund, SvpFactName name)
{
	svp_row_add_text(row, svp_refund_case_text(refund, name));
}

static void
add_known_time(SvpRow *row, const SvpRefundCase *refund, const char *name)
{
	const SvpRefundFact *fact = svp_refund_case_fact(refund, name);
	bool		known = fact != NULL && fact->knowledge == SVP_KNOWN;

	svp_row_add_optional(row, known, known ? TimestampTzGetDatum(fact->value) : (Datum) 0);
}

static void
add_amount(SvpRow *row, const SvpRefundCase *refund)
{
	svp_row_add_optional(row, DatumGetPointer(refund->amount) != NULL, refund->amount);
}

/* What was decided, from "decision" to "cutoff_at". */
static void
add_outcome(SvpRow *row, const SvpRefundCase *refund)
{
	const SvpRefundDecision *decision = &refund->decision;
	bool		has_mode = decision->reason != SVP_REASON_NO_RULE;

	svp_row_add_text(row, svp_refund_outcome_names[decision->outcome]);
	svp_row_add_text(row, svp_refund_reason_names[decision->reason]);
	svp_row_add_text(row, refund->rule == NULL ? NULL : refund->rule->name);
	svp_row_add_optional(row, refund->policy != NULL,
					 Int32GetDatum(refund->policy == NULL ? 0 : refund->policy->version));
	svp_row_add_text(row, has_mode ? svp_mode_names[refund->mode] : NULL);
	svp_row_add_optional(row, decision->has_cutoff, TimestampTzGetDatum(decision->cutoff_at));
}

/* What was allowed of the amount, from "allowed_amount" to "fee". */
static void
add_allowed(SvpRow *row, const SvpRefundCase *refund)
{
	const SvpRefundDecision *decision = &refund->decision;

	svp_row_add_optional(row, decision->has_allowed_amount,
						 svp_refund_case_numeric(refund, decision->allowed_amount));
	svp_row_add(row, svp_refund_numeric(decision->fee));
}

static void
add_nulls(SvpRow *row, int n)
{
	for (int i = 0; i < n; i++)
		svp_row_add_optional(row, false, (Datum) 0);
}

static void
add_exception(SvpRow *row, const SvpException *exception)
{
	svp_row_add_optional(row, exception != NULL,
						 exception == NULL ? (Datum) 0 : Int64GetDatum(exception->id));
}

/* The facts, from "currency" to the ticket's key. */
static void
add_facts(SvpRow *row, const SvpRefundCase *refund)
{
	add_fact_text(row, refund, SVP_NAME_CURRENCY);
	add_fact_text(row, refund, SVP_NAME_ORDER_ID);
	add_fact_text(row, refund, SVP_NAME_LINE_ID);
	add_fact_text(row, refund, SVP_NAME_AGENT);
	add_fact_text(row, refund, SVP_NAME_CUSTOMER);
	add_exception(row, refund->exception);
	add_exception(row, refund->approval);
	svp_row_add(row, svp_refund_facts_jsonb(refund));
	/* withdrawn_at */
	add_nulls(row, 1);
	for (int i = 0; i < refund->attachment->ticket->nkey; i++)
		svp_row_add_optional(row, refund->ticket_key != NULL,
						 refund->ticket_key == NULL ? (Datum) 0 : refund->ticket_key[i]);
}

static void
begin_row(SvpRow *row, const SvpRefundCase *refund, int32 seq, int64 at, const char *recorded_by)
{
	svp_row_begin(row);
	svp_row_add_key(row, refund->attachment->refund->nkey, refund->facts.key);
	svp_row_add(row, Int32GetDatum(seq));
	svp_row_add(row, TimestampTzGetDatum(at));
	svp_row_add_text(row, recorded_by);
}

bool
svp_refund_append(const SvpRefundCase *refund, int32 seq, const char *recorded_by)
{
	SvpRow		row;

	begin_row(&row, refund, seq, refund->now, recorded_by);
	add_outcome(&row, refund);
	add_known_time(&row, refund, SVP_FACT_REQUESTED_AT);
	add_amount(&row, refund);
	add_allowed(&row, refund);
	add_facts(&row, refund);
	return svp_rows_insert_own(refund->attachment, SVP_REFUND_DECISION, row.values, row.nulls);
}

bool
svp_refund_append_counted(const SvpRefundCase *refund, int32 seq, int64 at,
						  const char *recorded_by)
{
	SvpRow		row;

	begin_row(&row, refund, seq, at, recorded_by);
	svp_row_add_text(&row, COUNTED);
	/* reason to cutoff_at */
	add_nulls(&row, 5);
	add_known_time(&row, refund, SVP_FACT_REQUESTED_AT);
	add_amount(&row, refund);
	/* allowed_amount, fee */
	add_nulls(&row, 2);
	add_facts(&row, refund);
	return svp_rows_insert_new(refund->attachment, SVP_REFUND_DECISION, row.values, row.nulls);
}

void
svp_refund_withdraw(SvpAttachment *attachment, SvpRefundRecord *record, int64 at)
{
	int			column = attachment->refund->nkey + WITHDRAWN_AT;

	record->row.values[column] = TimestampTzGetDatum(at);
	record->row.nulls[column] = false;
	(void) svp_rows_update(attachment, SVP_REFUND_DECISION, NULL, record->row.values, record->row.nulls);
}

void
svp_refund_move(SvpAttachment *attachment, SvpRefundRecord *record, const Datum *key, int64 at)
{
	int			nkey = attachment->refund->nkey;
	SvpRow		row = record->row;
	SvpRefundRecord there;

	svp_refund_withdraw(attachment, record, at);
	memcpy(row.values, key, sizeof(Datum) * nkey);
	do
	{
		svp_refund_find(attachment, key, NULL, &there);
		row.values[nkey + SEQ] = Int32GetDatum(there.last_seq + 1);
	} while (!svp_rows_insert_new(attachment, SVP_REFUND_DECISION, row.values, row.nulls));
}

/* The attached table's own rows */

/*
 * Look for the refunds of a key, in an SPI connection; a row is the result's
 * only column.  Gives how many there are, 2 standing for more.
 */
static int
fetch_rows(const SvpAttachment *attachment, const Datum *key, bool of_now)
{
	const SvpMapping *refund = attachment->refund;
	StringInfoData query;

	initStringInfo(&query);
	/* not "SELECT refund", which may be a column */
	appendStringInfo(&query, "SELECT (refund.*)::%s FROM %s AS refund",
					 attachment->refund_table, attachment->refund_table);
	for (int i = 0; i < refund->nkey; i++)
		appendStringInfo(&query, "%s refund.%s %s $%d", i > 0 ? " AND" : " WHERE",
						 quote_identifier(refund->key[i]),
						 svp_equality(attachment->refund_key_types[i]), i + 1);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(query.data, refund->nkey, attachment->refund_key_types,
							  unconstify(Datum *, key), NULL, !of_now, 2) != SPI_OK_SELECT)
		elog(ERROR, "could not read a refund");
	return (int) SPI_processed;
}

bool
svp_refund_is_alone(const SvpAttachment *attachment, const Datum *key)
{
	int			nrows = fetch_rows(attachment, key, true);

	SPI_finish();
	return nrows == 1;
}

HeapTuple
svp_refund_fetch(const SvpAttachment *attachment, Relation relation, const Datum *key, bool of_now)
{
	int			nrows = fetch_rows(attachment, key, of_now);
	Datum		row = (Datum) 0;
	bool		isnull;
	HeapTuple	tuple;

	if (nrows > 0)
		row = SPI_datumTransfer(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
											  &isnull), false, -1);
	SPI_finish();
	if (nrows == 0)
		return NULL;
	tuple = palloc0(sizeof(HeapTupleData));
	/* a short one is copied again, which is to outlive the connection, too */
	tuple->t_data = DatumGetHeapTupleHeader(row);
	tuple->t_len = HeapTupleHeaderGetDatumLength(tuple->t_data);
	tuple->t_tableOid = RelationGetRelid(relation);
	return tuple;
}
