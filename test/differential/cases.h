/*
 * Reads the cases that the other implementations write: words and numbers,
 * which are microseconds, since 2000-01-01 00:00 UTC if they are instants, or
 * counts; and calendars.
 *
 *	calendar NEXT_OPENING OFFSET NCHANGES (AT OFFSET)... NHOURS (WEEKDAY OPENS CLOSES)...
 *			 NDATES (DATE YEARLY OPEN OPENS CLOSES)...
 */
#include <inttypes.h>

#include "business_time_compile.h"

#define MAX_CALENDARS 400
#define MAX_ITEMS 200

typedef struct Zone
{
	int			n;
	int64		at[MAX_ITEMS];
	int64		offset[MAX_ITEMS + 1];
} Zone;

static SvpCalendar *calendars[MAX_CALENDARS];
static int	ncalendars;

static int64
number(void)
{
	int64		value;

	if (scanf("%" SCNd64, &value) != 1)
		exit(2);
	return value;
}

/* Kept until some hundred others are read. */
static char *
word(void)
{
	static char words[1000][40];
	static int	next;
	char	   *space = words[next++ % lengthof(words)];

	if (scanf("%39s", space) != 1)
		exit(2);
	return space;
}

static void
offset_at(void *arg, int64 at, int64 *offset, int64 *until)
{
	const Zone *zone = arg;
	int			i = 0;

	while (i < zone->n && zone->at[i] <= at)
		i++;
	*offset = zone->offset[i];
	*until = i < zone->n ? zone->at[i] : INT64_MAX;
}

static void
read_calendar(void)
{
	Zone	   *zone = palloc(sizeof(Zone));
	SvpHours	hours[MAX_ITEMS];
	SvpDate		dates[MAX_ITEMS];
	bool		next_opening = number();
	int			nhours;
	int			ndates;

	zone->offset[0] = number();
	zone->n = number();
	for (int i = 0; i < zone->n; i++)
	{
		zone->at[i] = number();
		zone->offset[i + 1] = number();
	}
	nhours = number();
	for (int i = 0; i < nhours; i++)
	{
		hours[i] = (SvpHours) {.valid_from = SVP_DATE_ALWAYS,.valid_to = SVP_DATE_NEVER};
		hours[i].weekday = number();
		hours[i].opens = number();
		hours[i].closes = number();
	}
	ndates = number();
	for (int i = 0; i < ndates; i++)
	{
		dates[i].date = number();
		dates[i].yearly = number();
		dates[i].open = number();
		dates[i].opens = number();
		dates[i].closes = number();
	}
	calendars[ncalendars++] = svp_calendar_create(NULL, (SvpZone) {zone, offset_at}, next_opening,
												  hours, nhours, dates, ndates);
}

/*
 * Read all, each program its cases.
 */
static void
read_cases(void (*read_case) (void))
{
	char		what[40];

	while (scanf("%39s", what) == 1)
	{
		if (strcmp(what, "calendar") == 0)
			read_calendar();
		else
			read_case();
	}
}
