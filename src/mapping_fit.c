/*-------------------------------------------------------------------------
 *
 * mapping_fit.c
 *		Whether a mapping fits a table: its columns, types and times.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "common/keywords.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "mapping.h"
#include "number.h"
#include "time_zone.h"

static AttrNumber
column_named(TupleDesc descriptor, const char *name)
{
	for (int i = 0; i < descriptor->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(descriptor, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
			return attribute->attnum;
	}
	return 0;
}

AttrNumber
svp_mapping_key_column(const SvpMapping *mapping, int part, TupleDesc descriptor)
{
	AttrNumber	column = column_named(descriptor, mapping->key[part]);

	if (column == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("key column \"%s\" of the %s table does not exist",
						mapping->key[part], mapping->alias),
				 errhint("Name the columns of the table's primary key.")));
	return column;
}

/*
 * Words such as "user" are no columns unless they are quoted or qualified.
 */
static bool
is_keyword(const char *word)
{
	int			number = ScanKeywordLookup(word, &ScanKeywords);

	return number >= 0 && ScanKeywordCategories[number] != UNRESERVED_KEYWORD;
}

/*
 * If all of an expression is one identifier, perhaps after "alias.", return
 * it as the server would fold it, else NULL.
 */
static char *
sole_identifier(const char *sql, const char *alias)
{
	size_t		prefix = strlen(alias);
	char	   *name = palloc(strlen(sql) + 1);
	char	   *end = name;
	bool		is_qualified = pg_strncasecmp(sql, alias, prefix) == 0 && sql[prefix] == '.';

	if (is_qualified)
		sql += prefix + 1;
	if (*sql == '"')
	{
		for (sql++; *sql != '\0' && (*sql != '"' || sql[1] == '"'); sql++)
		{
			if (*sql == '"')
				sql++;
			*end++ = *sql;
		}
		*end = '\0';
		return (*sql == '"' && sql[1] == '\0') ? name : NULL;
	}
	if (!isalpha((unsigned char) *sql) && *sql != '_')
		return NULL;
	for (; isalnum((unsigned char) *sql) || *sql == '_' || *sql == '$'; sql++)
		*end++ = pg_ascii_tolower(*sql);
	*end = '\0';
	return *sql == '\0' && (is_qualified || !is_keyword(name)) ? name : NULL;
}

/*
 * The column that a fact is, or 0 when it has to be computed.
 */
AttrNumber
svp_mapping_column(const SvpMapping *mapping, const SvpFactMapping *fact, TupleDesc descriptor)
{
	char	   *name = sole_identifier(fact->sql, mapping->alias);

	return name == NULL ? 0 : column_named(descriptor, name);
}

static bool
is_number_type(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID ||
		type == NUMERICOID || type == FLOAT4OID || type == FLOAT8OID;
}

/*
 * The type that an expression must have to be read in a given way.
 */
static bool
reading_takes(SvpTimeReading reading, Oid type)
{
	switch (reading)
	{
		case SVP_READ_AS_TYPED:
			return type == TIMESTAMPTZOID;
		case SVP_READ_TIMESTAMP:
			return type == TIMESTAMPOID;
		case SVP_READ_DATE:
			return type == DATEOID;
		case SVP_READ_EPOCH:
		case SVP_READ_EPOCH_MS:
			return is_number_type(type);
	}
	return false;
}

static const char *
time_hint(Oid type)
{
	if (type == TIMESTAMPOID)
		return "Say in which zone: {\"sql\": \"...\", \"as\": \"timestamp\", \"zone\": \"UTC\"}.";
	if (type == DATEOID)
		return "Say in which zone: {\"sql\": \"...\", \"as\": \"date\", \"zone\": \"UTC\"}.";
	if (is_number_type(type))
		return "Say {\"sql\": \"...\", \"as\": \"epoch\"} for seconds or \"epoch_ms\" for milliseconds since 1970.";
	if (type == TIMESTAMPTZOID)
		return "Leave out \"as\" and \"zone\": a timestamptz needs neither.";
	return "Cast it in the expression, for example (...)::timestamptz.";
}

/*
 * Complain if a fact's expression has a type that cannot be read as it says.
 */
void
svp_mapping_check_type(const SvpFactMapping *fact, Oid type)
{
	if (fact->kind == SVP_FACT_TIME && !reading_takes(fact->reading, type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("fact \"%s\" cannot be read as %s: \"%s\" is of type %s",
						fact->name, svp_reading_names[fact->reading], fact->sql, format_type_be(type)),
				 errhint("%s", time_hint(type))));
	if (fact->kind == SVP_FACT_NUMBER && !is_number_type(type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("fact \"%s\" must be a number: \"%s\" is of type %s",
						fact->name, fact->sql, format_type_be(type)),
				 errhint("Cast it in the expression, for example (...)::numeric.")));
	if (fact->kind == SVP_FACT_BOOLEAN && type != BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("fact \"%s\" must be true or false: \"%s\" is of type %s",
						fact->name, fact->sql, format_type_be(type)),
				 errhint("Compare it in the expression, for example message.private = 0.")));
}

static void
complain_of_zone(const SvpFactMapping *fact)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("fact \"%s\": time zone \"%s\" is not known", fact->name, fact->zone),
			 errhint("The known zones are in the view pg_timezone_names.")));
}

pg_tz *
svp_mapping_zone(const SvpFactMapping *fact)
{
	pg_tz	   *zone = pg_tzset(fact->zone);

	if (zone == NULL)
		complain_of_zone(fact);
	return zone;
}

/*
 * Complain of a zone such as "UTC+2", which is not one: as a POSIX rule it is
 * two hours west.
 */
void
svp_mapping_check_zone(const SvpFactMapping *fact)
{
	if (fact->zone != NULL && !svp_time_zone_exists(fact->zone))
		complain_of_zone(fact);
}

/* A time being read as a local one. */
typedef struct LocalTime
{
	const char *literal;
	int64		raw;
} LocalTime;

static void
read_local_time(void *arg)
{
	LocalTime *reading = arg;

	reading->raw = DatumGetTimestamp(DirectFunctionCall3(timestamp_in,
														 CStringGetDatum(reading->literal),
														 ObjectIdGetDatum(InvalidOid),
														 Int32GetDatum(-1)));
}

/*
 * A value that means "not set", as the raw value to compare with.
 */
int64
svp_mapping_unset_time(const SvpFactMapping *fact, const char *literal)
{
	LocalTime reading = {literal};
	int64		raw;

	if (fact->reading == SVP_READ_EPOCH || fact->reading == SVP_READ_EPOCH_MS)
	{
		if (!svp_number_parse(literal, &raw))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("fact \"%s\": \"%s\" in \"unset\" is not a number", fact->name, literal)));
		return fact->reading == SVP_READ_EPOCH_MS ? raw / 1000 : raw;
	}
	if (svp_attempt(read_local_time, &reading) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fact \"%s\": \"%s\" in \"unset\" is not a time", fact->name, literal),
				 errhint("For example \"1970-01-01\" or \"0001-01-01 00:00:00\".")));
	return reading.raw;
}
