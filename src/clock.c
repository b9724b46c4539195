/*-------------------------------------------------------------------------
 *
 * clock.c
 *		From a ticket's ledger to its clocks.
 *
 * One clock is folded over the events in order of time.  It is judged by
 * elapsed > target, so that a deadline which falls exactly on closing time
 * cannot be missed by waiting for the next opening; deadlines are kept for
 * those who look for what is due.
 *
 * A change of scenario while a clock is open matches the benchmarks again;
 * the new one counts from the clock's start, with its own pauses.  That is
 * done by folding the cycle's events again, for each benchmark once, so all
 * costs O(events) for each benchmark that ever matches.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "clock.h"

const char *const svp_event_names[SVP_NEVENTS] = {
	"opened", "changed", "responded", "left"
};

const char *const svp_clock_state_names[SVP_NCLOCK_STATES] = {
	"running", "paused", "met", "missed", "cancelled"
};

#define RESOLVED_OR_CLOSED \
	(SVP_STATE_BIT(SVP_STATE_RESOLVED) | SVP_STATE_BIT(SVP_STATE_CLOSED))

bool
svp_event_before(const SvpEvent *a, const SvpEvent *b)
{
	if (a->kind == SVP_EVENT_OPENED)
		return b->kind != SVP_EVENT_OPENED;
	return b->kind != SVP_EVENT_OPENED && a->at < b->at;
}

typedef struct Fold
{
	const SvpHistory *history;
	SvpClockListener listener;	/* NULL while events are folded again */
	void	   *arg;
	int			event;			/* being folded */
	SvpState	state;			/* of the ticket, after it */
	SvpTimeResult result;
} Fold;

/*
 * The clock that a cycle would have, had a benchmark matched from its first
 * event on; kept for when the benchmark matches again.
 */
typedef struct Replay
{
	int			first_event;
	int			next_event;		/* the first that is not folded yet */
	SvpState	state;			/* of the ticket, before that */
	SvpClock	clock;			/* without a benchmark: not begun */
} Replay;

/*
 * The measure of [from, to) in a calendar, or around the clock, for the same
 * years: a time that is nonsense must not give a deadline that no timestamp
 * can hold.
 */
SvpTimeResult
svp_clock_measure(SvpCalendar *calendar, int64 from, int64 to, int64 *usec)
{
	if (calendar != NULL)
		return svp_elapsed(calendar, from, to, usec);
	if (!svp_time_in_range(from) || !svp_time_in_range(to))
		return SVP_TIME_OUT_OF_RANGE;
	*usec = to - from;
	return SVP_TIME_OK;
}

static void
tell(Fold *fold, SvpTransition what, const SvpClock *clock)
{
	if (fold->listener != NULL)
		fold->listener(fold->arg, what, clock, fold->event);
}

static int64
measure(Fold *fold, const SvpClock *clock, int64 from, int64 to)
{
	int64		usec = 0;
	SvpTimeResult result = svp_clock_measure(clock->calendar, from, to, &usec);

	if (result != SVP_TIME_OK)
		fold->result = result;
	return usec;
}

/*
 * The instant at which the clock, running from "from" on, has used a budget
 * up.  False when it never does: the calendar's hours end.
 */
static bool
deadline(const SvpClock *clock, int64 from, int64 budget, int64 *at)
{
	if (clock->calendar != NULL)
		return svp_deadline(clock->calendar, from, budget, at) == SVP_TIME_OK;
	if (!svp_time_in_range(from))
		return false;
	*at = from + budget;
	return true;
}

static bool
is_first_response(const SvpBenchmark *benchmark)
{
	return strcmp(benchmark->metric, SVP_METRIC_FIRST_RESPONSE) == 0;
}

static bool
starts_in(const SvpBenchmark *benchmark, SvpState state)
{
	if (state == SVP_STATE_VOID)
		return false;
	return benchmark->start_on == 0 || (benchmark->start_on & SVP_STATE_BIT(state)) != 0;
}

/*
 * A reply that resolves is a reply, so first_response ends there at the latest.
 */
static bool
stops_in(const SvpBenchmark *benchmark, SvpState state)
{
	uint32		stop_on = benchmark->stop_on;

	if (stop_on == 0)
		stop_on = strcmp(benchmark->metric, SVP_METRIC_CLOSURE) == 0 ?
			SVP_STATE_BIT(SVP_STATE_CLOSED) : RESOLVED_OR_CLOSED;
	return (stop_on & SVP_STATE_BIT(state)) != 0;
}

static bool
stops_on_reply(const SvpBenchmark *benchmark)
{
	return is_first_response(benchmark) && benchmark->stop_on == 0;
}

static bool
pauses_in(const SvpBenchmark *benchmark, SvpState state)
{
	return (benchmark->pause_on & SVP_STATE_BIT(state)) != 0;
}

/*
 * Run from "at" on.  A deadline that had passed before the pause stays.
 */
static void
run_from(SvpClock *clock, int64 at)
{
	const SvpBenchmark *benchmark = clock->benchmark;

	clock->state = SVP_CLOCK_RUNNING;
	clock->counted_from = at;
	if (!clock->has_due)
		clock->has_due = deadline(clock, at, benchmark->target - clock->elapsed, &clock->due_at);
	if (!clock->has_at_risk)
		clock->has_at_risk = deadline(clock, at, benchmark->at_risk - clock->elapsed,
									  &clock->at_risk_at);
}

/*
 * Count what has run up to "at".
 */
static void
count_to(Fold *fold, SvpClock *clock, int64 at)
{
	if (clock->state == SVP_CLOCK_RUNNING)
		clock->elapsed += measure(fold, clock, clock->counted_from, at);
	else if (clock->state == SVP_CLOCK_PAUSED)
		clock->paused += measure(fold, clock, clock->paused_at, at);
}

static void
forget_deadlines_after(SvpClock *clock, int64 at)
{
	clock->has_due = clock->has_due && clock->due_at <= at;
	clock->has_at_risk = clock->has_at_risk && clock->at_risk_at <= at;
}

static void
pause_clock(Fold *fold, SvpClock *clock, int64 at)
{
	count_to(fold, clock, at);
	clock->state = SVP_CLOCK_PAUSED;
	clock->paused_at = at;
	forget_deadlines_after(clock, at);
	tell(fold, SVP_CLOCK_PAUSES, clock);
}

static void
resume(Fold *fold, SvpClock *clock, int64 at)
{
	count_to(fold, clock, at);
	run_from(clock, at);
	tell(fold, SVP_CLOCK_RESUMES, clock);
}

static void
stop(Fold *fold, SvpClock *clock, int64 at)
{
	count_to(fold, clock, at);
	clock->state = clock->elapsed > clock->benchmark->target ? SVP_CLOCK_MISSED : SVP_CLOCK_MET;
	clock->stopped_at = at;
	tell(fold, SVP_CLOCK_STOPS, clock);
}

static void
cancel(Fold *fold, SvpClock *clock, int64 at)
{
	count_to(fold, clock, at);
	clock->state = SVP_CLOCK_CANCELLED;
	clock->stopped_at = at;
	tell(fold, SVP_CLOCK_CANCELS, clock);
}

static void
start(Fold *fold, SvpClock *clock, int64 at)
{
	/* an instant that the calendar does not reach is told now, not when the clock stops */
	(void) measure(fold, clock, at, at);
	clock->started = true;
	clock->started_at = at;
	clock->target = clock->benchmark->target;
	run_from(clock, at);
	tell(fold, SVP_CLOCK_STARTS, clock);
}

/*
 * Go on with a clock that was judged: the time since then is a pause.
 */
static void
reopen(Fold *fold, SvpClock *clock, int64 at)
{
	clock->paused += measure(fold, clock, clock->stopped_at, at);
	forget_deadlines_after(clock, clock->stopped_at);
	run_from(clock, at);
	tell(fold, SVP_CLOCK_REOPENS, clock);
}

/*
 * Would the clock, which is judged, be open again in this state?  A first
 * response happens once; but what was cancelled may go on.
 */
static bool
reopens_in(const SvpClock *clock, SvpState state)
{
	const SvpBenchmark *benchmark = clock->benchmark;

	if (clock->state != SVP_CLOCK_CANCELLED && is_first_response(benchmark))
		return false;
	return starts_in(benchmark, state) && !stops_in(benchmark, state);
}

/*
 * Bring an open clock in line with the ticket's state.
 */
static void
follow_state(Fold *fold, SvpClock *clock, int64 at)
{
	const SvpBenchmark *benchmark = clock->benchmark;

	if (fold->state == SVP_STATE_VOID)
		cancel(fold, clock, at);
	else if (stops_in(benchmark, fold->state))
		stop(fold, clock, at);
	else if (clock->state == SVP_CLOCK_RUNNING && pauses_in(benchmark, fold->state))
		pause_clock(fold, clock, at);
	else if (clock->state == SVP_CLOCK_PAUSED && !pauses_in(benchmark, fold->state))
		resume(fold, clock, at);
}

/*
 * Fold the current event into a clock that has a benchmark.
 */
static void
step(Fold *fold, SvpClock *clock)
{
	const SvpEvent *event = &fold->history->events[fold->event];
	int64		at = Max(event->at, fold->history->opened_at);

	if (!clock->started)
	{
		bool		from_opening = clock->benchmark->start_on == 0 && clock->cycle == 1;

		if (!starts_in(clock->benchmark, fold->state))
			return;
		start(fold, clock, from_opening ? fold->history->opened_at : at);
	}
	else if (!SVP_CLOCK_IS_OPEN(clock))
	{
		if (!reopens_in(clock, fold->state))
			return;
		reopen(fold, clock, at);
	}
	clock->last_event = fold->event;
	if (event->kind == SVP_EVENT_RESPONDED && stops_on_reply(clock->benchmark))
		stop(fold, clock, at);
	else
		follow_state(fold, clock, at);
}

static void
enter_event(Fold *fold, int event)
{
	fold->event = event;
	if (fold->history->events[event].kind != SVP_EVENT_RESPONDED)
		fold->state = fold->history->events[event].state;
}

/*
 * Put a clock under another benchmark, from its cycle's first event on up to,
 * and not including, the current one.
 */
static void
rematch(Fold *fold, SvpClock *clock, Replay *replay, const SvpBenchmark *benchmark,
		SvpCalendar *calendar, int first_event)
{
	bool		was_started = clock->started;
	Fold		again = *fold;

	if (replay->clock.benchmark == NULL || replay->first_event != first_event)
		*replay = (Replay) {
			.first_event = first_event,
			.next_event = first_event,
			.state = SVP_STATE_OPEN,
			.clock = {.benchmark = benchmark,.calendar = calendar,.cycle = clock->cycle}
		};
	again.listener = NULL;
	again.state = replay->state;
	for (; replay->next_event < fold->event; replay->next_event++)
	{
		enter_event(&again, replay->next_event);
		step(&again, &replay->clock);
	}
	replay->state = again.state;
	*clock = replay->clock;
	fold->result = again.result;
	if (was_started)
		tell(fold, SVP_CLOCK_REMATCHES, clock);
}

static int
best_benchmark(const SvpPolicy *policy, const char *metric, const SvpScenario *scenario)
{
	int			best = -1;

	for (int i = 0; i < policy->nbenchmarks; i++)
	{
		const SvpBenchmark *benchmark = &policy->benchmarks[i];

		if (strcmp(benchmark->metric, metric) != 0 ||
			!svp_scenario_matches(&benchmark->when, scenario))
			continue;
		if (best < 0 || benchmark->when.nconditions > policy->benchmarks[best].when.nconditions)
			best = i;
	}
	return best;
}

/*
 * Is this the event that begins another cycle, rather than going on?
 */
static bool
begins_cycle(const SvpClock *clock, SvpState state)
{
	return clock->started && !clock->benchmark->resume &&
		(clock->state == SVP_CLOCK_MET || clock->state == SVP_CLOCK_MISSED) &&
		reopens_in(clock, state);
}

/*
 * Does a judged clock stay as it is, whatever now matches?
 */
static bool
stays_judged(const SvpClock *clock, SvpState state)
{
	return clock->started && !SVP_CLOCK_IS_OPEN(clock) && !reopens_in(clock, state);
}

/*
 * Fold a ticket's history into the clocks of one metric: one, or one for each
 * cycle.  "calendars" goes with the policy's benchmarks; "clocks" has room for
 * one more than there are events.  The listener, which may be NULL, hears of
 * each transition of the clocks as they come out.
 */
SvpTimeResult
svp_clock_fold(const SvpHistory *history, const SvpPolicy *policy,
			   SvpCalendar *const *calendars, const char *metric,
			   SvpClockListener listener, void *arg,
			   SvpClock *clocks, int *nclocks)
{
	Fold		fold = {history, listener, arg, 0, SVP_STATE_OPEN, SVP_TIME_OK};
	SvpClock   *clock = clocks;
	SvpScenario scenario = {{NULL}};
	int			first_event = 0;
	Replay	   *replays = palloc(sizeof(Replay) * (policy->nbenchmarks + 1));

	memset(replays, 0, sizeof(Replay) * policy->nbenchmarks);
	*clock = (SvpClock) {.cycle = 1};
	for (int i = 0; i < history->nevents && fold.result == SVP_TIME_OK; i++)
	{
		int			best;

		enter_event(&fold, i);
		if (history->events[i].kind != SVP_EVENT_RESPONDED)
			scenario = history->events[i].scenario;
		if (stays_judged(clock, fold.state))
			continue;
		if (begins_cycle(clock, fold.state))
		{
			clock[1] = (SvpClock) {.cycle = clock->cycle + 1};
			clock++;
			first_event = i;
		}

		best = best_benchmark(policy, metric, &scenario);
		if (best < 0)
		{
			if (clock->started && SVP_CLOCK_IS_OPEN(clock))
				cancel(&fold, clock, Max(history->events[i].at, clock->started_at));
			continue;
		}
		if (clock->benchmark != &policy->benchmarks[best])
			rematch(&fold, clock, &replays[best], &policy->benchmarks[best], calendars[best],
					first_event);
		step(&fold, clock);
	}
	pfree(replays);
	*nclocks = (clock - clocks) + (clock->started ? 1 : 0);
	return fold.result;
}
