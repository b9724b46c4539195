/*-------------------------------------------------------------------------
 *
 * direct_rows.c
 *		The rows of an attachment's own table by its access methods.
 *
 * It follows the protocol of the executor's ModifyTable and LockRows.  A row
 * that somebody else has changed meanwhile is looked for again under a new
 * snapshot, which comes to what a statement does in READ COMMITTED.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "direct.h"

static void
put_columns(const SvpDirect *direct, TupleTableSlot *row, int first, const Datum *values,
			const bool *nulls)
{
	if (direct->is_in_order)
	{
		memcpy(row->tts_values + first, values + first, sizeof(Datum) * (direct->ncolumns - first));
		memcpy(row->tts_isnull + first, nulls + first, sizeof(bool) * (direct->ncolumns - first));
		return;
	}
	for (int i = first; i < direct->ncolumns; i++)
	{
		row->tts_values[direct->columns[i] - 1] = values[i];
		row->tts_isnull[direct->columns[i] - 1] = nulls[i];
	}
}

static void
fit_key(const SvpDirect *direct, TupleTableSlot *row)
{
	for (int i = 0; i < direct->nprimary; i++)
	{
		Datum	   *value = &row->tts_values[direct->columns[i] - 1];

		if (OidIsValid(direct->coercion[i]))
			*value = OidFunctionCall3(direct->coercion[i], *value, Int32GetDatum(direct->typmod[i]),
									  BoolGetDatum(false));
	}
}

/*
 * Fill a slot with a row to be written.  Columns that are not ours are as in
 * the old row, or null; the key of an old row stays as it is stored.
 */
static void
fill_row(SvpDirect *direct, TupleTableSlot *row, TupleTableSlot *old, const Datum *values,
		 const bool *nulls)
{
	ExecClearTuple(row);
	if (old == NULL)
	{
		memset(row->tts_isnull, true, sizeof(bool) * direct->descriptor->natts);
		put_columns(direct, row, 0, values, nulls);
		fit_key(direct, row);
	}
	else
	{
		slot_getsomeattrs(old, direct->nkept);
		memcpy(row->tts_values, old->tts_values, sizeof(Datum) * direct->nkept);
		memcpy(row->tts_isnull, old->tts_isnull, sizeof(bool) * direct->nkept);
		put_columns(direct, row, direct->nprimary, values, nulls);
	}
	ExecStoreVirtualTuple(row);
}

static void
begin_write(const char *command)
{
	PreventCommandIfReadOnly(command);
	PreventCommandIfParallelMode(command);
}

/*
 * The executor looks at each column; so it is asked only where it would find
 * something.
 */
static void
check_constraints(SvpDirect *direct, TupleTableSlot *row)
{
	for (int i = 0; i < direct->nnot_null; i++)
	{
		if (row->tts_isnull[direct->not_null[i] - 1])
			ExecConstraints(direct->result, row, direct->estate);
	}
}

static void
end_write(SvpDirect *direct)
{
	ExecClearTuple(direct->row);
	ResetPerTupleExprContext(direct->estate);
}

void
svp_direct_insert(SvpDirect *direct, const Datum *values, const bool *nulls)
{
	begin_write("INSERT");
	fill_row(direct, direct->row, NULL, values, nulls);
	check_constraints(direct, direct->row);
	svp_direct_open_indexes(direct);
	table_tuple_insert(direct->result->ri_RelationDesc, direct->row, GetCurrentCommandId(true),
					   0, NULL);
	(void) svp_insert_index_tuples(direct->result, direct->row, direct->estate, false, false,
								   NULL, NIL);
	end_write(direct);
}

/* Writing many rows at once */

/*
 * The slot of a row.  It stays for the next time.
 */
static TupleTableSlot *
gathered_row(SvpDirect *direct, int i)
{
	MemoryContext caller = MemoryContextSwitchTo(direct->context);

	if (i >= direct->ngathered)
	{
		int			room = Max(2 * direct->ngathered, 16);

		if (direct->gathered == NULL)
			direct->gathered = palloc(sizeof(TupleTableSlot *) * room);
		else
			direct->gathered = repalloc(direct->gathered, sizeof(TupleTableSlot *) * room);
		while (direct->ngathered < room)
			direct->gathered[direct->ngathered++] = MakeSingleTupleTableSlot(direct->descriptor,
																			 &TTSOpsHeapTuple);
	}
	MemoryContextSwitchTo(caller);
	return direct->gathered[i];
}

void
svp_direct_gather(SvpDirect *direct, int i, const Datum *values, const bool *nulls)
{
	TupleTableSlot *row = gathered_row(direct, i);

	begin_write("INSERT");
	fill_row(direct, row, NULL, values, nulls);
	check_constraints(direct, row);
	/* the values need not last until the rows are written */
	ExecMaterializeSlot(row);
	ResetPerTupleExprContext(direct->estate);
}

/*
 * Put the rows into one index: one after the other they find its pages in the
 * processor's cache.
 */
static void
index_gathered(SvpDirect *direct, int index, int nrows, bool *taken)
{
	ResultRelInfo one = *direct->result;
	bool		may_be_taken = taken != NULL && direct->indexes[index] == direct->primary;

	one.ri_NumIndices = 1;
	one.ri_IndexRelationDescs += index;
	one.ri_IndexRelationInfo += index;
	svp_set_result_relation(direct->estate, &one);
	for (int i = 0; i < nrows; i++)
	{
		CHECK_FOR_INTERRUPTS();
		(void) svp_insert_index_tuples(&one, direct->gathered[i], direct->estate, false,
									   may_be_taken, may_be_taken ? &taken[i] : NULL,
									   may_be_taken ? direct->arbiters : NIL);
		ResetPerTupleExprContext(direct->estate);
	}
	svp_set_result_relation(direct->estate, direct->result);
}

void
svp_direct_insert_gathered(SvpDirect *direct, int nrows, bool *taken)
{
	if (nrows == 0)
		return;
	svp_direct_open_indexes(direct);
	table_multi_insert(direct->result->ri_RelationDesc, direct->gathered, nrows,
					   GetCurrentCommandId(true), 0, NULL);
	for (int index = 0; index < direct->nindexes; index++)
		index_gathered(direct, index, nrows, taken);
}

void
svp_direct_clear_gathered(SvpDirect *direct, int nrows)
{
	for (int i = 0; i < nrows; i++)
		ExecClearTuple(direct->gathered[i]);
}

/*
 * Nothing but the primary key refuses a row, and nobody is sent one whose key
 * is taken: that it is deleted would come too late for a subscriber.
 */
bool
svp_direct_can_take_back(const SvpDirect *direct)
{
	return !direct->has_others && !RelationIsLogicallyLogged(direct->result->ri_RelationDesc);
}

void
svp_direct_take_back(SvpDirect *direct, int i)
{
	simple_table_tuple_delete(direct->result->ri_RelationDesc, &direct->gathered[i]->tts_tid,
							  GetTransactionSnapshot());
}

/* Rows that others may be changing */

static bool
key_exists(SvpDirect *direct, const Datum *key)
{
	IndexScanDesc scan = svp_direct_begin_search(direct, direct->nprimary, key);
	bool		found = svp_direct_find_next(direct, scan, false);

	svp_direct_end_search(direct, scan);
	return found;
}

static void
raise_serialization_failure(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update")));
}

/*
 * Insert a row that others take for tentative until its key is known to be
 * new.  False when somebody else was faster.
 */
static bool
insert_tentatively(SvpDirect *direct)
{
	Relation	relation = direct->result->ri_RelationDesc;
	TransactionId xid = GetCurrentTransactionId();
	uint32		token = SpeculativeInsertionLockAcquire(xid);
	bool		conflict = false;

	table_tuple_insert_speculative(relation, direct->row, GetCurrentCommandId(true), 0, NULL,
								   token);
	(void) svp_insert_index_tuples(direct->result, direct->row, direct->estate, false, true,
								   &conflict, direct->arbiters);
	table_tuple_complete_speculative(relation, direct->row, token, !conflict);
	SpeculativeInsertionLockRelease(xid);
	return !conflict;
}

/*
 * Is the key not taken, as far as can be told?  Waits for whoever is about to
 * take it.
 */
static bool
seems_new(SvpDirect *direct)
{
	ItemPointerData other;

	CHECK_FOR_INTERRUPTS();
	return svp_check_index_constraints(direct->result, direct->row, direct->estate, &other,
									   direct->arbiters);
}

/*
 * Insert a row as if its key were known to be new, and take it back if not.
 */
static bool
insert_hopefully(SvpDirect *direct)
{
	Relation	relation = direct->result->ri_RelationDesc;
	bool		conflict = false;

	table_tuple_insert(relation, direct->row, GetCurrentCommandId(true), 0, NULL);
	(void) svp_insert_index_tuples(direct->result, direct->row, direct->estate, false, true,
								   &conflict, direct->arbiters);
	if (conflict)
	{
		CommandCounterIncrement();
		simple_table_tuple_delete(relation, &direct->row->tts_tid, GetTransactionSnapshot());
	}
	return !conflict;
}

/*
 * Insert a row unless its key is taken, first in the way that is given.
 */
static bool
insert_new(SvpDirect *direct, const Datum *values, const bool *nulls, bool (*insert) (SvpDirect *))
{
	bool		is_new;

	begin_write("INSERT");
	CommandCounterIncrement();
	fill_row(direct, direct->row, NULL, values, nulls);
	check_constraints(direct, direct->row);
	svp_direct_open_indexes(direct);
	/* whoever asks expects it to be new, unless another index would say so first */
	is_new = (!direct->has_others || seems_new(direct)) && insert(direct);
	while (!is_new && seems_new(direct))
		is_new = insert_tentatively(direct);
	end_write(direct);
	if (!is_new && IsolationUsesXactSnapshot() && !key_exists(direct, values))
		raise_serialization_failure();
	return is_new;
}

bool
svp_direct_insert_new(SvpDirect *direct, const Datum *values, const bool *nulls)
{
	return insert_new(direct, values, nulls, insert_tentatively);
}

bool
svp_direct_insert_own(SvpDirect *direct, const Datum *values, const bool *nulls)
{
	return insert_new(direct, values, nulls,
					  svp_direct_can_take_back(direct) ? insert_hopefully : insert_tentatively);
}

/*
 * What came of an attempt to change or lock a row: done, or to be looked for
 * again.
 */
static bool
is_done(TM_Result result)
{
	switch (result)
	{
		case TM_Ok:
			return true;
		case TM_Updated:
		case TM_Deleted:
			if (IsolationUsesXactSnapshot())
				raise_serialization_failure();
			return false;
		default:
			elog(ERROR, "unexpected result of changing a row: %u", result);
	}
}

static TM_Result
update_row(SvpDirect *direct, const Datum *values, const bool *nulls)
{
	TupleTableSlot *old = direct->found;
	Relation	relation = direct->result->ri_RelationDesc;
	TM_FailureData failure;
	LockTupleMode mode;
	SvpIndexUpdate indexes;
	TM_Result	result;

	fill_row(direct, direct->row, old, values, nulls);
	check_constraints(direct, direct->row);
	result = table_tuple_update(relation, &old->tts_tid, direct->row, GetCurrentCommandId(true),
								GetActiveSnapshot(), InvalidSnapshot, true, &failure, &mode,
								&indexes);
	if (result == TM_Ok && svp_indexes_need_update(indexes))
	{
		svp_direct_open_indexes(direct);
		(void) svp_update_index_tuples(direct->result, direct->row, direct->estate, indexes);
	}
	end_write(direct);
	return result;
}

/*
 * Write the row that was found at a place.  False when it is not there any
 * more, as it was.
 */
static bool
update_at(SvpDirect *direct, ItemPointer place, const Datum *values, const bool *nulls)
{
	bool		done;

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	done = svp_direct_find_at(direct, place, values) && is_done(update_row(direct, values, nulls));
	ExecClearTuple(direct->found);
	PopActiveSnapshot();
	return done;
}

bool
svp_direct_update(SvpDirect *direct, ItemPointer place, const Datum *values, const bool *nulls)
{
	bool		found;
	bool		done;

	begin_write("UPDATE");
	CheckCmdReplicaIdentity(direct->result->ri_RelationDesc, CMD_UPDATE);
	if (place != NULL && update_at(direct, place, values, nulls))
		return true;
	do
	{
		IndexScanDesc scan = svp_direct_begin_search(direct, direct->nprimary, values);

		found = svp_direct_find_next(direct, scan, false);
		done = !found || is_done(update_row(direct, values, nulls));
		svp_direct_end_search(direct, scan);
	} while (!done);
	return found;
}

bool
svp_direct_delete(SvpDirect *direct, const Datum *key)
{
	Relation	relation = direct->result->ri_RelationDesc;
	TM_FailureData failure;
	bool		found;
	bool		done;

	begin_write("DELETE");
	CheckCmdReplicaIdentity(relation, CMD_DELETE);
	do
	{
		IndexScanDesc scan = svp_direct_begin_search(direct, direct->nprimary, key);

		found = svp_direct_find_next(direct, scan, false);
		done = !found ||
			is_done(table_tuple_delete(relation, &direct->found->tts_tid, GetCurrentCommandId(true),
									   GetActiveSnapshot(), InvalidSnapshot, true, &failure, false));
		svp_direct_end_search(direct, scan);
	} while (!done);
	return found;
}

bool
svp_direct_lock(SvpDirect *direct, const Datum *key)
{
	Relation	relation = direct->result->ri_RelationDesc;
	TM_FailureData failure;
	bool		found;
	bool		done;

	begin_write("SELECT FOR NO KEY UPDATE");
	do
	{
		IndexScanDesc scan = svp_direct_begin_search(direct, direct->nprimary, key);

		found = svp_direct_find_next(direct, scan, false);
		done = !found ||
			is_done(table_tuple_lock(relation, &direct->found->tts_tid, GetActiveSnapshot(),
									 direct->found, GetCurrentCommandId(true),
									 LockTupleNoKeyExclusive, LockWaitBlock,
									 TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS, &failure));
		svp_direct_end_search(direct, scan);
	} while (!done);
	return found;
}
