/*-------------------------------------------------------------------------
 *
 * exception_table.c
 *		Exceptions and approvals, as rows.
 *
 * A refund uses one by locking its row, so that of two refunds the second
 * waits, and then finds it used.  From then on it is that refund's own: it is
 * found again when that refund is decided on anew.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/elog.h"
#include "utils/timestamp.h"

#include "exception_table.h"
#include "key.h"
#include "number.h"
#include "refund_table.h"
#include "row.h"

const char *const svp_subject_names[SVP_NSUBJECTS] = {
	"refund", "ticket", "order_id", "customer"
};

/* Statements */

const char *
svp_exception_table(const SvpAttachment *attachment)
{
	return quote_qualified_identifier(attachment->data_schema, SVP_EXCEPTION_TABLE);
}

/*
 * Every statement begins with the key of the refund at hand as its parameters.
 */
static void
append_refund_key(StringInfo query, const SvpAttachment *attachment, const char *alias)
{
	const SvpMapping *refund = attachment->refund;

	for (int i = 0; i < refund->nkey; i++)
		appendStringInfo(query, "%s%s.%s %s $%d", i > 0 ? " AND " : "", alias,
						 quote_identifier(refund->data_key[i]),
						 svp_equality(attachment->refund_key_types[i]), i + 1);
}

/* The ticket's comes next. */
static void
append_ticket_key(StringInfo query, const SvpAttachment *attachment)
{
	const SvpMapping *ticket = attachment->ticket;

	for (int i = 0; i < ticket->nkey; i++)
		appendStringInfo(query, "%se.%s %s $%d", i > 0 ? " AND " : "",
						 quote_identifier(svp_ticket_column(ticket, i)),
						 svp_equality(attachment->key_types[i]), attachment->refund->nkey + i + 1);
}

static void
append_subject(StringInfo query, const SvpAttachment *attachment, SvpSubject subject)
{
	if (subject == SVP_SUBJECT_REFUND)
		append_refund_key(query, attachment, "e");
	else if (subject == SVP_SUBJECT_TICKET)
		append_ticket_key(query, attachment);
	else
		appendStringInfo(query, "e.subject OPERATOR(pg_catalog.=) $%d",
						 attachment->refund->nkey + attachment->ticket->nkey +
						 1 + (subject - SVP_SUBJECT_ORDER));
}

/* Used by none, or by the refund at hand. */
static void
append_free(StringInfo query, const SvpAttachment *attachment)
{
	appendStringInfoString(query, "revoked_at IS NULL AND (used_at IS NULL OR (");
	append_refund_key(query, attachment, "e");
	appendStringInfoString(query, "))");
}

#define OPEN_COLUMNS	12

/* One for each kind of subject, since each has an index of its own. */
static void
build_open(StringInfo query, const SvpAttachment *attachment, const char *table)
{
	for (int i = 0; i < SVP_NSUBJECTS; i++)
	{
		appendStringInfo(query,
						 "%sSELECT exception_id, kind, grace_days, amount, currency, reason, role,"
						 " granted_by, agent, used_at IS NULL AS unused, %d AS place, expires_at"
						 " FROM %s e WHERE subject_kind OPERATOR(pg_catalog.=) '%s' AND ",
						 i > 0 ? " UNION ALL " : "", i, table, svp_subject_names[i]);
		append_subject(query, attachment, (SvpSubject) i);
		appendStringInfoString(query, " AND ");
		append_free(query, attachment);
		appendStringInfo(query, " AND (used_at IS NOT NULL OR expires_at OPERATOR(pg_catalog.>) $%d)",
						 attachment->refund->nkey + attachment->ticket->nkey + 3);
	}
	appendStringInfoString(query, " ORDER BY unused, place, expires_at, exception_id");
}

static void
build_lock(StringInfo query, const SvpAttachment *attachment, const char *table)
{
	appendStringInfo(query, "SELECT FROM %s e WHERE exception_id OPERATOR(pg_catalog.=) $%d AND ",
					 table, attachment->refund->nkey + 1);
	append_free(query, attachment);
	appendStringInfoString(query, " FOR NO KEY UPDATE");
}

static void
build_mark_used(StringInfo query, const SvpAttachment *attachment, const char *table)
{
	const SvpMapping *refund = attachment->refund;
	int			n = refund->nkey;

	appendStringInfo(query,
					 "UPDATE %s SET used_at = COALESCE(used_at, $%d), used_by = $%d, used_by_agent = $%d,"
					 " used_amount = $%d, used_currency = $%d, used_reason = $%d",
					 table, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7);
	for (int i = 0; i < n; i++)
		appendStringInfo(query, ", %s = $%d", quote_identifier(refund->data_key[i]), i + 1);
	appendStringInfo(query, " WHERE exception_id OPERATOR(pg_catalog.=) $%d", n + 1);
}

static void
build_move(StringInfo query, const SvpAttachment *attachment, const char *table)
{
	const SvpMapping *refund = attachment->refund;

	appendStringInfo(query, "UPDATE %s e SET ", table);
	for (int i = 0; i < refund->nkey; i++)
		appendStringInfo(query, "%s%s = $%d", i > 0 ? ", " : "",
						 quote_identifier(refund->data_key[i]), refund->nkey + i + 1);
	appendStringInfoString(query, " WHERE used_at IS NOT NULL AND ");
	append_refund_key(query, attachment, "e");
	/* but for those of one that has the key by now */
	appendStringInfo(query, " AND NOT EXISTS (SELECT FROM %s d WHERE withdrawn_at IS NULL"
					 " AND (d.exception_id OPERATOR(pg_catalog.=) e.exception_id"
					 " OR d.approval_id OPERATOR(pg_catalog.=) e.exception_id) AND ",
					 quote_qualified_identifier(attachment->data_schema, "refund_decision"));
	append_refund_key(query, attachment, "d");
	appendStringInfoChar(query, ')');
}

typedef void (*Builder) (StringInfo query, const SvpAttachment *attachment, const char *table);

/* Another key may come after the refund's. */
typedef enum SecondKey
{
	NO_KEY,
	OF_TICKET,
	OF_REFUND
} SecondKey;

typedef struct Statement
{
	Builder		build;
	SecondKey	second_key;
	int			ntypes;			/* of the parameters that come after keys */
	Oid			types[7];
} Statement;

static const Statement statements[SVP_NEXCEPTION_STATEMENTS] = {
	[SVP_EXCEPTION_OPEN] = {build_open, OF_TICKET, 3, {TEXTOID, TEXTOID, TIMESTAMPTZOID}},
	[SVP_EXCEPTION_LOCK] = {build_lock, NO_KEY, 1, {INT8OID}},
	[SVP_EXCEPTION_MARK_USED] = {build_mark_used, NO_KEY, 7,
	{INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, NUMERICOID, TEXTOID, TEXTOID}},
	[SVP_EXCEPTION_MOVE] = {build_move, OF_REFUND}
};

static int
add_types(Oid *types, int n, const Oid *more, int nmore)
{
	memcpy(types + n, more, sizeof(Oid) * nmore);
	return n + nmore;
}

static SPIPlanPtr
statement(SvpAttachment *attachment, SvpExceptionStatement which)
{
	SPIPlanPtr *kept = &attachment->exception_plans[which];
	const Statement *of = &statements[which];
	int			nrefund = attachment->refund->nkey;
	Oid			types[lengthof(of->types) + 2 * INDEX_MAX_KEYS];
	int			n;
	StringInfoData query;
	SPIPlanPtr	plan;

	if (*kept != NULL && SPI_plan_is_valid(*kept))
		return *kept;
	svp_learn_key_types(attachment, SVP_EXCEPTION_TABLE, attachment->refund,
						&attachment->refund_key_types);
	n = add_types(types, 0, attachment->refund_key_types, nrefund);
	if (of->second_key == OF_TICKET)
		n = add_types(types, n, attachment->key_types, attachment->ticket->nkey);
	else if (of->second_key == OF_REFUND)
		n = add_types(types, n, attachment->refund_key_types, nrefund);
	n = add_types(types, n, of->types, of->ntypes);
	initStringInfo(&query);
	of->build(&query, attachment, svp_exception_table(attachment));
	plan = SPI_prepare(query.data, n, types);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	svp_attachment_keep_plan(kept, plan);
	return plan;
}

/* The key of a refund that is only asked about is not known. */
static void
add_key(SvpRow *row, const Datum *key, int nkey)
{
	for (int i = 0; i < nkey; i++)
		svp_row_add_optional(row, key != NULL, key == NULL ? (Datum) 0 : key[i]);
}

static void
add_refund_key(SvpRow *row, const SvpRefundCase *refund)
{
	add_key(row, refund->facts.key, refund->attachment->refund->nkey);
}

/*
 * Run a statement, in an SPI connection to be finished when its result has
 * been looked at: most refunds need none.
 */
static void
run(SvpAttachment *attachment, SvpExceptionStatement which, SvpRow *row, int expected)
{
	int			result;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	result = SPI_execute_plan(statement(attachment, which),
							  row->values, svp_null_flags(row->n, row->nulls), false, 0);
	if (result != expected)
		elog(ERROR, "statement %d on exceptions of attachment %s: %s", which,
			 attachment->name, SPI_result_code_string(result));
}

/* Those that are open */

static SvpAmount
amount_of(Datum numeric)
{
	SvpAmount	amount;

	if (!svp_number_parse(DatumGetCString(DirectFunctionCall1(numeric_out, numeric)), &amount))
		return 0;
	return amount;
}

/* The columns are those of build_open. */
static SvpException *
read_one(const Datum *values, const bool *nulls)
{
	SvpException *exception = palloc0(sizeof(SvpException));
	SvpAmount	amount = nulls[3] ? 0 : amount_of(values[3]);

	exception->id = DatumGetInt64(values[0]);
	exception->is_approval = strcmp(svp_value_text(values, nulls, 1), SVP_KIND_APPROVAL) == 0;
	exception->relief.grace_days = svp_value_int(values, nulls, 2);
	if (exception->is_approval)
		exception->relief.approved_amount = amount;
	else
		exception->relief.extra = amount;
	exception->relief.approved = exception->is_approval;
	exception->currency = svp_value_text(values, nulls, 4);
	exception->reason = svp_value_text(values, nulls, 5);
	exception->role = svp_value_text(values, nulls, 6);
	exception->granted_by = svp_value_text(values, nulls, 7);
	exception->agent = svp_value_text(values, nulls, 8);
	return exception;
}

List *
svp_exceptions_open(const SvpRefundCase *refund)
{
	Datum		values[OPEN_COLUMNS];
	bool		nulls[OPEN_COLUMNS];
	MemoryContext caller = CurrentMemoryContext;
	SvpRow		row = {0};
	List	   *open = NIL;

	add_refund_key(&row, refund);
	add_key(&row, refund->ticket_key, refund->attachment->ticket->nkey);
	svp_row_add_text(&row, svp_refund_case_text(refund, SVP_NAME_ORDER_ID));
	svp_row_add_text(&row, svp_refund_case_text(refund, SVP_NAME_CUSTOMER));
	svp_row_add(&row, TimestampTzGetDatum(refund->now));
	run(refund->attachment, SVP_EXCEPTION_OPEN, &row, SPI_OK_SELECT);
	MemoryContextSwitchTo(caller);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, nulls);
		open = lappend(open, read_one(values, nulls));
	}
	SPI_finish();
	return open;
}

/* Using one */

static void
tell_context(void *arg)
{
	const SvpException *exception = arg;

	errcontext("using %s " INT64_FORMAT " for a refund",
			   exception->is_approval ? SVP_KIND_APPROVAL : SVP_KIND_EXCEPTION, exception->id);
}

bool
svp_exception_lock(const SvpRefundCase *refund, const SvpException *exception)
{
	ErrorContextCallback context = {
		.previous = error_context_stack,
		.callback = tell_context,
		.arg = unconstify(SvpException *, exception)
	};
	SvpRow		row = {0};
	bool		locked;

	error_context_stack = &context;
	add_refund_key(&row, refund);
	svp_row_add(&row, Int64GetDatum(exception->id));
	run(refund->attachment, SVP_EXCEPTION_LOCK, &row, SPI_OK_SELECT);
	locked = SPI_processed > 0;
	SPI_finish();
	error_context_stack = context.previous;
	return locked;
}

void
svp_exception_mark_used(const SvpRefundCase *refund, const SvpException *exception)
{
	SvpRow		row = {0};

	add_refund_key(&row, refund);
	svp_row_add(&row, Int64GetDatum(exception->id));
	svp_row_add(&row, TimestampTzGetDatum(refund->now));
	svp_row_add_text(&row, refund->role);
	svp_row_add_text(&row, svp_refund_case_text(refund, SVP_NAME_AGENT));
	svp_row_add_optional(&row, DatumGetPointer(refund->amount) != NULL, refund->amount);
	svp_row_add_text(&row, svp_refund_case_text(refund, SVP_NAME_CURRENCY));
	svp_row_add_text(&row, svp_refund_reason_names[refund->unrelieved.reason]);
	run(refund->attachment, SVP_EXCEPTION_MARK_USED, &row, SPI_OK_UPDATE);
	if (SPI_processed != 1)
		elog(ERROR, "exception " INT64_FORMAT " is locked and cannot be used", exception->id);
	SPI_finish();
}

void
svp_exceptions_move(SvpAttachment *attachment, const Datum *from, const Datum *to)
{
	SvpRow		row = {0};

	add_key(&row, from, attachment->refund->nkey);
	add_key(&row, to, attachment->refund->nkey);
	run(attachment, SVP_EXCEPTION_MOVE, &row, SPI_OK_UPDATE);
	SPI_finish();
}
