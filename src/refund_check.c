/*-------------------------------------------------------------------------
 *
 * refund_check.c
 *		Asking what the policy says of a refund, before anybody tries.
 *
 * It decides as the trigger does, by the same facts, and writes nothing.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "refund_message.h"
#include "refund_question.h"
#include "refund_table.h"

PG_FUNCTION_INFO_V1(svp_refund_check);

static void
set_text(Datum *values, bool *nulls, int i, const char *text)
{
	nulls[i] = text == NULL;
	values[i] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/*
 * The answer's row.
 */
static Datum
answer(const SvpRefundCase *refund, const char *language, TupleDesc descriptor)
{
	const SvpRefundDecision *decision = &refund->decision;
	Datum		values[9] = {0};
	bool		nulls[9] = {0};

	set_text(values, nulls, 0, svp_refund_outcome_names[decision->outcome]);
	set_text(values, nulls, 1, svp_refund_reason_names[decision->reason]);
	set_text(values, nulls, 2, refund->rule == NULL ? NULL : refund->rule->name);
	nulls[3] = refund->policy == NULL;
	values[3] = Int32GetDatum(refund->policy == NULL ? 0 : refund->policy->version);
	nulls[4] = !decision->has_cutoff;
	values[4] = TimestampTzGetDatum(decision->cutoff_at);
	nulls[5] = !decision->has_allowed_amount;
	values[5] = svp_refund_numeric(decision->allowed_amount);
	values[6] = svp_refund_numeric(decision->fee);
	set_text(values, nulls, 7, svp_refund_customer_message(refund, language));
	set_text(values, nulls, 8, decision->about);
	return HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls));
}

static TupleDesc
answer_descriptor(FunctionCallInfo fcinfo)
{
	TupleDesc	descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return BlessTupleDesc(descriptor);
}

/*
 * service_policy.refund_check(name, facts, as_of, language)
 */
Datum
svp_refund_check(PG_FUNCTION_ARGS)
{
	const char *language = PG_ARGISNULL(3) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(3));
	TupleDesc	descriptor = answer_descriptor(fcinfo);
	MemoryContext context = CurrentMemoryContext;
	SvpRefundQuestion question;
	Datum		result = (Datum) 0;

	if (!svp_refund_question_begin(fcinfo, &question))
		PG_RETURN_NULL();
	if (question.found)
	{
		MemoryContext inside;

		svp_refund_case_judge(&question.refund);
		inside = MemoryContextSwitchTo(context);
		result = answer(&question.refund, language, descriptor);
		MemoryContextSwitchTo(inside);
	}
	svp_refund_question_end(&question);
	if (!question.found)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(result);
}
