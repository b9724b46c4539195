/*-------------------------------------------------------------------------
 *
 * clock_step.c
 *		What one event does to one clock.
 *
 * A clock is judged by elapsed > target, so that a deadline which falls
 * exactly on closing time cannot be missed by waiting for the next opening;
 * deadlines are kept for those who look for what is due.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "clock_step.h"

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

/*
 * Go on to the next event.
 */
void
svp_step_enter(SvpStep *step, const SvpEvent *event, int number)
{
	step->event = event;
	step->number = number;
	step->state_before = step->state;
	if (SVP_EVENT_IS_MESSAGE(event->kind))
		return;
	step->state = event->state;
	step->owned = event->owned;
}

void
svp_step_tell(SvpStep *step, SvpTransition what, const SvpClock *clock)
{
	if (step->listener != NULL)
		step->listener(step->arg, what, clock, step->number);
}

/*
 * When the event counts: not before the opening.
 */
static int64
time_of(const SvpStep *step)
{
	if (step->event->kind == SVP_EVENT_OPENED)
		return step->opened_at;
	return Max(step->event->at, step->opened_at);
}

static int64
measure(SvpStep *step, const SvpClock *clock, int64 from, int64 to)
{
	int64		usec = 0;
	SvpTimeResult result = svp_clock_measure(clock->calendar, from, to, &usec);

	if (result != SVP_TIME_OK)
		step->result = result;
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

/* What a benchmark says of the ticket */

static bool
is_in(uint32 states, SvpState state)
{
	return (states & SVP_STATE_BIT(state)) != 0;
}

static bool
is_ended(const SvpStep *step, const SvpBenchmark *benchmark)
{
	return is_in(benchmark->end_states, step->state) ||
		(benchmark->measure == SVP_BY_OWNER && step->owned);
}

static bool
is_paused(const SvpStep *step, const SvpBenchmark *benchmark)
{
	return is_in(benchmark->pause_on, step->state);
}

/*
 * May a clock that is not open be so, going by where it starts?
 */
static bool
is_begun(const SvpStep *step, const SvpClock *clock)
{
	const SvpBenchmark *benchmark = clock->benchmark;

	if (step->state == SVP_STATE_VOID)
		return false;
	if (benchmark->measure == SVP_BY_EXCHANGE)
		return clock->waiting;
	if (benchmark->measure == SVP_BY_FIRST_REPLY && clock->answered)
		return false;
	return benchmark->start_on == 0 || is_in(benchmark->start_on, step->state);
}

/*
 * A ticket may be over when it is opened: it was answered then, and solved.
 * But nobody waited for a message or an update.
 */
static bool
starts(const SvpStep *step, const SvpClock *clock)
{
	bool		by_message = clock->benchmark->measure == SVP_BY_EXCHANGE ||
		clock->benchmark->measure == SVP_BY_UPDATE;

	if (is_ended(step, clock->benchmark) && (by_message || step->event->kind != SVP_EVENT_OPENED))
		return false;
	return is_begun(step, clock);
}

/*
 * Would the clock, which is judged, be open again now?  A first response
 * happens once; but what was cancelled may go on.
 */
static bool
goes_on(const SvpStep *step, const SvpClock *clock)
{
	if (clock->state != SVP_CLOCK_CANCELLED && clock->benchmark->measure == SVP_BY_FIRST_REPLY)
		return false;
	return is_begun(step, clock) && !is_ended(step, clock->benchmark);
}

/*
 * Does a judged clock stay as it is, whatever now matches?
 */
bool
svp_step_stays_judged(const SvpStep *step, const SvpClock *clock)
{
	return clock->started && !SVP_CLOCK_IS_OPEN(clock) && !goes_on(step, clock);
}

/*
 * Is this the event that begins another cycle, rather than going on?  What
 * was cancelled goes on, unless it was answered meanwhile.
 */
bool
svp_step_begins_cycle(const SvpStep *step, const SvpClock *clock)
{
	if (!clock->started || SVP_CLOCK_IS_OPEN(clock) || clock->benchmark->resume ||
		(clock->state == SVP_CLOCK_CANCELLED && !clock->answered))
		return false;
	return goes_on(step, clock);
}

/*
 * Keep in mind what the event says of messages: a customer's waits for a
 * reply or for the ticket's end, whether or not a clock runs.  One that came
 * with the opening is the opening.
 */
void
svp_step_hear(const SvpStep *step, SvpClock *clock)
{
	const SvpBenchmark *benchmark = clock->benchmark;

	if (step->event->kind == SVP_EVENT_ASKED)
		clock->waiting = clock->waiting || step->event->at > step->opened_at;
	else if (step->event->kind == SVP_EVENT_RESPONDED)
	{
		if (!svp_benchmark_hears_replies(benchmark))
			return;
		clock->waiting = false;
		clock->answered = true;
	}
	else if (benchmark->measure == SVP_BY_EXCHANGE &&
			 is_in(benchmark->end_states, step->state) &&
			 !is_in(benchmark->end_states, step->state_before))
	{
		clock->waiting = false;
		clock->answered = true;
	}
}

/* What happens to the clock */

/*
 * Run from "at" on.  A deadline that had passed before the pause stays.
 */
static void
run_from(SvpClock *clock, int64 at)
{
	clock->state = SVP_CLOCK_RUNNING;
	clock->counted_from = at;
	if (!clock->has_due)
		clock->has_due = deadline(clock, at, clock->target - clock->elapsed, &clock->due_at);
	if (!clock->has_at_risk)
		clock->has_at_risk = deadline(clock, at, clock->at_risk - clock->elapsed,
									  &clock->at_risk_at);
}

/*
 * Count what has run up to "at".
 */
static void
count_to(SvpStep *step, SvpClock *clock, int64 at)
{
	if (clock->state == SVP_CLOCK_RUNNING)
		clock->elapsed += measure(step, clock, clock->counted_from, at);
	else if (clock->state == SVP_CLOCK_PAUSED)
		clock->paused += measure(step, clock, clock->paused_at, at);
}

static void
forget_deadlines_after(SvpClock *clock, int64 at)
{
	clock->has_due = clock->has_due && clock->due_at <= at;
	clock->has_at_risk = clock->has_at_risk && clock->at_risk_at <= at;
}

static void
pause_clock(SvpStep *step, SvpClock *clock, int64 at)
{
	count_to(step, clock, at);
	clock->state = SVP_CLOCK_PAUSED;
	clock->paused_at = at;
	forget_deadlines_after(clock, at);
	svp_step_tell(step, SVP_CLOCK_PAUSES, clock);
}

static void
resume(SvpStep *step, SvpClock *clock, int64 at)
{
	count_to(step, clock, at);
	run_from(clock, at);
	svp_step_tell(step, SVP_CLOCK_RESUMES, clock);
}

static void
cancel(SvpStep *step, SvpClock *clock, int64 at)
{
	count_to(step, clock, at);
	clock->state = SVP_CLOCK_CANCELLED;
	clock->stopped_at = at;
	clock->answered = false;
	svp_step_tell(step, SVP_CLOCK_CANCELS, clock);
}

/*
 * Nobody waited for an update between the reply that solved the ticket and
 * its end: that cycle counts for nothing, and another begins if the ticket is
 * reopened.
 */
static void
stop(SvpStep *step, SvpClock *clock, int64 at)
{
	if (clock->benchmark->measure == SVP_BY_UPDATE && at == clock->started_at)
	{
		cancel(step, clock, at);
		clock->answered = true;
		return;
	}
	count_to(step, clock, at);
	clock->state = clock->elapsed > clock->target ? SVP_CLOCK_MISSED : SVP_CLOCK_MET;
	clock->stopped_at = at;
	svp_step_tell(step, SVP_CLOCK_STOPS, clock);
}

/*
 * So many working days as business time.  At the same time of day on the last
 * of them, a start out of hours is one at the next opening: nobody is due
 * earlier for having come in later.
 */
static int64
days_budget(SvpStep *step, const SvpClock *clock, int64 from)
{
	const SvpBenchmark *benchmark = clock->benchmark;
	SvpTimeResult result;
	bool		open = true;
	int64		to = from;

	result = svp_is_open(clock->calendar, from, &open);
	if (result == SVP_TIME_OK && !open && !benchmark->end_of_day)
	{
		bool		found;

		result = svp_next_opening(clock->calendar, from, &from, &found);
		if (result == SVP_TIME_OK && !found)
			result = SVP_TIME_NO_HOURS;
	}
	if (result == SVP_TIME_OK)
		result = svp_days_deadline(clock->calendar, from, benchmark->target_days,
								   benchmark->end_of_day, &to);
	if (result != SVP_TIME_OK)
	{
		step->result = result;
		return 0;
	}
	return measure(step, clock, from, to);
}

static void
start(SvpStep *step, SvpClock *clock, int64 at)
{
	/* an instant that the calendar does not reach is told now, not when the clock stops */
	(void) measure(step, clock, at, at);
	clock->started = true;
	clock->started_at = at;
	clock->target = clock->benchmark->target_days > 0 ?
		days_budget(step, clock, at) : clock->benchmark->target;
	clock->at_risk = svp_benchmark_at_risk(clock->benchmark, clock->target);
	run_from(clock, at);
	svp_step_tell(step, SVP_CLOCK_STARTS, clock);
}

/*
 * A clock that starts at an instant and to which nothing has happened since.
 */
SvpTimeResult
svp_clock_begin(const SvpBenchmark *benchmark, SvpCalendar *calendar, int64 at, SvpClock *clock)
{
	SvpStep		step = {.result = SVP_TIME_OK};

	*clock = (SvpClock) {.benchmark = benchmark,.calendar = calendar,.cycle = 1};
	start(&step, clock, at);
	return step.result;
}

/*
 * Go on with a clock that was judged: the time since then is a pause.
 */
static void
reopen(SvpStep *step, SvpClock *clock, int64 at)
{
	clock->paused += measure(step, clock, clock->stopped_at, at);
	forget_deadlines_after(clock, clock->stopped_at);
	run_from(clock, at);
	svp_step_tell(step, SVP_CLOCK_REOPENS, clock);
}

/*
 * Is the event the reply that ends the clock?  An update cannot end the cycle
 * that it begins, nor can another of the same instant.
 */
static bool
is_answer(const SvpStep *step, const SvpClock *clock, int64 at)
{
	return step->event->kind == SVP_EVENT_RESPONDED &&
		svp_benchmark_hears_replies(clock->benchmark) &&
		(clock->benchmark->measure != SVP_BY_UPDATE || at > clock->started_at);
}

/*
 * Bring an open clock in line with the ticket.
 */
static void
follow(SvpStep *step, SvpClock *clock, int64 at)
{
	const SvpBenchmark *benchmark = clock->benchmark;

	if (step->state == SVP_STATE_VOID)
		cancel(step, clock, at);
	else if (is_answer(step, clock, at) || is_ended(step, benchmark))
		stop(step, clock, at);
	else if (clock->state == SVP_CLOCK_RUNNING && is_paused(step, benchmark))
		pause_clock(step, clock, at);
	else if (clock->state == SVP_CLOCK_PAUSED && !is_paused(step, benchmark))
		resume(step, clock, at);
}

/*
 * Take the event into a clock that has a benchmark.
 */
void
svp_step_clock(SvpStep *step, SvpClock *clock)
{
	int64		at = time_of(step);

	if (SVP_EVENT_IS_MESSAGE(step->event->kind) &&
		(clock->benchmark->measure == SVP_BY_STATES || clock->benchmark->measure == SVP_BY_OWNER))
		return;
	if (!clock->started)
	{
		if (!starts(step, clock))
			return;
		start(step, clock, at);
	}
	else if (!SVP_CLOCK_IS_OPEN(clock))
	{
		if (!goes_on(step, clock))
			return;
		reopen(step, clock, at);
	}
	clock->last_event = step->number;
	follow(step, clock, at);
}

/*
 * No benchmark matches any more.
 */
void
svp_step_unmatched(SvpStep *step, SvpClock *clock)
{
	if (!clock->started || !SVP_CLOCK_IS_OPEN(clock))
		return;
	clock->last_event = step->number;
	cancel(step, clock, time_of(step));
}
