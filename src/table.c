/*-------------------------------------------------------------------------
 *
 * table.c
 *		An attachment's own tables, and in which way each is used.
 *
 * What is known of a table is kept until an invalidation reaches it, and
 * checked once the table is locked: from then on nobody can change it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "attempt.h"
#include "direct.h"
#include "key.h"

/* What an event, a clock or an escalation says of its ticket, after SvpDimension's order. */
#define TICKET_COLUMNS \
	{"priority", TEXTOID}, {"channel", TEXTOID}, {"category", TEXTOID}, \
	{"product", TEXTOID}, {"customer_tier", TEXTOID}, {"region", TEXTOID}, \
	{"team", TEXTOID}, {"agent", TEXTOID}, {"customer", TEXTOID}

/* A table whose columns are in this order is read and written without another one. */
static const SvpColumn ledger_columns[] = {
	{"seq", INT4OID}, {"at", TIMESTAMPTZOID}, {"recorded_at", TIMESTAMPTZOID},
	{"recorded_by", TEXTOID}, {"event", TEXTOID}, {"state", TEXTOID}, {"source_state", TEXTOID},
	{"opened_at", TIMESTAMPTZOID},
	TICKET_COLUMNS,
	{"in_order", BOOLOID}
};

static const SvpColumn clock_columns[] = {
	{"metric", TEXTOID}, {"cycle", INT4OID}, {"disputed", BOOLOID}, {"stopped_at", TIMESTAMPTZOID},
	{"next_escalation_at", TIMESTAMPTZOID}, {"benchmark", TEXTOID}, {"policy_version", INT4OID},
	{"calendar", TEXTOID}, {"state", TEXTOID}, {"started_at", TIMESTAMPTZOID},
	{"started_on", DATEOID}, {"due_at", TIMESTAMPTZOID}, {"at_risk_at", TIMESTAMPTZOID},
	{"target_us", INT8OID}, {"elapsed_us", INT8OID}, {"paused_us", INT8OID},
	{"counted_from", TIMESTAMPTZOID}, {"paused_at", TIMESTAMPTZOID}, {"stopped_on", DATEOID},
	TICKET_COLUMNS,
	{"calendar_revision", INT8OID}, {"imported_at", TIMESTAMPTZOID}, {"escalation_level", INT4OID},
	{"escalation_occurrence", INT4OID}, {"acknowledged_at", TIMESTAMPTZOID},
	{"acknowledged_by", TEXTOID}
};

static const SvpColumn message_columns[] = {
	{"sent_at", TIMESTAMPTZOID}, {"message", TEXTOID}, {"author", TEXTOID},
	{"recorded_at", TIMESTAMPTZOID}, {"recorded_by", TEXTOID}
};

static const SvpColumn issue_columns[] = {
	{"problem", TEXTOID}, {"detail", TEXTOID}, {"value", TEXTOID}, {"issue_id", INT8OID}
};

static const SvpColumn move_columns[] = {
	{"moved_at", TIMESTAMPTZOID}, {"moved_by", TEXTOID}, {"metric", TEXTOID}, {"cycle", INT4OID},
	{"calendar", TEXTOID}, {"old_revision", INT8OID}, {"new_revision", INT8OID},
	{"old_due_at", TIMESTAMPTZOID}, {"new_due_at", TIMESTAMPTZOID},
	{"old_at_risk_at", TIMESTAMPTZOID}, {"new_at_risk_at", TIMESTAMPTZOID},
	{"old_target_us", INT8OID}, {"new_target_us", INT8OID},
	{"old_elapsed_us", INT8OID}, {"new_elapsed_us", INT8OID},
	{"old_paused_us", INT8OID}, {"new_paused_us", INT8OID}
};

static const SvpColumn escalation_columns[] = {
	{"metric", TEXTOID}, {"cycle", INT4OID}, {"escalation_level", INT4OID},
	{"occurrence", INT4OID}, {"due_at", TIMESTAMPTZOID}, {"fired_at", TIMESTAMPTZOID},
	{"policy_version", INT4OID}, {"benchmark", TEXTOID}, {"notify", TEXTOID},
	{"notify_channel", TEXTOID}, {"subject", TEXTOID}, {"message", TEXTOID},
	{"assign_to", TEXTOID}, {"set_priority", TEXTOID}, {"call_function", TEXTOID},
	{"state", TEXTOID}, {"attempts", INT4OID}, {"attempt_at", TIMESTAMPTZOID},
	TICKET_COLUMNS
};

static const SvpColumn action_columns[] = {
	{"metric", TEXTOID}, {"cycle", INT4OID}, {"escalation_level", INT4OID},
	{"occurrence", INT4OID}, {"action", TEXTOID}, {"argument", TEXTOID}, {"state", TEXTOID},
	{"attempts", INT4OID}, {"attempt_at", TIMESTAMPTZOID}
};

static const SvpColumn decision_columns[] = {
	{"seq", INT4OID}, {"decided_at", TIMESTAMPTZOID}, {"recorded_by", TEXTOID},
	{"decision", TEXTOID}, {"reason", TEXTOID}, {"rule", TEXTOID}, {"policy_version", INT4OID},
	{"mode", TEXTOID}, {"cutoff_at", TIMESTAMPTZOID}, {"requested_at", TIMESTAMPTZOID},
	{"amount", NUMERICOID}, {"allowed_amount", NUMERICOID}, {"fee", NUMERICOID},
	{"currency", TEXTOID}, {"order_id", TEXTOID}, {"line_id", TEXTOID}, {"agent", TEXTOID},
	{"customer", TEXTOID}, {"exception_id", INT8OID}, {"approval_id", INT8OID},
	{"facts", JSONBOID}, {"withdrawn_at", TIMESTAMPTZOID}
};

static const SvpColumn tally_columns[] = {
	{"subject_hash", INT8OID}, {"seq", INT8OID}, {"subject", TEXTOID}, {"scope", TEXTOID},
	{"counted_at", TIMESTAMPTZOID}, {"currency", TEXTOID}, {"amount", NUMERICOID}, {"refunds", INT4OID},
	{"reverses_at", TIMESTAMPTZOID}, {"total_amount", NUMERICOID}, {"total_refunds", INT8OID},
	{"all_refunds", INT8OID}
};

/* In the order of SvpTableId. */
static const SvpTableShape shapes[SVP_NTABLES] = {
	{SVP_KEY_OF_TICKET, "ledger", lengthof(ledger_columns), ledger_columns, 1, false},
	{SVP_KEY_OF_TICKET, "message", lengthof(message_columns), message_columns, 2, false},
	{SVP_KEY_OF_TICKET, "clock", lengthof(clock_columns), clock_columns, 2, false},
	{SVP_KEY_OF_TICKET, "issue", lengthof(issue_columns), issue_columns, 0, true},
	{SVP_KEY_OF_TICKET, "deadline_move", lengthof(move_columns), move_columns, 0, true},
	{SVP_KEY_OF_TICKET, "escalation", lengthof(escalation_columns), escalation_columns, 4, false},
	{SVP_KEY_OF_TICKET, "escalation_action", lengthof(action_columns), action_columns, 5, false},
	{SVP_KEY_OF_REFUND, "refund_decision", lengthof(decision_columns), decision_columns, 1, false},
	{SVP_KEY_OF_ITS_OWN, "refund_tally", lengthof(tally_columns), tally_columns, 2, false}
};

/* The name and the type of a column, in the order of a row. */
const char *
svp_table_column(const SvpTable *table, int i)
{
	int			after_key = i - table->nkey;
	int			after_shape = after_key - table->shape->ncolumns;

	if (after_key < 0)
		return table->key_names[i];
	return after_shape < 0 ? table->shape->columns[after_key].name : table->ticket_names[after_shape];
}

Oid
svp_table_column_type(const SvpTable *table, int i)
{
	int			after_key = i - table->nkey;
	int			after_shape = after_key - table->shape->ncolumns;

	if (after_key >= 0)
		return after_shape < 0 ? table->shape->columns[after_key].type :
			table->attachment->key_types[after_shape];
	return table->shape->key == SVP_KEY_OF_TICKET ? table->attachment->key_types[i] :
		table->attachment->refund_key_types[i];
}

/*
 * Invalidation callbacks.  They only mark.
 */
static void
relation_changed(Datum arg, Oid relid)
{
	dlist_iter	iter;

	dlist_foreach(iter, &svp_tables)
	{
		SvpTable   *table = dlist_container(SvpTable, link, iter.cur);

		if (!OidIsValid(relid) || table->relid == relid)
			table->valid = false;
	}
}

/* A schema's name, its owner or his rights: these no relation tells. */
static void
catalog_changed(Datum arg, int cache, uint32 hash)
{
	relation_changed(arg, InvalidOid);
}

static void
listen_for_changes(void)
{
	static bool listening = false;

	if (listening)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, catalog_changed, (Datum) 0);
	listening = true;
}

static void
unbind(SvpTable *table)
{
	table->valid = table->has_statements = false;
	table->span = NULL;
	if (table->direct == NULL)
		return;
	/* while a transaction is being undone, that closes it */
	if (IsTransactionState())
		svp_direct_close(table->direct);
	svp_direct_free(table->direct);
	table->direct = NULL;
}

/*
 * Learn the types of the keys that a table has.  When those of tickets have
 * changed, each table has to be looked at again.
 */
static void
learn_key_types(SvpTable *table)
{
	SvpAttachment *attachment = table->attachment;
	Oid			before[INDEX_MAX_KEYS] = {0};
	int32		lengths[INDEX_MAX_KEYS] = {0};
	int			nkey = attachment->ticket->nkey;

	if (table->shape->key == SVP_KEY_OF_REFUND)
		svp_learn_key_types(attachment, table->shape->name, attachment->refund,
							&attachment->refund_key_types);
	if (attachment->key_types != NULL && table->shape != &shapes[SVP_LEDGER])
		return;
	if (attachment->key_types != NULL)
	{
		memcpy(before, attachment->key_types, sizeof(Oid) * nkey);
		memcpy(lengths, attachment->key_typmods, sizeof(int32) * nkey);
	}
	svp_learn_ticket_key(attachment, shapes[SVP_LEDGER].name);
	if (memcmp(before, attachment->key_types, sizeof(Oid) * nkey) == 0 &&
		memcmp(lengths, attachment->key_typmods, sizeof(int32) * nkey) == 0)
		return;
	for (int id = 0; id < SVP_NTABLES; id++)
	{
		if (attachment->tables[id] != NULL)
			attachment->tables[id]->valid = false;
	}
}

/*
 * What the schema's owner may not do would fail the CRM's statement: whose the
 * tables are may have been changed without them.
 */
static void
check_rights(SvpTable *table)
{
	AclMode		rights = table->shape->is_log ? ACL_SELECT | ACL_INSERT :
		ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE;

	if (pg_class_aclmask(table->relid, GetUserId(), rights, ACLMASK_ALL) == rights)
		return;
	table->valid = false;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("role %s, which owns schema \"%s\", may not read and write its table %s",
					quote_identifier(svp_role_name(GetUserId())),
					table->attachment->data_schema, table->shape->name)));
}

/*
 * Find out in which way a table can be used, and keep it locked.  It counts as
 * valid from before it is looked at, so that a change meanwhile is not missed.
 */
void
svp_table_bind(SvpTable *table, LOCKMODE lock)
{
	SvpAttachment *attachment = table->attachment;
	Relation	relation;

	unbind(table);
	learn_key_types(table);
	table->relid = svp_data_relation(attachment, table->shape->name);
	relation = relation_open(table->relid, lock);
	table->valid = true;
	table->direct = svp_direct_make(table, relation, attachment->context);
	relation_close(relation, NoLock);
	if (table->direct != NULL)
		return;
	check_rights(table);
	svp_statements_make(table);
}

bool
svp_table_is_open(const SvpTable *table)
{
	return table->direct != NULL && table->direct->lock != NoLock && !table->direct->is_broken;
}

/*
 * One that is open stays as it is: it is locked, and nobody alters a table
 * that is in use.  Rows that are gathered for it are in its slots.
 */
bool
svp_table_is_bound(const SvpTable *table)
{
	return table != NULL &&
		(table->busy || svp_table_is_open(table) ||
		 (table->valid && (table->direct != NULL || svp_statements_are_good(table))));
}

static void
name_keys(SvpTable *table)
{
	SvpAttachment *attachment = table->attachment;
	MemoryContext caller = MemoryContextSwitchTo(attachment->context);

	if (table->shape->key == SVP_KEY_OF_TICKET)
	{
		table->nkey = attachment->ticket->nkey;
		table->key_names = attachment->ticket->data_key;
	}
	else if (table->shape->key == SVP_KEY_OF_REFUND)
	{
		table->nkey = attachment->refund->nkey;
		table->key_names = attachment->refund->data_key;
		table->nticket = attachment->ticket->nkey;
		table->ticket_names = palloc(sizeof(char *) * table->nticket);
		for (int i = 0; i < table->nticket; i++)
			table->ticket_names[i] = svp_ticket_column(attachment->ticket, i);
	}
	MemoryContextSwitchTo(caller);
}

SvpTable *
svp_table_get(SvpAttachment *attachment, SvpTableId id)
{
	SvpTable   *table = attachment->tables[id];

	if (table != NULL)
		return table;
	listen_for_changes();
	svp_span_watch();
	table = MemoryContextAllocZero(attachment->context, sizeof(SvpTable));
	table->attachment = attachment;
	table->shape = &shapes[id];
	name_keys(table);
	dlist_push_tail(&svp_tables, &table->link);
	attachment->tables[id] = table;
	return table;
}

typedef struct Preparation
{
	SvpAttachment *attachment;
	SvpTableId	first;
	SvpTableId	last;
} Preparation;

static void
bind_all(void *arg)
{
	Preparation *preparation = arg;

	for (int id = preparation->first; id <= preparation->last; id++)
	{
		SvpTable   *table = svp_table_get(preparation->attachment, (SvpTableId) id);

		if (svp_table_is_bound(table))
			continue;
		svp_table_bind(table, AccessShareLock);
		UnlockRelationOid(table->relid, AccessShareLock);
	}
}

/*
 * Have the tables ready.  What an invalidation reached is looked at again
 * here, where a table that is gone can be reported rather than fail.
 */
static bool
prepare(SvpAttachment *attachment, SvpTableId first, SvpTableId last, const char **problem)
{
	Preparation preparation = {attachment, first, last};
	ErrorData  *error;
	int			id = first;

	while (id <= last && svp_table_is_bound(attachment->tables[id]))
		id++;
	if (id > last)
		return true;
	error = svp_attempt(bind_all, &preparation);
	if (error != NULL)
		*problem = error->message;
	return error == NULL;
}

bool
svp_rows_prepare(SvpAttachment *attachment, const char **problem)
{
	return prepare(attachment, SVP_LEDGER, SVP_LAST_TICKET_TABLE, problem);
}

bool
svp_rows_prepare_refund(SvpAttachment *attachment, const char **problem)
{
	return prepare(attachment, SVP_LEDGER, SVP_LEDGER, problem) &&
		prepare(attachment, SVP_REFUND_DECISION, SVP_REFUND_TALLY, problem);
}

void
svp_rows_forget(SvpAttachment *attachment)
{
	for (int id = 0; id < SVP_NTABLES; id++)
	{
		SvpTable   *table = attachment->tables[id];

		if (table == NULL)
			continue;
		dlist_delete(&table->link);
		unbind(table);
		for (int i = 0; i < SVP_NSTATEMENTS; i++)
		{
			if (table->plans[i] != NULL)
				SPI_freeplan(table->plans[i]);
		}
	}
}
