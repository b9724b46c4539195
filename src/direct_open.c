/*-------------------------------------------------------------------------
 *
 * direct_open.c
 *		Opening and closing an attachment's own table for direct use.
 *
 * All that is held is held by one resource owner, which is not always the
 * current one: a table may stay open from row to row of a statement.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "storage/lmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "direct.h"

/*
 * Open the relation; false when it is no longer what it was, or is gone.  That
 * is told by "valid", once there is the lock.
 */
bool
svp_direct_open(SvpDirect *direct, const bool *valid, LOCKMODE lock, ResourceOwner owner)
{
	ResourceOwner caller = CurrentResourceOwner;
	Relation	relation = NULL;

	CurrentResourceOwner = owner;
	LockRelationOid(direct->relid, lock);
	if (*valid)
		relation = relation_open(direct->relid, NoLock);
	else
		UnlockRelationOid(direct->relid, lock);
	CurrentResourceOwner = caller;
	if (relation == NULL)
		return false;
	direct->result->ri_RelationDesc = relation;
	svp_set_result_relation(direct->estate, direct->result);
	direct->lock = lock;
	direct->owner = owner;
	direct->opened_in = GetCurrentSubTransactionId();
	return true;
}

/*
 * One of the indexes.  That of the primary key may have been opened for a
 * search: another reference costs a tenth of opening it again.
 */
static Relation
open_index(SvpDirect *direct, Oid index)
{
	if (index != direct->primary || direct->index == NULL)
		return index_open(index, direct->lock);
	RelationIncrementReferenceCount(direct->index);
	return direct->index;
}

void
svp_direct_open_indexes(SvpDirect *direct)
{
	ResourceOwner caller = CurrentResourceOwner;

	if (direct->has_indexes)
		return;
	/* one that cannot be opened leaves those before it to be closed */
	memset(direct->result->ri_IndexRelationDescs, 0, sizeof(Relation) * direct->nindexes);
	direct->has_indexes = true;
	CurrentResourceOwner = direct->owner;
	for (int i = 0; i < direct->nindexes; i++)
		direct->result->ri_IndexRelationDescs[i] = open_index(direct, direct->indexes[i]);
	CurrentResourceOwner = caller;
}

/*
 * A scan of the primary key by a prefix of so many columns, which is to see
 * what the active snapshot does.
 */
IndexScanDesc
svp_direct_scan_of(SvpDirect *direct, int nprefix)
{
	ResourceOwner caller = CurrentResourceOwner;
	MemoryContext context;

	if (direct->scans[nprefix] == NULL)
	{
		context = MemoryContextSwitchTo(direct->scan_context);
		CurrentResourceOwner = direct->owner;
		if (direct->index == NULL)
			direct->index = index_open(direct->primary, direct->lock);
		direct->scans[nprefix] = svp_index_beginscan(direct->result->ri_RelationDesc,
													 direct->index, GetActiveSnapshot(), nprefix);
		CurrentResourceOwner = caller;
		MemoryContextSwitchTo(context);
	}
	direct->scans[nprefix]->xs_snapshot = GetActiveSnapshot();
	return direct->scans[nprefix];
}

/*
 * End a scan.  One that an error interrupted no longer has the buffers that it
 * believes it has; the relation is all that is left of it.
 */
static void
end_scan(SvpDirect *direct, IndexScanDesc scan)
{
	if (direct->is_broken)
		RelationDecrementReferenceCount(direct->index);
	else
		index_endscan(scan);
}

/*
 * Close all of it.  The locks stay until the transaction ends: the next row is
 * likely to need them again.
 */
void
svp_direct_close(SvpDirect *direct)
{
	ResourceOwner caller = CurrentResourceOwner;

	if (direct->lock == NoLock)
		return;
	CurrentResourceOwner = direct->owner;
	for (int i = 0; i <= direct->nprimary; i++)
	{
		if (direct->scans[i] != NULL)
			end_scan(direct, direct->scans[i]);
	}
	if (direct->index != NULL)
		index_close(direct->index, NoLock);
	for (int i = 0; direct->has_indexes && i < direct->nindexes; i++)
	{
		if (direct->result->ri_IndexRelationDescs[i] != NULL)
			index_close(direct->result->ri_IndexRelationDescs[i], NoLock);
	}
	relation_close(direct->result->ri_RelationDesc, NoLock);
	CurrentResourceOwner = caller;
	svp_direct_forget(direct);
}

/*
 * It is closed, or the end of its (sub)transaction has closed it.
 */
void
svp_direct_forget(SvpDirect *direct)
{
	direct->lock = NoLock;
	direct->has_indexes = false;
	direct->index = NULL;
	memset(direct->scans, 0, sizeof(direct->scans));
	MemoryContextReset(direct->scan_context);
}

void
svp_direct_free(SvpDirect *direct)
{
	MemoryContextDelete(direct->context);
}
