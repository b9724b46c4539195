/*-------------------------------------------------------------------------
 *
 * escalation_fire.c
 *		Firing the levels of clocks that are due.
 *
 * In two steps: first they are found, without a lock; then each is locked,
 * unless somebody else has it, and looked at again.  Whoever changes the ticket
 * writes the same row, so it is decided which of the two came first.  Nothing
 * is waited for, so this cannot be part of a deadlock.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "attempt.h"
#include "escalation_chain.h"
#include "escalation_fire.h"
#include "escalation_table.h"
#include "issue.h"
#include "key.h"
#include "outbox.h"

/* So many times the limit are looked at, where some cannot be fired. */
#define PATIENCE 10

typedef struct Firing
{
	SvpRevision revision;
	SvpDue		due;
	SPIPlanPtr	lock;
	int			i;				/* of the clock at hand */
	int			nclocks;		/* that were done */
	int			nfired;
} Firing;

static SPIPlanPtr
prepare_lock(const SvpRevision *revision)
{
	const SvpAttachment *attachment = revision->attachment;
	int			nkey = attachment->ticket->nkey;
	Oid			types[INDEX_MAX_KEYS + 2];
	StringInfoData query;
	SPIPlanPtr	plan;

	memcpy(types, attachment->key_types, sizeof(Oid) * nkey);
	types[nkey] = TEXTOID;
	types[nkey + 1] = INT4OID;
	initStringInfo(&query);
	appendStringInfo(&query, "SELECT FROM %s WHERE metric = $%d AND cycle = $%d",
					 quote_qualified_identifier(attachment->data_schema, "clock"), nkey + 1,
					 nkey + 2);
	for (int i = 0; i < nkey; i++)
		appendStringInfo(&query, " AND %s %s $%d", quote_identifier(attachment->ticket->data_key[i]),
						 svp_equality(attachment->key_types[i]), i + 1);
	appendStringInfoString(&query, " FOR NO KEY UPDATE SKIP LOCKED");
	plan = SPI_prepare(query.data, nkey + 2, types);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	return plan;
}

/*
 * Lock the clock at hand and read it as it now is.  False when somebody else
 * has it, or it is no longer due.
 */
static bool
lock_clock(Firing *firing, Datum *key, SvpStoredClock *stored)
{
	int			nkey = firing->revision.attachment->ticket->nkey;
	HeapTuple	row = firing->due.rows->vals[firing->i];
	TupleDesc	columns = firing->due.rows->tupdesc;
	bool		isnull;

	for (int i = 0; i < nkey + 2; i++)
		key[i] = SPI_getbinval(row, columns, i + 1, &isnull);
	svp_revise_run(&firing->revision, firing->lock, key);
	if (SPI_processed == 0)
		return false;
	stored->metric = TextDatumGetCString(key[nkey]);
	stored->clock.cycle = DatumGetInt32(key[nkey + 1]);
	return svp_clock_reread(firing->revision.attachment, key, stored) &&
		stored->climb.has_next && stored->climb.next_at <= firing->due.now;
}

/*
 * Fire all levels of a clock that are due, and see when the next is.
 */
static void
fire_levels(Firing *firing, const Datum *key, SvpStoredClock *stored, const SvpChain *chain)
{
	SvpEscalated so_far = svp_schedule_so_far(chain->chain, &chain->timeline.history, stored);
	SvpEscalationPoint next;
	SvpEscalationCase escalation = {
		.ticket = svp_revise_key_name(&firing->revision, key),
		.policy = chain->policy,
		.stored = stored,
		.point = &next
	};

	while (svp_escalation_next(chain->chain, &stored->clock, &so_far, &next))
	{
		if (next.at > firing->due.now)
		{
			svp_schedule_at(&stored->climb, next.at);
			return;
		}
		if (svp_escalation_add(firing->revision.attachment, key, &escalation, firing->due.now))
			firing->nfired++;
		stored->climb.level = so_far.level = next.level->number;
		stored->climb.occurrence = so_far.occurrence = next.occurrence;
	}
}

static void
fire_clock(void *arg)
{
	Firing	   *firing = arg;
	SvpAttachment *attachment = firing->revision.attachment;
	Datum		key[INDEX_MAX_KEYS + 2];
	SvpStoredClock stored;
	SvpChain	chain;

	if (!lock_clock(firing, key, &stored))
		return;
	svp_chain_find(attachment, key, &stored, &chain);
	if (chain.problem != NULL)
		svp_issue_append(attachment, key, chain.problem, chain.detail, chain.value);
	stored.climb.has_next = false;
	if (chain.chain != NULL)
		fire_levels(firing, key, &stored, &chain);
	svp_clock_change(attachment, key, &stored);
	firing->nclocks++;
}

static void
fire_clocks(void *arg)
{
	Firing	   *firing = arg;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "service_policy clock",
												  ALLOCSET_DEFAULT_SIZES);

	for (firing->i = 0; firing->i < firing->due.n; firing->i++)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(context);
		fire_clock(firing);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
}

/*
 * One of them failed: fire the others, each by itself.
 */
static void
fire_one_by_one(Firing *firing)
{
	const SvpRevision *revision = &firing->revision;

	for (firing->i = 0; firing->i < firing->due.n; firing->i++)
	{
		int			nclocks = firing->nclocks;
		int			nfired = firing->nfired;
		ErrorData  *error = svp_attempt(fire_clock, firing);

		if (error == NULL)
			continue;
		firing->nclocks = nclocks;
		firing->nfired = nfired;
		ereport(WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg("a clock of ticket %s of attachment \"%s\" could not escalate: %s",
						svp_revise_key_name(revision, svp_revise_key(revision, firing->due.rows,
																	 firing->i)),
						revision->attachment->name, error->message)));
	}
}

static void
fire_found(Firing *firing)
{
	int			nclocks = firing->nclocks;
	int			nfired = firing->nfired;

	if (svp_attempt(fire_clocks, firing) == NULL)
		return;
	firing->nclocks = nclocks;
	firing->nfired = nfired;
	fire_one_by_one(firing);
}

/*
 * Fire what is due of the attachment, at most so many clocks.  Those that
 * somebody else has, or that fail, stay where they are, and must not be in the
 * way of those behind them.
 */
int
svp_escalations_fire(const char *name, int limit, SvpDue *due)
{
	Firing		firing = {.nfired = 0};
	int			nlooked = 0;
	int			nwanted;

	svp_revise_begin(&firing.revision, svp_revise_attachment(name));
	svp_due_begin(&firing.revision, &firing.due);
	do
	{
		nwanted = limit - firing.nclocks;
		svp_due_find(&firing.revision, nwanted, nlooked - firing.nclocks, &firing.due);
		if (firing.due.n == 0)
			break;
		if (firing.lock == NULL)
			firing.lock = prepare_lock(&firing.revision);
		fire_found(&firing);
		nlooked += firing.due.n;
	}
	while (firing.due.n == nwanted && firing.nclocks < limit && nlooked / PATIENCE < limit);
	if (firing.nfired > 0)
		svp_outbox_wake(firing.revision.attachment);
	svp_revise_end(&firing.revision);
	*due = firing.due;
	due->n = firing.nclocks;
	return firing.nfired;
}
