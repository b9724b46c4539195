/*-------------------------------------------------------------------------
 *
 * backfill_history.c
 *		What an attachment's history tables tell of a batch of tickets.
 *
 * Each table is read once a batch, by the range of the tickets' keys; tickets
 * and changes are in the same order, and met in one pass.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "backfill.h"
#include "issue.h"

/* One table. */
typedef struct Source
{
	const SvpMapping *mapping;
	SvpSlice	slice;
	int			next;
	int			mark;
	bool		is_broken;		/* a row of it fails: ask for each ticket */
} Source;

struct SvpBackfillHistory
{
	MemoryContext context;		/* of the batch */
	SvpAttachment *attachment;
	const SvpKeyOrder *order;
	int			nsources;
	Source	   *sources;
	SvpChange  *changes;		/* of one ticket */
	int			nchanges;
	int			capacity;
};

SvpBackfillHistory *
svp_backfill_histories(SvpAttachment *attachment, const SvpKeyOrder *order,
					   const SvpSlice *tickets)
{
	SvpBackfillHistory *history = palloc0(sizeof(SvpBackfillHistory));
	SvpKeyRange range = {
		.from = tickets->rows[0].key,
		.to = tickets->rows[tickets->nrows - 1].key
	};
	ListCell   *lc;

	history->context = CurrentMemoryContext;
	history->attachment = attachment;
	history->order = order;
	history->sources = palloc0(sizeof(Source) * Max(list_length(attachment->histories), 1));
	foreach(lc, attachment->histories)
	{
		Source	   *source = &history->sources[history->nsources++];

		source->mapping = lfirst(lc);
		source->is_broken = svp_slice_read(attachment, source->mapping, order, &range,
										   &source->slice) != NULL;
	}
	return history;
}

static void
grow(SvpBackfillHistory *history)
{
	history->capacity = Max(history->capacity * 2, 16);
	if (history->changes == NULL)
		history->changes = MemoryContextAlloc(history->context,
											  sizeof(SvpChange) * history->capacity);
	else
		history->changes = repalloc_huge(history->changes,
										 sizeof(SvpChange) * (Size) history->capacity);
}

static void
add_change(SvpBackfillHistory *history, Source *source, SvpSliceRow *row)
{
	const char *problem;

	if (!row->facts.included)
		return;
	if (history->nchanges == history->capacity)
		grow(history);
	if (svp_change_read(source->mapping, &row->facts, &history->changes[history->nchanges],
						&problem))
		history->nchanges++;
	else if (problem != NULL)
		svp_issue_append_once(history->attachment, row->key, "unreadable_fact",
						 psprintf("The time of a change in %s %s; the change counts for nothing.",
								  source->mapping->table, problem), NULL);
}

/*
 * Read the changes of one ticket, whose table has rows that fail.
 */
static void
read_broken(SvpBackfillHistory *history, Source *source, Datum *key)
{
	SvpKeyRange range = {.from = key,.to = key};
	SvpSlice	slice;
	ErrorData  *error = svp_slice_read(history->attachment, source->mapping, history->order,
									   &range, &slice);

	if (error != NULL)
	{
		svp_issue_append_once(history->attachment, key, "expression_failed",
						 psprintf("A mapped expression of %s failed; what it tells of the ticket is not known.",
								  source->mapping->table), error->message);
		return;
	}
	for (int i = 0; i < slice.nrows; i++)
		add_change(history, source, &slice.rows[i]);
}

void
svp_backfill_mark(SvpBackfillHistory *history)
{
	for (int i = 0; i < history->nsources; i++)
		history->sources[i].mark = history->sources[i].next;
}

void
svp_backfill_rewind(SvpBackfillHistory *history)
{
	for (int i = 0; i < history->nsources; i++)
		history->sources[i].next = history->sources[i].mark;
}

/*
 * The changes of a ticket.  Tickets are asked for in their order; one may be
 * asked for again.
 */
SvpChange *
svp_backfill_changes(SvpBackfillHistory *history, Datum *key, int *nchanges)
{
	history->nchanges = 0;
	for (int i = 0; i < history->nsources; i++)
	{
		Source	   *source = &history->sources[i];
		int			next;
		int			compared = -1;

		if (source->is_broken)
		{
			read_broken(history, source, key);
			continue;
		}
		for (next = source->next; next < source->slice.nrows; next++)
		{
			compared = svp_key_compare(history->order, source->slice.rows[next].key, key);
			if (compared > 0)
				break;
			if (compared < 0)
				source->next = next + 1;
			else
				add_change(history, source, &source->slice.rows[next]);
		}
	}
	*nchanges = history->nchanges;
	return history->changes;
}
