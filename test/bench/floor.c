/*-------------------------------------------------------------------------
 *
 * floor.c
 *		The least that these rows can cost: triggers that find and write the
 *		rows which ours find and write, by the same access methods, and know
 *		nothing.
 *
 * No part of the extension; the benches compile it.  A row is a copy of the
 * one that was found, or of one that is kept under the key -1, but for keys,
 * times, sums and running numbers.  There is no policy, no calendar and no
 * right; nobody else writes, and into which indexes a row belongs is known.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"

PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(floor_ticket);
PG_FUNCTION_INFO_V1(floor_refund);

#if PG_VERSION_NUM < 140000
#define index_insert(index, values, nulls, place, heap, check, unchanged, info) \
	index_insert(index, values, nulls, place, heap, check, info)
#endif

enum
{
	LEDGER, CLOCK, DECISION, TALLY, NTABLES
};
static const char *const table_names[NTABLES] = {"ledger", "clock", "refund_decision", "refund_tally"};

/* All columns that are no constants, but for the keys, which come first. */
enum
{
	SEQ, AT, RECORDED_AT, OPENED_AT, DECIDED_AT, COUNTED_AT, TOTAL_AMOUNT, TOTAL_REFUNDS, ALL_REFUNDS,
	STATE, SOURCE_STATE, STARTED_AT, COUNTED_FROM, PAUSED_AT, STOPPED_AT, STOPPED_ON, DUE_AT, AT_RISK_AT,
	STATUS, CREATED_AT, UPDATED_AT, TICKET_ID, ORDER_ID, CUSTOMER_ID, AMOUNT, NCOLUMNS
};
static const char *const column_names[NCOLUMNS] = {
	"seq", "at", "recorded_at", "opened_at", "decided_at", "counted_at", "total_amount", "total_refunds", "all_refunds",
	"state", "source_state", "started_at", "counted_from", "paused_at", "stopped_at", "stopped_on", "due_at", "at_risk_at",
	"status", "created_at", "updated_at", "ticket_id", "order_id", "customer_id", "amount"
};

typedef struct Table
{
	Oid			relid;
	int			columns[NCOLUMNS];	/* from 0; -1 = it has none of that name */
	Oid			indexes[2];		/* that of the primary key; that of open clocks */
	IndexInfo  *infos[2];
	TupleTableSlot *models[2];	/* to be copied */
	TupleTableSlot *rows[2];	/* to be written */
	TupleTableSlot *found;
	Relation	heap;			/* these only during a call */
	Relation	opened[2];
} Table;

/* What a session knows of the table that the trigger is on, and of those that it writes. */
typedef struct Floor
{
	Table		crm;
	Table		tables[NTABLES];
	struct Floor *next;
} Floor;

#define VALUE(table, row, column) ((row)->tts_values[(table)->columns[column]])
#define IS_NULL(table, row, column) ((row)->tts_isnull[(table)->columns[column]])

static Floor *floors = NULL;

/* Rows */

static Relation
open_index(Table *table, int i, LOCKMODE lock)
{
	if (table->opened[i] == NULL)
		table->opened[i] = index_open(table->indexes[i], lock);
	return table->opened[i];
}

static Table *
open_table(Table *table, LOCKMODE lock)
{
	table->heap = table_open(table->relid, lock);
	table->opened[0] = table->opened[1] = NULL;
	return table;
}

static void
close_table(Table *table)
{
	for (int i = 0; i < 2; i++)
	{
		if (table->opened[i] != NULL)
			index_close(table->opened[i], NoLock);
	}
	table_close(table->heap, NoLock);
}

static IndexScanDesc
begin_search(Table *table, int64 key, LOCKMODE lock)
{
	IndexScanDesc scan = svp_index_beginscan(table->heap, open_index(table, 0, lock), GetActiveSnapshot(), 1);
	ScanKeyData of_key;

	ScanKeyInit(&of_key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(key));
	index_rescan(scan, &of_key, 1, NULL, 0);
	return scan;
}

static bool
find_last(Table *table, int64 key, LOCKMODE lock)
{
	IndexScanDesc scan = begin_search(table, key, lock);
	bool		found = index_getnext_slot(scan, BackwardScanDirection, table->found);

	index_endscan(scan);
	return found;
}

/*
 * A row to be written, like the one that was found or like a model.
 */
static TupleTableSlot *
make_row(Table *table, int i, TupleTableSlot *like, int64 key)
{
	TupleTableSlot *row = ExecClearTuple(table->rows[i]);
	int			natts = row->tts_tupleDescriptor->natts;

	slot_getallattrs(like);
	memcpy(row->tts_values, like->tts_values, sizeof(Datum) * natts);
	memcpy(row->tts_isnull, like->tts_isnull, sizeof(bool) * natts);
	row->tts_values[0] = Int64GetDatum(key);
	return ExecStoreVirtualTuple(row);
}

static void
set(Table *table, TupleTableSlot *row, int column, bool given, Datum value)
{
	VALUE(table, row, column) = value;
	IS_NULL(table, row, column) = !given;
}

static bool
add_entry(Table *table, int i, TupleTableSlot *row, IndexUniqueCheck check, bool unchanged)
{
	IndexInfo  *info = table->infos[i];
	Datum		values[INDEX_MAX_KEYS];
	bool		nulls[INDEX_MAX_KEYS];

	for (int k = 0; k < info->ii_NumIndexAttrs; k++)
	{
		values[k] = row->tts_values[info->ii_IndexAttrNumbers[k] - 1];
		nulls[k] = row->tts_isnull[info->ii_IndexAttrNumbers[k] - 1];
	}
	return index_insert(open_index(table, i, RowExclusiveLock), values, nulls, &row->tts_tid, table->heap,
						check, unchanged, info);
}

static void
insert(Table *table, TupleTableSlot *row)
{
	table_tuple_insert(table->heap, row, GetCurrentCommandId(true), 0, NULL);
	(void) add_entry(table, 0, row, UNIQUE_CHECK_YES, false);
}

/*
 * As ON CONFLICT does it: somebody else may take the same number.
 */
static void
insert_tentatively(Table *table, TupleTableSlot *row)
{
	TransactionId xid = GetCurrentTransactionId();
	uint32		token = SpeculativeInsertionLockAcquire(xid);

	table_tuple_insert_speculative(table->heap, row, GetCurrentCommandId(true), 0, NULL, token);
	if (!add_entry(table, 0, row, UNIQUE_CHECK_PARTIAL, false))
		elog(ERROR, "the number is taken");
	table_tuple_complete_speculative(table->heap, row, token, true);
	SpeculativeInsertionLockRelease(xid);
}

/* Learning */

static void
learn_columns(Table *table)
{
	for (int i = 0; i < NCOLUMNS; i++)
		table->columns[i] = get_attnum(table->relid, column_names[i]) - 1;
}

static void
learn_table(Table *table)
{
	List	   *indexes;
	ListCell   *lc;
	TupleDesc	descriptor;
	IndexScanDesc scan;

	learn_columns(table);
	(void) open_table(table, AccessShareLock);
	indexes = RelationGetIndexList(table->heap);
	table->indexes[0] = RelationGetPrimaryKeyIndex(table->heap);
	table->infos[0] = BuildIndexInfo(open_index(table, 0, AccessShareLock));
	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		/* that of disputed clocks, which are none, begins with the key, too */
		if (index->rd_index->indkey.values[0] > 1)
		{
			table->indexes[1] = lfirst_oid(lc);
			table->infos[1] = BuildIndexInfo(index);
		}
		index_close(index, NoLock);
	}
	descriptor = CreateTupleDescCopy(RelationGetDescr(table->heap));
	table->found = MakeSingleTupleTableSlot(descriptor, table_slot_callbacks(table->heap));
	scan = begin_search(table, -1, AccessShareLock);
	for (int i = 0; i < 2; i++)
	{
		table->rows[i] = MakeSingleTupleTableSlot(descriptor, &TTSOpsVirtual);
		table->models[i] = MakeSingleTupleTableSlot(descriptor, &TTSOpsVirtual);
		if (index_getnext_slot(scan, ForwardScanDirection, table->found))
			ExecCopySlot(table->models[i], table->found);
	}
	index_endscan(scan);
	ExecClearTuple(table->found);
	close_table(table);
}

static Floor *
floor_of(const TriggerData *trigger)
{
	Oid			schema;
	MemoryContext caller;
	Floor	   *floor;

	for (floor = floors; floor != NULL; floor = floor->next)
	{
		if (floor->crm.relid == RelationGetRelid(trigger->tg_relation))
			return floor;
	}
	caller = MemoryContextSwitchTo(TopMemoryContext);
	floor = palloc0(sizeof(Floor));
	floor->crm.relid = RelationGetRelid(trigger->tg_relation);
	learn_columns(&floor->crm);
	schema = get_namespace_oid(trigger->tg_trigger->tgargs[0], false);
	for (int i = 0; i < NTABLES; i++)
	{
		floor->tables[i].relid = get_relname_relid(table_names[i], schema);
		if (OidIsValid(floor->tables[i].relid))
			learn_table(&floor->tables[i]);
	}
	floor->next = floors;
	MemoryContextSwitchTo(caller);
	return floors = floor;
}

/*
 * A column of the CRM's row; 0 when its table has none of that name.
 */
static Datum
column(const TriggerData *trigger, HeapTuple row, const Floor *floor, int i)
{
	int			number = i < 0 ? 1 : floor->crm.columns[i] + 1;
	bool		isnull;

	return number == 0 ? (Datum) 0 : heap_getattr(row, number, RelationGetDescr(trigger->tg_relation), &isnull);
}

/* Tickets */

static void
insert_clocks(Table *clock, int64 id, int64 at)
{
	for (int i = 0; i < 2; i++)
	{
		TupleTableSlot *row = make_row(clock, i, clock->models[i], id);

		VALUE(clock, row, STARTED_AT) = VALUE(clock, row, COUNTED_FROM) = Int64GetDatum(at);
		VALUE(clock, row, DUE_AT) = Int64GetDatum(at + 4 * USECS_PER_HOUR);
		VALUE(clock, row, AT_RISK_AT) = Int64GetDatum(at + 3 * USECS_PER_HOUR);
	}
	table_multi_insert(clock->heap, clock->rows, 2, GetCurrentCommandId(true), 0, NULL);
	for (int i = 0; i < 4; i++)
		(void) add_entry(clock, i / 2, clock->rows[i % 2], i < 2 ? UNIQUE_CHECK_YES : UNIQUE_CHECK_NO, false);
}

/*
 * Run, pause or stop a clock.  What was due before stays.
 */
static void
rewrite_clock(Table *clock, int64 id, int64 at, bool runs, bool stops)
{
	TupleTableSlot *row = make_row(clock, 0, clock->found, id);
	TM_FailureData failure;
	LockTupleMode mode;
	SvpIndexUpdate indexes;

	for (int i = DUE_AT; !stops && i <= AT_RISK_AT; i++)
	{
		if (IS_NULL(clock, row, i) || DatumGetInt64(VALUE(clock, row, i)) > at)
			set(clock, row, i, runs, Int64GetDatum(at + 4 * USECS_PER_HOUR));
	}
	VALUE(clock, row, STATE) = CStringGetTextDatum(runs ? "running" : stops ? "met" : "paused");
	set(clock, row, COUNTED_FROM, runs, Int64GetDatum(at));
	set(clock, row, PAUSED_AT, !runs && !stops, Int64GetDatum(at));
	set(clock, row, STOPPED_AT, stops, Int64GetDatum(at));
	set(clock, row, STOPPED_ON, stops, DateADTGetDatum(at / USECS_PER_DAY));
	if (table_tuple_update(clock->heap, &clock->found->tts_tid, row, GetCurrentCommandId(true), GetActiveSnapshot(),
						   InvalidSnapshot, true, &failure, &mode, &indexes) != TM_Ok)
		elog(ERROR, "somebody else writes");
	if (svp_indexes_need_update(indexes))
		(void) add_entry(clock, 0, row, UNIQUE_CHECK_YES, true);
	if (svp_indexes_need_update(indexes) && !stops)
		(void) add_entry(clock, 1, row, UNIQUE_CHECK_NO, false);
}

/*
 * From the end the resolution comes first; what stops it stops all.
 */
static void
rewrite_clocks(Table *clock, int64 id, int64 at, bool runs, bool stops)
{
	IndexScanDesc scan = begin_search(clock, id, RowExclusiveLock);

	for (int i = 0; i <= stops && index_getnext_slot(scan, BackwardScanDirection, clock->found); i++)
	{
		slot_getallattrs(clock->found);
		if (stops ? IS_NULL(clock, clock->found, STOPPED_AT) : IS_NULL(clock, clock->found, COUNTED_FROM) == runs)
			rewrite_clock(clock, id, at, runs, stops);
	}
	index_endscan(scan);
	ExecClearTuple(clock->found);
}

/*
 * The first letter: p for pending, s for solved; else it is open.
 */
static char
letter(Datum status)
{
	char		first = *VARDATA_ANY(DatumGetPointer(status));

	return first == 'p' || first == 's' ? first : 'o';
}

/*
 * floor_ticket(schema): AFTER INSERT OR UPDATE trigger of a ticket table, for each row.
 */
Datum
floor_ticket(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		is_new = TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	HeapTuple	tuple = is_new ? trigger->tg_trigtuple : trigger->tg_newtuple;
	Floor	   *floor = floor_of(trigger);
	Table	   *ledger = &floor->tables[LEDGER];
	Table	   *clock = &floor->tables[CLOCK];
	int64		id = DatumGetInt64(column(trigger, tuple, floor, -1));
	int64		at = DatumGetInt64(column(trigger, tuple, floor, is_new ? CREATED_AT : UPDATED_AT));
	Datum		status = column(trigger, tuple, floor, STATUS);
	Datum		old = column(trigger, trigger->tg_trigtuple, floor, STATUS);
	TupleTableSlot *row;

	if (!is_new && datum_image_eq(status, old, false, -1))
		return PointerGetDatum(NULL);
	if (at == 0)
		at = GetCurrentTransactionStartTimestamp();
	open_table(ledger, RowExclusiveLock);
	if (!is_new)
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		if (!find_last(ledger, id, RowExclusiveLock))
			elog(ERROR, "the ticket is not known");
	}
	row = make_row(ledger, 0, is_new ? ledger->models[0] : ledger->found, id);
	VALUE(ledger, row, SEQ) = Int32GetDatum(is_new ? 1 : DatumGetInt32(VALUE(ledger, row, SEQ)) + 1);
	VALUE(ledger, row, AT) = Int64GetDatum(at);
	VALUE(ledger, row, RECORDED_AT) = Int64GetDatum(GetCurrentTransactionStartTimestamp());
	if (is_new)
		VALUE(ledger, row, OPENED_AT) = Int64GetDatum(at);
	else
		VALUE(ledger, row, STATE) = VALUE(ledger, row, SOURCE_STATE) = status;
	insert(ledger, row);
	ExecClearTuple(ledger->found);
	close_table(ledger);
	if (is_new || letter(status) != letter(old))
	{
		open_table(clock, RowExclusiveLock);
		if (is_new)
			insert_clocks(clock, id, at);
		else
			rewrite_clocks(clock, id, at, letter(status) == 'o', letter(status) == 's');
		close_table(clock);
	}
	if (!is_new)
		PopActiveSnapshot();
	return PointerGetDatum(NULL);
}

/* Refunds */

/*
 * As refund_subject.c has it: the copied rows are found by that.
 */
static int64
subject_hash(const char *scope, int64 subject)
{
	char		text[64];
	uint64		hash = UINT64CONST(0xCBF29CE484222325);

	snprintf(text, sizeof(text), "%s" INT64_FORMAT, scope, subject);
	for (char *letter = text; *letter != '\0'; letter++)
		hash = (hash ^ (unsigned char) *letter) * UINT64CONST(0x100000001B3);
	return (int64) hash;
}

/*
 * Add the next row of the sums of an order or a customer.
 */
static void
count(Table *tally, int64 hash, Datum amount, int64 now, void (*add) (Table *, TupleTableSlot *))
{
	bool		found = find_last(tally, hash, RowExclusiveLock);
	TupleTableSlot *row = make_row(tally, 0, found ? tally->found : tally->models[0], hash);

	for (int i = TOTAL_REFUNDS; i <= ALL_REFUNDS; i++)
		VALUE(tally, row, i) = Int64GetDatum(found ? DatumGetInt64(VALUE(tally, row, i)) + 1 : 1);
	VALUE(tally, row, SEQ) = Int64GetDatum(found ? DatumGetInt64(VALUE(tally, row, SEQ)) + 1 : 1);
	VALUE(tally, row, COUNTED_AT) = Int64GetDatum(now);
	VALUE(tally, row, AMOUNT) = amount;
	VALUE(tally, row, TOTAL_AMOUNT) = found ? DirectFunctionCall2(numeric_add, VALUE(tally, row, TOTAL_AMOUNT), amount) : amount;
	add(tally, row);
	ExecClearTuple(tally->found);
}

/*
 * floor_refund(schema, plain or tentative [, customer]): AFTER INSERT trigger of a refund table, for each row.
 */
Datum
floor_refund(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	HeapTuple	tuple = trigger->tg_trigtuple;
	char	  **arguments = trigger->tg_trigger->tgargs;
	Floor	   *floor = floor_of(trigger);
	Table	   *tally = open_table(&floor->tables[TALLY], RowExclusiveLock);
	Table	   *ledger = open_table(&floor->tables[LEDGER], AccessShareLock);
	Table	   *decision = open_table(&floor->tables[DECISION], RowExclusiveLock);
	Datum		amount = column(trigger, tuple, floor, AMOUNT);
	int64		now = GetCurrentTimestamp();
	void		(*add) (Table *, TupleTableSlot *) = arguments[1][0] == 'p' ? insert : insert_tentatively;
	TupleTableSlot *row;

	PushActiveSnapshot(GetTransactionSnapshot());
	count(tally, subject_hash("order", DatumGetInt64(column(trigger, tuple, floor, ORDER_ID))), amount, now, add);
	if (trigger->tg_trigger->tgnargs > 2)
		count(tally, subject_hash("customer", DatumGetInt64(column(trigger, tuple, floor, CUSTOMER_ID))), amount, now, add);
	(void) find_last(ledger, DatumGetInt64(column(trigger, tuple, floor, TICKET_ID)), AccessShareLock);
	ExecClearTuple(ledger->found);
	row = make_row(decision, 0, decision->models[0], DatumGetInt64(column(trigger, tuple, floor, -1)));
	VALUE(decision, row, DECIDED_AT) = Int64GetDatum(now);
	insert(decision, row);
	PopActiveSnapshot();
	close_table(decision);
	close_table(ledger);
	close_table(tally);
	return PointerGetDatum(NULL);
}
