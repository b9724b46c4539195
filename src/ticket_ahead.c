/*-------------------------------------------------------------------------
 *
 * ticket_ahead.c
 *		Recording at once the tickets that one statement inserts.
 *
 * AFTER ROW triggers fire when the statement has inserted all its rows.  So
 * from the second row on, the rows of the statement that lie on the same page
 * are recorded with it, and their own calls find that done.  Those are told by
 * their insertion's transaction and command; where another trigger might see
 * or change one of them first, none is read.
 *
 * All of this is for tickets that are new and of which all is understood.
 * Any other is left to its own call.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "catalog/pg_trigger.h"
#include "storage/bufmgr.h"
#include "utils/hsearch.h"
#include "utils/rel.h"

#include "bulk.h"
#include "key.h"
#include "ticket.h"
#include "ticket_ahead.h"

/* The rows of a page that are recorded, by number. */
typedef struct ReadPage
{
	BlockNumber block;			/* hash key */
	bits8		recorded[MaxHeapTuplesPerPage / BITS_PER_BYTE + 1];
} ReadPage;

/* What a trigger knows of its statement, from row to row. */
typedef struct Statement
{
	ItemPointerData first;		/* the row that it was first called for */
	bool		stops;			/* the other rows are left to their own calls */
	HTAB	   *pages;			/* that were read; NULL before the second row */
	ReadPage   *page;			/* the latest */
} Statement;

/* Rows that are recorded together. */
typedef struct Batch
{
	SvpAttachment *attachment;
	SvpRowReader *reader;
	const char *recorded_by;
	struct SvpBulk *bulk;
	int			nrows;
	HeapTupleData rows[MaxHeapTuplesPerPage];	/* those that were gathered */
} Batch;

static Statement *
statement_of(FunctionCallInfo fcinfo)
{
	const TriggerData *trigger = (TriggerData *) fcinfo->context;
	Statement  *statement = fcinfo->flinfo->fn_extra;

	if (statement != NULL)
		return statement;
	statement = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Statement));
	statement->first = trigger->tg_trigtuple->t_self;
	fcinfo->flinfo->fn_extra = statement;
	return statement;
}

/* What may be recorded ahead */

/*
 * Nobody else gets at a row between the end of the statement and our call.
 * Foreign keys look at other tables.
 */
static bool
is_alone(const TriggerData *trigger)
{
	const TriggerDesc *triggers = trigger->tg_relation->trigdesc;

	if (trigger->tg_trigger->tgqual != NULL)
		return false;
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		const Trigger *other = &triggers->triggers[i];

		if (other->tgoid != trigger->tg_trigger->tgoid && !other->tgisinternal &&
			TRIGGER_FOR_INSERT(other->tgtype) && TRIGGER_FOR_AFTER(other->tgtype) &&
			TRIGGER_FOR_ROW(other->tgtype))
			return false;
	}
	return true;
}

/*
 * Only its own row tells of a ticket, so nobody else is about to write of one
 * that is new: the table's own unique index keeps a second row of its key
 * waiting.
 */
static bool
may_gather(const SvpAttachment *attachment, const SvpRowReader *reader, Relation relation)
{
	return !SVP_HAS_OTHER_ROWS(attachment) && !svp_reader_computes(reader) &&
		!IsolationUsesXactSnapshot() && !relation->rd_rel->relispartition &&
		relation->rd_rel->relam == HEAP_TABLE_AM_OID;
}

static bool
is_of_statement(HeapTupleHeader row, HeapTupleHeader first)
{
	return (row->t_infomask & HEAP_XMAX_INVALID) != 0 &&
		(row->t_infomask & (HEAP_XMIN_INVALID | HEAP_UPDATED | HEAP_COMBOCID | HEAP_MOVED)) == 0 &&
		HeapTupleHeaderGetRawXmin(row) == HeapTupleHeaderGetRawXmin(first) &&
		HeapTupleHeaderGetRawCommandId(row) == HeapTupleHeaderGetRawCommandId(first);
}

/* One ticket */

static bool
gather_ticket(Batch *batch, HeapTuple row)
{
	SvpTicket	ticket = {
		.attachment = batch->attachment,
		.recorded_by = batch->recorded_by,
		.key = svp_reader_key(batch->reader, row),
		.declines = true
	};
	SvpFacts	facts;
	bool		is_new;

	if (ticket.key == NULL || svp_fit_key(batch->attachment, batch->reader, ticket.key) != NULL)
		return false;
	svp_reader_read(batch->reader, row, &facts);
	svp_bulk_begin_ticket(batch->bulk);
	svp_ticket_open_new(&ticket);
	ticket.is_assumed_new = false;
	svp_ticket_record(&ticket, &facts);
	is_new = ticket.nevents > 0 && !ticket.has_declined;
	svp_bulk_end_ticket(batch->bulk, is_new);
	return is_new;
}

static void
gather(Batch *batch, HeapTuple row)
{
	if (gather_ticket(batch, row))
		batch->rows[batch->nrows++] = *row;
}

/* A page */

static bool
is_recorded(const ReadPage *page, ItemPointer row)
{
	int			i = ItemPointerGetOffsetNumber(row) - 1;

	return (page->recorded[i / BITS_PER_BYTE] & (1 << (i % BITS_PER_BYTE))) != 0;
}

static void
set_recorded(ReadPage *page, ItemPointer row)
{
	int			i = ItemPointerGetOffsetNumber(row) - 1;

	page->recorded[i / BITS_PER_BYTE] |= 1 << (i % BITS_PER_BYTE);
}

static ReadPage *
find_page(Statement *statement, BlockNumber block, HASHACTION action)
{
	ReadPage   *page = statement->page;
	bool		found;

	if (page != NULL && page->block == block)
		return page;
	page = hash_search(statement->pages, &block, action, &found);
	if (page == NULL)
		return NULL;
	if (!found)
		memset(page->recorded, 0, sizeof(page->recorded));
	statement->page = page;
	return page;
}

/*
 * A copy of the page, since it is not locked while its rows are recorded.
 */
static char *
copy_page(Relation relation, BlockNumber block)
{
	char	   *copy = palloc(BLCKSZ);
	Buffer		buffer = ReadBuffer(relation, block);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	memcpy(copy, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
	return copy;
}

/*
 * Gather the rows of the statement on the page of the one at hand, with it.
 */
static void
gather_page(Batch *batch, const Statement *statement, const TriggerData *trigger)
{
	BlockNumber block = ItemPointerGetBlockNumber(&trigger->tg_trigtuple->t_self);
	char	   *page = copy_page(trigger->tg_relation, block);

	for (OffsetNumber i = FirstOffsetNumber; i <= PageGetMaxOffsetNumber(page); i++)
	{
		ItemId		item = PageGetItemId(page, i);
		HeapTupleData row;

		CHECK_FOR_INTERRUPTS();
		if (!ItemIdIsNormal(item))
			continue;
		row.t_data = (HeapTupleHeader) PageGetItem(page, item);
		row.t_len = ItemIdGetLength(item);
		row.t_tableOid = RelationGetRelid(trigger->tg_relation);
		ItemPointerSet(&row.t_self, block, i);
		if (is_of_statement(row.t_data, trigger->tg_trigtuple->t_data) &&
			!ItemPointerEquals(&row.t_self, (ItemPointer) &statement->first))
			gather(batch, &row);
	}
}

static void
make_pages(Statement *statement, MemoryContext context)
{
	HASHCTL		control = {
		.keysize = sizeof(BlockNumber),
		.entrysize = sizeof(ReadPage),
		.hcxt = context
	};

	statement->pages = hash_create("service_policy rows recorded ahead", 64, &control,
								   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Gather what is to be recorded with the row at hand.  A page is read once:
 * what was left of it then is left to its own calls.
 */
static void
gather_with(Batch *batch, Statement *statement, FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ItemPointer self = &trigger->tg_trigtuple->t_self;

	if (ItemPointerEquals(self, &statement->first) || !is_alone(trigger))
	{
		gather(batch, trigger->tg_trigtuple);
		return;
	}
	if (statement->pages == NULL)
		make_pages(statement, fcinfo->flinfo->fn_mcxt);
	if (find_page(statement, ItemPointerGetBlockNumber(self), HASH_FIND) != NULL)
		return;
	(void) find_page(statement, ItemPointerGetBlockNumber(self), HASH_ENTER);
	gather_page(batch, statement, trigger);
}

/*
 * Write what was gathered.  Once a ticket is known already, more of them may
 * be: then each is looked for first.  True when the row at hand was written.
 */
static bool
write_batch(Batch *batch, Statement *statement, ItemPointer self)
{
	bool	   *known = palloc0(sizeof(bool) * Max(batch->nrows, 1));
	bool		is_written = false;

	svp_bulk_write(batch->bulk, known);
	for (int i = 0; i < batch->nrows; i++)
	{
		if (known[i])
			statement->stops = true;
		else if (ItemPointerEquals(&batch->rows[i].t_self, self))
			is_written = true;
		else
			set_recorded(statement->page, &batch->rows[i].t_self);
	}
	return is_written;
}

bool
svp_ahead_record(FunctionCallInfo fcinfo, SvpAttachment *attachment, SvpRowReader *reader,
				 Oid role)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Statement  *statement = statement_of(fcinfo);
	Batch		batch;
	bool		is_written = false;

	if (statement->stops || !may_gather(attachment, reader, trigger->tg_relation))
		return false;
	batch.bulk = svp_bulk_begin(attachment);
	if (batch.bulk == NULL)
		return false;
	batch.attachment = attachment;
	batch.reader = reader;
	batch.recorded_by = svp_role_name(role);
	batch.nrows = 0;
	statement->stops = !svp_bulk_tell(batch.bulk);
	if (!statement->stops)
	{
		gather_with(&batch, statement, fcinfo);
		is_written = write_batch(&batch, statement, &trigger->tg_trigtuple->t_self);
	}
	svp_bulk_end(batch.bulk);
	return is_written;
}

bool
svp_ahead_has_recorded(FunctionCallInfo fcinfo)
{
	const TriggerData *trigger = (TriggerData *) fcinfo->context;
	Statement  *statement = fcinfo->flinfo->fn_extra;
	ItemPointer self;
	ReadPage   *page;

	if (statement == NULL || statement->pages == NULL || !TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		return false;
	self = &trigger->tg_trigtuple->t_self;
	page = find_page(statement, ItemPointerGetBlockNumber(self), HASH_FIND);
	return page != NULL && is_recorded(page, self);
}
