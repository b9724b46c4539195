/*-------------------------------------------------------------------------
 *
 * direct.h
 *		An attachment's own table by its access methods.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_DIRECT_H
#define SVP_DIRECT_H

#include "access/genam.h"
#include "access/skey.h"
#include "nodes/execnodes.h"
#include "storage/lockdefs.h"
#include "utils/resowner.h"

#include "table.h"

/*
 * What is needed to use a table directly.  It holds for the table as it was
 * when this was made; relations, and scans of the primary key, are there only
 * while it is open.
 */
struct SvpDirect
{
	MemoryContext context;		/* holds all of this */
	Oid			relid;
	int			ncolumns;
	AttrNumber *columns;		/* of the relation, in our order */
	bool		is_in_order;	/* they are all that it has, and in its order */
	int			nprimary;
	int			nkept;			/* of the relation, as far as an update keeps some of them */
	Oid			primary;		/* the primary key's index */
	ScanKeyData keys[INDEX_MAX_KEYS];	/* of the primary key, without values */
	Oid			coercion[INDEX_MAX_KEYS];	/* to a key's length, or none */
	int32		typmod[INDEX_MAX_KEYS];
	TupleDesc	descriptor;
	int			nnot_null;
	AttrNumber *not_null;		/* columns that must not be null */
	EState	   *estate;
	ResultRelInfo *result;
	int			nindexes;
	Oid		   *indexes;
	List	   *arbiters;		/* the primary key's index */
	bool		has_others;		/* that may refuse a row, too */
	TupleTableSlot *row;		/* to be written */
	TupleTableSlot *found;
	int			ngathered;		/* slots for rows that are written at once */
	TupleTableSlot **gathered;

	LOCKMODE	lock;			/* NoLock: it is closed */
	ResourceOwner owner;		/* of all that is held */
	SubTransactionId opened_in;
	bool		has_indexes;	/* open for writing */
	bool		is_broken;		/* by an error during its use */
	Relation	index;			/* of the primary key, once searched */
	IndexScanDesc scans[INDEX_MAX_KEYS + 1];	/* by length of the prefix */
	MemoryContext scan_context; /* what they allocate, until it is closed */
};

/* direct.c */
extern SvpDirect *svp_direct_make(const SvpTable *table, Relation relation, MemoryContext parent);

/* direct_open.c */
extern bool svp_direct_open(SvpDirect *direct, const bool *valid, LOCKMODE lock,
							ResourceOwner owner);
extern void svp_direct_open_indexes(SvpDirect *direct);
extern IndexScanDesc svp_direct_scan_of(SvpDirect *direct, int nprefix);
extern void svp_direct_close(SvpDirect *direct);
extern void svp_direct_forget(SvpDirect *direct);
extern void svp_direct_free(SvpDirect *direct);

/* direct_search.c */
extern IndexScanDesc svp_direct_begin_search(SvpDirect *direct, int nprefix, const Datum *prefix);
extern bool svp_direct_find_next(SvpDirect *direct, IndexScanDesc scan, bool backward);
extern void svp_direct_end_search(SvpDirect *direct, IndexScanDesc scan);
extern bool svp_direct_find_at(SvpDirect *direct, ItemPointer place, const Datum *key);
extern void svp_direct_scan(SvpDirect *direct, int nprefix, const Datum *prefix, bool backward,
							SvpRowConsumer consume, void *arg);

/* direct_rows.c */
extern void svp_direct_insert(SvpDirect *direct, const Datum *values, const bool *nulls);


/*
 * The same for many rows at once: the i-th is gathered, then all are inserted.
 * "taken", unless it is NULL, tells of which the primary key was taken already:
 * those have to be taken back, in the next command.  At last they are cleared.
 */
extern void svp_direct_gather(SvpDirect *direct, int i, const Datum *values, const bool *nulls);
extern void svp_direct_insert_gathered(SvpDirect *direct, int nrows, bool *taken);
extern bool svp_direct_can_take_back(const SvpDirect *direct);
extern void svp_direct_take_back(SvpDirect *direct, int i);
extern void svp_direct_clear_gathered(SvpDirect *direct, int nrows);

extern bool svp_direct_insert_new(SvpDirect *direct, const Datum *values, const bool *nulls);
extern bool svp_direct_insert_own(SvpDirect *direct, const Datum *values, const bool *nulls);
extern bool svp_direct_update(SvpDirect *direct, ItemPointer place, const Datum *values,
							  const bool *nulls);
extern bool svp_direct_delete(SvpDirect *direct, const Datum *key);
extern bool svp_direct_lock(SvpDirect *direct, const Datum *key);

#endif							/* SVP_DIRECT_H */
