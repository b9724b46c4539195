/*-------------------------------------------------------------------------
 *
 * span.c
 *		Keeping an attachment's own tables open while a statement changes tickets.
 *
 * Opening a table and its indexes costs more than writing a row.  A trigger is
 * called for row after row, and what its function's context holds lives as
 * long as the statement: when that context goes, the tables are closed.  They
 * are closed before their (sub)transaction commits, should that come first;
 * when it fails, it releases them, and they are forgotten.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "direct.h"
#include "span.h"

struct SvpSpan
{
	MemoryContext context;		/* lives as long as the statement */
	MemoryContextCallback callback;
	struct SvpSpan *next;
};

/* All tables of all attachments that this backend has loaded. */
dlist_head	svp_tables = DLIST_STATIC_INIT(svp_tables);

static SvpSpan *spans = NULL;
static SvpSpanMark current = {NULL, InvalidSubTransactionId};

/*
 * The statement is over.
 */
static void
span_ended(void *arg)
{
	SvpSpan    *span = arg;
	SvpSpan   **link = &spans;
	dlist_iter	iter;

	dlist_foreach(iter, &svp_tables)
	{
		SvpTable   *table = dlist_container(SvpTable, link, iter.cur);

		if (table->span != span)
			continue;
		table->span = NULL;
		/* what fails releases what it holds */
		if (IsTransactionState())
			svp_direct_close(table->direct);
	}
	if (current.context == span->context)
		current.context = NULL;
	while (*link != span)
		link = &(*link)->next;
	*link = span->next;
	pfree(span);
}

/*
 * The span that has been entered, or NULL.  It begins when a table is opened.
 */
SvpSpan *
svp_span_current(void)
{
	SvpSpan    *span = spans;

	if (current.context == NULL)
		return NULL;
	while (span != NULL && span->context != current.context)
		span = span->next;
	if (span != NULL)
		return span;
	span = MemoryContextAllocZero(TopMemoryContext, sizeof(SvpSpan));
	span->context = current.context;
	span->callback.func = span_ended;
	span->callback.arg = span;
	span->next = spans;
	spans = span;
	MemoryContextRegisterResetCallback(current.context, &span->callback);
	return span;
}

/*
 * Until svp_span_leave(), what is opened stays open as long as the context
 * lives.
 */
SvpSpanMark
svp_span_enter(MemoryContext context)
{
	SvpSpanMark before = current;

	current = (SvpSpanMark) {context, GetCurrentSubTransactionId()};
	return before;
}

void
svp_span_leave(SvpSpanMark before)
{
	current = before;
}

/* The ends of transactions */

/*
 * Close what this subtransaction, or any, has open.
 */
static void
close_tables(SubTransactionId mine)
{
	dlist_iter	iter;

	dlist_foreach(iter, &svp_tables)
	{
		SvpTable   *table = dlist_container(SvpTable, link, iter.cur);

		if (table->direct == NULL || table->direct->lock == NoLock ||
			(mine != InvalidSubTransactionId && table->direct->opened_in != mine))
			continue;
		svp_direct_close(table->direct);
		table->span = NULL;
	}
}

/*
 * The subtransaction, or the whole, has failed.  What it opened is closed;
 * what was being used in it is in a state that nobody knows.
 */
static void
abandon_tables(SubTransactionId mine)
{
	bool		all = mine == InvalidSubTransactionId;
	dlist_iter	iter;

	dlist_foreach(iter, &svp_tables)
	{
		SvpTable   *table = dlist_container(SvpTable, link, iter.cur);

		if (table->direct == NULL)
			continue;
		if (table->busy && (all || table->busy_in == mine))
		{
			table->busy = table->valid = false;
			table->direct->is_broken = true;
		}
		if (table->direct->lock != NoLock && (all || table->direct->opened_in == mine))
		{
			svp_direct_forget(table->direct);
			table->span = NULL;
			table->valid = false;	/* so that its memory is freed */
		}
	}
	if (all || current.begun_in == mine)
		current.context = NULL;
}

static void
subtransaction_ends(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_PRE_COMMIT_SUB)
		close_tables(mine);
	else if (event == SUBXACT_EVENT_ABORT_SUB)
		abandon_tables(mine);
}

static void
transaction_ends(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PARALLEL_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			close_tables(InvalidSubTransactionId);
			break;
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
			abandon_tables(InvalidSubTransactionId);
			break;
		default:
			break;
	}
}

/*
 * Close what was opened just before the transaction commits, when the others
 * were closed already.
 */
void
svp_span_close_all(void)
{
	close_tables(InvalidSubTransactionId);
}

/*
 * Hear of the ends of transactions, from the first table on.
 */
void
svp_span_watch(void)
{
	static bool watching = false;

	if (watching)
		return;
	RegisterSubXactCallback(subtransaction_ends, NULL);
	RegisterXactCallback(transaction_ends, NULL);
	watching = true;
}
