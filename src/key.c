/*-------------------------------------------------------------------------
 *
 * key.c
 *		Keys of tickets and refunds, as an attachment's own tables have them.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_operator.h"
#include "fmgr.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "attempt.h"
#include "key.h"

PG_FUNCTION_INFO_V1(svp_sql_equality);

/*
 * One of an attachment's own tables, which must be there.
 */
Oid
svp_data_relation(const SvpAttachment *attachment, const char *table)
{
	Oid			namespace = get_namespace_oid(attachment->data_schema, false);
	Oid			relation = get_relname_relid(table, namespace);

	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table %s does not exist",
						quote_qualified_identifier(attachment->data_schema, table))));
	return relation;
}

/*
 * Learn the types of a mapping's key as one of our tables has them.
 */
void
svp_learn_key_types(SvpAttachment *attachment, const char *table, const SvpMapping *mapping,
					Oid **types)
{
	Oid			relation = svp_data_relation(attachment, table);

	if (*types == NULL)
		*types = MemoryContextAllocZero(attachment->context, sizeof(Oid) * mapping->nkey);
	for (int i = 0; i < mapping->nkey; i++)
	{
		AttrNumber	column = get_attnum(relation, mapping->data_key[i]);

		if (column == InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of %s does not exist", mapping->data_key[i],
							quote_qualified_identifier(attachment->data_schema, table))));
		(*types)[i] = get_atttype(relation, column);
	}
}

void
svp_learn_ticket_key(SvpAttachment *attachment, const char *table)
{
	const SvpMapping *ticket = attachment->ticket;
	Oid			relation = svp_data_relation(attachment, table);
	Oid			type;

	svp_learn_key_types(attachment, table, ticket, &attachment->key_types);
	if (attachment->key_typmods == NULL)
	{
		attachment->key_typmods = MemoryContextAlloc(attachment->context, sizeof(int32) * ticket->nkey);
		attachment->key_collations = MemoryContextAlloc(attachment->context, sizeof(Oid) * ticket->nkey);
	}
	for (int i = 0; i < ticket->nkey; i++)
		get_atttypetypmodcoll(relation, get_attnum(relation, ticket->data_key[i]), &type,
							  &attachment->key_typmods[i], &attachment->key_collations[i]);
}

typedef struct Fitting
{
	Oid			type;
	int32		typmod;
	Datum		value;
	MemoryContext context;
} Fitting;

static void
fit_value(void *arg)
{
	Fitting    *fitting = arg;
	MemoryContext inside = MemoryContextSwitchTo(fitting->context);
	Oid			function;

	if (find_typmod_coercion_function(fitting->type, &function) == COERCION_PATH_FUNC)
		fitting->value = OidFunctionCall3(function, fitting->value, Int32GetDatum(fitting->typmod),
										  BoolGetDatum(false));
	MemoryContextSwitchTo(inside);
}

const char *
svp_fit_key(const SvpAttachment *attachment, const SvpRowReader *reader, Datum *key)
{
	for (int i = 0; i < attachment->ticket->nkey; i++)
	{
		Fitting		fitting = {attachment->key_types[i], attachment->key_typmods[i], key[i],
		CurrentMemoryContext};
		ErrorData  *error;

		if (fitting.typmod == -1 || fitting.typmod == svp_reader_key_typmod(reader, i))
			continue;
		error = svp_attempt(fit_value, &fitting);
		if (error != NULL)
			return error->message;
		key[i] = fitting.value;
	}
	return NULL;
}

const char *
svp_operator(Oid operator, Oid type)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "type %u has no operators to be compared by", type);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return name;
}

/*
 * The operator by which a type's unique indexes tell values apart: not always
 * pg_catalog's, which may see a type such as citext as another.
 */
const char *
svp_equality(Oid type)
{
	return svp_operator(lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr, type);
}

/*
 * service_policy._equality(type)
 */
Datum
svp_sql_equality(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(svp_equality(PG_GETARG_OID(0))));
}

char *
svp_ticket_column(const SvpMapping *ticket, int part)
{
	const char *name = ticket->data_key[part];
	int			prefix = strlen("ticket_");

	/* one that is called ticket_… keeps its name, unless another's would be the same */
	if (strncmp(name, "ticket_", prefix) != 0 ||
		svp_word_index((const char *const *) ticket->data_key, ticket->nkey, name + prefix) >= 0)
		return psprintf("ticket_%s", name);
	return pstrdup(name);
}

char *
svp_key_part_text(Oid type, Datum value)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

/*
 * A key from its parts as text, by the types that were learnt.
 */
static Datum *
key_from_text(const Oid *types, const int32 *typmods, int nkey, char **parts)
{
	Datum	   *key = palloc(sizeof(Datum) * nkey);

	for (int i = 0; i < nkey; i++)
	{
		Oid			input;
		Oid			parameter;

		getTypeInputInfo(types[i], &input, &parameter);
		key[i] = OidInputFunctionCall(input, parts[i], parameter, typmods == NULL ? -1 : typmods[i]);
	}
	return key;
}

Datum *
svp_key_from_text(const Oid *types, int nkey, char **parts)
{
	return key_from_text(types, NULL, nkey, parts);
}

Datum *
svp_ticket_key_from_text(const SvpAttachment *attachment, char **parts)
{
	return key_from_text(attachment->key_types, attachment->key_typmods, attachment->ticket->nkey,
						 parts);
}

/*
 * Say which part the server could not read.  It stays an error, so there is
 * nothing to be undone.
 */
static void
complain_of_part(const char *of, const char *name, MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_TO_CATEGORY(ERRCODE_DATA_EXCEPTION))
		PG_RE_THROW();
	FlushErrorState();
	ereport(ERROR,
			(errcode(error->sqlerrcode),
			 errmsg("part \"%s\" of a %s's key cannot be read: %s", name, of, error->message)));
}

Datum *
svp_key_given(const char *of, char **names, const Oid *types, int nkey, char **parts)
{
	MemoryContext context = CurrentMemoryContext;
	Datum	   *volatile key = palloc(sizeof(Datum) * nkey);

	for (volatile int i = 0; i < nkey; i++)
	{
		PG_TRY();
		{
			key[i] = *svp_key_from_text(&types[i], 1, &parts[i]);
		}
		PG_CATCH();
		{
			complain_of_part(of, names[i], context);
		}
		PG_END_TRY();
	}
	return key;
}

bool
svp_same_image(const Oid *types, int nkey, const Datum *a, const Datum *b)
{
	for (int i = 0; i < nkey; i++)
	{
		int16		length;
		bool		by_value;

		get_typlenbyval(types[i], &length, &by_value);
		if (!datum_image_eq(a[i], b[i], by_value, length))
			return false;
	}
	return true;
}

static bool
are_equal(Oid type, Oid collation, Datum a, Datum b)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO);

	return DatumGetBool(FunctionCall2Coll(&entry->eq_opr_finfo, collation, a, b));
}

bool
svp_same_key(const SvpAttachment *attachment, const Datum *a, const Datum *b)
{
	if (svp_same_image(attachment->key_types, attachment->ticket->nkey, a, b))
		return true;
	for (int i = 0; i < attachment->ticket->nkey; i++)
	{
		if (!are_equal(attachment->key_types[i], attachment->key_collations[i], a[i], b[i]))
			return false;
	}
	return true;
}

bool
svp_refund_same_key(const SvpAttachment *attachment, const Datum *a, const Datum *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return svp_same_image(attachment->refund_key_types, attachment->refund->nkey, a, b);
}
