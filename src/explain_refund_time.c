/*-------------------------------------------------------------------------
 *
 * explain_refund_time.c
 *		Where the windows of a refund's rule end, step by step.
 *
 * The end is found once without anything that makes a window longer, then
 * with one after the other: what moves it is told.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "explain_refund.h"
#include "refund_exception.h"
#include "refund_text.h"

/* A window that is told of. */
typedef struct Telling
{
	SvpStory   *story;
	const SvpRefundCase *refund;
	const SvpWindow *window;
	SvpCalendar *calendar;
	SvpRefundFacts facts;
	SvpCutoff	cutoff;			/* as it is in the end */
	int64		at;				/* the end, as far as it was told */
} Telling;

static char *
instant_of(const Telling *telling, int64 at)
{
	return svp_refund_instant(telling->calendar, at);
}

/* The last day before an end. */
static char *
day_of(const Telling *telling, int64 end)
{
	return svp_refund_date(telling->calendar, end - 1);
}

/* Starts */

static void
tell_start(const Telling *telling, const SvpWindowStart *start)
{
	const SvpRefundFact *fact = svp_refund_fact(&telling->facts, start->fact);

	if (fact->knowledge == SVP_MISSING)
		svp_tell(telling->story, "  %s is not known", start->fact);
	else if (fact->knowledge == SVP_UNREADABLE)
		svp_tell(telling->story, "  %s cannot be read", start->fact);
	else if (fact->value > telling->facts.issued_at)
		svp_tell(telling->story, "  %s is %s: that lies ahead, and counts as not known", start->fact,
				 instant_of(telling, fact->value));
	else if (start != telling->cutoff.start)
		svp_tell(telling->story, "  %s is %s, which cannot be counted from", start->fact,
				 instant_of(telling, fact->value));
	else if (start->transit_days > 0)
		svp_tell(telling->story, "  it starts with %s, %s, and %d day%s of transit", start->fact,
				 instant_of(telling, fact->value), start->transit_days,
				 start->transit_days == 1 ? "" : "s");
	else
		svp_tell(telling->story, "  it starts with %s, %s", start->fact,
				 instant_of(telling, fact->value));
}

/* Those that come after the one which counts are not looked at. */
static void
tell_starts(const Telling *telling)
{
	for (int i = 0; i < telling->window->nstarts; i++)
	{
		const SvpWindowStart *start = &telling->window->starts[i];

		tell_start(telling, start);
		if (start == telling->cutoff.start || telling->cutoff.state == SVP_CUTOFF_UNREADABLE)
			return;
	}
}

static void
tell_no_start(const Telling *telling)
{
	static const char *const meanings[SVP_NIF_MISSING] = {
		"it needs approval", "it is refused", "the window has not begun, so it is not over"
	};

	svp_tell(telling->story, "  no start is known, of which the rule says: %s",
			 meanings[telling->window->if_missing]);
}

/* Steps */

/*
 * The end with the window changed like this.  False if it has none.
 */
static bool
end_with(const Telling *telling, const SvpWindow *window, int32 grace_days, int64 *at)
{
	SvpRefundFacts facts = telling->facts;
	SvpCutoff	cutoff;

	facts.relief.grace_days = grace_days;
	svp_cutoff_find(window, telling->calendar, &facts, &cutoff);
	*at = cutoff.at;
	return cutoff.state == SVP_CUTOFF_FOUND ||
		(cutoff.state == SVP_CUTOFF_NO_START && cutoff.campaign != NULL);
}

static void
tell_length(Telling *telling, const SvpWindow *window)
{
	if (!end_with(telling, window, 0, &telling->at))
		return;
	if (window->unit == SVP_WINDOW_EXACTLY)
		svp_tell(telling->story, "  it lasts exactly %s, until %s", svp_refund_length(window),
				 instant_of(telling, telling->at));
	else
		svp_tell(telling->story, "  that day is not counted: the last of %s is %s",
				 svp_refund_length(window), day_of(telling, telling->at));
}

static void
tell_extension(Telling *telling, const SvpWindow *window)
{
	int64		at;

	if (!end_with(telling, window, 0, &at))
		return;
	if (at == telling->at)
		svp_tell(telling->story, "  that is a working day of calendar %s", window->calendar);
	else
		svp_tell(telling->story, "  that is no working day of calendar %s: extended to the next, %s",
				 window->calendar, day_of(telling, at));
	telling->at = at;
}

static void
tell_duty(Telling *telling, const SvpWindow *window)
{
	SvpRefundFacts facts = telling->facts;
	SvpCutoff	cutoff;

	facts.relief.grace_days = 0;
	svp_cutoff_find(window, telling->calendar, &facts, &cutoff);
	if (cutoff.state != SVP_CUTOFF_FOUND)
		return;
	if (cutoff.duty == SVP_DUTY_NO_EFFECT)
		svp_tell(telling->story, "  the customer was told by then, as %s says: the duty makes it no longer",
				 window->duty.fact);
	else if (cutoff.duty == SVP_DUTY_TOLD_LATE)
		svp_tell(telling->story, "  the customer was told late, %s is %s: %s from then, until %s",
				 window->duty.fact, instant_of(telling, cutoff.told_at), svp_refund_length(window),
				 day_of(telling, cutoff.at));
	else
		svp_tell(telling->story, "  the customer was not told in time, as %s says: " INT64_FORMAT " months longer, until %s",
				 window->duty.fact, window->duty.months, day_of(telling, cutoff.at));
	telling->at = cutoff.at;
}

static char *
month_day(const SvpMonthDay *day)
{
	return day->year == 0 ? psprintf("%02d-%02d", day->month, day->day) :
		psprintf("%04d-%02d-%02d", day->year, day->month, day->day);
}

static void
tell_campaigns(Telling *telling, const SvpWindow *window)
{
	const SvpCampaign *campaign = telling->cutoff.campaign;
	int64		at;

	if (campaign == NULL)
	{
		svp_tell(telling->story, "  no campaign makes it longer");
		return;
	}
	if (!end_with(telling, window, 0, &at))
		return;
	svp_tell(telling->story, "  %s falls into the campaign from %s to %s: until %s", campaign->fact,
			 month_day(&campaign->first), month_day(&campaign->last), day_of(telling, at));
	telling->at = at;
}

static void
tell_grace(Telling *telling)
{
	int32		days = telling->refund->relief.grace_days;
	int64		at;

	if (days == 0 || !end_with(telling, telling->window, days, &at))
		return;
	svp_tell(telling->story, "  %d day%s of grace by exception " INT64_FORMAT, days,
			 days == 1 ? "" : "s", telling->refund->exception->id);
	telling->at = at;
}

/*
 * From the length alone to all that the window has.
 */
static void
tell_steps(Telling *telling)
{
	SvpWindow	window = *telling->window;

	window.extend_to_working_day = false;
	window.ncampaigns = 0;
	window.duty.fact = NULL;
	if (telling->cutoff.start != NULL)
	{
		tell_length(telling, &window);
		if ((window.extend_to_working_day = telling->window->extend_to_working_day))
			tell_extension(telling, &window);
		if ((window.duty.fact = telling->window->duty.fact) != NULL)
			tell_duty(telling, &window);
	}
	if ((window.ncampaigns = telling->window->ncampaigns) > 0)
		tell_campaigns(telling, &window);
	tell_grace(telling);
}

static void
tell_end(const Telling *telling, const char *what, SvpKnowledge known, int64 moment)
{
	svp_tell(telling->story, "  the first instant too late is %s",
			 instant_of(telling, telling->cutoff.at));
	if (known != SVP_KNOWN)
		svp_tell(telling->story, "  when it %s is not known", what);
	else
		svp_tell(telling->story, "  it %s %s, %s", what, instant_of(telling, moment),
				 moment < telling->cutoff.at ? "in time" : "too late");
}

/*
 * Tell of a window, and of what it is held against.
 */
static void
tell_window(SvpStory *story, const SvpRefundCase *refund, const SvpWindow *window,
			const char *title, const char *what, SvpKnowledge known, int64 moment)
{
	Telling		telling = {
		.story = story, .refund = refund, .window = window,
		.calendar = svp_refund_calendar(refund, window), .facts = svp_refund_case_facts(refund)
	};

	svp_cutoff_find(window, telling.calendar, &telling.facts, &telling.cutoff);
	svp_tell(story, "%s: %s%s", title, svp_refund_length(window),
			 window->calendar == NULL ? "" : psprintf(", by calendar %s", window->calendar));
	tell_starts(&telling);
	if (telling.cutoff.state == SVP_CUTOFF_NO_CALENDAR)
		svp_tell(story, "  calendar %s does not exist or has no opening hours", window->calendar);
	if (telling.cutoff.state == SVP_CUTOFF_NO_START)
		tell_no_start(&telling);
	if (telling.cutoff.state == SVP_CUTOFF_FOUND ||
		(telling.cutoff.state == SVP_CUTOFF_NO_START && telling.cutoff.campaign != NULL))
	{
		tell_steps(&telling);
		tell_end(&telling, what, known, moment);
	}
}

void
svp_explain_refund_time(SvpStory *story, const SvpRefundCase *refund)
{
	const SvpRefundRule *rule = refund->rule;
	const SvpRefundFact *asked = svp_refund_case_fact(refund, SVP_FACT_REQUESTED_AT);

	if (rule->final_sale)
	{
		svp_tell(story, "the sale is final: nothing is refunded, whenever it is asked for");
		return;
	}
	if (rule->has_window)
		tell_window(story, refund, &rule->window, "window", "was asked for", asked->knowledge, asked->value);
	else
		svp_tell(story, "window: none, it may be asked for at any time");
	if (rule->has_issue_limit)
		tell_window(story, refund, &rule->issue_limit, "issue limit", "is issued", SVP_KNOWN, refund->now);
}
