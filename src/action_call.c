/*-------------------------------------------------------------------------
 *
 * action_call.c
 *		Calling the function of an action.
 *
 * It may do what it likes: it runs as the owner of the evidence, in an operation
 * that is restricted to that, in a subtransaction, for so long at most; and what
 * it sets is set back.  That it is done is noted in the subtransaction, so the
 * one is not there without the other.
 *
 * It waits for no lock for longer than tick() lets it, and looks for a deadlock
 * at once: whoever has the ticket may be waiting for its clock, which we have,
 * and must not be the one whose transaction is ended.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "action.h"
#include "action_call.h"
#include "attempt.h"
#include "settle.h"
#include "timeout.h"

/* An agent may be waiting for us meanwhile. */
#define MOST_MILLISECONDS 1000

/* How much is kept of what a function has to say, in bytes. */
#define LONGEST_ERROR 2000

/* How soon to look for a deadlock: long before whoever it is with does. */
#define DEADLOCK_TIMEOUT "1ms"

static bool is_running = false;

bool
svp_action_is_running(void)
{
	return is_running;
}

void
svp_constraints_immediate(void)
{
	AfterTriggerSetState(makeNode(ConstraintsSetStmt));
}

/*
 * The call of a registered function, with the rights of whoever it is that we
 * are: as a statement, since it may return rows or a composite.
 */
static const char *
statement(const SvpActionCall *call)
{
	const SvpAction *action = call->action;
	Oid			type = JSONBOID;
	Oid			function;

	if (call->function == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("no function is registered for it: call service_policy.register_action(%s, %s, ...)",
						quote_literal_cstr(action->attachment->name), quote_literal_cstr(action->name))));
	function = LookupFuncName(textToQualifiedNameList(cstring_to_text(call->function)), 1, &type,
							  false);
	return psprintf("SELECT %s($1)",
					quote_qualified_identifier(get_namespace_name(get_func_namespace(function)),
											   get_func_name(function)));
}

static void
run_function(SvpActionCall *call)
{
	Oid			type = JSONBOID;
	int			settings = NewGUCNestLevel();
	SvpCaller	caller;

	(void) set_config_option("deadlock_timeout", DEADLOCK_TIMEOUT, PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	if (!svp_schema_enter(call->action->attachment->data_schema, SECURITY_RESTRICTED_OPERATION, &caller))
		elog(ERROR, "schema \"%s\" is gone", call->action->attachment->data_schema);
	if (SPI_execute_with_args(statement(call), 1, &type, &call->escalation, NULL, false, 0) < 0)
		elog(ERROR, "%s cannot be called", call->function);
	SPI_freetuptable(SPI_tuptable);
	/* what it wrote of messages is judged with it, and may fail with it */
	svp_settle_now();
	svp_attachment_leave(&caller);
	AtEOXact_GUC(false, settings);
	/* none of its own waits, or there would have been an error; but of those that come, none must */
	svp_constraints_immediate();
}

static void
run_and_note(void *arg)
{
	SvpActionCall *call = arg;

	run_function(call);
	svp_action_done(call->action);
}

/*
 * An error that is not the function's: somebody wants the statement to end, or
 * the transaction cannot go on.  A function that raises query_canceled itself
 * is none to end it.
 */
static bool
must_propagate(const ErrorData *error)
{
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TO_CATEGORY(ERRCODE_T_R_SERIALIZATION_FAILURE))
		return IsolationUsesXactSnapshot();
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED && error->funcname != NULL &&
		strcmp(error->funcname, "ProcessInterrupts") == 0;
}

const char *
svp_action_call(SvpActionCall *call)
{
	ErrorData  *volatile error = NULL;
	volatile bool time_is_over = false;

	is_running = true;
	svp_timeout_begin(MOST_MILLISECONDS);
	PG_TRY();
	{
		error = svp_attempt_whatever(run_and_note, call);
	}
	PG_FINALLY();
	{
		time_is_over = svp_timeout_end();
		is_running = false;
	}
	PG_END_TRY();

	if (error == NULL)
		return NULL;
	call->took_too_long = time_is_over && error->sqlerrcode == ERRCODE_QUERY_CANCELED;
	if (call->took_too_long)
		return psprintf("it took longer than %d milliseconds", MOST_MILLISECONDS);
	if (must_propagate(error))
		ReThrowError(error);
	return pnstrdup(error->message, pg_mbcliplen(error->message, strlen(error->message),
												 LONGEST_ERROR));
}
