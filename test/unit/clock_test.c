/*
 * Clocks without a server: each rule once, by hand, and then random histories
 * against a second implementation that walks through time hour by hour.
 */
#include "clock_make.h"

static void
test_running(SvpCalendar *calendar)
{
	SvpBenchmark rule = benchmark("resolution", 8 * HOUR);
	SvpEvent	events[] = {event(SVP_EVENT_OPENED, AT(0, 10), SVP_STATE_OPEN)};
	SvpClock	clocks[2];

	is_int64(fold(&rule, calendar, events, 1, clocks), 1, "an open ticket has a clock");
	ok(clocks[0].state == SVP_CLOCK_RUNNING, "it runs");
	is_int64(clocks[0].started_at, AT(0, 10), "from the opening");
	is_int64(clocks[0].due_at, AT(1, 10), "until the next day at ten");
	is_int64(clocks[0].at_risk_at, AT(0, 16), "it is at risk after six of eight hours");
	is_int64(clocks[0].cycle, 1, "cycles count from one");

	is_int64(fold(&rule, NULL, events, 1, clocks), 1, "without a calendar too");
	is_int64(clocks[0].due_at, AT(0, 18), "time counts around the clock");
}

static void
test_equality(SvpCalendar *calendar)
{
	SvpBenchmark rule = benchmark("resolution", 7 * HOUR);
	SvpEvent	events[] = {
		event(SVP_EVENT_OPENED, AT(0, 10), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(1, 9), SVP_STATE_RESOLVED)
	};
	SvpClock	clocks[3];

	fold(&rule, calendar, events, 2, clocks);
	is_int64(clocks[0].due_at, AT(0, 17), "the deadline falls on closing time");
	is_int64(clocks[0].elapsed, 7 * HOUR, "all of the target has elapsed");
	ok(clocks[0].state == SVP_CLOCK_MET, "resolved at the next opening it is met: elapsed equals target");

	events[1].at++;
	fold(&rule, calendar, events, 2, clocks);
	ok(clocks[0].state == SVP_CLOCK_MISSED, "a microsecond later it is missed");
}

static void
test_pauses(SvpCalendar *calendar)
{
	SvpBenchmark rule = benchmark("resolution", 8 * HOUR);
	SvpEvent	events[] = {
		event(SVP_EVENT_OPENED, AT(0, 10), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(0, 12), SVP_STATE_PENDING),
		event(SVP_EVENT_CHANGED, AT(0, 12), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(0, 12), SVP_STATE_PENDING),
		event(SVP_EVENT_CHANGED, AT(1, 12), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(1, 14), SVP_STATE_RESOLVED)
	};
	SvpClock	clocks[7];

	rule.pause_on = STATE(PENDING);
	fold(&rule, calendar, events, 2, clocks);
	ok(clocks[0].state == SVP_CLOCK_PAUSED, "waiting for the customer is a pause");
	is_int64(clocks[0].elapsed, 2 * HOUR, "what ran before stays counted");
	ok(!clocks[0].has_due, "a paused clock has no deadline");
	fold(&rule, calendar, events, 4, clocks);
	is_int64(clocks[0].elapsed, 2 * HOUR, "two pauses at the same instant are no matter");
	fold(&rule, calendar, events, 5, clocks);
	is_int64(clocks[0].paused, 8 * HOUR, "a pause counts in business time");
	is_int64(clocks[0].due_at, AT(2, 10), "the deadline moves by the pause");
	fold(&rule, calendar, events, 6, clocks);
	is_int64(clocks[0].elapsed, 4 * HOUR, "resolved: the pause is not counted");
	ok(clocks[0].state == SVP_CLOCK_MET, "and the target met");

	/* breached first, then paused: the deadline was what it was */
	rule.target = HOUR;
	fold(&rule, calendar, events, 5, clocks);
	is_int64(clocks[0].due_at, AT(0, 11), "a pause after the deadline does not move it");
}

static void
test_reopening(SvpCalendar *calendar)
{
	SvpBenchmark rule = benchmark("resolution", 8 * HOUR);
	SvpEvent	events[] = {
		event(SVP_EVENT_OPENED, AT(0, 10), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(0, 12), SVP_STATE_RESOLVED),
		event(SVP_EVENT_CHANGED, AT(0, 13), SVP_STATE_CLOSED),
		event(SVP_EVENT_CHANGED, AT(1, 10), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(2, 10), SVP_STATE_RESOLVED)
	};
	SvpClock	clocks[6];

	is_int64(fold(&rule, calendar, events, 3, clocks), 1, "closing what is resolved changes nothing");
	is_int64(clocks[0].stopped_at, AT(0, 12), "it stopped when it was resolved");
	is_int64(fold(&rule, calendar, events, 4, clocks), 1, "reopening resumes the clock");
	ok(clocks[0].state == SVP_CLOCK_RUNNING, "it runs again");
	is_int64(clocks[0].paused, 6 * HOUR, "the time while resolved is a pause");
	is_int64(clocks[0].due_at, AT(1, 16), "six hours are left");
	fold(&rule, calendar, events, 5, clocks);
	is_int64(clocks[0].elapsed, 10 * HOUR, "both stretches count");
	ok(clocks[0].state == SVP_CLOCK_MISSED, "and now the target is missed");

	rule.resume = false;
	is_int64(fold(&rule, calendar, events, 5, clocks), 2, "or reopening starts a new cycle");
	ok(clocks[0].state == SVP_CLOCK_MET, "the first stays judged");
	is_int64(clocks[1].cycle, 2, "the second is number two");
	is_int64(clocks[1].started_at, AT(1, 10), "and starts when it was reopened");
	is_int64(clocks[1].elapsed, 8 * HOUR, "it has the whole target");
	ok(clocks[1].state == SVP_CLOCK_MET, "and meets it");
}

static void
test_first_response(SvpCalendar *calendar)
{
	SvpBenchmark rule = benchmark("first_response", HOUR);
	SvpEvent	events[] = {
		event(SVP_EVENT_OPENED, AT(0, 10), SVP_STATE_OPEN),
		event(SVP_EVENT_RESPONDED, AT(0, 11), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(0, 12), SVP_STATE_RESOLVED),
		event(SVP_EVENT_CHANGED, AT(0, 13), SVP_STATE_OPEN)
	};
	SvpEvent	silent[] = {events[0], events[2], events[3]};
	SvpClock	clocks[5];

	fold(&rule, calendar, events, 4, clocks);
	ok(clocks[0].state == SVP_CLOCK_MET, "the first reply stops the clock, in time when exactly in time");
	is_int64(clocks[0].stopped_at, AT(0, 11), "there it stays, whatever follows");
	fold(&rule, calendar, silent, 3, clocks);
	is_int64(clocks[0].stopped_at, AT(0, 12), "a resolution is an answer too");
	ok(clocks[0].state == SVP_CLOCK_MISSED, "here a late one");

	rule.stop_on = STATE(PENDING);
	fold(&rule, calendar, events, 4, clocks);
	ok(clocks[0].state == SVP_CLOCK_RUNNING, "stop_on replaces the metric's own end");
}

static void
test_own_states(SvpCalendar *calendar)
{
	SvpBenchmark rule = benchmark("hold", 4 * HOUR);
	SvpEvent	events[] = {
		event(SVP_EVENT_OPENED, AT(0, 10), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(0, 12), SVP_STATE_ON_HOLD),
		event(SVP_EVENT_CHANGED, AT(0, 14), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(0, 15), SVP_STATE_ON_HOLD),
		event(SVP_EVENT_CHANGED, AT(0, 16), SVP_STATE_CLOSED)
	};
	SvpClock	clocks[6];

	rule.start_on = STATE(ON_HOLD);
	rule.stop_on = STATE(OPEN) | STATE(CLOSED);
	is_int64(fold(&rule, calendar, events, 1, clocks), 0, "a metric of one's own starts in its states");
	fold(&rule, calendar, events, 3, clocks);
	is_int64(clocks[0].started_at, AT(0, 12), "when they are entered");
	is_int64(clocks[0].elapsed, 2 * HOUR, "and stops in its others");
	is_int64(fold(&rule, calendar, events, 5, clocks), 1, "entering them again goes on");
	is_int64(clocks[0].elapsed, 3 * HOUR, "with what had elapsed");

	rule = benchmark("closure", 4 * HOUR);
	events[3].state = SVP_STATE_RESOLVED;
	fold(&rule, calendar, events, 4, clocks);
	ok(clocks[0].state == SVP_CLOCK_RUNNING, "closure does not stop on resolved");
	fold(&rule, calendar, events, 5, clocks);
	is_int64(clocks[0].stopped_at, AT(0, 16), "but on closed");
}

static void
test_void(SvpCalendar *calendar)
{
	SvpBenchmark rule = benchmark("resolution", 8 * HOUR);
	SvpEvent	events[] = {
		event(SVP_EVENT_OPENED, AT(0, 10), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(0, 12), SVP_STATE_VOID),
		event(SVP_EVENT_CHANGED, AT(0, 13), SVP_STATE_CLOSED),
		event(SVP_EVENT_CHANGED, AT(0, 14), SVP_STATE_OPEN),
		event(SVP_EVENT_LEFT, AT(0, 15), SVP_STATE_VOID)
	};
	SvpClock	clocks[6];

	fold(&rule, calendar, events, 3, clocks);
	ok(clocks[0].state == SVP_CLOCK_CANCELLED, "spam is cancelled, and closing it no resolution");
	fold(&rule, calendar, events, 4, clocks);
	ok(clocks[0].state == SVP_CLOCK_RUNNING, "a mistake can be taken back");
	is_int64(clocks[0].paused, 2 * HOUR, "the time between is a pause");
	fold(&rule, calendar, events, 5, clocks);
	ok(clocks[0].state == SVP_CLOCK_CANCELLED, "a ticket that is deleted is cancelled");
	is_int64(fold(&rule, calendar, events + 1, 1, clocks), 0, "what was spam from the start has no clock");
}

static void
test_scenarios(SvpCalendar *calendar)
{
	static char *urgent[] = {"urgent"};
	SvpBenchmark rules[] = {benchmark("resolution", 8 * HOUR), benchmark("resolution", 2 * HOUR)};
	SvpCalendar *calendars[] = {calendar, calendar};
	SvpPolicy	policy = {.nbenchmarks = 2, .benchmarks = rules};
	SvpEvent	events[] = {
		event(SVP_EVENT_OPENED, AT(0, 10), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(0, 11), SVP_STATE_PENDING),
		event(SVP_EVENT_CHANGED, AT(0, 12), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(0, 13), SVP_STATE_OPEN),
		event(SVP_EVENT_CHANGED, AT(0, 15), SVP_STATE_RESOLVED),
		event(SVP_EVENT_CHANGED, AT(0, 16), SVP_STATE_RESOLVED)
	};
	SvpHistory	history = {AT(0, 10), 4, events};
	SvpClock	clocks[7];
	int			n;

	rules[0].pause_on = STATE(PENDING);
	rules[1].when.nvalues[SVP_PRIORITY] = 1;
	rules[1].when.values[SVP_PRIORITY] = urgent;
	rules[1].when.nconditions = 1;
	events[3].scenario.value[SVP_PRIORITY] = "urgent";
	events[4].scenario.value[SVP_PRIORITY] = "urgent";

	svp_clock_fold(&history, &policy, calendars, "resolution", NULL, NULL, clocks, &n);
	ok(clocks[0].benchmark == &rules[1], "a change of scenario matches again");
	is_int64(clocks[0].due_at, AT(0, 12), "the new target counts from the start, with its own pauses");
	is_int64(clocks[0].started_at, AT(0, 10), "and the clock from where it began");
	history.nevents = 6;
	svp_clock_fold(&history, &policy, calendars, "resolution", NULL, NULL, clocks, &n);
	ok(clocks[0].benchmark == &rules[1] && clocks[0].state == SVP_CLOCK_MISSED,
	   "a change after the judgement changes nothing");
	is_int64(clocks[0].last_event, 4, "the last event that counted is the resolution");

	rules[0].when = rules[1].when;
	svp_clock_fold(&history, &policy, calendars, "resolution", NULL, NULL, clocks, &n);
	ok(clocks[0].benchmark == &rules[0], "of two that match as well the first counts");
	rules[0].when.nconditions = 2;
	history.nevents = 3;
	svp_clock_fold(&history, &policy, calendars, "resolution", NULL, NULL, clocks, &n);
	is_int64(n, 0, "no benchmark, no clock");
	svp_clock_fold(&history, &policy, calendars, "closure", NULL, NULL, clocks, &n);
	is_int64(n, 0, "no such metric, no clock");
}

/* An opinion of its own: hour by hour, with flags. */
typedef struct Walk
{
	bool		judged;
	bool		cancelled;
	bool		paused;
	int64		elapsed;
	int64		waited;
	int64		stopped_at;
} Walk;

static bool
open_at(int64 at)
{
	int64		hours = (at - MONDAY) / HOUR;

	return hours / 24 % 7 < 5 && hours % 24 >= 9 && hours % 24 < 17;
}

static void
walk_event(Walk *walk, const SvpBenchmark *rule, SvpState state, int64 at)
{
	bool		stops = state == SVP_STATE_RESOLVED || state == SVP_STATE_CLOSED;

	if (walk->judged && (stops || state == SVP_STATE_VOID))
		return;
	walk->judged = stops || state == SVP_STATE_VOID;
	walk->cancelled = state == SVP_STATE_VOID;
	walk->stopped_at = at;
	walk->paused = (rule->pause_on & SVP_STATE_BIT(state)) != 0;
}

static Walk
walk(const SvpBenchmark *rule, const SvpEvent *events, int nevents)
{
	Walk		walk = {0};
	int			next = 0;

	for (int64 at = events[0].at;; at += HOUR)
	{
		while (next < nevents && events[next].at == at)
			walk_event(&walk, rule, events[next++].state, at);
		if (next == nevents)
			return walk;
		if (!open_at(at))
			continue;
		if (walk.judged)
			walk.waited += HOUR;
		else if (!walk.paused)
			walk.elapsed += HOUR;
		else
			walk.waited += HOUR;
	}
}

static int
random_below(int n)
{
	static uint32 seed = 20260302;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void
test_random(SvpCalendar *calendar)
{
	int			wrong = 0;

	for (int round = 0; round < 20000; round++)
	{
		SvpBenchmark rule = benchmark("resolution", (1 + random_below(30)) * HOUR);
		SvpEvent	events[12];
		SvpClock	clocks[13];
		int			n = 1 + random_below(12);
		int64		at = MONDAY + random_below(7 * 24) * HOUR;
		Walk		expected;
		SvpClockState state;

		rule.pause_on = random_below(2) ? STATE(PENDING) | STATE(ON_HOLD) : STATE(PENDING);
		for (int i = 0; i < n; i++)
		{
			events[i] = event(i == 0 ? SVP_EVENT_OPENED : SVP_EVENT_CHANGED, at,
							  i == 0 ? random_below(3) : random_below(SVP_NSTATES));
			at += (random_below(3) == 0 ? 0 : random_below(40)) * HOUR;
		}
		expected = walk(&rule, events, n);
		if (fold(&rule, calendar, events, n, clocks) != 1)
		{
			wrong++;
			continue;
		}
		if (!expected.judged)
		{
			/* up to the last event, as the walk does */
			int64		since = 0;

			if (clocks[0].state == SVP_CLOCK_RUNNING)
				svp_elapsed(calendar, clocks[0].counted_from, events[n - 1].at, &since);
			clocks[0].elapsed += since;
			wrong += clocks[0].elapsed != expected.elapsed ||
				(clocks[0].state == SVP_CLOCK_PAUSED) != expected.paused;
			continue;
		}
		state = expected.cancelled ? SVP_CLOCK_CANCELLED :
			expected.elapsed > rule.target ? SVP_CLOCK_MISSED : SVP_CLOCK_MET;
		wrong += clocks[0].state != state || clocks[0].elapsed != expected.elapsed ||
			clocks[0].stopped_at != expected.stopped_at;
	}
	is_int64(wrong, 0, "20,000 random histories give what walking through them gives");
}

int
main(void)
{
	SvpCalendar *calendar = office_in((SvpZone) {NULL, utc});

	test_running(calendar);
	test_equality(calendar);
	test_pauses(calendar);
	test_reopening(calendar);
	test_first_response(calendar);
	test_own_states(calendar);
	test_void(calendar);
	test_scenarios(calendar);
	test_random(calendar);
	return done_testing();
}
