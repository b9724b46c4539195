/*
 * A calendar's revision: the same for the same answers, whatever the order of
 * the rows; another for whatever changes them.
 */
#include "core.h"
#include "business_time.h"
#include "tap.h"

#define HOUR SVP_USEC_PER_HOUR

typedef struct Rows
{
	const char *zone;
	bool		next_opening;
	int			nhours;
	SvpHours	hours[4];
	int			ndates;
	SvpDate		dates[4];
} Rows;

static const Rows week = {
	"Europe/Paris", false,
	2, {{1, SVP_DATE_ALWAYS, SVP_DATE_NEVER, 9 * HOUR, 17 * HOUR},
	{2, SVP_DATE_ALWAYS, 9000, 9 * HOUR, 17 * HOUR}},
	2, {{9500, false, false}, {9600, true, true, 9 * HOUR, 13 * HOUR}}
};

static void
utc(void *arg, int64 at, int64 *offset, int64 *until)
{
	*offset = 0;
	*until = INT64_MAX;
}

static int64
revision(const Rows *rows)
{
	SvpCalendar *calendar = svp_calendar_create(NULL, (SvpZone) {NULL, utc, rows->zone},
												rows->next_opening, rows->hours, rows->nhours,
												rows->dates, rows->ndates);
	int64		result = svp_calendar_revision(calendar);

	svp_calendar_free(calendar);
	return result;
}

static void
test_same(void)
{
	Rows		rows = week;

	is_int64(revision(&week), INT64_C(-7364285784841627346), "the number is the same on every machine");
	rows.hours[0] = week.hours[1];
	rows.hours[1] = week.hours[0];
	rows.dates[0] = week.dates[1];
	rows.dates[1] = week.dates[0];
	is_int64(revision(&rows), revision(&week), "the order of the rows does not count");

	rows = week;
	rows.hours[rows.nhours++] = week.hours[0];
	rows.dates[rows.ndates++] = week.dates[1];
	is_int64(revision(&rows), revision(&week), "a row that is there twice does not count");

	rows = week;
	rows.dates[0].opens = rows.dates[0].closes = HOUR;
	is_int64(revision(&rows), revision(&week), "nor what is left in the hours of a closed date");

	rows = week;
	rows.dates[1].date += 365;
	is_int64(revision(&rows), revision(&week), "nor the year of a yearly date");
}

#define DIFFERS(change, what) \
	do \
	{ \
		Rows		rows = week; \
\
		change; \
		ok(revision(&rows) != revision(&week), what); \
	} while (0)

static void
test_different(void)
{
	DIFFERS(rows.zone = "Europe/Pari", "the zone counts");
	DIFFERS(rows.next_opening = true, "where deadlines at closing time go counts");
	DIFFERS(rows.nhours = 1, "weekly hours count");
	DIFFERS(rows.hours[0].weekday = 3, "so does the weekday");
	DIFFERS(rows.hours[0].opens++, "the opening");
	DIFFERS(rows.hours[0].closes--, "the closing");
	DIFFERS(rows.hours[1].valid_from = 0, "the first date");
	DIFFERS(rows.hours[1].valid_to++, "the last date");
	DIFFERS(rows.ndates = 1, "exceptions count");
	DIFFERS(rows.dates[0].date++, "so does the date");
	DIFFERS(rows.dates[0].open = true; rows.dates[0].closes = HOUR, "is it open");
	DIFFERS(rows.dates[1].opens++, "its opening");
	DIFFERS(rows.dates[1].closes--, "its closing");
	DIFFERS(rows.dates[1].yearly = false, "does it come back");
}

static void
test_empty(void)
{
	Rows		rows = {"UTC"};
	Rows		other = {"UTC", true};

	ok(revision(&rows) != 0 && revision(&rows) != revision(&other), "a calendar without hours has one");
}

int
main(void)
{
	test_same();
	test_different();
	test_empty();
	return done_testing();
}
