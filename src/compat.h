/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Every difference between the server's major versions, in one place.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_COMPAT_H
#define SVP_COMPAT_H

#include "pgtime.h"
#include "datatype/timestamp.h"

#if PG_VERSION_NUM < 130000
#error "service_policy needs PostgreSQL 13 or later"
#endif

/* What tells of values of any length left postgres.h in 16. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Infinite intervals came with 17. */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(interval) ((void) (interval), false)
#endif

/* Dictionaries of strings had no flag of their own before 14. */
#if PG_VERSION_NUM < 140000
#define HASH_STRINGS 0
#endif

/* A numeric of so many units of the last decimal; where utils/numeric.h is included. */
#if PG_VERSION_NUM >= 140000
#define svp_decimal(units, decimals) \
	NumericGetDatum(int64_div_fast_to_numeric(units, decimals))
#else
#define svp_decimal(units, decimals) \
	DirectFunctionCall3(numeric_in, CStringGetDatum(psprintf(INT64_FORMAT "e-%d", units, decimals)), \
						ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))
#endif

/*
 * Decoding an interval's text without an error being raised: the parts have
 * had a type of their own since 15.  Used where utils/datetime.h is included.
 */
#if PG_VERSION_NUM >= 150000
#define SvpIntervalParts struct pg_itm_in
#define svp_decode_interval(field, ftype, nf, dtype, parts) \
	DecodeInterval(field, ftype, nf, INTERVAL_FULL_RANGE, dtype, parts)
#define svp_decode_iso_interval(text, dtype, parts) \
	DecodeISO8601Interval(text, dtype, parts)
#define svp_interval_of_parts(parts, interval) \
	itmin2interval(parts, interval)
#else
typedef struct SvpIntervalParts
{
	struct pg_tm tm;
	fsec_t		fsec;
} SvpIntervalParts;
#define svp_decode_interval(field, ftype, nf, dtype, parts) \
	DecodeInterval(field, ftype, nf, INTERVAL_FULL_RANGE, dtype, &(parts)->tm, &(parts)->fsec)
#define svp_decode_iso_interval(text, dtype, parts) \
	DecodeISO8601Interval(text, dtype, &(parts)->tm, &(parts)->fsec)
#define svp_interval_of_parts(parts, interval) \
	tm2interval(&(parts)->tm, (parts)->fsec, interval)
#endif

/*
 * The executor's functions for indexes, where executor/executor.h and
 * access/genam.h are included.
 */
#if PG_VERSION_NUM >= 180000
#define svp_index_beginscan(relation, index, snapshot, nkeys) \
	index_beginscan(relation, index, snapshot, NULL, nkeys, 0)
#define svp_check_index_constraints(result, row, estate, conflict, arbiters) \
	ExecCheckIndexConstraints(result, row, estate, conflict, &(row)->tts_tid, arbiters)
#else
#define svp_index_beginscan(relation, index, snapshot, nkeys) \
	index_beginscan(relation, index, snapshot, nkeys, 0)
#define svp_check_index_constraints(result, row, estate, conflict, arbiters) \
	ExecCheckIndexConstraints(SVP_OF_RESULT(result) row, estate, conflict, arbiters)
#endif

/* Until 14 the executor's state said which relation is meant. */
#if PG_VERSION_NUM >= 140000
#define SVP_OF_RESULT(result) result,
#define svp_set_result_relation(estate, result) ((void) 0)
#else
#define SVP_OF_RESULT(result)
#define svp_set_result_relation(estate, result) \
	((estate)->es_result_relation_info = (result))
#endif

/* Indexes that only summarize have been told apart since 16. */
#if PG_VERSION_NUM >= 160000
#define SvpIndexUpdate TU_UpdateIndexes
#define svp_indexes_need_update(indexes) ((indexes) != TU_None)
#define svp_insert_index_tuples(result, row, estate, update, no_error, conflict, arbiters) \
	ExecInsertIndexTuples(result, row, estate, update, no_error, conflict, arbiters, false)
#define svp_update_index_tuples(result, row, estate, indexes) \
	ExecInsertIndexTuples(result, row, estate, true, false, NULL, NIL, \
						  (indexes) == TU_Summarizing)
#else
#define SvpIndexUpdate bool
#define svp_indexes_need_update(indexes) (indexes)
#if PG_VERSION_NUM >= 140000
#define svp_insert_index_tuples(result, row, estate, update, no_error, conflict, arbiters) \
	ExecInsertIndexTuples(result, row, estate, update, no_error, conflict, arbiters)
#else
#define svp_insert_index_tuples(result, row, estate, update, no_error, conflict, arbiters) \
	ExecInsertIndexTuples(row, estate, no_error, conflict, arbiters)
#endif
#define svp_update_index_tuples(result, row, estate, indexes) \
	svp_insert_index_tuples(result, row, estate, true, false, NULL, NIL)
#endif

/*
 * A range table of one relation of which some columns are written: by them
 * the executor tells which indexes an update leaves as they are.  Used where
 * executor/executor.h, parser/parse_relation.h and utils/rel.h are included.
 */
#define svp_init_range_table(estate, relation, updated) \
	do { \
		RangeTblEntry *entry_ = makeNode(RangeTblEntry); \
		entry_->rtekind = RTE_RELATION; \
		entry_->relid = RelationGetRelid(relation); \
		entry_->relkind = (relation)->rd_rel->relkind; \
		entry_->rellockmode = RowExclusiveLock; \
		SVP_INIT_RANGE_TABLE(estate, entry_, updated); \
	} while (0)

#if PG_VERSION_NUM >= 160000
#if PG_VERSION_NUM >= 180000
#define SVP_UNPRUNED , bms_make_singleton(1)
#else
#define SVP_UNPRUNED
#endif
#define SVP_INIT_RANGE_TABLE(estate, entry, updated) \
	do { \
		List	   *permissions_ = NIL; \
		addRTEPermissionInfo(&permissions_, entry)->updatedCols = (updated); \
		ExecInitRangeTable(estate, list_make1(entry), permissions_ SVP_UNPRUNED); \
	} while (0)
#else
#define SVP_INIT_RANGE_TABLE(estate, entry, updated) \
	do { \
		(entry)->updatedCols = (updated); \
		ExecInitRangeTable(estate, list_make1(entry)); \
	} while (0)
#endif

/* Rights on a schema; where utils/acl.h and miscadmin.h are included. */
#if PG_VERSION_NUM >= 160000
#define svp_may_use_schema(schema) \
	(object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK)
#else
#define svp_may_use_schema(schema) \
	(pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE) == ACLCHECK_OK)
#endif

/* A name's parts; errors are raised either way.  Where utils/regproc.h is included. */
#if PG_VERSION_NUM >= 160000
#define svp_qualified_name(name) stringToQualifiedNameList(name, NULL)
#else
#define svp_qualified_name(name) stringToQualifiedNameList(name)
#endif

/* Predefined roles were renamed in 14. */
#if PG_VERSION_NUM < 140000
#define ROLE_PG_READ_ALL_STATS DEFAULT_ROLE_READ_ALL_STATS
#endif

/*
 * Shared memory is asked for in a hook since 15, before that at once; the
 * function that asks calls the previous hook if there is one.
 */
#if PG_VERSION_NUM >= 150000
#define svp_request_shared_memory(previous, request) \
	((previous) = shmem_request_hook, shmem_request_hook = (request))
#else
typedef void (*shmem_request_hook_type) (void);
#define svp_request_shared_memory(previous, request) \
	((previous) = NULL, (request) ())
#define MarkGUCPrefixReserved(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

#endif							/* SVP_COMPAT_H */
