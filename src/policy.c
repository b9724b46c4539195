/*-------------------------------------------------------------------------
 *
 * policy.c
 *		The compiled versions of policies, cached in the backend.
 *
 * A cache entry holds one policy: the ranges of its versions, and those of
 * its documents that were asked for, all in a memory context of its own.  It
 * is put into the cache only when its ranges are complete.  An entry whose
 * generation is over is taken out and freed at the end of the transaction,
 * since callers may still hold what they got from it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "config.h"
#include "policy.h"

typedef struct Version
{
	int			version;
	TimestampTz effective_from; /* a range that is not one is empty */
	TimestampTz effective_to;
	SvpPolicy  *compiled;		/* NULL until asked for */
} Version;

typedef struct PolicyVersions
{
	MemoryContext context;
	uint64		generation;
	int			nversions;
	Version    *versions;		/* by version, the newest first */
} PolicyVersions;

typedef struct PolicyEntry
{
	char		name[SVP_NAME_MAX + 1]; /* hash key */
	PolicyVersions *versions;
} PolicyEntry;

static HTAB *policies = NULL;
static PolicyEntry *latest = NULL;	/* found last: few sessions have two */

/* Holds what was taken out of the cache in this transaction. */
static MemoryContext outdated = NULL;

PG_FUNCTION_INFO_V1(svp_policy_in_force);

static void
end_of_transaction(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE &&
		event != XACT_EVENT_PARALLEL_COMMIT && event != XACT_EVENT_PARALLEL_ABORT)
		return;
	if (outdated != NULL)
		MemoryContextReset(outdated);
}

/* Set up the cache on its first use. */
static void
ensure_cache(void)
{
	HASHCTL		control = {0};

	if (policies != NULL)
		return;
	if (outdated == NULL)
	{
		outdated = AllocSetContextCreate(TopMemoryContext, "service_policy outdated policies",
										 ALLOCSET_SMALL_SIZES);
		RegisterXactCallback(end_of_transaction, NULL);
	}
	control.keysize = SVP_NAME_MAX + 1;
	control.entrysize = sizeof(PolicyEntry);
	policies = hash_create("service_policy policies", 16, &control, HASH_ELEM | HASH_STRINGS);
}

static Datum
column(int row, int attribute, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, attribute, isnull);
}

/* Keep the ranges that were read. */
static void
consume_versions(void *arg)
{
	PolicyVersions *policy = arg;

	policy->nversions = SPI_processed;
	policy->versions = MemoryContextAllocZero(policy->context,
											  Max(SPI_processed, 1) * sizeof(Version));
	for (int i = 0; i < policy->nversions; i++)
	{
		Version    *version = &policy->versions[i];
		bool		isnull;
		Datum		value;

		version->version = DatumGetInt32(column(i, 1, &isnull));
		value = column(i, 2, &isnull);
		version->effective_from = isnull ? DT_NOEND : DatumGetTimestampTz(value);
		value = column(i, 3, &isnull);
		version->effective_to = isnull ? DT_NOEND : DatumGetTimestampTz(value);
	}
}

/*
 * Read the versions of a policy; one that does not exist has none.  Until it
 * is complete, what is read goes with the current context.
 */
static PolicyVersions *
read_versions(const char *name)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "service_policy policy",
												  ALLOCSET_SMALL_SIZES);
	PolicyVersions *policy = MemoryContextAllocZero(context, sizeof(PolicyVersions));
	Oid			argtypes[] = {TEXTOID};
	Datum		values[] = {CStringGetTextDatum(name)};

	policy->context = context;
	policy->generation =
		svp_config_read(SVP_CONFIG_POLICY,
						"SELECT version, effective_from, effective_to"
						"  FROM service_policy.policy_version"
						" WHERE policy = $1"
						" ORDER BY version DESC",
						1, argtypes, values, consume_versions, policy);
	return policy;
}

/*
 * Take a policy out of the cache, if it is there.
 */
static void
forget_versions(const char *name)
{
	PolicyEntry *entry = hash_search(policies, name, HASH_FIND, NULL);

	if (entry == NULL)
		return;
	MemoryContextSetParent(entry->versions->context, outdated);
	hash_search(policies, name, HASH_REMOVE, NULL);
	latest = NULL;
}

/*
 * Find a policy's versions as they are now.  NULL if it has none: names that
 * mean nothing are not kept, since anybody may ask for as many as they like.
 */
static PolicyVersions *
current_versions(const char *name)
{
	PolicyEntry *entry;
	PolicyVersions *read;

	ensure_cache();
	entry = hash_search(policies, name, HASH_FIND, NULL);
	if (entry != NULL &&
		entry->versions->generation == svp_config_generation(SVP_CONFIG_POLICY))
		return entry->versions;

	/* Nothing of the cache is touched until reading has succeeded. */
	read = read_versions(name);
	forget_versions(name);
	if (read->nversions == 0)
	{
		MemoryContextDelete(read->context);
		return NULL;
	}
	entry = hash_search(policies, name, HASH_ENTER, NULL);
	MemoryContextSetParent(read->context, TopMemoryContext);
	entry->versions = read;
	return read;
}

typedef struct DocumentRead
{
	MemoryContext context;
	Jsonb	   *document;		/* NULL if there is none */
} DocumentRead;

static void
consume_document(void *arg)
{
	DocumentRead *read = arg;
	MemoryContext old = MemoryContextSwitchTo(read->context);
	bool		isnull;

	if (SPI_processed > 0)
		read->document = DatumGetJsonbPCopy(column(0, 1, &isnull));
	MemoryContextSwitchTo(old);
}

static Jsonb *
read_document(const char *name, int version)
{
	DocumentRead read = {CurrentMemoryContext, NULL};
	Oid			argtypes[] = {TEXTOID, INT4OID};
	Datum		values[] = {CStringGetTextDatum(name), Int32GetDatum(version)};

	(void) svp_config_read(SVP_CONFIG_POLICY,
						   "SELECT document"
						   "  FROM service_policy.policy_version"
						   " WHERE policy = $1 AND version = $2",
						   2, argtypes, values, consume_document, &read);
	return read.document;
}

/*
 * Compile a version's document.  The table's trigger lets no other document
 * in than one without problems.
 */
static SvpPolicy *
compile(Jsonb *document, const char *name, int version)
{
	List	   *problems;
	SvpPolicy  *policy = svp_policy_parse(document, NULL, NULL, &problems);
	SvpProblem *first;

	if (policy != NULL)
	{
		policy->version = version;
		return policy;
	}
	first = linitial(problems);
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("version %d of policy \"%s\" is not a policy document", version, name),
			 errdetail("%s: %s", first->path, first->problem),
			 errhint("Its table's triggers would have refused it; enable them and load the document again.")));
	return NULL;
}

/*
 * The compiled form of a version, in its policy's context.  Compiled apart
 * first, so that an error leaves nothing behind there.
 */
static const SvpPolicy *
compiled_version(PolicyVersions *policy, Version *version, const char *name)
{
	MemoryContext context;
	MemoryContext old;
	Jsonb	   *document;
	SvpPolicy  *compiled;

	if (version->compiled != NULL)
		return version->compiled;

	document = read_document(name, version->version);
	if (document == NULL)
		return NULL;
	context = AllocSetContextCreate(CurrentMemoryContext, "service_policy version",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	compiled = compile(document, name, version->version);
	MemoryContextSwitchTo(old);
	pfree(document);

	MemoryContextSetParent(context, policy->context);
	version->compiled = compiled;
	return compiled;
}

static Version *
version_at(PolicyVersions *versions, int64 at)
{
	for (int i = 0; i < versions->nversions; i++)
	{
		Version    *version = &versions->versions[i];

		if (version->effective_from <= at && at < version->effective_to)
			return version;
	}
	return NULL;
}

const SvpPolicy *
svp_policy_cached_at(const char *policy, int64 at)
{
	Version    *version;

	if (policies == NULL || strlen(policy) > SVP_NAME_MAX)
		return NULL;
	if (latest == NULL || strcmp(latest->name, policy) != 0)
		latest = hash_search(policies, policy, HASH_FIND, NULL);
	if (latest == NULL ||
		latest->versions->generation != svp_config_generation(SVP_CONFIG_POLICY))
		return NULL;
	version = version_at(latest->versions, at);
	return version == NULL ? NULL : version->compiled;
}

/*
 * Get the version of a policy that is in force at an instant.  NULL if none
 * is; else valid until the transaction ends.
 */
const SvpPolicy *
svp_policy_at(const char *policy, int64 at)
{
	const SvpPolicy *cached = svp_policy_cached_at(policy, at);
	PolicyVersions *versions;
	Version    *version;

	if (cached != NULL)
		return cached;
	if (strlen(policy) > SVP_NAME_MAX)
		return NULL;
	versions = current_versions(policy);
	if (versions == NULL)
		return NULL;
	version = version_at(versions, at);
	return version == NULL ? NULL : compiled_version(versions, version, policy);
}

/*
 * The numbers of the versions that tickets may be judged by.
 */
int *
svp_policy_versions(const char *policy, int *n)
{
	PolicyVersions *versions = strlen(policy) > SVP_NAME_MAX ? NULL : current_versions(policy);
	int		   *numbers;

	*n = 0;
	if (versions == NULL)
		return NULL;
	numbers = palloc(sizeof(int) * versions->nversions);
	for (int i = 0; i < versions->nversions; i++)
	{
		const Version *version = &versions->versions[i];

		if (version->effective_from < version->effective_to)
			numbers[(*n)++] = version->version;
	}
	return numbers;
}

const SvpPolicy *
svp_policy_version(const char *policy, int version)
{
	PolicyVersions *versions = strlen(policy) > SVP_NAME_MAX ? NULL : current_versions(policy);

	for (int i = 0; versions != NULL && i < versions->nversions; i++)
	{
		if (versions->versions[i].version == version)
			return compiled_version(versions, &versions->versions[i], policy);
	}
	return NULL;
}

/*
 * service_policy.policy_in_force(policy text, at timestamptz) → int: the
 * version in force at an instant.
 */
Datum
svp_policy_in_force(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const SvpPolicy *policy = svp_policy_at(name, PG_GETARG_TIMESTAMPTZ(1));

	pfree(name);
	if (policy == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT32(policy->version);
}
