/*-------------------------------------------------------------------------
 *
 * number.c
 *		Exact decimal numbers, as 64-bit counts of millionths.
 *
 * Six decimals are more than any currency has, and 64 bits hold nine
 * trillion.  Pure: no table, no SPI, no wall clock.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "number.h"

#define DECIMALS 6

/*
 * Append a digit.  False on overflow.
 */
static bool
push_digit(int64 *value, int digit)
{
	if (*value > (INT64CONST(0x7FFFFFFFFFFFFFFF) - digit) / 10)
		return false;
	*value = *value * 10 + digit;
	return true;
}

/*
 * Read "[+-]digits[.digits]".  Decimals past the sixth are rounded half away
 * from zero.  False when the text is not such a number or does not fit.
 */
bool
svp_number_parse(const char *text, int64 *millionths)
{
	bool		negative = *text == '-';
	int64		value = 0;
	int			decimals = -1;	/* -1 before the point */
	int			ndigits = 0;
	int			first_dropped = 0;

	if (*text == '-' || *text == '+')
		text++;
	for (; *text != '\0'; text++)
	{
		if (*text == '.' && decimals < 0)
		{
			decimals = 0;
			continue;
		}
		if (*text < '0' || *text > '9')
			return false;
		ndigits++;
		if (decimals == DECIMALS)
			first_dropped = *text - '0';
		if (decimals < DECIMALS && !push_digit(&value, *text - '0'))
			return false;
		if (decimals >= 0)
			decimals++;
	}
	if (ndigits == 0)
		return false;
	for (decimals = Max(decimals, 0); decimals < DECIMALS; decimals++)
	{
		if (!push_digit(&value, 0))
			return false;
	}
	if (first_dropped >= 5)
	{
		if (value == INT64CONST(0x7FFFFFFFFFFFFFFF))
			return false;
		value++;
	}
	*millionths = negative ? -value : value;
	return true;
}
