/*-------------------------------------------------------------------------
 *
 * direct_search.c
 *		Finding the rows of an attachment's own table by its access methods.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/snapmgr.h"

#include "direct.h"

/*
 * Begin to look for rows under a snapshot as a statement would take one.
 */
IndexScanDesc
svp_direct_begin_search(SvpDirect *direct, int nprefix, const Datum *prefix)
{
	IndexScanDesc scan;
	ScanKeyData keys[INDEX_MAX_KEYS];
	MemoryContext caller;

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	memcpy(keys, direct->keys, sizeof(ScanKeyData) * nprefix);
	for (int i = 0; i < nprefix; i++)
		keys[i].sk_argument = prefix[i];
	scan = svp_direct_scan_of(direct, nprefix);
	/* a scan keeps what it allocates on the way */
	caller = MemoryContextSwitchTo(direct->scan_context);
	index_rescan(scan, keys, nprefix, NULL, 0);
	MemoryContextSwitchTo(caller);
	return scan;
}

bool
svp_direct_find_next(SvpDirect *direct, IndexScanDesc scan, bool backward)
{
	MemoryContext caller;
	bool		found;

	CHECK_FOR_INTERRUPTS();
	caller = MemoryContextSwitchTo(direct->scan_context);
	found = index_getnext_slot(scan, backward ? BackwardScanDirection : ForwardScanDirection,
							   direct->found);
	MemoryContextSwitchTo(caller);
	return found;
}

/*
 * The scan stays, but lets go of its buffers.
 */
void
svp_direct_end_search(SvpDirect *direct, IndexScanDesc scan)
{
	MemoryContext caller = MemoryContextSwitchTo(direct->scan_context);

	index_rescan(scan, NULL, scan->numberOfKeys, NULL, 0);
	MemoryContextSwitchTo(caller);
	ExecClearTuple(direct->found);
	PopActiveSnapshot();
}

/*
 * Find the row with a primary key where it was found before.  False when the
 * active snapshot sees none there, or another one.
 */
bool
svp_direct_find_at(SvpDirect *direct, ItemPointer place, const Datum *key)
{
	if (!table_tuple_fetch_row_version(direct->result->ri_RelationDesc, place,
									   GetActiveSnapshot(), direct->found))
		return false;
	slot_getsomeattrs(direct->found, direct->nkept);
	for (int i = 0; i < direct->nprimary; i++)
	{
		ScanKey		equal = &direct->keys[i];

		if (!DatumGetBool(FunctionCall2Coll(&equal->sk_func, equal->sk_collation,
											direct->found->tts_values[direct->columns[i] - 1],
											key[i])))
			return false;
	}
	return true;
}

/*
 * Hand out the row just found, in the order of our columns.
 */
static bool
hand_out(SvpDirect *direct, SvpRowConsumer consume, void *arg)
{
	TupleTableSlot *row = direct->found;
	Datum		values[SVP_MAX_COLUMNS];
	bool		nulls[SVP_MAX_COLUMNS];

	slot_getallattrs(row);
	if (direct->is_in_order)
		return consume(arg, &row->tts_tid, row->tts_values, row->tts_isnull);
	for (int i = 0; i < direct->ncolumns; i++)
	{
		values[i] = row->tts_values[direct->columns[i] - 1];
		nulls[i] = row->tts_isnull[direct->columns[i] - 1];
	}
	return consume(arg, &row->tts_tid, values, nulls);
}

void
svp_direct_scan(SvpDirect *direct, int nprefix, const Datum *prefix, bool backward,
				SvpRowConsumer consume, void *arg)
{
	IndexScanDesc scan = svp_direct_begin_search(direct, nprefix, prefix);

	while (svp_direct_find_next(direct, scan, backward) && hand_out(direct, consume, arg))
		;
	svp_direct_end_search(direct, scan);
}
