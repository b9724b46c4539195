/*-------------------------------------------------------------------------
 *
 * action_run.c
 *		Running the actions that are due.
 *
 * None holds up the others: what fails is tried again later, what took too long
 * is not begun again by this tick, and after a while the rest is left to the next.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "action.h"
#include "action_call.h"
#include "attempt.h"
#include "config.h"
#include "limit.h"
#include "suspension.h"

/* For so long one tick() begins with more of them. */
#define LONGEST (3 * USECS_PER_SEC)

typedef struct Registered
{
	char	   *action;
	char	   *function;
} Registered;

typedef struct Run
{
	SvpRevision revision;
	SvpActionBudget *budget;
	TimestampTz now;
	MemoryContext context;		/* of all that lasts until the end */
	List	   *registered;
	List	   *slow;			/* actions of which one took too long */
	SvpAction	action;			/* at hand */
	int			left;			/* of what may be done in this minute */
	int			nfailed;
	char	   *failure;		/* the first */
} Run;

static void
take_registered(void *arg)
{
	Run		   *run = arg;
	MemoryContext spi_context = MemoryContextSwitchTo(run->context);

	for (int i = 0; i < SPI_processed; i++)
	{
		Registered *registered = palloc(sizeof(Registered));
		HeapTuple	row = SPI_tuptable->vals[i];

		registered->action = SPI_getvalue(row, SPI_tuptable->tupdesc, 1);
		registered->function = SPI_getvalue(row, SPI_tuptable->tupdesc, 2);
		run->registered = lappend(run->registered, registered);
	}
	MemoryContextSwitchTo(spi_context);
}

static void
read_registered(Run *run)
{
	Oid			type = TEXTOID;
	Datum		name = CStringGetTextDatum(run->revision.attachment->name);

	(void) svp_config_read(SVP_CONFIG_ATTACHMENT,
						   "SELECT action, function FROM service_policy.action WHERE attachment = $1",
						   1, &type, &name, take_registered, run);
}

static const char *
function_of(const Run *run, const char *action)
{
	ListCell   *lc;

	foreach(lc, run->registered)
	{
		const Registered *registered = lfirst(lc);

		if (strcmp(registered->action, action) == 0)
			return registered->function;
	}
	return NULL;
}

static bool
is_slow(const Run *run, const char *action)
{
	ListCell   *lc;

	foreach(lc, run->slow)
	{
		if (strcmp(lfirst(lc), action) == 0)
			return true;
	}
	return false;
}

static void
note_failure(Run *run, const SvpActionCall *call, const char *error)
{
	const SvpAction *action = call->action;
	MemoryContext caller = MemoryContextSwitchTo(run->context);

	if (run->nfailed++ == 0)
		run->failure = psprintf("%s of ticket %s: %s", action->name,
								svp_revise_key_name(&run->revision, action->values), error);
	if (call->took_too_long)
		run->slow = lappend(run->slow, pstrdup(action->name));
	MemoryContextSwitchTo(caller);
}

static void
try_action(void *arg)
{
	Run		   *run = arg;
	SvpActionCall call = {.action = &run->action};
	const char *error;

	if (!svp_action_take(&run->action, run->now, &call.escalation))
		return;
	call.function = function_of(run, run->action.name);
	error = svp_action_call(&call);
	if (error == NULL)
	{
		run->left -= run->left == SVP_NO_LIMIT ? 0 : 1;
		return;
	}
	svp_action_failed(&run->action, error);
	note_failure(run, &call, error);
}

/*
 * The rest of them is left to others, or to later.
 */
static bool
is_over(Run *run)
{
	SvpActionBudget *budget = run->budget;
	TimestampTz now = GetCurrentTimestamp();

	if (budget->until == 0)
		budget->until = now + LONGEST;
	if (budget->actions == 0 || now >= budget->until)
		budget->is_used_up = true;
	return budget->is_used_up || run->left == 0 ||
		svp_is_suspended(run->revision.attachment, now);
}

/*
 * Try the action at hand.  What cannot even be noted is left as it was.
 */
static void
try_one(Run *run)
{
	ErrorData  *error = svp_attempt(try_action, run);

	run->budget->actions--;
	if (error != NULL)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("an action of ticket %s of attachment \"%s\" could not be tried: %s",
						svp_revise_key_name(&run->revision, run->action.values),
						run->revision.attachment->name, error->message)));
}

/*
 * Try those found, but for what has shown to be slow.  False if that left out
 * some, in whose place others may be found.
 */
static bool
try_found(Run *run, SPITupleTable *found, int n)
{
	MemoryContext context = AllocSetContextCreate(run->context, "service_policy action",
												  ALLOCSET_DEFAULT_SIZES);
	bool		tried_all = true;

	for (int i = 0; i < n && !is_over(run); i++)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(context);
		svp_action_set(&run->action, found, i);
		if (is_slow(run, run->action.name))
			tried_all = false;
		else
			try_one(run);
		MemoryContextSwitchTo(run->context);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
	return tried_all;
}

static void
try_due(Run *run)
{
	SvpAttachment *attachment = run->revision.attachment;
	bool		tried_all;
	int			n;

	run->left = svp_limit_left(&run->revision, "escalation_action", "done_at", run->now);
	run->action.attachment = attachment;
	do
	{
		SPITupleTable *found = svp_actions_find(attachment, run->now, run->slow,
												run->budget->actions, &n);

		tried_all = try_found(run, found, n);
		SPI_freetuptable(found);
	} while (!tried_all && n > 0 && !is_over(run));
}

static void
warn(const Run *run)
{
	const char *name = run->revision.attachment->name;

	if (run->nfailed > 0)
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg_plural("%d action of attachment \"%s\" failed: %s",
							   "%d actions of attachment \"%s\" failed, the first: %s",
							   run->nfailed, run->nfailed, name, run->failure),
				 errhint("They run as the owner of schema \"%s\", and are tried ten times in all, see %s.",
						 run->revision.attachment->data_schema,
						 quote_qualified_identifier(name, SVP_ACTIONS_VIEW))));
}

bool
svp_actions_are_due(const char *name)
{
	SvpRevision revision;
	TimestampTz now = GetCurrentTimestamp();
	int			n;

	if (svp_is_suspended(svp_revise_attachment(name), now))
		return false;
	svp_revise_begin(&revision, svp_revise_attachment(name));
	(void) svp_actions_find(revision.attachment, now, NIL, 1, &n);
	svp_revise_end(&revision);
	return n > 0;
}

void
svp_actions_run(const char *name, SvpActionBudget *budget)
{
	Run			run = {.budget = budget,.now = GetCurrentTimestamp()};

	svp_revise_begin(&run.revision, svp_revise_attachment(name));
	run.context = CurrentMemoryContext;
	read_registered(&run);
	try_due(&run);
	warn(&run);
	svp_revise_end(&run.revision);
}
