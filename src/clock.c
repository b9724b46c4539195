/*-------------------------------------------------------------------------
 *
 * clock.c
 *		From a ticket's events to its clocks.
 *
 * The clocks of one metric are folded over the events in order of time, or
 * the latest of them is continued by one event more; both take the same steps.
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
#include "clock_step.h"

const char *const svp_event_names[SVP_NEVENTS] = {
	"opened", "asked", "responded", "changed", "left"
};

const char *const svp_clock_state_names[SVP_NCLOCK_STATES] = {
	"running", "paused", "met", "missed", "cancelled"
};

/* Where a cycle began. */
typedef struct Cycle
{
	int			first_event;
	SvpStep		before;			/* at the event before */
	bool		waiting;		/* ... a message was */
} Cycle;

/*
 * The clock that a cycle would have, had a benchmark matched from its first
 * event on; kept for when the benchmark matches again.
 */
typedef struct Replay
{
	int			first_event;
	int			next_event;		/* the first that is not folded yet */
	SvpStep		step;			/* at the event before */
	SvpClock	clock;			/* without a benchmark: not begun */
} Replay;

typedef struct Fold
{
	const SvpPolicy *policy;
	SvpCalendar *const *calendars;	/* go with the policy's benchmarks */
	const char *metric;
	const SvpEvent *events;
	SvpStep		step;
	int			best;			/* the benchmark that matches now, or -1 */
	SvpClock   *clock;			/* the latest */
	Cycle		cycle;			/* ... is of this */
	Replay	   *replays;		/* go with the benchmarks; NULL until needed */
} Fold;

/*
 * Of one instant, what was said comes before what was done about it.
 */
static int
rank_of(const SvpEvent *event)
{
	return Min(event->kind, SVP_EVENT_CHANGED);
}

/*
 * The order of a ticket's events.  Of two that come neither before the other,
 * the one that was recorded first is first.
 */
bool
svp_event_before(const SvpEvent *a, const SvpEvent *b)
{
	if (a->kind == SVP_EVENT_OPENED || b->kind == SVP_EVENT_OPENED)
		return b->kind != SVP_EVENT_OPENED;
	if (a->at != b->at)
		return a->at < b->at;
	return rank_of(a) < rank_of(b);
}

static bool
is_by_message(const SvpBenchmark *benchmark)
{
	return benchmark->measure == SVP_BY_EXCHANGE || benchmark->measure == SVP_BY_UPDATE;
}

/* A cycle's clock before it starts. */
static SvpClock
unstarted(const Fold *fold, int benchmark, int cycle, bool waiting)
{
	return (SvpClock) {
		.benchmark = &fold->policy->benchmarks[benchmark],
		.calendar = fold->calendars[benchmark],
		.cycle = cycle,
		.waiting = waiting
	};
}

/*
 * A cycle that is folded again keeps its number, and the moment from which it
 * goes on.  But an exchange counts alone.
 */
static bool
begins_again(const Fold *fold, const SvpStep *step, SvpClock *clock)
{
	if (!is_by_message(clock->benchmark) || !svp_step_begins_cycle(step, clock))
		return false;
	*clock = unstarted(fold, clock->benchmark - fold->policy->benchmarks, clock->cycle,
					   clock->waiting);
	return true;
}

static void
replay_event(const Fold *fold, Replay *replay)
{
	SvpClock   *clock = &replay->clock;
	SvpStep    *step = &replay->step;

	svp_step_enter(step, &fold->events[replay->next_event], replay->next_event);
	svp_step_hear(step, clock);
	(void) begins_again(fold, step, clock);
	svp_step_clock(step, clock);
	if (begins_again(fold, step, clock))
		svp_step_clock(step, clock);
}

/*
 * The clock of a benchmark from its cycle's first event on up to, and not
 * including, the current one.
 */
static SvpClock
replayed(Fold *fold, int benchmark)
{
	Replay	   *replay;

	if (fold->replays == NULL)
	{
		fold->replays = palloc(sizeof(Replay) * fold->policy->nbenchmarks);
		memset(fold->replays, 0, sizeof(Replay) * fold->policy->nbenchmarks);
	}
	replay = &fold->replays[benchmark];
	if (replay->clock.benchmark == NULL || replay->first_event != fold->cycle.first_event)
		*replay = (Replay) {
			.first_event = fold->cycle.first_event,
			.next_event = fold->cycle.first_event,
			.step = fold->cycle.before,
			.clock = unstarted(fold, benchmark, fold->clock->cycle, fold->cycle.waiting)
		};
	replay->step.listener = NULL;
	while (replay->next_event < fold->step.number)
	{
		CHECK_FOR_INTERRUPTS();
		replay_event(fold, replay);
		replay->next_event++;
	}
	fold->step.result = replay->step.result;
	return replay->clock;
}

/*
 * Put the clock under another benchmark, from its cycle's first event on.  An
 * exchange that was over before any benchmark matched has no clock.
 */
static void
rematch(Fold *fold, int benchmark)
{
	SvpClock   *clock = fold->clock;
	bool		was_started = clock->started;
	SvpClock	now = unstarted(fold, benchmark, clock->cycle, fold->cycle.waiting);

	if (fold->cycle.first_event < fold->step.number)
	{
		now = replayed(fold, benchmark);
		if (!was_started && now.started && !SVP_CLOCK_IS_OPEN(&now) &&
			is_by_message(now.benchmark))
			now = unstarted(fold, benchmark, now.cycle, now.waiting);
	}
	*clock = now;
	if (was_started)
		svp_step_tell(&fold->step, SVP_CLOCK_REMATCHES, clock);
	svp_step_hear(&fold->step, clock);
	(void) begins_again(fold, &fold->step, clock);
}

/*
 * Does a clock that is judged stay so, because the current event would do
 * nothing to the clock that another benchmark gives?
 */
static bool
keeps_judged(Fold *fold, int benchmark)
{
	SvpStep		step = fold->step;
	SvpClock	now;

	if (!fold->clock->started || SVP_CLOCK_IS_OPEN(fold->clock))
		return false;
	now = replayed(fold, benchmark);
	step.listener = NULL;
	svp_step_hear(&step, &now);
	svp_step_clock(&step, &now);
	return !now.started || now.last_event != step.number;
}

static void
begin_cycle(Fold *fold, const Cycle *cycle)
{
	int			number = fold->clock->cycle + 1;

	fold->cycle = *cycle;
	fold->clock++;
	*fold->clock = (SvpClock) {.cycle = number};
}

/*
 * Take the current event into the latest clock, or into the one that it begins.
 */
static void
step_latest(Fold *fold, const Cycle *cycle)
{
	if (svp_step_begins_cycle(&fold->step, fold->clock))
		begin_cycle(fold, cycle);
	if (fold->best < 0)
	{
		svp_step_unmatched(&fold->step, fold->clock);
		return;
	}
	if (fold->clock->benchmark != &fold->policy->benchmarks[fold->best])
	{
		if (keeps_judged(fold, fold->best))
			return;
		rematch(fold, fold->best);
	}
	svp_step_clock(&fold->step, fold->clock);
}

/*
 * The benchmark that matches after an event.
 */
static int
best_after(const Fold *fold, const SvpEvent *event)
{
	return SVP_EVENT_IS_MESSAGE(event->kind) ? fold->best :
		svp_benchmark_best(fold->policy, fold->metric, &event->scenario);
}

/*
 * Take one event more, after which this benchmark matches.
 */
static void
take_event(Fold *fold, const SvpEvent *event, int number, int best)
{
	Cycle		cycle = {number, fold->step, fold->clock->waiting};

	svp_step_enter(&fold->step, event, number);
	if (fold->clock->benchmark != NULL)
		svp_step_hear(&fold->step, fold->clock);
	fold->best = best;
	if (svp_step_stays_judged(&fold->step, fold->clock))
		return;
	step_latest(fold, &cycle);
	/* the update that ended a cycle begins another */
	if (svp_step_begins_cycle(&fold->step, fold->clock))
		step_latest(fold, &cycle);
}

static int
number_of_clocks(const Fold *fold, const SvpClock *clocks)
{
	return (fold->clock - clocks) + (fold->clock->started ? 1 : 0);
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
	Fold		fold = {
		.policy = policy,
		.calendars = calendars,
		.metric = metric,
		.events = history->events,
		.step = {.opened_at = history->opened_at,.listener = listener,.arg = arg},
		.best = -1,
		.clock = clocks
	};

	fold.cycle.before = fold.step;
	*clocks = (SvpClock) {.cycle = 1};
	for (int i = 0; i < history->nevents && fold.step.result == SVP_TIME_OK; i++)
	{
		CHECK_FOR_INTERRUPTS();
		take_event(&fold, &history->events[i], i, best_after(&fold, &history->events[i]));
	}
	if (fold.replays != NULL)
		pfree(fold.replays);
	*nclocks = number_of_clocks(&fold, clocks);
	return fold.step.result;
}

/* Going on from what is stored */

/*
 * May a clock of this benchmark be open in this state?
 */
static bool
may_be_open(const SvpBenchmark *benchmark, SvpState state)
{
	return state != SVP_STATE_VOID && (benchmark->end_states & SVP_STATE_BIT(state)) == 0;
}

/*
 * Are there no messages that would matter to a clock that is not open, but
 * left no trace in it?
 */
static bool
knows_messages(const SvpSituation *before, const SvpBenchmark *benchmark, const SvpClock *clock)
{
	switch (benchmark->measure)
	{
		case SVP_BY_FIRST_REPLY:
			return false;
		case SVP_BY_EXCHANGE:
			return clock->state != SVP_CLOCK_CANCELLED && may_be_open(benchmark, before->state);
		case SVP_BY_UPDATE:
			return clock->state != SVP_CLOCK_CANCELLED;
		default:
			return true;
	}
}

/*
 * A clock that should have started before this event, but is not stored.
 */
static bool
is_overdue(const SvpSituation *before, const SvpBenchmark *benchmark)
{
	if (benchmark->measure == SVP_BY_EXCHANGE || !may_be_open(benchmark, before->state))
		return false;
	return benchmark->start_on == 0 ||
		(benchmark->start_on & SVP_STATE_BIT(before->state)) != 0;
}

/*
 * Is the latest clock with the ticket before the event not enough to go on?
 * fold->best matched before it, "now" matches after it.
 */
static bool
depends_on_history(const Fold *fold, const SvpSituation *before, const SvpEvent *event, int now)
{
	const SvpClock *clock = fold->clock;
	const SvpBenchmark *benchmark = now < 0 ? NULL : &fold->policy->benchmarks[now];
	SvpState	state = SVP_EVENT_IS_MESSAGE(event->kind) ? before->state : event->state;

	if (event->kind == SVP_EVENT_OPENED)
		return clock->started;
	if (clock->started && clock->benchmark == NULL)
		return true;
	if (clock->started && SVP_CLOCK_IS_OPEN(clock))
		return fold->best < 0 || clock->benchmark != &fold->policy->benchmarks[fold->best] ||
			(benchmark != NULL && benchmark != clock->benchmark);
	if (clock->started && clock->benchmark->measure == SVP_BY_FIRST_REPLY &&
		clock->state != SVP_CLOCK_CANCELLED)
		return false;
	if (benchmark == NULL)
		return false;
	if (now != fold->best || (clock->started && clock->benchmark != benchmark) ||
		(!clock->started && is_overdue(before, benchmark)))
		return true;
	return may_be_open(benchmark, state) && !knows_messages(before, benchmark, clock);
}

/*
 * What the table of clocks does not hold of the latest.
 */
static void
complete_stored(const Fold *fold, SvpClock *clock)
{
	clock->started = clock->cycle > 0;
	clock->last_event = -1;
	if (!clock->started)
		clock->cycle = 1;
	if (!clock->started || clock->benchmark == NULL)
		return;
	clock->calendar = fold->calendars[clock->benchmark - fold->policy->benchmarks];
	clock->at_risk = svp_benchmark_at_risk(clock->benchmark, clock->target);
	clock->waiting = false;		/* as long as it is not open */
	clock->answered = false;
}

/*
 * Go on from a ticket's stored clocks by one event that comes after all
 * others.  clocks[0] is the latest of the metric, as svp_clock_fold gave it
 * under this policy with its calendars as they now are, or zeroed; of what is
 * not stored it needs its benchmark only.  Then clocks[] are that clock and
 * the cycle that begins after it, *nclocks of them; those that the event came
 * to have last_event 0, others -1.
 *
 * Where that is not enough to tell, as when another benchmark matches or
 * messages may have come in while the ticket was resolved, *needs_history is
 * set, and clocks[] are of no use: fold.
 */
SvpTimeResult
svp_clock_continue(const SvpSituation *before, const SvpEvent *event,
				   const SvpPolicy *policy, SvpCalendar *const *calendars,
				   const char *metric, SvpClock clocks[2], int *nclocks,
				   bool *needs_history)
{
	Fold		fold = {
		.policy = policy,
		.calendars = calendars,
		.metric = metric,
		.events = event,
		.step = {.opened_at = before->opened_at,.state = before->state,.owned = before->owned},
		.clock = clocks
	};
	int			now;

	complete_stored(&fold, clocks);
	fold.best = event->kind == SVP_EVENT_OPENED ? -1 :
		svp_benchmark_best(policy, metric, &before->scenario);
	now = best_after(&fold, event);
	*nclocks = 0;
	*needs_history = depends_on_history(&fold, before, event, now);
	if (*needs_history)
		return SVP_TIME_OK;
	take_event(&fold, event, 0, now);
	*nclocks = number_of_clocks(&fold, clocks);
	return fold.step.result;
}
