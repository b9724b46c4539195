/*-------------------------------------------------------------------------
 *
 * calendar_revision.c
 *		One number for all that a calendar's answers depend on.
 *
 * It is stored with each clock, so it must be the same after a restore, on
 * every server and in every order of the rows: FNV-1a over the sorted rows,
 * fed byte by byte from the lowest, since the server's own hash functions
 * differ with the byte order of the machine.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "business_time_compile.h"

#define FNV_OFFSET	UINT64CONST(0xCBF29CE484222325)
#define FNV_PRIME	UINT64CONST(0x00000100000001B3)

static void
add_byte(uint64 *hash, unsigned char byte)
{
	*hash = (*hash ^ byte) * FNV_PRIME;
}

static void
add_number(uint64 *hash, int64 number)
{
	for (int shift = 0; shift < 64; shift += 8)
		add_byte(hash, (uint64) number >> shift & 0xFF);
}

static void
add_text(uint64 *hash, const char *text)
{
	for (; *text != '\0'; text++)
		add_byte(hash, (unsigned char) *text);
	add_byte(hash, 0);
}

static int
compare(int64 a, int64 b)
{
	return (a > b) - (a < b);
}

static int
compare_hours(const void *a, const void *b)
{
	const SvpHours *x = a;
	const SvpHours *y = b;
	int			order = compare(x->weekday, y->weekday);

	if (order == 0)
		order = compare(x->valid_from, y->valid_from);
	if (order == 0)
		order = compare(x->valid_to, y->valid_to);
	if (order == 0)
		order = compare(x->opens, y->opens);
	return order != 0 ? order : compare(x->closes, y->closes);
}

static int
compare_dates(const void *a, const void *b)
{
	const SvpDate *x = a;
	const SvpDate *y = b;
	int			order = compare(x->yearly, y->yearly);

	if (order == 0)
		order = compare(x->date, y->date);
	if (order == 0)
		order = compare(x->open, y->open);
	/* the hours of a date without any are not set */
	if (order != 0 || !x->open)
		return order;
	order = compare(x->opens, y->opens);
	return order != 0 ? order : compare(x->closes, y->closes);
}

/*
 * Sort rows and leave each out that is there twice.  Returns how many there
 * are.
 */
static int
sort_unique(void *rows, int n, size_t size, int (*comparator) (const void *, const void *))
{
	char	   *row = rows;
	int			kept = 0;

	qsort(rows, n, size, comparator);
	for (int i = 0; i < n; i++)
	{
		if (i == 0 || comparator(row + (kept - 1) * size, row + i * size) != 0)
			memmove(row + kept++ * size, row + i * size, size);
	}
	return kept;
}

static void
add_hours(uint64 *hash, const SvpCalendar *calendar)
{
	int			n = calendar->first_hours[8];
	SvpHours   *hours = palloc(sizeof(SvpHours) * n);

	if (n > 0)
		memcpy(hours, calendar->hours, sizeof(SvpHours) * n);
	n = sort_unique(hours, n, sizeof(SvpHours), compare_hours);
	add_number(hash, n);
	for (int i = 0; i < n; i++)
	{
		add_number(hash, hours[i].weekday);
		add_number(hash, hours[i].valid_from);
		add_number(hash, hours[i].valid_to);
		add_number(hash, hours[i].opens);
		add_number(hash, hours[i].closes);
	}
	pfree(hours);
}

static void
add_dates(uint64 *hash, const SvpCalendar *calendar)
{
	int			n = calendar->ndates;
	SvpDate    *dates = palloc(sizeof(SvpDate) * n);

	if (n > 0)
		memcpy(dates, calendar->dates, sizeof(SvpDate) * n);
	n = sort_unique(dates, n, sizeof(SvpDate), compare_dates);
	add_number(hash, n);
	for (int i = 0; i < n; i++)
	{
		add_number(hash, dates[i].yearly);
		add_number(hash, dates[i].date);
		add_number(hash, dates[i].open);
		add_number(hash, dates[i].open ? dates[i].opens : 0);
		add_number(hash, dates[i].open ? dates[i].closes : 0);
	}
	pfree(dates);
}

/*
 * The revision of a calendar in the zone of that name.  Never 0.
 */
int64
svp_revision_make(const SvpCalendar *calendar, const char *zone)
{
	uint64		hash = FNV_OFFSET;

	add_text(&hash, zone);
	add_number(&hash, calendar->next_opening);
	add_hours(&hash, calendar);
	add_dates(&hash, calendar);
	return hash == 0 ? 1 : (int64) hash;
}
