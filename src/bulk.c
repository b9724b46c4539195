/*-------------------------------------------------------------------------
 *
 * bulk.c
 *		Writing the records and clocks of many new tickets at once.
 *
 * Rows that are written together share their page's lock and its WAL record;
 * that costs a fraction of writing them one by one.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "bulk.h"
#include "direct.h"

/* Rows that are written at once. */
#define BULK_ROWS 512

typedef struct Gathering
{
	SvpDirect  *direct;
	int			nrows;
	HeapTuple	rows[BULK_ROWS];
	TupleTableSlot *slots[BULK_ROWS];
} Gathering;

typedef struct SvpBulk SvpBulk;

struct SvpBulk
{
	MemoryContext context;
	MemoryContext row_context;	/* of what is gathered */
	MemoryContextCallback callback;
	SvpAttachment *attachment;
	bool		takes;
	Gathering	ledger;
	Gathering	clock;
};

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
	return gathering->direct != NULL;
}

SvpBulk *
svp_bulk_begin(SvpAttachment *attachment)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "service_policy bulk",
												  ALLOCSET_DEFAULT_SIZES);
	SvpBulk    *bulk = MemoryContextAllocZero(context, sizeof(SvpBulk));

	bulk->context = context;
	bulk->attachment = attachment;
	bulk->row_context = AllocSetContextCreate(context, "service_policy bulk rows",
											  ALLOCSET_DEFAULT_SIZES);
	bulk->callback.func = forget;
	bulk->callback.arg = bulk;
	MemoryContextRegisterResetCallback(context, &bulk->callback);
	if (begin_gathering(bulk, &bulk->ledger, SVP_LEDGER) &&
		begin_gathering(bulk, &bulk->clock, SVP_CLOCK))
		return bulk;
	MemoryContextDelete(context);
	return NULL;
}

void
svp_bulk_take(SvpBulk *bulk, bool takes)
{
	current = takes ? bulk : NULL;
}

bool
svp_bulk_takes(const SvpAttachment *attachment, SvpTableId id)
{
	return current != NULL && current->attachment == attachment &&
		(id == SVP_LEDGER || id == SVP_CLOCK);
}

/*
 * Write both: what was gathered of a ticket in one of them is not without the
 * other for longer than the transaction.
 */
static void
write_rows(SvpBulk *bulk)
{
	Gathering  *gatherings[] = {&bulk->ledger, &bulk->clock};
	MemoryContext caller = MemoryContextSwitchTo(bulk->context);

	for (int i = 0; i < lengthof(gatherings); i++)
	{
		svp_direct_insert_many(gatherings[i]->direct, gatherings[i]->rows, gatherings[i]->slots,
							   gatherings[i]->nrows);
		gatherings[i]->nrows = 0;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(bulk->row_context);
}

void
svp_bulk_add(SvpTableId id, const Datum *values, const bool *nulls)
{
	Gathering  *gathering = id == SVP_LEDGER ? &current->ledger : &current->clock;
	MemoryContext caller;

	if (gathering->nrows == BULK_ROWS)
		write_rows(current);
	caller = MemoryContextSwitchTo(current->row_context);
	gathering->rows[gathering->nrows++] = svp_direct_form(gathering->direct, values, nulls);
	MemoryContextSwitchTo(caller);
}

void
svp_bulk_end(SvpBulk *bulk)
{
	write_rows(bulk);
	for (int i = 0; i < BULK_ROWS; i++)
	{
		if (bulk->ledger.slots[i] != NULL)
			ExecDropSingleTupleTableSlot(bulk->ledger.slots[i]);
		if (bulk->clock.slots[i] != NULL)
			ExecDropSingleTupleTableSlot(bulk->clock.slots[i]);
	}
	MemoryContextDelete(bulk->context);
}
