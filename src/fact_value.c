/*-------------------------------------------------------------------------
 *
 * fact_value.c
 *		Reading one value as a fact.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "fact_value.h"
#include "instant.h"
#include "mapping.h"
#include "number.h"
#include "time_zone.h"

#define MICROSECONDS_FROM_1970_TO_2000 \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

/*
 * An exact number from a value of any of the number types.  False when it is
 * not finite or does not fit.
 */
static bool
number_from_datum(Oid type, Datum value, int64 *millionths)
{
	switch (type)
	{
		case INT2OID:
			return !pg_mul_s64_overflow(DatumGetInt16(value), SVP_MILLION, millionths);
		case INT4OID:
			return !pg_mul_s64_overflow(DatumGetInt32(value), SVP_MILLION, millionths);
		case INT8OID:
			return !pg_mul_s64_overflow(DatumGetInt64(value), SVP_MILLION, millionths);
		case FLOAT4OID:
			if (isinf(DatumGetFloat4(value)))	/* of which 13 has no numeric */
				return false;
			value = DirectFunctionCall1(float4_numeric, value);
			break;
		case FLOAT8OID:
			if (isinf(DatumGetFloat8(value)))
				return false;
			value = DirectFunctionCall1(float8_numeric, value);
			break;
	}
	return svp_number_parse(DatumGetCString(DirectFunctionCall1(numeric_out, value)), millionths);
}

/*
 * Read the raw value of a time: instants and local times in microseconds
 * since 2000, epochs in microseconds since 1970.  False when it is infinite
 * or not a number that fits.
 */
static bool
raw_time(Oid type, SvpTimeReading reading, Datum value, int64 *raw)
{
	int64		number;

	switch (type)
	{
		case TIMESTAMPTZOID:
		case TIMESTAMPOID:
			*raw = DatumGetInt64(value);
			return !TIMESTAMP_NOT_FINITE(*raw);
		case DATEOID:
			if (DATE_NOT_FINITE(DatumGetDateADT(value)))
				return false;
			return !pg_mul_s64_overflow(DatumGetDateADT(value), USECS_PER_DAY, raw);
		default:
			if (!number_from_datum(type, value, &number))
				return false;
			*raw = reading == SVP_READ_EPOCH_MS ? number / 1000 : number;
			return true;
	}
}

/*
 * The instant that a raw value stands for.
 */
static int64
instant_of(const SvpFactBinding *binding, SvpTimeReading reading, int64 raw)
{
	switch (reading)
	{
		case SVP_READ_TIMESTAMP:
		case SVP_READ_DATE:
			return svp_zone_instant(binding->zone, raw);
		case SVP_READ_EPOCH:
		case SVP_READ_EPOCH_MS:
			return raw < PG_INT64_MIN + MICROSECONDS_FROM_1970_TO_2000 ? DT_NOBEGIN :
				raw - MICROSECONDS_FROM_1970_TO_2000;
		default:
			return raw;
	}
}

/*
 * A value as text; of char(n) without the blanks that it is filled up with, as
 * the server compares it.
 */
static const char *
text_of(SvpFactBinding *binding, Datum value)
{
	if (binding->type == BPCHAROID)
		value = DirectFunctionCall1(rtrim1, value);
	if (binding->type == TEXTOID || binding->type == VARCHAROID || binding->type == BPCHAROID)
		return TextDatumGetCString(value);
	return OutputFunctionCall(&binding->output, value);
}

static bool
text_is_unset(const SvpFactMapping *fact, const char *text)
{
	for (int i = 0; i < fact->nunset; i++)
	{
		if (strcmp(fact->unset[i], text) == 0)
			return true;
	}
	return false;
}

static void
read_time(const SvpFactMapping *fact, SvpFactBinding *binding, Datum value, SvpFactValue *result)
{
	int64		raw;

	if (!raw_time(binding->type, fact->reading, value, &raw))
	{
		result->text = text_of(binding, value);
		result->problem = "is not a finite time";
		return;
	}
	for (int i = 0; i < fact->nunset; i++)
	{
		if (binding->unset[i] == raw)
			return;
	}
	result->number = instant_of(binding, fact->reading, raw);
	if (!IS_VALID_TIMESTAMP(result->number))
	{
		result->text = text_of(binding, value);
		result->problem = "is a time out of range";
		return;
	}
	result->set = true;
}

/*
 * However many decimals the column has.
 */
static bool
number_is_unset(const SvpFactMapping *fact, int64 number)
{
	for (int i = 0; i < fact->nunset; i++)
	{
		int64		unset;

		if (svp_number_parse(fact->unset[i], &unset) && unset == number)
			return true;
	}
	return false;
}

static void
read_number(const SvpFactMapping *fact, SvpFactBinding *binding, Datum value, SvpFactValue *result)
{
	if (number_from_datum(binding->type, value, &result->number))
		result->set = !number_is_unset(fact, result->number);
	else if (!text_is_unset(fact, text_of(binding, value)))
	{
		result->text = text_of(binding, value);
		result->problem = "is not a finite number below 9,223,372,036,854";
	}
}

void
svp_fact_read(const SvpFactMapping *fact, SvpFactBinding *binding, Datum value, bool isnull,
			  SvpFactValue *result)
{
	memset(result, 0, sizeof(*result));
	if (isnull)
		return;
	switch (fact->kind)
	{
		case SVP_FACT_TIME:
			read_time(fact, binding, value, result);
			break;
		case SVP_FACT_NUMBER:
			read_number(fact, binding, value, result);
			break;
		case SVP_FACT_TEXT:
			result->text = text_of(binding, value);
			result->set = !text_is_unset(fact, result->text);
			if (binding->type_by_value)
			{
				result->type = binding->type;
				result->value = value;
			}
			break;
		case SVP_FACT_BOOLEAN:
			result->number = DatumGetBool(value);
			result->set = true;
			break;
	}
}

/*
 * Read a value given as text, as a person or jsonb gives it.  Times need an
 * offset from UTC, so that the session's time zone does not matter.
 */
void
svp_fact_from_text(const SvpFactMapping *fact, const char *value, SvpFactValue *result)
{
	bool		is_true = false;

	memset(result, 0, sizeof(*result));
	result->text = value;
	switch (fact->kind)
	{
		case SVP_FACT_TIME:
			result->set = svp_instant_parse(value, &result->number);
			if (!result->set)
				result->problem = "is not a time with an offset from UTC, such as 2026-03-01T10:00:00Z";
			break;
		case SVP_FACT_NUMBER:
			result->set = svp_number_parse(value, &result->number);
			if (!result->set)
				result->problem = "is not a number such as 19.90, and below 9,223,372,036,854";
			break;
		case SVP_FACT_TEXT:
			result->set = true;
			break;
		case SVP_FACT_BOOLEAN:
			result->set = parse_bool(value, &is_true);
			result->number = is_true;
			if (!result->set)
				result->problem = "is neither true nor false";
			break;
	}
}

/*
 * Learn the type behind a fact, and prepare what reading it needs.
 */
void
svp_fact_bind(const SvpFactMapping *fact, SvpFactBinding *binding, Oid type, MemoryContext context)
{
	Oid			output;
	bool		is_varlena;

	svp_mapping_check_type(fact, type);
	binding->type = type;
	get_typlenbyval(type, &binding->type_length, &binding->type_by_value);
	getTypeOutputInfo(type, &output, &is_varlena);
	fmgr_info_cxt(output, &binding->output, context);

	if (fact->kind != SVP_FACT_TIME)
		return;
	if (fact->zone != NULL)
		binding->zone = svp_mapping_zone(fact);
	binding->unset = MemoryContextAllocZero(context, sizeof(int64) * Max(fact->nunset, 1));
	for (int i = 0; i < fact->nunset; i++)
		binding->unset[i] = svp_mapping_unset_time(fact, fact->unset[i]);
}
