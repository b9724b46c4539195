/*-------------------------------------------------------------------------
 *
 * refund_row.c
 *		Which row a refund's trigger is told of.
 *
 * One that an UPDATE takes from one partition to another is told as a DELETE
 * there and, next, an INSERT here.  It is one change of one refund all the
 * same; and nothing in the new row says which one it was, where the key
 * changes with the partition.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "refund_row.h"

void
svp_row_departed(SvpAttachment *attachment, Relation partition, HeapTuple tuple)
{
	attachment->departed = (SvpDeparture) {
		RelationGetRelid(partition), tuple->t_self,
		HeapTupleHeaderGetUpdateXid(tuple->t_data), HeapTupleHeaderGetCmax(tuple->t_data)
	};
}

HeapTuple
svp_row_before(SvpAttachment *attachment, HeapTuple inserted, Relation *partition)
{
	SvpDeparture departed = attachment->departed;
	TupleTableSlot *slot;
	HeapTuple	tuple = NULL;

	/* whose arrival was not told is of another command */
	if (!OidIsValid(departed.partition) ||
		departed.by != HeapTupleHeaderGetXmin(inserted->t_data) ||
		departed.command != HeapTupleHeaderGetCmin(inserted->t_data))
		return NULL;
	attachment->departed.partition = InvalidOid;
	*partition = table_open(departed.partition, AccessShareLock);
	slot = table_slot_create(*partition, NULL);
	if (table_tuple_fetch_row_version(*partition, &departed.place, SnapshotAny, slot))
		tuple = ExecCopySlotHeapTuple(slot);
	ExecDropSingleTupleTableSlot(slot);
	if (tuple == NULL)
		table_close(*partition, NoLock);
	return tuple;
}
