/*-------------------------------------------------------------------------
 *
 * deadline_move.c
 *		Open clocks that a change of their calendar moved, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/timestamp.h"

#include "deadline_move.h"

static void
add_revision(SvpRow *row, int64 revision)
{
	svp_row_add_optional(row, revision != 0, Int64GetDatum(revision));
}

void
svp_move_append(SvpAttachment *attachment, const Datum *key, const char *moved_by,
				const SvpStoredClock *before, const SvpStoredClock *after)
{
	const SvpClock *old = &before->clock;
	const SvpClock *new = &after->clock;
	SvpRow		row;

	svp_row_begin(&row);
	svp_row_add_key(&row, attachment->ticket->nkey, key);
	svp_row_add(&row, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()));
	svp_row_add_text(&row, moved_by);
	svp_row_add_text(&row, after->metric);
	svp_row_add(&row, Int32GetDatum(new->cycle));
	svp_row_add_text(&row, after->calendar);
	add_revision(&row, before->calendar_revision);
	add_revision(&row, after->calendar_revision);
	svp_row_add_optional(&row, old->has_due, TimestampTzGetDatum(old->due_at));
	svp_row_add_optional(&row, new->has_due, TimestampTzGetDatum(new->due_at));
	svp_row_add_optional(&row, old->has_at_risk, TimestampTzGetDatum(old->at_risk_at));
	svp_row_add_optional(&row, new->has_at_risk, TimestampTzGetDatum(new->at_risk_at));
	svp_row_add(&row, Int64GetDatum(old->target));
	svp_row_add(&row, Int64GetDatum(new->target));
	svp_row_add(&row, Int64GetDatum(old->elapsed));
	svp_row_add(&row, Int64GetDatum(new->elapsed));
	svp_row_add(&row, Int64GetDatum(old->paused));
	svp_row_add(&row, Int64GetDatum(new->paused));
	(void) svp_rows_insert(attachment, SVP_DEADLINE_MOVE, row.values, row.nulls);
}

static void
read_move(HeapTuple row, TupleDesc columns, SvpMove *move)
{
	bool		isnull;

	move->moved_at = DatumGetTimestampTz(SPI_getbinval(row, columns, 1, &isnull));
	move->moved_by = SPI_getvalue(row, columns, 2);
	move->metric = SPI_getvalue(row, columns, 3);
	move->cycle = DatumGetInt32(SPI_getbinval(row, columns, 4, &isnull));
	move->calendar = SPI_getvalue(row, columns, 5);
	move->old_due_at = DatumGetTimestampTz(SPI_getbinval(row, columns, 6, &isnull));
	move->has_old_due = !isnull;
	move->new_due_at = DatumGetTimestampTz(SPI_getbinval(row, columns, 7, &isnull));
	move->has_new_due = !isnull;
}

SvpMove *
svp_moves_read(const SvpRevision *revision, const Datum *key, int *n)
{
	SPIPlanPtr	plan = svp_revise_prepare(revision,
										  "moved_at, moved_by, metric, cycle, calendar, old_due_at, new_due_at",
										  "deadline_move", "ORDER BY move_id");
	SvpMove    *moves;

	svp_revise_run(revision, plan, key);
	*n = SPI_processed;
	moves = palloc(sizeof(SvpMove) * Max(SPI_processed, 1));
	for (int i = 0; i < *n; i++)
		read_move(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &moves[i]);
	SPI_freetuptable(SPI_tuptable);
	return moves;
}
