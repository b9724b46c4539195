/*-------------------------------------------------------------------------
 *
 * policy_window.c
 *		The windows of a refund rule, in a policy document.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "business_time_compile.h"
#include "policy_section.h"
#include "refund.h"

static const char *const unit_names[SVP_NWINDOW_UNITS] = {
	"days", "working_days", "months", "exactly"
};

static const char *const if_missing_names[SVP_NIF_MISSING] = {
	"needs_approval", "refuse", "open"
};

/*
 * Is this the name of a fact that is a time?
 */
static bool
is_time_fact(const char *fact)
{
	int			length = strlen(fact);

	return length > 3 && strcmp(fact + length - 3, "_at") == 0 &&
		fact[0] >= 'a' && fact[0] <= 'z' &&
		strspn(fact, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

/*
 * Read the name of a fact that is a time.  NULL if there is none to use.
 */
char *
svp_parse_time_fact(const SvpNode *node)
{
	char	   *fact = svp_read_name(node);

	if (fact != NULL && !is_time_fact(fact))
	{
		svp_node_problem(node, "%s is no fact that is a time, such as \"delivered_at\"",
						 svp_quote(fact));
		return NULL;
	}
	return fact;
}

/*
 * A time that a window needs.  That at which the customer asks is what a claim
 * window is for, so nothing of it can depend on that.
 */
static char *
read_fact(const SvpNode *node, bool is_claim)
{
	char	   *fact = svp_parse_time_fact(node);

	if (is_claim && fact != NULL && strcmp(fact, SVP_FACT_REQUESTED_AT) == 0)
		svp_node_problem(node, "the window is over or not when the customer asks, so it cannot depend on that");
	return fact;
}

static char *
read_required_fact(const SvpNode *object, bool is_claim)
{
	SvpNode		node;

	return svp_node_require(object, "fact", &node) ? read_fact(&node, is_claim) : NULL;
}

/*
 * Read how long a window is: in exactly one of its units.
 */
static void
read_length(const SvpNode *window, SvpWindow *result)
{
	SvpNode		node;
	int			given = 0;

	for (int unit = 0; unit < SVP_NWINDOW_UNITS; unit++)
	{
		if (!svp_node_member(window, unit_names[unit], &node))
			continue;
		given++;
		result->unit = unit;
		if (unit == SVP_WINDOW_EXACTLY)
			(void) svp_read_duration(&node, &result->length);
		else
			(void) svp_read_whole(&node, 0, unit == SVP_WINDOW_MONTHS ? SVP_MAX_MONTHS : SVP_MAX_DAYS,
								  &result->length);
	}
	if (given != 1)
		svp_node_problem(window, "must have exactly one of days, working_days, months, exactly");
}

/* Starts */

static const char *const start_keys[] = {"fact", "transit_days"};

/* A fact, or one with so many days that are added to it. */
static void
read_start(const SvpNode *node, bool is_claim, SvpWindowStart *start)
{
	int64		days = 0;

	if (!svp_node_is_object(node))
	{
		start->fact = read_fact(node, is_claim);
		return;
	}
	if (!svp_read_object(node, SVP_KEYS(start_keys)))
		return;
	start->fact = read_required_fact(node, is_claim);
	(void) svp_parse_optional_whole(node, "transit_days", 0, SVP_MAX_DAYS, &days);
	start->transit_days = days;
}

/* A fact that is known for the second start is known for the first. */
static void
check_start_once(const SvpNode *item, const SvpWindow *result, int index)
{
	for (int i = 0; i < index; i++)
	{
		if (result->starts[i].fact != NULL && result->starts[index].fact != NULL &&
			strcmp(result->starts[i].fact, result->starts[index].fact) == 0)
			svp_node_problem(item, "%s is a start already", svp_quote(result->starts[index].fact));
	}
}

static void
read_starts(const SvpNode *window, bool is_claim, SvpWindow *result)
{
	SvpNode		node;
	bool		is_list;
	int			n = 1;

	if (!svp_node_require(window, "from", &node))
		return;
	is_list = node.value.type == jbvBinary && !svp_node_is_object(&node);
	if (is_list && (n = svp_read_list(&node)) == 0)
		svp_node_problem(&node, "lists no fact at which the window could start");
	result->nstarts = Max(n, 0);
	result->starts = palloc0(Max(n, 1) * sizeof(SvpWindowStart));
	for (int i = 0; i < n; i++)
	{
		SvpNode		item = node;

		if (is_list)
			svp_node_item(&node, i, &item);
		read_start(&item, is_claim, &result->starts[i]);
		check_start_once(&item, result, i);
	}
	result->from = result->starts[0].fact;
}

/* Campaigns */

static bool
read_digits(const char **text, int ndigits, int *number)
{
	*number = 0;
	for (int i = 0; i < ndigits; i++)
	{
		char		digit = *(*text)++;

		if (digit < '0' || digit > '9')
			return false;
		*number = *number * 10 + digit - '0';
	}
	return true;
}

/* 29 February is a date of every year, in which it may be the 28th. */
static bool
parse_date(const char *text, SvpMonthDay *date)
{
	int			year = 0;
	int32		same_year;
	int			month;
	int			day;

	if (strlen(text) == strlen("2026-11-01") &&
		(!read_digits(&text, 4, &year) || *text++ != '-' ||
		 year < SVP_TIME_FIRST_YEAR || year > SVP_TIME_LAST_YEAR))
		return false;
	if (strlen(text) != strlen("11-01") ||
		!read_digits(&text, 2, &date->month) || *text++ != '-' || !read_digits(&text, 2, &date->day) ||
		date->month < 1 || date->month > 12 || date->day < 1 || date->day > 31)
		return false;
	date->year = year;

	svp_date_parts(svp_date_of(year == 0 ? 2000 : year, date->month, date->day),
				   &same_year, &month, &day);
	return day == date->day;
}

static bool
read_date(const SvpNode *campaign, const char *key, SvpMonthDay *date)
{
	SvpNode		node;
	char	   *text;

	if (!svp_node_require(campaign, key, &node) || (text = svp_read_string(&node)) == NULL)
		return false;
	if (parse_date(text, date))
		return true;
	svp_node_problem(&node, "%s is no date, such as \"11-01\" (of every year) or \"2026-11-01\"",
					 svp_quote(text));
	return false;
}

static int
compare_dates(const SvpMonthDay *a, const SvpMonthDay *b)
{
	return svp_date_of(a->year, a->month, a->day) - svp_date_of(b->year, b->month, b->day);
}

/* Dates of every year follow each other in any case. */
static void
check_dates(const SvpNode *campaign, const SvpCampaign *result)
{
	SvpNode		node;
	int			dated = (result->first.year != 0) + (result->last.year != 0) + (result->until.year != 0);

	if (dated == 0)
		return;
	if (dated < 3)
		svp_node_problem(campaign, "has dates with a year and dates without; give all of them one, or none");
	else if (compare_dates(&result->last, &result->first) < 0)
	{
		(void) svp_node_member(campaign, "last", &node);
		svp_node_problem(&node, "is before first");
	}
	else if (compare_dates(&result->until, &result->last) < 0)
	{
		(void) svp_node_member(campaign, "until", &node);
		svp_node_problem(&node, "is before last");
	}
}

static const char *const campaign_keys[] = {"fact", "first", "last", "until"};

static void
read_campaign(const SvpNode *node, bool is_claim, SvpCampaign *campaign)
{
	bool		has_dates;

	if (!svp_read_object(node, SVP_KEYS(campaign_keys)))
		return;
	campaign->fact = read_required_fact(node, is_claim);
	has_dates = read_date(node, "first", &campaign->first);
	has_dates &= read_date(node, "last", &campaign->last);
	has_dates &= read_date(node, "until", &campaign->until);
	if (has_dates)
		check_dates(node, campaign);
}

static void
read_campaigns(const SvpNode *window, bool is_claim, SvpWindow *result)
{
	SvpNode		node;
	int			n;

	if (!svp_node_member(window, "campaigns", &node))
		return;
	n = svp_read_list(&node);
	result->ncampaigns = Max(n, 0);
	result->campaigns = palloc0(Max(n, 1) * sizeof(SvpCampaign));
	for (int i = 0; i < n; i++)
	{
		SvpNode		item;

		svp_node_item(&node, i, &item);
		read_campaign(&item, is_claim, &result->campaigns[i]);
	}
}

static const char *const duty_keys[] = {"fact", "months"};

static void
read_duty(const SvpNode *window, bool is_claim, SvpDuty *duty)
{
	SvpNode		node;
	SvpNode		months;

	if (!svp_node_member(window, "duty", &node) || !svp_read_object(&node, SVP_KEYS(duty_keys)))
		return;
	duty->fact = read_required_fact(&node, is_claim);
	if (svp_node_require(&node, "months", &months))
		(void) svp_read_whole(&months, 1, SVP_MAX_MONTHS, &duty->months);
}

/* What does not go together */

/*
 * An exact duration has no days, so nothing that is about days.
 */
static void
check_exact(const SvpNode *window)
{
	static const char *const keys[] = {"calendar", "extend_to_working_day", "campaigns", "duty"};

	for (int i = 0; i < lengthof(keys); i++)
	{
		SvpNode		node;

		if (svp_node_member(window, keys[i], &node))
			svp_node_problem(&node, "an exact duration has no last day and no calendar; leave the key out");
	}
}

static void
check_calendar(const SvpNode *window, const SvpWindow *result)
{
	SvpNode		node;

	(void) svp_node_member(window, "calendar", &node);
	if (result->calendar == NULL && result->unit == SVP_WINDOW_WORKING_DAYS)
		svp_node_problem(&node, "is required, since working_days are those of a calendar");
	else if (result->calendar == NULL && result->extend_to_working_day)
		svp_node_problem(&node, "is required, since extend_to_working_day looks for the next one of a calendar");
}

static const char *const window_keys[] = {
	"days", "working_days", "months", "exactly", "from", "if_missing", "calendar",
	"extend_to_working_day", "campaigns", "duty"
};

/*
 * Read a window of a rule.  It has the calendar of its rule if it names none;
 * the claim window comes before there is one.
 */
bool
svp_parse_window(SvpParse *parse, const SvpNode *rule, const char *key, char *rule_calendar,
				 SvpWindow *result)
{
	bool		is_claim = strcmp(key, "window") == 0;
	SvpNode		window;
	SvpNode		node;

	if (!svp_node_member(rule, key, &window) || !svp_read_object(&window, SVP_KEYS(window_keys)))
		return false;

	read_length(&window, result);
	read_starts(&window, is_claim, result);
	if (svp_node_member(&window, "if_missing", &node))
		result->if_missing = Max(svp_read_word(&node, "meaning of a missing start",
											   SVP_KEYS(if_missing_names)), 0);
	result->calendar = svp_parse_calendar(parse, &window);
	(void) svp_parse_optional_bool(&window, "extend_to_working_day", &result->extend_to_working_day);
	read_campaigns(&window, is_claim, result);
	read_duty(&window, is_claim, &result->duty);

	if (result->unit == SVP_WINDOW_EXACTLY)
		check_exact(&window);
	else
	{
		if (result->calendar == NULL)
			result->calendar = rule_calendar;
		check_calendar(&window, result);
	}
	return true;
}
