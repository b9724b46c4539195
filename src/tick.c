/*-------------------------------------------------------------------------
 *
 * tick.c
 *		What is due by now, for every attachment.
 *
 * First open clocks follow their calendars, so that what escalates then does
 * so by deadlines that hold.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "action.h"
#include "action_call.h"
#include "attempt.h"
#include "config.h"
#include "escalation_fire.h"
#include "recompute.h"
#include "settle.h"
#include "tick.h"

PG_FUNCTION_INFO_V1(svp_tick);

bool		svp_tick_is_used_up = false;

typedef struct Names
{
	MemoryContext context;
	List	   *names;
} Names;

typedef struct Tick
{
	const char *name;			/* the attachment at hand */
	int			tickets;		/* that may still be recomputed */
	int			clocks;			/* that may still escalate */
	SvpDue		due;
	int			nfired;
	SvpActionBudget actions;
	bool		has_actions;	/* that are due, of the attachment at hand */
} Tick;

static void
consume_names(void *arg)
{
	Names	   *names = arg;
	MemoryContext old = MemoryContextSwitchTo(names->context);

	for (int i = 0; i < SPI_processed; i++)
		names->names = lappend(names->names,
							   SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	MemoryContextSwitchTo(old);
}

List *
svp_tick_attachments(void)
{
	Names		names = {.context = CurrentMemoryContext};

	(void) svp_config_read(SVP_CONFIG_ATTACHMENT,
						   "SELECT name FROM service_policy.attachment ORDER BY name",
						   0, NULL, NULL, consume_names, &names);
	return names.names;
}

static void
recompute(void *arg)
{
	Tick	   *tick = arg;

	tick->tickets -= svp_recompute_some(tick->name, tick->tickets);
	svp_settle_now();
}

static void
fire(void *arg)
{
	Tick	   *tick = arg;
	int			nfired = svp_escalations_fire(tick->name, tick->clocks, &tick->due);

	svp_settle_now();
	tick->nfired += nfired;
	tick->clocks -= tick->due.n;
}

static void
look_for_actions(void *arg)
{
	Tick	   *tick = arg;

	tick->has_actions = svp_actions_are_due(tick->name);
}

static void
run_actions(void *arg)
{
	Tick	   *tick = arg;

	svp_actions_run(tick->name, &tick->actions);
	svp_settle_now();
}

/*
 * Do it for the attachment at hand.  False after a warning.
 */
static bool
try(Tick *tick, void (*work) (void *arg), const char *what, const char *done)
{
	/* a table that somebody has locked must not hold up the others */
	ErrorData  *error = svp_attempt_impatiently(work, tick);

	if (error != NULL)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("the %s of attachment \"%s\" could not be %s: %s", what, tick->name, done,
						error->message),
				 errhint("The others are. Put right what is missing, or call service_policy.detach(%s).",
						 quote_literal_cstr(tick->name))));
	return error == NULL;
}

/*
 * The clocks of the attachment at hand.  Where one thing fails the next would,
 * for the same reason: then it is false.
 */
static bool
serve(Tick *tick)
{
	if (tick->tickets > 0 && !try(tick, recompute, "clocks", "recomputed"))
		return false;
	if (tick->clocks == 0)
		return true;
	if (!try(tick, fire, "clocks", "escalated"))
		return false;
	svp_due_remember(&tick->due);
	return true;
}

/*
 * The actions of the attachment at hand.
 */
static void
act(Tick *tick)
{
	if (try(tick, look_for_actions, "actions", "read") && tick->has_actions)
		(void) try(tick, run_actions, "actions", "run");
}

/*
 * Those of all of them, when everything is on record.  Not always from the
 * same one on: those of the first must not use up the time of all ticks.
 */
static void
act_for_all(Tick *tick, List *names)
{
	int			n = list_length(names);
	int			first = n == 0 ? 0 : (int) ((uint64) GetCurrentTimestamp() % n);

	for (int i = 0; i < n && !tick->actions.is_used_up; i++)
	{
		tick->name = list_nth(names, (first + i) % n);
		act(tick);
	}
}

/*
 * Whoever calls may be a superuser, and the triggers of owners run as him if
 * they wait for his commit.  So nothing that they do waits: in a restricted
 * operation it would be an error.  What the caller has waiting comes first.
 */
static void
enter_restricted(SvpCaller *caller)
{
	svp_constraints_immediate();
	svp_settle_now();
	GetUserIdAndSecContext(&caller->user, &caller->context);
	SetUserIdAndSecContext(caller->user, caller->context | SECURITY_RESTRICTED_OPERATION);
}

static void
serve_all(Tick *tick)
{
	List	   *names = svp_tick_attachments();
	ListCell   *lc;

	foreach(lc, names)
	{
		if (tick->tickets == 0 && tick->clocks == 0)
			break;
		tick->name = lfirst(lc);
		if (!serve(tick))
			names = foreach_delete_current(names, lc);
	}
	act_for_all(tick, names);
}

/*
 * service_policy.tick(batch): does what is due by now, for every attachment;
 * what fails for one does not hold up the others.
 */
Datum
svp_tick(PG_FUNCTION_ARGS)
{
	int			batch = PG_GETARG_INT32(0);
	Tick		tick = {.tickets = batch,.clocks = batch,.actions = {.actions = batch}};
	SvpCaller	caller;

	if (batch < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("batch must be at least 1, not %d", batch)));
	if (RecoveryInProgress())
		PG_RETURN_INT32(0);
	PreventCommandIfReadOnly("tick()");
	if (svp_action_is_running())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("tick() cannot be called by an action that it runs")));
	enter_restricted(&caller);
	serve_all(&tick);
	svp_attachment_leave(&caller);
	svp_tick_is_used_up = tick.tickets == 0 || tick.clocks == 0 || tick.actions.is_used_up;
	PG_RETURN_INT32(tick.nfired);
}
