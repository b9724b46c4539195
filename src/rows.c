/*-------------------------------------------------------------------------
 *
 * rows.c
 *		Reading and writing the rows of an attachment's own tables.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "bulk.h"
#include "direct.h"
#include "key.h"

/* A table in use, by one way or the other. */
typedef struct Use
{
	SvpTable   *table;
	SvpDirect  *direct;			/* NULL: by statements */
} Use;

/*
 * A function of an index or a type may write tickets while a row of theirs is
 * being written.  Those get a way of their own, which goes with them.
 */
static SvpDirect *
second_way(SvpTable *table, LOCKMODE lock)
{
	Relation	relation = relation_open(svp_data_relation(table->attachment, table->shape->name),
										 lock);
	SvpDirect  *direct = svp_direct_make(table, relation, CurTransactionContext);
	const bool	valid = true;

	if (direct == NULL && !svp_statements_are_good(table))
		svp_statements_make(table);
	if (direct != NULL)
		(void) svp_direct_open(direct, &valid, lock, CurrentResourceOwner);
	relation_close(relation, NoLock);
	return direct;
}

/*
 * Open a table directly, for this use or for the span.  False when it is not
 * valid once there is the lock.
 */
static bool
open_table(SvpTable *table, const bool *valid, LOCKMODE lock, SvpSpan *span)
{
	if (svp_table_is_open(table))
		return true;
	if (!svp_direct_open(table->direct, valid, lock,
						 span != NULL ? CurTransactionResourceOwner : CurrentResourceOwner))
		return false;
	table->span = span;
	return true;
}

/*
 * A table that has to be looked at is locked first: then what is found holds
 * for this use, whatever invalidations come in meanwhile.  They come with each
 * look where caches are discarded on purpose.
 */
static Use
begin_use(SvpAttachment *attachment, SvpTableId id, LOCKMODE lock)
{
	const bool	locked = true;
	SvpTable   *table = svp_table_get(attachment, id);
	SvpSpan    *span;

	if (table->busy)
		return (Use) {table, second_way(table, lock)};
	span = svp_span_current();
	/* a statement that changes tickets is going to write */
	if (span != NULL)
		lock = RowExclusiveLock;
	if (!svp_table_is_bound(table) ||
		(table->direct != NULL && !open_table(table, &table->valid, lock, span)))
	{
		svp_table_bind(table, lock);
		if (table->direct != NULL)
			(void) open_table(table, &locked, lock, span);
	}
	if (table->direct != NULL)
	{
		table->busy = true;
		table->busy_in = GetCurrentSubTransactionId();
	}
	return (Use) {table, table->direct};
}

static void
end_use(const Use *use)
{
	SvpTable   *table = use->table;

	if (use->direct == NULL)
		return;
	if (use->direct != table->direct)
	{
		svp_direct_close(use->direct);
		svp_direct_free(use->direct);
		return;
	}
	table->busy = false;
	if (table->span == NULL)
		svp_direct_close(use->direct);
}

SvpDirect *
svp_rows_direct(SvpAttachment *attachment, SvpTableId id)
{
	Use			use = begin_use(attachment, id, RowExclusiveLock);
	bool		stays = use.direct != NULL && use.direct == use.table->direct &&
		use.table->span != NULL;

	end_use(&use);
	return stays ? use.direct : NULL;
}

bool
svp_rows_insert(SvpAttachment *attachment, SvpTableId id, const Datum *values, const bool *nulls)
{
	Use			use;
	bool		is_done = true;

	if (svp_bulk_takes(attachment, id))
	{
		svp_bulk_add(id, values, nulls);
		return true;
	}
	use = begin_use(attachment, id, RowExclusiveLock);
	if (use.direct != NULL)
		svp_direct_insert(use.direct, values, nulls);
	else
		is_done = svp_statement_run(use.table, SVP_STATEMENT_INSERT, values, nulls);
	end_use(&use);
	return is_done;
}

static bool
stop_at_once(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	*(bool *) arg = true;
	return false;
}

/*
 * A statement that inserts nothing may have met another row, or a trigger of
 * the owner's that leaves rows out; then there is nothing to come back to.
 */
static bool
insert_new_by_statement(SvpTable *table, const Datum *values, const bool *nulls)
{
	bool		exists = false;

	if (svp_statement_run(table, SVP_STATEMENT_INSERT_NEW, values, nulls))
		return true;
	svp_statement_scan(table, SVP_TABLE_PRIMARY(table), values, false, stop_at_once, &exists);
	return !exists;
}

bool
svp_rows_insert_new(SvpAttachment *attachment, SvpTableId id, const Datum *values,
					const bool *nulls)
{
	Use			use;
	bool		is_new;

	if (svp_bulk_takes(attachment, id))
	{
		svp_bulk_add(id, values, nulls);
		return true;
	}
	use = begin_use(attachment, id, RowExclusiveLock);
	is_new = use.direct != NULL ? svp_direct_insert_new(use.direct, values, nulls) :
		insert_new_by_statement(use.table, values, nulls);
	end_use(&use);
	return is_new;
}

bool
svp_rows_insert_own(SvpAttachment *attachment, SvpTableId id, const Datum *values,
					const bool *nulls)
{
	Use			use = begin_use(attachment, id, RowExclusiveLock);
	bool		is_new = use.direct != NULL ? svp_direct_insert_own(use.direct, values, nulls) :
		insert_new_by_statement(use.table, values, nulls);

	end_use(&use);
	return is_new;
}

bool
svp_rows_update(SvpAttachment *attachment, SvpTableId id, ItemPointer place,
				const Datum *values, const bool *nulls)
{
	Use			use = begin_use(attachment, id, RowExclusiveLock);
	bool		found = use.direct != NULL ? svp_direct_update(use.direct, place, values, nulls) :
		svp_statement_run(use.table, SVP_STATEMENT_UPDATE, values, nulls);

	end_use(&use);
	return found;
}

bool
svp_rows_delete(SvpAttachment *attachment, SvpTableId id, const Datum *key)
{
	Use			use = begin_use(attachment, id, RowExclusiveLock);
	bool		found = use.direct != NULL ? svp_direct_delete(use.direct, key) :
		svp_statement_run(use.table, SVP_STATEMENT_DELETE, key, NULL);

	end_use(&use);
	return found;
}

bool
svp_rows_lock(SvpAttachment *attachment, SvpTableId id, const Datum *key)
{
	Use			use = begin_use(attachment, id, RowShareLock);
	bool		found = use.direct != NULL ? svp_direct_lock(use.direct, key) :
		svp_statement_run(use.table, SVP_STATEMENT_LOCK, key, NULL);

	end_use(&use);
	return found;
}

void
svp_rows_scan(SvpAttachment *attachment, SvpTableId id, int nprefix, const Datum *prefix,
			  bool backward, SvpRowConsumer consume, void *arg)
{
	Use			use = begin_use(attachment, id, AccessShareLock);

	Assert(nprefix >= use.table->nkey && nprefix <= SVP_TABLE_PRIMARY(use.table));
	if (use.direct != NULL)
		svp_direct_scan(use.direct, nprefix, prefix, backward, consume, arg);
	else
		svp_statement_scan(use.table, nprefix, prefix, backward, consume, arg);
	end_use(&use);
}
