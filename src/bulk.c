/*-------------------------------------------------------------------------
 *
 * bulk.c
 *		Writing the records and clocks of new tickets at once.
 *
 * Rows that are written together share their page's lock and its WAL record,
 * and look for their places in an index one after the other; that costs a
 * fraction of writing them one by one.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "bulk.h"
#include "direct.h"

/* Rows of a table that are written at once, unless it is to be told of each ticket. */
#define BULK_ROWS 256

typedef struct Gathering
{
	SvpDirect  *direct;
	int			nrows;
	int			capacity;
	int		   *tickets;		/* whose rows they are */
} Gathering;

struct SvpBulk
{
	MemoryContext context;
	MemoryContextCallback callback;
	SvpAttachment *attachment;
	bool		tells;			/* of each ticket whether it is known */
	int			ntickets;
	Gathering	ledger;
	Gathering	clock;
};

typedef struct SvpBulk SvpBulk;

/* The one that takes rows, if any. */
static SvpBulk *current = NULL;

static void
forget(void *arg)
{
	if (current == arg)
		current = NULL;
}

static bool
begin_gathering(SvpBulk *bulk, Gathering *gathering, SvpTableId id)
{
	gathering->direct = svp_rows_direct(bulk->attachment, id);
	gathering->capacity = 16;
	gathering->tickets = MemoryContextAlloc(bulk->context, sizeof(int) * gathering->capacity);
	return gathering->direct != NULL;
}

SvpBulk *
svp_bulk_begin(SvpAttachment *attachment)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "service_policy bulk",
												  ALLOCSET_SMALL_SIZES);
	SvpBulk    *bulk = MemoryContextAllocZero(context, sizeof(SvpBulk));

	bulk->context = context;
	bulk->attachment = attachment;
	bulk->callback.func = forget;
	bulk->callback.arg = bulk;
	MemoryContextRegisterResetCallback(context, &bulk->callback);
	if (begin_gathering(bulk, &bulk->ledger, SVP_LEDGER) &&
		begin_gathering(bulk, &bulk->clock, SVP_CLOCK))
		return bulk;
	MemoryContextDelete(context);
	return NULL;
}

bool
svp_bulk_tell(SvpBulk *bulk)
{
	bulk->tells = svp_direct_can_take_back(bulk->ledger.direct) &&
		svp_direct_can_take_back(bulk->clock.direct);
	return bulk->tells;
}

void
svp_bulk_begin_ticket(SvpBulk *bulk)
{
	current = bulk;
	bulk->ntickets++;
}

static void
drop_rows(Gathering *gathering, int ticket)
{
	while (gathering->nrows > 0 && gathering->tickets[gathering->nrows - 1] == ticket)
		gathering->nrows--;
}

void
svp_bulk_end_ticket(SvpBulk *bulk, bool keeps)
{
	current = NULL;
	if (keeps)
		return;
	bulk->ntickets--;
	drop_rows(&bulk->ledger, bulk->ntickets);
	drop_rows(&bulk->clock, bulk->ntickets);
}

void
svp_bulk_abandon(void)
{
	current = NULL;
}

bool
svp_bulk_takes(const SvpAttachment *attachment, SvpTableId id)
{
	return current != NULL && current->attachment == attachment &&
		(id == SVP_LEDGER || id == SVP_CLOCK);
}

void
svp_bulk_add(SvpTableId id, const Datum *values, const bool *nulls)
{
	Gathering  *gathering = id == SVP_LEDGER ? &current->ledger : &current->clock;

	if (gathering->nrows >= BULK_ROWS && !current->tells)
		svp_bulk_write(current, NULL);
	if (gathering->nrows == gathering->capacity)
	{
		gathering->capacity *= 2;
		gathering->tickets = repalloc(gathering->tickets, sizeof(int) * gathering->capacity);
	}
	svp_direct_gather(gathering->direct, gathering->nrows, values, nulls);
	gathering->tickets[gathering->nrows++] = current->ntickets - 1;
}

/*
 * Write the rows, and tell of which tickets one is there already.  True if
 * there are any.
 */
static bool
write_rows(const Gathering *gathering, bool *known)
{
	bool	   *taken = known == NULL ? NULL : palloc0(sizeof(bool) * gathering->nrows);
	bool		any = false;

	svp_direct_insert_gathered(gathering->direct, gathering->nrows, taken);
	for (int i = 0; taken != NULL && i < gathering->nrows; i++)
	{
		known[gathering->tickets[i]] |= taken[i];
		any |= taken[i];
	}
	return any;
}

static void
take_back(const Gathering *gathering, const bool *known)
{
	for (int i = 0; i < gathering->nrows; i++)
	{
		if (known[gathering->tickets[i]])
			svp_direct_take_back(gathering->direct, i);
	}
}

static void
clear(Gathering *gathering)
{
	svp_direct_clear_gathered(gathering->direct, gathering->nrows);
	gathering->nrows = 0;
}

void
svp_bulk_write(SvpBulk *bulk, bool *known)
{
	bool		any = write_rows(&bulk->ledger, known);

	any |= write_rows(&bulk->clock, known);
	if (any)
	{
		/* a command does not change its own rows */
		CommandCounterIncrement();
		take_back(&bulk->ledger, known);
		take_back(&bulk->clock, known);
	}
	clear(&bulk->ledger);
	clear(&bulk->clock);
	/* one may be at hand */
	bulk->ntickets = current == bulk ? 1 : 0;
}

void
svp_bulk_end(SvpBulk *bulk)
{
	MemoryContextDelete(bulk->context);
}
