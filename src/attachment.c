/*-------------------------------------------------------------------------
 *
 * attachment.c
 *		One ticket table under policy: loading it, acting as its owner, and
 *		recording what could not be understood.
 *
 * An attachment is loaded whole into a memory context of its own and put in
 * the cache when complete.  One that is outdated is freed at the end of the
 * transaction, since a trigger may be using it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "attachment.h"
#include "attempt.h"
#include "compat.h"
#include "config.h"
#include "mapping.h"
#include "rows.h"
#include "source.h"

typedef struct CacheEntry
{
	char		name[NAMEDATALEN];	/* hash key */
	uint64		generation;		/* at which it was read */
	SvpAttachment *attachment;	/* NULL while it is read */
} CacheEntry;

static HTAB *cache = NULL;
static CacheEntry *latest = NULL;	/* found last: few sessions have two */

/* Outdated attachments and statements, until the end of the transaction. */
static List *outdated = NIL;
static List *outdated_plans = NIL;

static const char *const attachment_query =
"SELECT a.policy, a.states, t.source, t.key, t.facts, t.only_where, t.data_key, t.table_name,"
"       a.write_back"
"  FROM service_policy.attachment a"
"  JOIN service_policy.attachment_table t ON t.attachment = a.name"
" WHERE a.name = $1"
" ORDER BY t.source, t.table_name";

/*
 * The elements of a text array without NULLs.
 */
char	  **
svp_text_array(ArrayType *array, int *n)
{
	Datum	   *elements;
	char	  **result;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, n);
	result = palloc(sizeof(char *) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
		result[i] = TextDatumGetCString(elements[i]);
	return result;
}

/*
 * Read the status map.  attach() lets nothing in that is no state; a row that
 * somebody has edited may have it, and then maps nothing.
 */
static void
load_states(SvpAttachment *attachment, Jsonb *states)
{
	JsonbIterator *iterator = JsonbIteratorInit(&states->root);
	JsonbValue	value;
	int			n = JsonContainerSize(&states->root);

	attachment->source_states = palloc(sizeof(char *) * Max(n, 1));
	attachment->states = palloc(sizeof(SvpState) * Max(n, 1));
	(void) JsonbIteratorNext(&iterator, &value, true);
	while (JsonbIteratorNext(&iterator, &value, true) == WJB_KEY)
	{
		char	   *source = pnstrdup(value.val.string.val, value.val.string.len);
		int			state;

		(void) JsonbIteratorNext(&iterator, &value, true);
		if (value.type != jbvString)
			continue;
		state = svp_word_index(svp_state_names, SVP_NSTATES,
							   pnstrdup(value.val.string.val, value.val.string.len));
		if (state < 0)
			continue;
		if (strcmp(source, "*") == 0)
		{
			attachment->has_default = true;
			attachment->default_state = (SvpState) state;
			continue;
		}
		attachment->source_states[attachment->nstates] = source;
		attachment->states[attachment->nstates++] = (SvpState) state;
	}
}

static Datum
column(int row, int number, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, number, isnull);
}

static SvpMapping *
load_mapping(int row, const char *source)
{
	bool		isnull;
	int			nkey;
	int			ndata_key;
	char	  **key = svp_text_array(DatumGetArrayTypeP(column(row, 4, &isnull)), &nkey);
	Jsonb	   *facts = DatumGetJsonbP(column(row, 5, &isnull));
	Datum		where = column(row, 6, &isnull);
	SvpMapping *mapping = svp_mapping_parse(svp_mapping_alias(source), key, nkey, facts,
											isnull ? NULL : TextDatumGetCString(where));

	mapping->table = TextDatumGetCString(column(row, 8, &isnull));
	mapping->data_key = svp_text_array(DatumGetArrayTypeP(column(row, 7, &isnull)), &ndata_key);
	if ((nkey == 0 && strcmp(source, "child") != 0) || nkey > INDEX_MAX_KEYS || ndata_key != nkey)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("service_policy.attachment_table names %d key columns and %d of the evidence",
						nkey, ndata_key)));
	return mapping;
}

/*
 * Rows of another table name their ticket by its whole key; those of refunds
 * may name none.
 */
static void
check_ticket_parts(const SvpAttachment *attachment, const SvpMapping *mapping)
{
	int			nparts = 0;

	for (int i = 0; i < mapping->nfacts; i++)
		nparts += strcmp(mapping->facts[i].name, "ticket") == 0;
	if (nparts != attachment->ticket->nkey && (nparts > 0 || mapping != attachment->refund))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the fact ticket of %s has %d parts, the ticket's key has %d",
						mapping->table, nparts, attachment->ticket->nkey)));
}

static void
check_mappings(const SvpAttachment *attachment)
{
	ListCell   *lc;

	if (attachment->refund != NULL)
		check_ticket_parts(attachment, attachment->refund);
	if (attachment->message != NULL)
		check_ticket_parts(attachment, attachment->message);
	foreach(lc, attachment->children)
		check_ticket_parts(attachment, lfirst(lc));
	foreach(lc, attachment->histories)
		check_ticket_parts(attachment, lfirst(lc));
}

/*
 * Build an attachment of the rows read.  arg points to the attachment, with
 * its context and name set; it is left without a ticket if there is none.
 */
static void
load_rows(void *arg)
{
	SvpAttachment *attachment = arg;
	MemoryContext spi_context = MemoryContextSwitchTo(attachment->context);
	Datum		write_back;
	bool		isnull;

	for (int row = 0; row < SPI_processed; row++)
	{
		char	   *source = TextDatumGetCString(column(row, 3, &isnull));

		if (strcmp(source, "refund") == 0)
		{
			attachment->refund = load_mapping(row, source);
			attachment->refund_table = TextDatumGetCString(column(row, 8, &isnull));
		}
		else if (strcmp(source, "ticket") == 0)
			attachment->ticket = load_mapping(row, source);
		else if (strcmp(source, "history") == 0)
			attachment->histories = lappend(attachment->histories, load_mapping(row, source));
		else if (strcmp(source, "message") == 0)
			attachment->message = load_mapping(row, source);
		else if (strcmp(source, "child") == 0)
			attachment->children = lappend(attachment->children, load_mapping(row, source));
	}
	if (SPI_processed > 0)
	{
		attachment->policy = TextDatumGetCString(column(0, 1, &isnull));
		load_states(attachment, DatumGetJsonbP(column(0, 2, &isnull)));
		write_back = column(0, 9, &isnull);
		if (!isnull)
			attachment->writes = svp_write_back_parse(DatumGetJsonbP(write_back), &attachment->nwrites);
	}
	MemoryContextSwitchTo(spi_context);
}

static void
free_plans(SPIPlanPtr *plans, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (plans[i] != NULL)
			SPI_freeplan(plans[i]);
	}
}

static void
free_attachment(SvpAttachment *attachment)
{
	ListCell   *lc;

	foreach(lc, attachment->readers)
		svp_reader_free((SvpRowReader *) lfirst(lc));
	svp_rows_forget(attachment);
	svp_sources_forget(attachment);
	if (attachment->fingerprint != NULL)
		SPI_freeplan(attachment->fingerprint);
	free_plans(attachment->exception_plans, SVP_NEXCEPTION_STATEMENTS);
	free_plans(attachment->action_plans, SVP_NACTION_STATEMENTS);
	MemoryContextDelete(attachment->context);
}

static void
free_outdated(XactEvent event, void *arg)
{
	ListCell   *lc;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	foreach(lc, outdated)
		free_attachment((SvpAttachment *) lfirst(lc));
	list_free(outdated);
	outdated = NIL;
	foreach(lc, outdated_plans)
		SPI_freeplan((SPIPlanPtr) lfirst(lc));
	list_free(outdated_plans);
	outdated_plans = NIL;
}

/*
 * Keep a statement, and let the one before it go when the transaction ends: a
 * trigger on our tables may write tickets, so it may be running further up.
 */
void
svp_attachment_keep_plan(SPIPlanPtr *kept, SPIPlanPtr plan)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

	if (*kept != NULL)
		outdated_plans = lappend(outdated_plans, *kept);
	MemoryContextSwitchTo(caller);
	SPI_keepplan(plan);
	*kept = plan;
}

static void
retire(CacheEntry *entry)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);

	if (entry->attachment != NULL)
		outdated = lappend(outdated, entry->attachment);
	entry->attachment = NULL;
	entry->generation = 0;
	MemoryContextSwitchTo(caller);
}

static void
create_cache(void)
{
	HASHCTL		control = {.keysize = NAMEDATALEN,.entrysize = sizeof(CacheEntry)};

	cache = hash_create("service_policy attachments", 8, &control,
						HASH_ELEM | HASH_STRINGS);
	RegisterXactCallback(free_outdated, NULL);
}

/*
 * Read an attachment into the cache entry, which is filled in last.
 */
static void
load(CacheEntry *entry, const char *name)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "service_policy attachment",
												  ALLOCSET_SMALL_SIZES);
	SvpAttachment *attachment = MemoryContextAllocZero(context, sizeof(SvpAttachment));
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(name);
	uint64		generation;

	attachment->context = context;
	attachment->name = MemoryContextStrdup(context, name);
	attachment->data_schema = MemoryContextStrdup(context, psprintf("%s_data", name));
	generation = svp_config_read(SVP_CONFIG_ATTACHMENT, attachment_query, 1, &type, &value,
								 load_rows, attachment);
	if (attachment->ticket == NULL)
		MemoryContextDelete(context);
	else
	{
		check_mappings(attachment);
		MemoryContextSetParent(context, CacheMemoryContext);
		entry->attachment = attachment;
	}
	entry->generation = generation;
}

SvpAttachment *
svp_attachment_cached(const char *name)
{
	if (cache != NULL && (latest == NULL || strcmp(latest->name, name) != 0))
		latest = hash_search(cache, name, HASH_FIND, NULL);
	return latest != NULL && latest->generation == svp_config_generation(SVP_CONFIG_ATTACHMENT) ?
		latest->attachment : NULL;
}

SvpAttachment *
svp_attachment_get(const char *name, bool missing_ok)
{
	SvpAttachment *cached = svp_attachment_cached(name);
	CacheEntry *entry;
	bool		found;

	if (cached != NULL)
		return cached;
	if (cache == NULL)
		create_cache();
	entry = hash_search(cache, name, HASH_ENTER, &found);
	if (!found)
	{
		entry->attachment = NULL;
		entry->generation = 0;
	}
	if (entry->generation != svp_config_generation(SVP_CONFIG_ATTACHMENT))
	{
		retire(entry);
		load(entry, name);
	}
	if (entry->attachment != NULL)
		return entry->attachment;

	/* Names that mean nothing are not kept: anybody may ask for as many as they like. */
	(void) hash_search(cache, name, HASH_REMOVE, NULL);
	latest = NULL;
	if (!missing_ok)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("attachment \"%s\" does not exist", name),
				 errhint("The attachments are in service_policy.attachment; attach() makes one.")));
	return NULL;
}

typedef struct ReaderMaking
{
	SvpAttachment *attachment;
	const SvpMapping *mapping;
	Relation	relation;
	SvpRowReader *reader;
} ReaderMaking;

static void
make_reader(void *arg)
{
	ReaderMaking *making = arg;

	making->reader = svp_reader_make(making->mapping, making->relation,
									 making->attachment->context);
}

/*
 * The reader of a mapping for the relation at hand, made when first needed.
 * NULL when the mapping no longer fits the relation, with a problem to record.
 */
SvpRowReader *
svp_attachment_reader(SvpAttachment *attachment, const SvpMapping *mapping,
					  Relation relation, const char **problem)
{
	ReaderMaking making = {attachment, mapping, relation, NULL};
	MemoryContext caller;
	ErrorData  *error;
	ListCell   *lc;

	foreach(lc, attachment->readers)
	{
		SvpRowReader *reader = lfirst(lc);

		if (!svp_reader_is_for(reader, mapping, relation))
			continue;
		if (svp_reader_fits(reader, relation))
			return reader;
		attachment->readers = foreach_delete_current(attachment->readers, lc);
		svp_reader_free(reader);
	}
	error = svp_attempt(make_reader, &making);
	if (error != NULL)
	{
		*problem = error->message;
		return NULL;
	}
	caller = MemoryContextSwitchTo(attachment->context);
	attachment->readers = lappend(attachment->readers, making.reader);
	MemoryContextSwitchTo(caller);
	return making.reader;
}

bool
svp_attachment_state(const SvpAttachment *attachment, const char *source, SvpState *state)
{
	int			i = svp_word_index((const char *const *) attachment->source_states,
								   attachment->nstates, source);

	*state = i >= 0 ? attachment->states[i] : attachment->default_state;
	return i >= 0 || attachment->has_default;
}

bool
svp_attachment_enter(const SvpAttachment *attachment, SvpCaller *caller)
{
	return svp_schema_enter(attachment->data_schema, 0, caller);
}

bool
svp_schema_enter(const char *schema, int restriction, SvpCaller *caller)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACENAME, CStringGetDatum(schema));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return false;
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);

	GetUserIdAndSecContext(&caller->user, &caller->context);
	SetUserIdAndSecContext(owner, caller->context | SECURITY_LOCAL_USERID_CHANGE | restriction);
	return true;
}

void
svp_attachment_leave(const SvpCaller *caller)
{
	SetUserIdAndSecContext(caller->user, caller->context);
}

const char *
svp_role_name(Oid role)
{
	const char *name = GetUserNameFromId(role, true);

	return name != NULL ? name : psprintf("%u", role);
}

/*
 * Complain unless the caller may read a view of the attachment.
 */
void
svp_attachment_check_reader(const SvpAttachment *attachment, const char *view)
{
	Oid			namespace = get_namespace_oid(attachment->name, false);
	Oid			relation = get_relname_relid(view, namespace);

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("view %s does not exist",
						quote_qualified_identifier(attachment->name, view))));
	if (pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_VIEW,
					   quote_qualified_identifier(attachment->name, view));
}

void
svp_attachment_check_actor(const SvpAttachment *attachment, const char *view, const char *things,
						   const char *to_do)
{
	Oid			relation;

	svp_attachment_check_reader(attachment, view);
	relation = get_relname_relid(view, get_namespace_oid(attachment->name, false));
	if (pg_class_aclcheck(relation, GetUserId(), ACL_UPDATE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" may read the %s of attachment \"%s\", but not %s",
						svp_role_name(GetUserId()), things, attachment->name, to_do),
				 errhint("GRANT UPDATE ON %s is what lets a role do that.",
						 quote_qualified_identifier(attachment->name, view))));
}
