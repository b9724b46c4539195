/*-------------------------------------------------------------------------
 *
 * refund_recount.c
 *		Counting anew the refunds that a table has.
 *
 * What was in the table before it was attached, or came in while its trigger
 * was off, is not judged by that.  It is put on record as counted, so that
 * the limits know of it, and it can be taken back when it changes.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "key.h"
#include "refund_table.h"
#include "rows.h"
#include "span.h"

PG_FUNCTION_INFO_V1(svp_recount_refunds);

typedef struct Recount
{
	SvpAttachment *attachment;
	const char *role;
	int64		now;
	MemoryContext row_context;
	int64		nrefunds;
} Recount;

static void
need(const SvpAttachment *attachment, bool fits, const char *problem)
{
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the refunds of attachment \"%s\" cannot be counted: %s",
						attachment->name, problem)));
}

/*
 * When a refund counts that nobody saw being written: when the customer asked
 * for it, since it was not issued before.
 */
static int64
counted_at(SvpRefundCase *refund)
{
	const SvpRefundFact *asked;

	svp_refund_case_open(refund);
	asked = svp_refund_case_fact(refund, SVP_FACT_REQUESTED_AT);
	return asked->knowledge == SVP_KNOWN ? Min(asked->value, refund->now) : refund->now;
}

/*
 * See that of a row there is a decision which stands, if it is a refund, and
 * which counts it as what it is.
 */
static void
recount_row(Recount *recount, SvpRowReader *reader, HeapTuple tuple)
{
	SvpAttachment *attachment = recount->attachment;
	SvpRefundCase refund = {
		.attachment = attachment,
		.mapping = attachment->refund,
		.now = recount->now,
		.role = recount->role
	};
	SvpRefundRecord record;
	SvpRefundShare share;

	svp_reader_read(reader, tuple, &refund.facts);
	if (refund.facts.key == NULL)
		return;
	recount->nrefunds += refund.facts.included;
	share = svp_refund_share(&refund);
	svp_refund_find(attachment, refund.facts.key, &share, &record);
	if (record.stands && refund.facts.included && svp_refund_same_share(&record.share, &share))
		return;
	if (record.stands)
		svp_refund_withdraw(attachment, &record, recount->now);
	if (refund.facts.included)
		(void) svp_refund_append_counted(&refund, record.last_seq + 1, counted_at(&refund),
										 recount->role);
}

/*
 * Go through a table's own rows, whoever may see them.
 */
static void
recount_rows(Recount *recount, Relation relation)
{
	SvpAttachment *attachment = recount->attachment;
	const char *problem = NULL;
	SvpRowReader *reader = svp_attachment_reader(attachment, attachment->refund, relation, &problem);
	Snapshot	snapshot;
	TupleTableSlot *slot;
	TableScanDesc scan;

	need(attachment, reader != NULL, problem);
	problem = svp_reader_key_problem(reader, attachment->refund_key_types);
	need(attachment, problem == NULL, problem);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	slot = table_slot_create(relation, NULL);
	scan = table_beginscan(relation, snapshot, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		MemoryContext caller = MemoryContextSwitchTo(recount->row_context);
		bool		is_copy;

		CHECK_FOR_INTERRUPTS();
		recount_row(recount, reader, ExecFetchSlotHeapTuple(slot, true, &is_copy));
		MemoryContextSwitchTo(caller);
		MemoryContextReset(recount->row_context);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
}

/*
 * What is gone does not count.
 */
static void
withdraw_the_gone(const Recount *recount)
{
	SvpAttachment *attachment = recount->attachment;
	const SvpMapping *refund = attachment->refund;
	Oid			type = TIMESTAMPTZOID;
	Datum		now = TimestampTzGetDatum(recount->now);
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "UPDATE %s AS d SET withdrawn_at = $1"
					 " WHERE d.withdrawn_at IS NULL AND NOT EXISTS (SELECT FROM %s AS refund",
					 quote_qualified_identifier(attachment->data_schema, "refund_decision"),
					 attachment->refund_table);
	for (int i = 0; i < refund->nkey; i++)
		appendStringInfo(&query, "%s refund.%s %s d.%s", i > 0 ? " AND" : " WHERE",
						 quote_identifier(refund->key[i]),
						 svp_equality(attachment->refund_key_types[i]),
						 quote_identifier(refund->data_key[i]));
	appendStringInfoChar(&query, ')');
	if (SPI_execute_with_args(query.data, 1, &type, &now, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not withdraw decisions");
}

/*
 * The table, with its partitions, locked against whoever writes it; that much
 * is the right of those who may create triggers on it.
 */
static void
recount_table(Recount *recount)
{
	List	   *name = svp_qualified_name(recount->attachment->refund_table);
	Oid			table = RangeVarGetRelid(makeRangeVarFromNameList(name), ShareRowExclusiveLock, false);
	List	   *relations = find_all_inheritors(table, ShareRowExclusiveLock, NULL);
	ListCell   *lc;

	withdraw_the_gone(recount);
	foreach(lc, relations)
	{
		Relation	relation = table_open(lfirst_oid(lc), NoLock);

		/* those that merely inherit have triggers of their own, if any */
		if (relation->rd_rel->relkind == RELKIND_RELATION &&
			(lfirst_oid(lc) == table || relation->rd_rel->relispartition))
			recount_rows(recount, relation);
		table_close(relation, NoLock);
	}
}

/*
 * service_policy._recount_refunds(name): how many there are.
 */
Datum
svp_recount_refunds(PG_FUNCTION_ARGS)
{
	Recount		recount = {.now = GetCurrentTimestamp()};
	const char *problem = NULL;
	SvpCaller	caller;
	SvpSpanMark before;
	MemoryContext context;

	recount.attachment = svp_attachment_get(text_to_cstring(PG_GETARG_TEXT_PP(0)), false);
	need(recount.attachment, recount.attachment->refund != NULL, "it has no refund table");
	need(recount.attachment, svp_attachment_enter(recount.attachment, &caller),
		 "its schema does not exist");
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	context = AllocSetContextCreate(CurrentMemoryContext, "service_policy recount",
									ALLOCSET_DEFAULT_SIZES);
	before = svp_span_enter(context);
	need(recount.attachment, svp_rows_prepare_refund(recount.attachment, &problem), problem);
	recount.role = svp_role_name(caller.user);
	recount.row_context = AllocSetContextCreate(context, "service_policy refund",
												ALLOCSET_DEFAULT_SIZES);
	recount_table(&recount);
	svp_span_leave(before);
	/* closes the tables, which the caller may be about to alter */
	MemoryContextDelete(context);
	SPI_finish();
	svp_attachment_leave(&caller);
	PG_RETURN_INT64(recount.nrefunds);
}
