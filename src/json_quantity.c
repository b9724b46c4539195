/*-------------------------------------------------------------------------
 *
 * json_quantity.c
 *		Reading the numbers and durations of a jsonb document, exactly.
 *
 * Like all of the reader it raises no error for what a document may hold, and
 * depends on no setting of the session.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "json_reader.h"

static bool
numeric_less(Numeric a, Datum b)
{
	return DatumGetBool(DirectFunctionCall2(numeric_lt, NumericGetDatum(a), b));
}

/*
 * A number in millionths, cut off towards zero; false if it does not fit.
 * The range is looked at first: jsonb's numbers may have 130,000 digits.
 */
static bool
number_in_millionths(Numeric number, int64 *millionths, bool *exact)
{
	Datum		million = DirectFunctionCall1(int8_numeric, Int64GetDatum(SVP_MILLION));
	Datum		limit = DirectFunctionCall1(int8_numeric,
											Int64GetDatum(SVP_NUMBER_MAX / SVP_MILLION + 1));
	Datum		scaled;
	Datum		whole;

	if (!numeric_less(number, limit) ||
		!numeric_less(DatumGetNumeric(DirectFunctionCall1(numeric_uminus, limit)),
					  NumericGetDatum(number)))
		return false;

	scaled = DirectFunctionCall2(numeric_mul, NumericGetDatum(number), million);
	whole = DirectFunctionCall2(numeric_trunc, scaled, Int32GetDatum(0));
	*millionths = DatumGetInt64(DirectFunctionCall1(numeric_int8, whole));
	*exact = DatumGetBool(DirectFunctionCall2(numeric_eq, scaled, whole));
	return true;
}

/*
 * Read a number between two, both in millionths and included; "range" says
 * in words what they are.
 */
bool
svp_read_number(const SvpNode *node, int64 low, int64 high,
				const char *range, int64 *millionths)
{
	int64		number;
	bool		exact;

	if (node->value.type != jbvNumeric)
	{
		svp_node_problem(node, "must be a number %s, not %s", range, svp_json_type_name(&node->value));
		return false;
	}
	if (!number_in_millionths(node->value.val.numeric, &number, &exact) ||
		number < low || number > high || (number == high && !exact))
	{
		svp_node_problem(node, "must be a number %s", range);
		return false;
	}
	if (!exact)
	{
		svp_node_problem(node, "has more than six digits after the point");
		return false;
	}
	*millionths = number;
	return true;
}

/*
 * Read a whole number between two, both included.
 */
bool
svp_read_whole(const SvpNode *node, int low, int high, int64 *whole)
{
	int64		number;
	bool		exact;

	if (node->value.type != jbvNumeric)
	{
		svp_node_problem(node, "must be a whole number from %d to %d, not %s",
						 low, high, svp_json_type_name(&node->value));
		return false;
	}
	if (!number_in_millionths(node->value.val.numeric, &number, &exact) || !exact ||
		number % SVP_MILLION != 0 ||
		number / SVP_MILLION < low || number / SVP_MILLION > high)
	{
		svp_node_problem(node, "must be a whole number from %d to %d", low, high);
		return false;
	}
	*whole = number / SVP_MILLION;
	return true;
}

/* interval_in, but false where that raises an error. */
static bool
decode_interval(char *string, Interval *interval)
{
	SvpIntervalParts parts;
	char	   *field[MAXDATEFIELDS];
	int			ftype[MAXDATEFIELDS];
	char		work[256];
	int			nfields;
	int			dtype;
	int			error;

	memset(&parts, 0, sizeof(parts));
	error = ParseDateTime(string, work, sizeof(work), field, ftype, MAXDATEFIELDS, &nfields);
	if (error == 0)
		error = svp_decode_interval(field, ftype, nfields, &dtype, &parts);
	if (error == DTERR_BAD_FORMAT)
		error = svp_decode_iso_interval(string, &dtype, &parts);
	return error == 0 && dtype == DTK_DELTA && svp_interval_of_parts(&parts, interval) == 0;
}

/*
 * May this text be an interval?  A bare number would be seconds, which nobody
 * means; signs are read differently under each IntervalStyle.
 */
static bool
is_interval_text(const char *string)
{
	return strpbrk(string, "-+") == NULL &&
		strpbrk(string, ":abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL;
}

/*
 * Read an interval above zero.
 */
bool
svp_read_interval(const SvpNode *node, Interval *interval)
{
	char	   *string;

	if (node->value.type == jbvNumeric)
	{
		svp_node_problem(node, "must be a text with a unit, such as \"4 hours\", not a number");
		return false;
	}
	string = svp_read_string(node);
	if (string == NULL)
		return false;
	if (!is_interval_text(string) || !decode_interval(string, interval))
	{
		svp_node_problem(node, "%s is no interval above zero, such as \"4 hours\" or \"90 minutes\"",
						 svp_quote(string));
		return false;
	}
	if (interval->month < 0 || interval->day < 0 || interval->time < 0 ||
		(interval->month == 0 && interval->day == 0 && interval->time == 0))
	{
		svp_node_problem(node, "must be above zero");
		return false;
	}
	return true;
}

static bool
duration_of_interval(const SvpNode *node, const Interval *interval, int64 *usec)
{
	int64		days;

	if (interval->month != 0)
	{
		svp_node_problem(node, "counts months or years, which have no fixed length; say days or hours");
		return false;
	}
	if (pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &days) ||
		pg_add_s64_overflow(days, interval->time, usec) ||
		*usec > SVP_DURATION_MAX)
	{
		svp_node_problem(node, "is longer than 100 years");
		return false;
	}
	return true;
}

/*
 * Read a span of elapsed time, whose days are 24 hours.
 */
bool
svp_read_duration(const SvpNode *node, int64 *usec)
{
	Interval	interval;

	return svp_read_interval(node, &interval) &&
		duration_of_interval(node, &interval, usec);
}

/*
 * Read a span of time that may be business time, whose days have no length.
 */
bool
svp_read_business_duration(const SvpNode *node, int64 *usec)
{
	Interval	interval;

	if (!svp_read_interval(node, &interval))
		return false;
	if (interval.day != 0 && interval.month == 0)
	{
		svp_node_problem(node, "counts days, which have no fixed length in business time; say hours");
		return false;
	}
	return duration_of_interval(node, &interval, usec);
}
