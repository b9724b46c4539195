/*-------------------------------------------------------------------------
 *
 * clock_case.h
 *		Laws of clocks, for any policy and any history.
 *
 * A case is decoded from bytes: benchmarks of one metric, and the events of a
 * ticket.  What holds for all of them is checked in the unit test and under
 * the fuzzer.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CLOCK_CASE_H
#define CLOCK_CASE_H

#include <inttypes.h>

#include "clock.h"

#define CASE_EVENTS 24
#define CASE_BENCHMARKS 4
#define CASE_CALENDARS 3

/* Monday 2026-03-02 00:00 UTC */
#define CASE_MONDAY (INT64_C(9557) * SVP_USEC_PER_DAY)
#define CASE_QUARTER (15 * SVP_USEC_PER_MINUTE)

#define ENDED (SVP_STATE_BIT(SVP_STATE_RESOLVED) | SVP_STATE_BIT(SVP_STATE_CLOSED))

typedef struct Bytes
{
	const uint8_t *data;
	size_t		size;
	size_t		used;
} Bytes;

typedef struct Case
{
	const char *metric;
	SvpBenchmark benchmarks[CASE_BENCHMARKS];
	SvpCalendar *calendars[CASE_BENCHMARKS];
	SvpPolicy	policy;
	SvpEvent	events[CASE_EVENTS];
	SvpHistory	history;
} Case;

static int
take(Bytes *bytes)
{
	return bytes->used < bytes->size ? bytes->data[bytes->used++] : 0;
}

/* A zone that goes an hour ahead on the second Sunday, and back on the third. */
static void
odd_zone(void *arg, int64 at, int64 *offset, int64 *until)
{
	int64		forward = CASE_MONDAY + 13 * SVP_USEC_PER_DAY + SVP_USEC_PER_HOUR;
	int64		back = forward + 7 * SVP_USEC_PER_DAY;

	*offset = at >= forward && at < back ? SVP_USEC_PER_HOUR : 0;
	*until = at < forward ? forward : at < back ? back : INT64_MAX;
}

/* Around the clock; days from nine to five; nights, and Sundays. */
static SvpCalendar *
case_calendar(int number)
{
	static SvpCalendar *made[CASE_CALENDARS];
	SvpHours	hours[8];
	int			n = 0;

	if (number == 0 || made[number] != NULL)
		return made[number];
	for (int day = 1; day <= 5; day++)
	{
		int64		opens = number == 1 ? 9 : 22;

		hours[n++] = (SvpHours) {day, SVP_DATE_ALWAYS, SVP_DATE_NEVER,
			opens * SVP_USEC_PER_HOUR, (opens + 8) * SVP_USEC_PER_HOUR};
	}
	if (number == 2)
		hours[n++] = (SvpHours) {7, SVP_DATE_ALWAYS, SVP_DATE_NEVER, 0, 12 * SVP_USEC_PER_HOUR};
	made[number] = svp_calendar_create(NULL, (SvpZone) {NULL, odd_zone}, number == 2,
									   hours, n, NULL, 0);
	return made[number];
}

static const char *
decode_priority(Bytes *bytes)
{
	static const char *const names[] = {"low", "low", "low", "urgent", NULL};

	return names[take(bytes) % lengthof(names)];
}

static void
decode_condition(Bytes *bytes, SvpCondition *when)
{
	static char *low[] = {"low"};
	static char *urgent[] = {"urgent"};
	int			which = take(bytes) % 4;

	if (which < 2)
		return;
	when->nconditions = 1;
	when->nvalues[SVP_PRIORITY] = 1;
	when->values[SVP_PRIORITY] = which == 2 ? low : urgent;
}

/* The states that the parser lets through. */
static void
decode_states(Bytes *bytes, SvpBenchmark *benchmark)
{
	uint32		any = SVP_STATE_BIT(SVP_STATE_VOID) - 1;
	int			how = take(bytes) % 8;

	benchmark->resume = take(bytes) % 2;
	if (strcmp(benchmark->metric, "hold") == 0)
		how = 2;
	if (how >= 1 && how <= 2)
	{
		benchmark->stop_on = take(bytes) & any;
		if (benchmark->stop_on == 0)
			benchmark->stop_on = SVP_STATE_BIT(SVP_STATE_PENDING);
	}
	svp_benchmark_complete(benchmark);
	if (how == 2 || (how == 3 && benchmark->measure != SVP_BY_EXCHANGE &&
					 benchmark->measure != SVP_BY_UPDATE))
		benchmark->start_on = take(bytes) & any & ~benchmark->end_states;
	svp_benchmark_complete(benchmark);
	benchmark->pause_on = take(bytes) & take(bytes) & any & ~benchmark->end_states;
}

static void
decode_benchmark(Bytes *bytes, const char *metric, SvpBenchmark *benchmark, SvpCalendar **calendar)
{
	int			number = take(bytes) % CASE_CALENDARS;

	*benchmark = (SvpBenchmark) {
		.name = "b", .metric = (char *) metric, .at_risk = (1 + take(bytes) % 4) * SVP_AMOUNT_ONE / 4
	};
	*calendar = case_calendar(number);
	benchmark->target = (1 + take(bytes)) * CASE_QUARTER;
	if (number > 0 && take(bytes) % 3 == 0)
	{
		benchmark->target = 0;
		benchmark->target_days = 1 + take(bytes) % 4;
		benchmark->end_of_day = take(bytes) % 2;
	}
	decode_condition(bytes, &benchmark->when);
	decode_states(bytes, benchmark);
}

static void
decode_event(Bytes *bytes, int64 *at, SvpEvent *event)
{
	static const SvpEventKind kinds[] = {
		SVP_EVENT_ASKED, SVP_EVENT_ASKED, SVP_EVENT_RESPONDED, SVP_EVENT_RESPONDED,
		SVP_EVENT_CHANGED, SVP_EVENT_CHANGED, SVP_EVENT_CHANGED, SVP_EVENT_LEFT
	};
	int			ago = take(bytes);

	event->kind = kinds[take(bytes) % lengthof(kinds)];
	/* mostly later, sometimes long ago, often at the same instant */
	*at += ago < 60 ? 0 : ago < 250 ? (ago - 60) * CASE_QUARTER / 2 : -8 * CASE_QUARTER;
	event->at = *at;
	if (SVP_EVENT_IS_MESSAGE(event->kind))
		return;
	event->state = event->kind == SVP_EVENT_LEFT ? SVP_STATE_VOID : take(bytes) % SVP_NSTATES;
	event->owned = take(bytes) % 2;
	event->scenario.value[SVP_PRIORITY] = decode_priority(bytes);
}

/* In order; equal ones as they were decoded, which is how they were recorded. */
static void
sort_events(SvpEvent *events, int nevents)
{
	for (int i = 1; i < nevents; i++)
	{
		SvpEvent	event = events[i];
		int			k = i;

		for (; k > 0 && svp_event_before(&event, &events[k - 1]); k--)
			events[k] = events[k - 1];
		events[k] = event;
	}
}

static void
decode_case(Case *one, const uint8_t *data, size_t size)
{
	static const char *const metrics[] = {
		"first_response", "next_response", "next_response", "periodic_update",
		"resolution", "closure", "ownership", "hold"
	};
	Bytes		bytes = {data, size, 0};
	int64		at = CASE_MONDAY + take(&bytes) * 4 * CASE_QUARTER;
	int			n = 1 + take(&bytes) % CASE_EVENTS;

	memset(one, 0, sizeof(*one));
	one->metric = metrics[take(&bytes) % lengthof(metrics)];
	one->policy.nbenchmarks = 1 + take(&bytes) % CASE_BENCHMARKS;
	one->policy.benchmarks = one->benchmarks;
	for (int i = 0; i < one->policy.nbenchmarks; i++)
		decode_benchmark(&bytes, one->metric, &one->benchmarks[i], &one->calendars[i]);

	one->history = (SvpHistory) {.opened_at = at,.nevents = n,.events = one->events};
	for (int i = 0; i < n; i++)
		decode_event(&bytes, &at, &one->events[i]);
	one->events[0].kind = SVP_EVENT_OPENED;
	one->events[0].at = one->history.opened_at;
	sort_events(one->events, n);
}

/* The laws.  What is broken, or NULL. */

#define BROKEN(...) \
	do { snprintf(broken, sizeof(broken), __VA_ARGS__); return broken; } while (0)

static char broken[300];

static int
fold_case(const Case *one, int nevents, SvpClock *clocks)
{
	SvpHistory	history = one->history;
	int			n = -1;

	history.nevents = nevents;
	if (svp_clock_fold(&history, &one->policy, one->calendars, one->metric, NULL, NULL,
					   clocks, &n) != SVP_TIME_OK)
		return -1;
	return n;
}

/*
 * Up to when a clock has counted.
 */
static int64
counted_to(const SvpClock *clock)
{
	return clock->state == SVP_CLOCK_RUNNING ? clock->counted_from :
		clock->state == SVP_CLOCK_PAUSED ? clock->paused_at : clock->stopped_at;
}

static const char *
check_clock(const SvpClock *clock, int number)
{
	int64		whole;
	int64		left;

	if (clock->cycle != number)
		BROKEN("clock %d is cycle %d", number, clock->cycle);
	if (clock->elapsed < 0 || clock->paused < 0 || counted_to(clock) < clock->started_at)
		BROKEN("clock %d counts backwards", number);
	svp_clock_measure(clock->calendar, clock->started_at, counted_to(clock), &whole);
	if (clock->elapsed + clock->paused != whole)
		BROKEN("clock %d: elapsed and paused are not what has passed", number);
	if (clock->target <= 0)
		BROKEN("clock %d has no target", number);
	if ((clock->state == SVP_CLOCK_MET && clock->elapsed > clock->target) ||
		(clock->state == SVP_CLOCK_MISSED && clock->elapsed <= clock->target))
		BROKEN("clock %d is judged otherwise than by its target", number);
	if (clock->state != SVP_CLOCK_RUNNING || clock->elapsed > clock->target)
		return NULL;
	if (!clock->has_due || !clock->has_at_risk || clock->at_risk_at > clock->due_at)
		BROKEN("clock %d runs without a deadline", number);
	svp_clock_measure(clock->calendar, clock->counted_from, clock->due_at, &left);
	if (clock->due_at >= clock->counted_from && clock->elapsed + left != clock->target)
		BROKEN("clock %d is due when its target is not used up", number);
	return NULL;
}

static const char *
check_clocks(const Case *one, const SvpClock *clocks, int nclocks)
{
	for (int i = 0; i < nclocks; i++)
	{
		const char *problem = check_clock(&clocks[i], i + 1);

		if (problem != NULL)
			return problem;
		if (i + 1 < nclocks && SVP_CLOCK_IS_OPEN(&clocks[i]))
			BROKEN("clock %d is open, and another follows", i + 1);
		if (i + 1 < nclocks && clocks[i].stopped_at > clocks[i + 1].started_at)
			BROKEN("clock %d ends after the next one starts", i + 1);
	}
	return NULL;
}

/*
 * Do two clocks agree in all that is stored?
 */
static bool
same_clock(const SvpClock *a, const SvpClock *b)
{
	return a->benchmark == b->benchmark && a->calendar == b->calendar && a->cycle == b->cycle &&
		a->state == b->state && a->started_at == b->started_at && a->target == b->target &&
		a->elapsed == b->elapsed && a->paused == b->paused &&
		a->has_due == b->has_due && (!a->has_due || a->due_at == b->due_at) &&
		a->has_at_risk == b->has_at_risk &&
		(!a->has_at_risk || a->at_risk_at == b->at_risk_at) && counted_to(a) == counted_to(b);
}

/*
 * A clock as it comes out of the table.
 */
static SvpClock
stored(const SvpClock *clock)
{
	SvpClock	row = {
		.benchmark = clock->benchmark,.cycle = clock->cycle,.state = clock->state,
		.started_at = clock->started_at,.target = clock->target,.elapsed = clock->elapsed,
		.paused = clock->paused,.has_due = clock->has_due,.has_at_risk = clock->has_at_risk
	};

	row.due_at = clock->has_due ? clock->due_at : 0;
	row.at_risk_at = clock->has_at_risk ? clock->at_risk_at : 0;
	if (clock->state == SVP_CLOCK_RUNNING)
		row.counted_from = clock->counted_from;
	else if (clock->state == SVP_CLOCK_PAUSED)
		row.paused_at = clock->paused_at;
	else
		row.stopped_at = clock->stopped_at;
	return row;
}

/*
 * The ticket after so many events.
 */
static SvpSituation
situation(const Case *one, int nevents)
{
	SvpSituation now = {.opened_at = one->history.opened_at};

	for (int i = 0; i < nevents; i++)
	{
		const SvpEvent *event = &one->events[i];

		if (SVP_EVENT_IS_MESSAGE(event->kind))
			continue;
		now.state = event->state;
		now.owned = event->owned;
		now.scenario = event->scenario;
	}
	return now;
}

static int	steps_taken;
static int	histories_asked;

/*
 * Going on from the clocks of all events but the last gives those of all.
 */
static const char *
check_continuing(const Case *one, int nevents, const SvpClock *all, int nall)
{
	SvpClock	clocks[CASE_EVENTS + 1];
	SvpClock	next[2] = {0};
	SvpSituation before = situation(one, nevents - 1);
	int			n = fold_case(one, nevents - 1, clocks);
	int			first = Max(n - 1, 0);	/* the clock that is gone on from */
	int			nnext;
	bool		needs_history;

	if (n > 0)
		next[0] = stored(&clocks[n - 1]);
	if (svp_clock_continue(&before, &one->events[nevents - 1], &one->policy, one->calendars,
						   one->metric, next, &nnext, &needs_history) != SVP_TIME_OK)
		BROKEN("event %d: cannot go on", nevents - 1);
	steps_taken++;
	histories_asked += needs_history;
	if (needs_history)
		return NULL;
	if (first + nnext != nall)
		BROKEN("event %d: %d clocks where there are %d", nevents - 1, first + nnext, nall);
	for (int i = 0; i < nall; i++)
	{
		const SvpClock *got = i < first ? &clocks[i] : &next[i - first];

		if (!same_clock(got, &all[i]))
			BROKEN("event %d: clock %d differs", nevents - 1, i + 1);
		if (i >= first && (got->last_event == 0) != (all[i].last_event == nevents - 1))
			BROKEN("event %d: clock %d does not tell whether it counts", nevents - 1, i + 1);
	}
	return NULL;
}

/*
 * Events that are recorded in any order are in the one order of time.
 */
static const char *
check_order(const Case *one, Bytes *bytes)
{
	const SvpEvent *events = one->events;
	int			n = one->history.nevents;
	int			order[CASE_EVENTS];

	for (int i = 0; i < n; i++)
	{
		int			k = take(bytes) % (i + 1);

		order[i] = i;
		order[i] = order[k];
		order[k] = i;
	}
	for (int i = 1; i < n; i++)
	{
		int			event = order[i];
		int			k = i;

		for (; k > 0; k--)
		{
			const SvpEvent *other = &events[order[k - 1]];

			if (svp_event_before(other, &events[event]) ||
				(!svp_event_before(&events[event], other) && order[k - 1] < event))
				break;
			order[k] = order[k - 1];
		}
		order[k] = event;
	}
	for (int i = 0; i < n; i++)
	{
		if (order[i] != i)
			BROKEN("event %d comes as number %d", order[i], i);
	}
	return NULL;
}

static const char *
check_case(const uint8_t *data, size_t size)
{
	Case		one;
	Bytes		shuffle = {data, size, 0};
	const char *problem;

	decode_case(&one, data, size);
	for (int n = 1; n <= one.history.nevents; n++)
	{
		SvpClock	clocks[CASE_EVENTS + 1];
		int			nclocks = fold_case(&one, n, clocks);

		if (nclocks < 0)
			BROKEN("%d events cannot be folded", n);
		if ((problem = check_clocks(&one, clocks, nclocks)) != NULL ||
			(problem = check_continuing(&one, n, clocks, nclocks)) != NULL)
			return problem;
	}
	return check_order(&one, &shuffle);
}

#endif							/* CLOCK_CASE_H */
