/*-------------------------------------------------------------------------
 *
 * backfill_ticket.c
 *		Taking over one ticket.
 *
 * A ticket of which nothing is recorded is recorded as its row tells it, with
 * what its history tells.  The first record is a row that only one transaction
 * can write, so a trigger that is recording the same ticket, or this, waits
 * for the other and finds it known.
 *
 * Of a ticket that is known, the triggers have recorded what its row was; what
 * was read of the row may be older than that.  So what there might be to add
 * is only tried at first, and done once the ticket is locked and its row read
 * again: then row and ledger are of one moment.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "backfill.h"
#include "child.h"
#include "rows.h"

typedef struct Restating
{
	SvpTicket  *ticket;
	int64		n;
} Restating;

static bool
is_other_judgement(const SvpClock *a, const SvpClock *b)
{
	return a->state != b->state || a->started_at != b->started_at ||
		a->stopped_at != b->stopped_at || a->elapsed != b->elapsed || a->target != b->target;
}

static const char *
judgement(const SvpClock *clock)
{
	return psprintf("%s after %.2f minutes", svp_clock_state_names[clock->state],
					(double) clock->elapsed / USECS_PER_MINUTE);
}

/*
 * A judged clock that the ticket's history has changed is told of.
 */
static void
hear(void *arg, const SvpStoredClock *before, const SvpStoredClock *after)
{
	Restating  *restating = arg;

	if (before == NULL || before == after || SVP_CLOCK_IS_OPEN(&before->clock) ||
		(after != NULL && !is_other_judgement(&before->clock, &after->clock)))
		return;
	restating->n++;
	svp_ticket_issue(restating->ticket, "restated",
					 psprintf("The %s clock had been judged before the ticket's history was known: it was %s, and is %s.",
							  before->metric, judgement(&before->clock),
							  after == NULL ? "gone" : judgement(&after->clock)),
					 NULL);
}

static SvpTicket
ticket_of(const SvpBackfill *run, SvpAttachment *attachment, const SvpSliceRow *row)
{
	return (SvpTicket) {
		.attachment = attachment,
		.recorded_by = run->caller,
		.key = row->key,
		.is_import = true,
		.yields = true
	};
}

/*
 * When the ticket became known; never, if it is not.
 */
static int64
known_since(const SvpLedger *ledger)
{
	for (int i = 0; i < ledger->nrecords; i++)
	{
		if (ledger->records[i].event.kind == SVP_EVENT_OPENED)
			return ledger->records[i].recorded_at;
	}
	return PG_INT64_MIN;
}

/*
 * Record all that is not known.  What was judged before something was known
 * that is older than the ticket's first record, was judged on half of it.
 */
static void
record(SvpTicket *ticket, SvpSliceRow *row, SvpChange *changes, int nchanges)
{
	int64		since = known_since(&ticket->ledger);

	svp_ticket_add_history(ticket, &row->facts, changes, nchanges);
	if (!ticket->is_overtaken)
		svp_ticket_record_row(ticket, &row->facts);
	if (ticket->is_overtaken)
		return;
	if (ticket->attachment->message != NULL && ticket->ledger.nrecords > 0)
		svp_child_messages(ticket);
	ticket->restates = ticket->nevents > 0 && ticket->earliest < since;
	if (ticket->nevents > 0 && !ticket->is_preview)
		svp_ticket_move_clocks(ticket);
}

/*
 * Keep others from the ticket: those who change its row by a lock on that,
 * those who write its messages by one on the ledger's first record.
 */
static bool
lock_ticket(SvpAttachment *attachment, const SvpKeyOrder *order, const Datum *key)
{
	int			nkey = attachment->ticket->nkey;
	Datum		first[INDEX_MAX_KEYS + 1];

	memcpy(first, key, sizeof(Datum) * nkey);
	first[nkey] = Int32GetDatum(1);
	return svp_slice_lock_row(attachment, order, key) &&
		svp_rows_lock(attachment, SVP_LEDGER, first);
}

/*
 * The row as it is now.  False when it is gone: its trigger has recorded that.
 */
static bool
read_again(SvpAttachment *attachment, const SvpKeyOrder *order, SvpSliceRow *row)
{
	SvpKeyRange range = {.from = row->key,.to = row->key};
	SvpSlice	slice;

	PushActiveSnapshot(GetTransactionSnapshot());
	svp_slice_read_rows(attachment, order, &range, &slice);
	PopActiveSnapshot();
	if (slice.nrows == 0)
		return false;
	row->facts = slice.rows[0].facts;
	return true;
}

/*
 * Would anything be added to what is known?
 */
static bool
is_incomplete(SvpTicket ticket, SvpSliceRow *row, SvpChange *changes, int nchanges)
{
	ticket.is_preview = true;
	svp_ticket_open(&ticket);
	record(&ticket, row, changes, nchanges);
	return ticket.nevents > 0;
}

static void
complete(SvpTicket *ticket, const SvpKeyOrder *order, SvpSliceRow *row, SvpChange *changes,
		 int nchanges, SvpBackfillCounts *counts)
{
	Restating	restating = {ticket};
	bool		was_known;

	if (!is_incomplete(*ticket, row, changes, nchanges) ||
		!lock_ticket(ticket->attachment, order, ticket->key) ||
		!read_again(ticket->attachment, order, row))
		return;
	ticket->witness = hear;
	ticket->witness_arg = &restating;
	svp_ticket_open(ticket);
	was_known = svp_ledger_latest(&ticket->ledger) != NULL;
	record(ticket, row, changes, nchanges);
	counts->restated += restating.n;
	if (ticket->nevents > 0 && was_known)
		counts->completed++;
	else if (ticket->nevents > 0)
		counts->recorded++;
}

/*
 * Record a ticket that is not known, in bulk: who is faster makes the whole
 * bulk fail.
 */
static void
record_in_bulk(SvpTicket *ticket, struct SvpBulk *bulk, SvpSliceRow *row, SvpChange *changes,
			   int nchanges, SvpBackfillCounts *counts)
{
	svp_bulk_begin_ticket(bulk);
	svp_ticket_open_new(ticket);
	ticket->is_assumed_new = false;
	svp_ticket_add_history(ticket, &row->facts, changes, nchanges);
	svp_ticket_record_row(ticket, &row->facts);
	if (ticket->nevents > 0)
	{
		svp_ticket_move_clocks(ticket);
		counts->recorded++;
	}
	svp_bulk_end_ticket(bulk, true);
}

void
svp_backfill_ticket(SvpBackfill *run, SvpAttachment *attachment, const SvpKeyOrder *order,
					struct SvpBulk *bulk, SvpSliceRow *row, bool is_known, SvpChange *changes,
					int nchanges, SvpBackfillCounts *counts)
{
	SvpTicket	ticket = ticket_of(run, attachment, row);

	counts->done++;
	if (!is_known && !row->facts.included)
		return;
	if (!is_known && bulk != NULL)
	{
		record_in_bulk(&ticket, bulk, row, changes, nchanges, counts);
		return;
	}
	if (!is_known)
	{
		svp_ticket_open(&ticket);
		if (svp_ledger_latest(&ticket.ledger) == NULL)
		{
			record(&ticket, row, changes, nchanges);
			if (!ticket.is_overtaken)
			{
				if (ticket.nevents > 0)
					counts->recorded++;
				return;
			}
		}
		ticket = ticket_of(run, attachment, row);
	}
	complete(&ticket, order, row, changes, nchanges, counts);
}
