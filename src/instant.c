/*-------------------------------------------------------------------------
 *
 * instant.c
 *		Instants as ISO 8601 and RFC 3339 write them.
 *
 * The server reads more, but what it makes of it depends on DateStyle and on
 * abbreviations of zones, and its errors cannot say whose value it was.
 * Pure: no table, no SPI, no wall clock.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "business_time_compile.h"
#include "instant.h"

/* No zone is further from UTC than this. */
#define LARGEST_OFFSET_HOURS	15

/*
 * Read so many digits.
 */
static bool
read_digits(const char **text, int ndigits, int *value)
{
	*value = 0;
	for (int i = 0; i < ndigits; i++)
	{
		if (**text < '0' || **text > '9')
			return false;
		*value = *value * 10 + (*(*text)++ - '0');
	}
	return true;
}

static bool
skip(const char **text, char expected)
{
	if (**text != expected)
		return false;
	(*text)++;
	return true;
}

/*
 * Read "2026-03-01".
 */
static bool
read_date(const char **text, int32 *date)
{
	int			year;
	int			month;
	int			day;
	int32		same_year;
	int			same_month;
	int			same_day;

	if (!read_digits(text, 4, &year) || !skip(text, '-') || !read_digits(text, 2, &month) ||
		!skip(text, '-') || !read_digits(text, 2, &day) ||
		year < 1 || month < 1 || month > 12 || day < 1)
		return false;
	*date = svp_date_of(year, month, day);
	svp_date_parts(*date, &same_year, &same_month, &same_day);
	return same_month == month && same_day == day;
}

/*
 * Read ".123456789", if it is there, rounded to microseconds.
 */
static bool
read_fraction(const char **text, int64 *usec)
{
	int64		unit = SVP_USEC_PER_SEC / 10;

	*usec = 0;
	if (!skip(text, '.'))
		return true;
	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; (*text)++)
	{
		if (unit == 0)
		{
			*usec += **text >= '5';
			unit = -1;
		}
		if (unit > 0)
		{
			*usec += (**text - '0') * unit;
			unit /= 10;
		}
	}
	return true;
}

/*
 * Read "10:00", "10:00:59" or "10:00:59.123"; 24:00 is the end of the day, and
 * second 60 one that was put in.
 */
static bool
read_clock(const char **text, int64 *usec)
{
	int			hour;
	int			minute;
	int			second = 0;
	int64		fraction = 0;

	if (!read_digits(text, 2, &hour) || !skip(text, ':') || !read_digits(text, 2, &minute))
		return false;
	if (skip(text, ':') && (!read_digits(text, 2, &second) || !read_fraction(text, &fraction)))
		return false;
	*usec = hour * SVP_USEC_PER_HOUR + minute * SVP_USEC_PER_MINUTE +
		second * SVP_USEC_PER_SEC + fraction;
	return hour <= 24 && minute <= 59 && second <= 60 &&
		(hour < 24 || *usec == SVP_USEC_PER_DAY);
}

/*
 * Read the offset from UTC: "Z", "+02", "-03:30", "+0530" or, of long ago,
 * "+00:19:32".
 */
static bool
read_offset(const char **text, int64 *usec)
{
	bool		west = **text == '-';
	int			parts[3] = {0};

	*usec = 0;
	if (skip(text, 'Z') || skip(text, 'z'))
		return true;
	if (!skip(text, '+') && !skip(text, '-'))
		return false;
	for (int i = 0; i < 3; i++)
	{
		if (i > 0 && **text == '\0')
			break;
		if (i > 0)
			(void) skip(text, ':');
		if (!read_digits(text, 2, &parts[i]))
			return false;
	}
	*usec = parts[0] * SVP_USEC_PER_HOUR + parts[1] * SVP_USEC_PER_MINUTE +
		parts[2] * SVP_USEC_PER_SEC;
	if (west)
		*usec = -*usec;
	return parts[0] <= LARGEST_OFFSET_HOURS && parts[1] <= 59 && parts[2] <= 59;
}

/*
 * Read a date, a time of day and an offset from UTC.  False when the text is
 * no such instant.
 */
bool
svp_instant_parse(const char *text, int64 *at)
{
	int32		date;
	int64		clock;
	int64		offset;

	if (!read_date(&text, &date) ||
		!(skip(&text, 'T') || skip(&text, 't') || skip(&text, ' ')) ||
		!read_clock(&text, &clock))
		return false;
	(void) skip(&text, ' ');
	if (!read_offset(&text, &offset) || *text != '\0')
		return false;
	*at = date * SVP_USEC_PER_DAY + clock - offset;
	return true;
}
