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
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/elog.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "exception_table.h"
#include "key.h"
#include "number.h"
#include "refund_table.h"
#include "row.h"
#include "settings.h"

const char *const svp_subject_names[SVP_NSUBJECTS] = {
	"refund", "ticket", "order_id", "customer"
};

/* Subjects */

static Datum
text_list(Datum *texts, int n)
{
	return PointerGetDatum(construct_array(texts, n, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
svp_subject_of_text(const char *text)
{
	Datum		value = CStringGetTextDatum(text);

	return text_list(&value, 1);
}

Datum
svp_subject_of_key(const Datum *key, const Oid *types, int nkey)
{
	Datum	   *parts = palloc(sizeof(Datum) * nkey);
	int			level = svp_settings_enter();

	for (int i = 0; i < nkey; i++)
	{
		Oid			output;
		bool		is_varlena;

		getTypeOutputInfo(types[i], &output, &is_varlena);
		parts[i] = CStringGetTextDatum(OidOutputFunctionCall(output, key[i]));
	}
	svp_settings_leave(level);
	return text_list(parts, nkey);
}

static void
add_subject_of_fact(SvpRow *row, const SvpRefundCase *refund, SvpSubject subject)
{
	const char *text = svp_refund_case_text(refund, svp_subject_names[subject]);

	svp_row_add_optional(row, text != NULL, text == NULL ? (Datum) 0 : svp_subject_of_text(text));
}

static void
add_subject_of_key(SvpRow *row, const Datum *key, const Oid *types, int nkey)
{
	svp_row_add_optional(row, key != NULL,
						 key == NULL ? (Datum) 0 : svp_subject_of_key(key, types, nkey));
}

/* What a refund is of, in the order of SvpSubject. */
static void
add_subjects(SvpRow *row, const SvpRefundCase *refund)
{
	const SvpAttachment *attachment = refund->attachment;

	add_subject_of_key(row, refund->facts.key, attachment->refund_key_types,
					   attachment->refund->nkey);
	add_subject_of_key(row, refund->ticket_key, attachment->key_types, attachment->ticket->nkey);
	add_subject_of_fact(row, refund, SVP_SUBJECT_ORDER);
	add_subject_of_fact(row, refund, SVP_SUBJECT_CUSTOMER);
}

/* Statements */

const char *
svp_exception_table(const SvpAttachment *attachment)
{
	return quote_qualified_identifier(attachment->data_schema, SVP_EXCEPTION_TABLE);
}

/* Used by none, or by the refund whose key begins at a parameter. */
static void
append_free(StringInfo query, const SvpAttachment *attachment, int parameter)
{
	const SvpMapping *refund = attachment->refund;

	appendStringInfoString(query, "revoked_at IS NULL AND (used_at IS NULL OR (");
	for (int i = 0; i < refund->nkey; i++)
		appendStringInfo(query, "%se.%s %s $%d", i > 0 ? " AND " : "",
						 quote_identifier(refund->data_key[i]),
						 svp_equality(attachment->refund_key_types[i]), parameter + i);
	appendStringInfoString(query, "))");
}

static void
build_open(StringInfo query, const SvpAttachment *attachment, const char *table)
{
	appendStringInfoString(query,
						   "SELECT exception_id, e.kind, grace_days, amount, currency, reason, role,"
						   " granted_by, agent FROM (VALUES ");
	for (int i = 0; i < SVP_NSUBJECTS; i++)
		appendStringInfo(query, "%s(%d, '%s', $%d)", i > 0 ? ", " : "", i,
						 svp_subject_names[i], i + 1);
	appendStringInfo(query, ") AS of_refund (place, subject_kind, subject) JOIN %s e"
					 " ON e.subject_kind OPERATOR(pg_catalog.=) of_refund.subject_kind"
					 " AND e.subject OPERATOR(pg_catalog.=) of_refund.subject WHERE ", table);
	append_free(query, attachment, SVP_NSUBJECTS + 2);
	appendStringInfo(query, " AND (used_at IS NOT NULL OR expires_at OPERATOR(pg_catalog.>) $%d)"
					 " ORDER BY used_at IS NULL, place, expires_at, exception_id",
					 SVP_NSUBJECTS + 1);
}

static void
build_lock(StringInfo query, const SvpAttachment *attachment, const char *table)
{
	appendStringInfo(query, "SELECT FROM %s e WHERE exception_id OPERATOR(pg_catalog.=) $1 AND ",
					 table);
	append_free(query, attachment, 2);
	appendStringInfoString(query, " FOR NO KEY UPDATE");
}

static void
build_mark_used(StringInfo query, const SvpAttachment *attachment, const char *table)
{
	appendStringInfo(query,
					 "UPDATE %s SET used_at = COALESCE(used_at, $2), used_by = $3, used_by_agent = $4, used_amount = $5,"
					 " used_currency = $6, used_reason = $7", table);
	for (int i = 0; i < attachment->refund->nkey; i++)
		appendStringInfo(query, ", %s = $%d", quote_identifier(attachment->refund->data_key[i]),
						 8 + i);
	appendStringInfoString(query, " WHERE exception_id OPERATOR(pg_catalog.=) $1");
}

typedef void (*Builder) (StringInfo query, const SvpAttachment *attachment, const char *table);

typedef struct Statement
{
	Builder		build;
	int			ntypes;			/* of the parameters before the refund's key */
	Oid			types[7];
} Statement;

static const Statement statements[SVP_NEXCEPTION_STATEMENTS] = {
	[SVP_EXCEPTION_OPEN] = {build_open, 5,
	{TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID}},
	[SVP_EXCEPTION_LOCK] = {build_lock, 1, {INT8OID}},
	[SVP_EXCEPTION_MARK_USED] = {build_mark_used, 7,
	{INT8OID, TIMESTAMPTZOID, TEXTOID, TEXTOID, NUMERICOID, TEXTOID, TEXTOID}}
};

static SPIPlanPtr
statement(SvpAttachment *attachment, SvpExceptionStatement which)
{
	SPIPlanPtr *kept = &attachment->exception_plans[which];
	const Statement *of = &statements[which];
	int			nkey = attachment->refund->nkey;
	Oid			types[lengthof(of->types) + INDEX_MAX_KEYS];
	StringInfoData query;
	SPIPlanPtr	plan;

	if (*kept != NULL && SPI_plan_is_valid(*kept))
		return *kept;
	svp_learn_key_types(attachment, SVP_EXCEPTION_TABLE, attachment->refund,
						&attachment->refund_key_types);
	memcpy(types, of->types, sizeof(Oid) * of->ntypes);
	memcpy(types + of->ntypes, attachment->refund_key_types, sizeof(Oid) * nkey);
	initStringInfo(&query);
	of->build(&query, attachment, svp_exception_table(attachment));
	plan = SPI_prepare(query.data, of->ntypes + nkey, types);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	svp_attachment_keep_plan(kept, plan);
	return plan;
}

/* The key of a refund that is only asked about is not known. */
static void
add_refund_key(SvpRow *row, const SvpRefundCase *refund)
{
	for (int i = 0; i < refund->attachment->refund->nkey; i++)
		svp_row_add_optional(row, refund->facts.key != NULL,
							 refund->facts.key == NULL ? (Datum) 0 : refund->facts.key[i]);
}

static void
run(const SvpRefundCase *refund, SvpExceptionStatement which, SvpRow *row, int expected)
{
	int			result = SPI_execute_plan(statement(refund->attachment, which),
										  row->values, svp_null_flags(row->n, row->nulls), false, 0);

	if (result != expected)
		elog(ERROR, "statement %d on exceptions of attachment %s: %s", which,
			 refund->attachment->name, SPI_result_code_string(result));
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
	Datum		values[9];
	bool		nulls[9];
	SvpRow		row = {0};
	List	   *open = NIL;

	/* the types of the key come with the statement */
	(void) statement(refund->attachment, SVP_EXCEPTION_OPEN);
	add_subjects(&row, refund);
	svp_row_add(&row, TimestampTzGetDatum(refund->now));
	add_refund_key(&row, refund);
	run(refund, SVP_EXCEPTION_OPEN, &row, SPI_OK_SELECT);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, nulls);
		open = lappend(open, read_one(values, nulls));
	}
	SPI_freetuptable(SPI_tuptable);
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
	svp_row_add(&row, Int64GetDatum(exception->id));
	add_refund_key(&row, refund);
	run(refund, SVP_EXCEPTION_LOCK, &row, SPI_OK_SELECT);
	locked = SPI_processed > 0;
	SPI_freetuptable(SPI_tuptable);
	error_context_stack = context.previous;
	return locked;
}

void
svp_exception_mark_used(const SvpRefundCase *refund, const SvpException *exception)
{
	const SvpRefundFact *amount = svp_refund_case_fact(refund, SVP_FACT_AMOUNT);
	bool		known = amount != NULL && amount->knowledge == SVP_KNOWN;
	SvpRow		row = {0};

	svp_row_add(&row, Int64GetDatum(exception->id));
	svp_row_add(&row, TimestampTzGetDatum(refund->now));
	svp_row_add_text(&row, refund->role);
	svp_row_add_text(&row, svp_refund_case_text(refund, "agent"));
	svp_row_add_optional(&row, known, known ? svp_refund_numeric(amount->value) : (Datum) 0);
	svp_row_add_text(&row, svp_refund_case_text(refund, "currency"));
	svp_row_add_text(&row, svp_refund_reason_names[refund->unrelieved.reason]);
	add_refund_key(&row, refund);
	run(refund, SVP_EXCEPTION_MARK_USED, &row, SPI_OK_UPDATE);
	if (SPI_processed != 1)
		elog(ERROR, "exception " INT64_FORMAT " is locked and cannot be used", exception->id);
}
