/*-------------------------------------------------------------------------
 *
 * clock_make.h
 *		Calendars, benchmarks and events for the tests of clocks.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLOCK_MAKE_H
#define CLOCK_MAKE_H

#include "clock.h"
#include "tap.h"

#define HOUR SVP_USEC_PER_HOUR
#define DAY SVP_USEC_PER_DAY

/* Monday 2026-03-02 00:00 UTC */
#define MONDAY (INT64_C(9557) * DAY)
#define AT(day, hour) (MONDAY + (day) * DAY + (hour) * HOUR)

#define STATE(name) SVP_STATE_BIT(SVP_STATE_##name)

static inline void
utc(void *arg, int64 at, int64 *offset, int64 *until)
{
	*offset = 0;
	*until = INT64_MAX;
}

/* Monday to Friday, nine to five. */
static inline SvpCalendar *
office_in(SvpZone zone)
{
	SvpHours	hours[5];

	for (int i = 0; i < 5; i++)
		hours[i] = (SvpHours) {i + 1, SVP_DATE_ALWAYS, SVP_DATE_NEVER, 9 * HOUR, 17 * HOUR};
	return svp_calendar_create(NULL, zone, false, hours, 5, NULL, 0);
}

static inline SvpBenchmark
benchmark(const char *metric, int64 target)
{
	SvpBenchmark rule = {
		.name = "b", .metric = (char *) metric, .calendar = "office",
		.target = target, .at_risk = SVP_AMOUNT_ONE / 4 * 3, .resume = true
	};

	svp_benchmark_complete(&rule);
	return rule;
}

static inline SvpEvent
event(SvpEventKind kind, int64 at, SvpState state)
{
	return (SvpEvent) {.kind = kind, .at = at, .state = state};
}

#define OPENED(at)			event(SVP_EVENT_OPENED, at, SVP_STATE_OPEN)
#define ASKED(at)			event(SVP_EVENT_ASKED, at, SVP_STATE_OPEN)
#define REPLIED(at)			event(SVP_EVENT_RESPONDED, at, SVP_STATE_OPEN)
#define CHANGED(at, state)	event(SVP_EVENT_CHANGED, at, SVP_STATE_##state)

/* The clocks of a history under some benchmarks of one metric; -1 if it cannot be told. */
static inline int
fold_by(SvpBenchmark *rules, int nrules, SvpCalendar *calendar, const SvpEvent *events, int nevents,
		SvpClock *clocks)
{
	SvpHistory	history = {events[0].at, nevents, events};
	SvpPolicy	policy = {.nbenchmarks = nrules, .benchmarks = rules};
	SvpCalendar *calendars[] = {calendar, calendar, calendar, calendar};
	int			nclocks;

	for (int i = 0; i < nrules; i++)
		svp_benchmark_complete(&rules[i]);
	if (svp_clock_fold(&history, &policy, calendars, rules[0].metric, NULL, NULL,
					   clocks, &nclocks) != SVP_TIME_OK)
		return -1;
	return nclocks;
}

static inline int
fold(SvpBenchmark *rule, SvpCalendar *calendar, const SvpEvent *events, int nevents, SvpClock *clocks)
{
	return fold_by(rule, 1, calendar, events, nevents, clocks);
}

#endif							/* CLOCK_MAKE_H */
