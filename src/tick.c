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

#include "attempt.h"
#include "config.h"
#include "escalation_fire.h"
#include "recompute.h"
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
}

static void
fire(void *arg)
{
	Tick	   *tick = arg;

	tick->nfired += svp_escalations_fire(tick->name, tick->clocks, &tick->due);
	tick->clocks -= tick->due.n;
}

/*
 * Do it for the attachment at hand.  False after a warning.
 */
static bool
try(Tick *tick, void (*work) (void *arg), const char *what)
{
	/* a table that somebody has locked must not hold up the others */
	ErrorData  *error = svp_attempt_impatiently(work, tick);

	if (error != NULL)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("the clocks of attachment \"%s\" could not be %s: %s", tick->name, what,
						error->message),
				 errhint("The others are. Put right what is missing, or call service_policy.detach(%s).",
						 quote_literal_cstr(tick->name))));
	return error == NULL;
}

static void
serve(Tick *tick)
{
	/* where that fails there is nothing to fire, for the same reason */
	if (tick->tickets > 0 && !try(tick, recompute, "recomputed"))
		return;
	if (tick->clocks > 0 && try(tick, fire, "escalated"))
		svp_due_remember(&tick->due);
}

/*
 * service_policy.tick(batch): does what is due by now, for every attachment;
 * what fails for one does not hold up the others.
 */
Datum
svp_tick(PG_FUNCTION_ARGS)
{
	int			batch = PG_GETARG_INT32(0);
	Tick		tick = {.tickets = batch,.clocks = batch};
	ListCell   *lc;

	if (batch < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("batch must be at least 1, not %d", batch)));
	if (RecoveryInProgress())
		PG_RETURN_INT32(0);
	PreventCommandIfReadOnly("tick()");
	foreach(lc, svp_tick_attachments())
	{
		if (tick.tickets == 0 && tick.clocks == 0)
			break;
		tick.name = lfirst(lc);
		serve(&tick);
	}
	svp_tick_is_used_up = tick.tickets == 0 || tick.clocks == 0;
	PG_RETURN_INT32(tick.nfired);
}
