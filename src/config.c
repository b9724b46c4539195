/*-------------------------------------------------------------------------
 *
 * config.c
 *		Reading configuration tables, and learning that they changed.
 *
 * A row trigger on every configuration table sends a relcache invalidation
 * for that table.  Invalidations follow transaction boundaries, reach other
 * backends and hot standbys, and are replayed locally when a transaction
 * that edited configuration rolls back, which shared memory would not do.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "config.h"
#include "watch.h"

typedef struct SvpConfigTable
{
	const char *name;
	SvpConfigKind kind;
	Oid			relid;			/* as of the last read of its kind */
} SvpConfigTable;

static SvpConfigTable config_tables[] = {
	{"calendar", SVP_CONFIG_CALENDAR, InvalidOid},
	{"calendar_hours", SVP_CONFIG_CALENDAR, InvalidOid},
	{"calendar_date", SVP_CONFIG_CALENDAR, InvalidOid},
	{"policy", SVP_CONFIG_POLICY, InvalidOid},
	{"policy_version", SVP_CONFIG_POLICY, InvalidOid},
	{"attachment", SVP_CONFIG_ATTACHMENT, InvalidOid},
	{"attachment_table", SVP_CONFIG_ATTACHMENT, InvalidOid},
	{"action", SVP_CONFIG_ATTACHMENT, InvalidOid},
	{"suspension", SVP_CONFIG_SUSPENSION, InvalidOid}
};

/* Zero is never current, so that a zeroed cache entry is never good. */
uint64		svp_config_generations[SVP_NCONFIGS] = {1, 1, 1, 1};

/* What was read of this kind must not outlive the transaction. */
static bool config_transient[SVP_NCONFIGS];

/* This transaction edits configuration. */
static bool config_edited = false;

PG_FUNCTION_INFO_V1(svp_config_changed);

/*
 * Relcache callback.  It only marks: touching a catalog here could recurse.
 */
static void
config_invalidate(Datum arg, Oid relid)
{
	for (int i = 0; i < lengthof(config_tables); i++)
	{
		if (!OidIsValid(relid) || config_tables[i].relid == relid)
			svp_config_generations[config_tables[i].kind]++;
	}
}

static void
config_end_of_transaction(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE &&
		event != XACT_EVENT_PARALLEL_COMMIT && event != XACT_EVENT_PARALLEL_ABORT)
		return;

	/* what follows from it is for tick() to do */
	if (config_edited && event == XACT_EVENT_COMMIT)
		svp_watch_want(MyDatabaseId, GetCurrentTransactionStopTimestamp());
	config_edited = false;
	for (int kind = 0; kind < SVP_NCONFIGS; kind++)
	{
		if (config_transient[kind])
			svp_config_generations[kind]++;
		config_transient[kind] = false;
	}
}

/*
 * Register the callbacks, once per backend.
 */
void
svp_config_init(void)
{
	CacheRegisterRelcacheCallback(config_invalidate, (Datum) 0);
	RegisterXactCallback(config_end_of_transaction, NULL);
}

/*
 * Learn which relations to listen for, and who owns them.
 */
static Oid
config_resolve(SvpConfigKind kind)
{
	Oid			namespace = get_namespace_oid("service_policy", false);
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(namespace));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for namespace %u", namespace);
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);

	for (int i = 0; i < lengthof(config_tables); i++)
	{
		if (config_tables[i].kind == kind)
			config_tables[i].relid = get_relname_relid(config_tables[i].name, namespace);
	}
	return owner;
}

/*
 * The snapshot for a read of configuration: the latest, since what is read is
 * kept beyond this transaction, whose own snapshot may be old.  A parallel
 * worker may not take one; what it reads is forgotten when it ends.
 */
static Snapshot
config_snapshot(SvpConfigKind kind)
{
	if (!IsInParallelMode())
		return GetLatestSnapshot();
	config_transient[kind] = true;
	return GetActiveSnapshot();
}

/*
 * Run a read-only query over the configuration tables of one kind, with the
 * rights of the extension's owner, and hand its rows to "consume".
 *
 * Returns the generation for which the rows hold.  An invalidation that comes
 * in meanwhile makes that generation outdated, and so what was read good for
 * this one use only.  Names and operators in the query resolve in pg_catalog.
 *
 * User and settings are put back by (sub)transaction abort on error.
 */
uint64
svp_config_read(SvpConfigKind kind, const char *query,
				int nargs, Oid *argtypes, Datum *values,
				SvpConfigConsumer consume, void *arg)
{
	Oid			owner = config_resolve(kind);
	uint64		generation = svp_config_generations[kind];
	Oid			save_user;
	int			save_context;
	int			save_nest = NewGUCNestLevel();

	GetUserIdAndSecContext(&save_user, &save_context);
	SetUserIdAndSecContext(owner, save_context | SECURITY_LOCAL_USERID_CHANGE);
	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);

	PushActiveSnapshot(config_snapshot(kind));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(query, nargs, argtypes, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read configuration: %s", query);
	consume(arg);
	SPI_finish();
	PopActiveSnapshot();

	AtEOXact_GUC(false, save_nest);
	SetUserIdAndSecContext(save_user, save_context);
	return generation;
}

/*
 * service_policy._config_changed(): trigger on each configuration table, for
 * each row and for TRUNCATE.  Tells every backend to read that table again.
 */
Datum
svp_config_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("_config_changed() can only be called as a trigger")));

	CacheInvalidateRelcacheByRelid(RelationGetRelid(trigger->tg_relation));
	config_edited = true;
	return PointerGetDatum(NULL);
}
