/*-------------------------------------------------------------------------
 *
 * refund_text.c
 *		Amounts and times of a refund, as they are told.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "business_time_compile.h"
#include "currency.h"
#include "refund_table.h"
#include "refund_text.h"
#include "story.h"

const char *const svp_refund_scope_names[] = {"order", "line", "customer"};

/*
 * An amount with the digits of its currency, and with more only where it has
 * more: a cent too much must not look like the limit.
 */
char *
svp_refund_amount_text(const SvpRefundCase *refund, SvpAmount amount)
{
	int			digits = svp_currency_digits(svp_refund_case_text(refund, SVP_NAME_CURRENCY));
	uint64		magnitude = amount < 0 ? -(uint64) amount : (uint64) amount;
	uint64		unit = SVP_AMOUNT_ONE;

	for (int i = 0; i < digits; i++)
		unit /= 10;
	if (magnitude % unit != 0)
		return DatumGetCString(DirectFunctionCall1(numeric_out, svp_refund_numeric(amount)));
	if (digits == 0)
		return psprintf("%s" UINT64_FORMAT, amount < 0 ? "-" : "", magnitude / unit);
	return psprintf("%s" UINT64_FORMAT ".%0*d", amount < 0 ? "-" : "", magnitude / SVP_AMOUNT_ONE,
					digits, (int) (magnitude % SVP_AMOUNT_ONE / unit));
}

char *
svp_refund_money(const SvpRefundCase *refund, SvpAmount amount)
{
	const char *currency = svp_refund_case_text(refund, SVP_NAME_CURRENCY);
	char	   *text = svp_refund_amount_text(refund, amount);

	return currency == NULL ? text : psprintf("%s %s", text, currency);
}

/* Microseconds to add to an instant for the local time, and what the zone is called. */
static int64
local_offset(SvpCalendar *calendar, int64 at, const char **zone_name)
{
	SvpZone		zone;
	int64		offset;
	int64		until;

	*zone_name = "UTC";
	if (calendar == NULL)
		return 0;
	zone = svp_calendar_zone(calendar);
	zone.offset_at(zone.arg, at, &offset, &until);
	*zone_name = pg_get_timezone_name(zone.arg);
	return offset;
}

char *
svp_refund_instant(SvpCalendar *calendar, int64 at)
{
	const char *zone_name;
	struct pg_tm tm;
	fsec_t		fraction;
	StringInfoData text;

	if (timestamp2tm(at + local_offset(calendar, at, &zone_name), NULL, &tm, &fraction,
					 NULL, NULL) != 0)
		return "a time out of range";
	initStringInfo(&text);
	appendStringInfo(&text, "%04d-%02d-%02d %02d:%02d", tm.tm_year, tm.tm_mon, tm.tm_mday,
					 tm.tm_hour, tm.tm_min);
	if (tm.tm_sec != 0 || fraction != 0)
		appendStringInfo(&text, ":%02d", tm.tm_sec);
	if (fraction != 0)
		appendStringInfo(&text, ".%06d", (int) fraction);
	appendStringInfo(&text, " %s", zone_name);
	return text.data;
}

char *
svp_refund_date(SvpCalendar *calendar, int64 at)
{
	const char *zone_name;
	struct pg_tm tm;
	fsec_t		fraction;

	if (timestamp2tm(at + local_offset(calendar, at, &zone_name), NULL, &tm, &fraction,
					 NULL, NULL) != 0)
		return "a date out of range";
	return psprintf("%04d-%02d-%02d", tm.tm_year, tm.tm_mon, tm.tm_mday);
}

/*
 * The local date of an instant, as a number of days.
 */
int32
svp_refund_local_date(SvpCalendar *calendar, int64 at)
{
	const char *zone_name;

	return (int32) svp_floor_div(at + local_offset(calendar, at, &zone_name), SVP_USEC_PER_DAY);
}

char *
svp_refund_length(const SvpWindow *window)
{
	static const char *const units[] = {"day", "working day", "month"};

	if (window->unit != SVP_WINDOW_EXACTLY)
		return psprintf(INT64_FORMAT " %s%s", window->length, units[window->unit],
						window->length == 1 ? "" : "s");
	return svp_refund_hours(window->length);
}

char *
svp_refund_hours(int64 usec)
{
	if (usec % SVP_USEC_PER_HOUR != 0)
		return svp_tell_duration(usec);
	return psprintf(INT64_FORMAT " hour%s", usec / SVP_USEC_PER_HOUR, usec == SVP_USEC_PER_HOUR ? "" : "s");
}

SvpCalendar *
svp_refund_calendar(const SvpRefundCase *refund, const SvpWindow *window)
{
	return window == &refund->rule->window ? refund->calendars.window : refund->calendars.issue_limit;
}

/*
 * That of the window that decided, else of the one that the rule has.
 */
SvpCalendar *
svp_refund_zone(const SvpRefundCase *refund)
{
	if (refund->rule == NULL)
		return NULL;
	if (refund->decision.bound_by != NULL)
		return svp_refund_calendar(refund, refund->decision.bound_by);
	return refund->calendars.window != NULL ? refund->calendars.window : refund->calendars.issue_limit;
}

bool
svp_refund_binding_bound(const SvpRefundCase *refund, SvpRefundReason reason, SvpRefundBound *binding)
{
	SvpRefundFacts facts = svp_refund_case_facts(refund);
	SvpRefundBound bounds[SVP_NREFUND_BOUNDS];
	int			n = svp_refund_bounds(refund->rule, &facts, bounds);
	bool		found = false;

	for (int i = 0; i < n; i++)
	{
		if (bounds[i].reason != reason ||
			(found && svp_refund_left(&bounds[i]) >= svp_refund_left(binding)))
			continue;
		*binding = bounds[i];
		found = true;
	}
	return found;
}
