/*-------------------------------------------------------------------------
 *
 * slice.h
 *		Reading mapped tables by ranges of the ticket's key, many rows at once.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_SLICE_H
#define SVP_SLICE_H

#include "key_order.h"

typedef struct SvpSliceRow
{
	Datum	   *key;			/* of the ticket */
	SvpFacts	facts;
} SvpSliceRow;

typedef struct SvpSlice
{
	int			nrows;
	SvpSliceRow *rows;			/* in order */
} SvpSlice;

/*
 * Read a slice of the ticket table or of one that tells of tickets.  NULL, or
 * why the query failed: then what a row contains may be the reason.
 */
extern ErrorData *svp_slice_read(SvpAttachment *attachment, const SvpMapping *mapping,
								 const SvpKeyOrder *order, const SvpKeyRange *range,
								 SvpSlice *slice);

/* The same of the ticket table, row by row: what fails is a problem of its row. */
extern void svp_slice_read_rows(SvpAttachment *attachment, const SvpKeyOrder *order,
								const SvpKeyRange *range, SvpSlice *slice);

/*
 * Lock a ticket's row against changes until the transaction ends; false if it
 * is gone.  As the table's owner, for locking is not granted with reading.
 */
extern bool svp_slice_lock_row(SvpAttachment *attachment, const SvpKeyOrder *order,
							   const Datum *key);

/* The keys of the tickets in a range of which something is recorded; no facts. */
extern void svp_slice_read_known(SvpAttachment *attachment, const SvpKeyOrder *order,
								 const SvpKeyRange *range, SvpSlice *slice);

#endif							/* SVP_SLICE_H */
