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

#include "attachment.h"

/*
 * The order in which tickets are gone through: that of the btree operators of
 * their key's types, its parts as the ticket table's index has them.
 */
typedef struct SvpKeyOrder
{
	int			nkey;
	Oid			types[INDEX_MAX_KEYS];	/* of the parts, as the mapping has them … */
	Oid			collations[INDEX_MAX_KEYS];
	int			parts[INDEX_MAX_KEYS];	/* … and these, in order of comparison */
} SvpKeyOrder;

/* Tickets behind a key, or from one to another; NULL: unbounded. */
typedef struct SvpKeyRange
{
	const Datum *after;
	const Datum *from;
	const Datum *to;
	int			limit;			/* 0 = none */
} SvpKeyRange;

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

/* The ticket table. */
extern Oid	svp_slice_table(SvpAttachment *attachment);

extern void svp_key_order(SvpAttachment *attachment, SvpKeyOrder *order);
extern int	svp_key_compare(const SvpKeyOrder *order, const Datum *a, const Datum *b);

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
