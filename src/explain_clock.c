/*-------------------------------------------------------------------------
 *
 * explain_clock.c
 *		How the clocks of one metric came to their values, in words.
 *
 * The events are folded once more, with a listener that tells each step.  What
 * comes out is held against what is stored.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "explain.h"

/* Listening to the fold */

static char *
deadlines(const SvpClock *clock)
{
	if (!clock->has_due)
		return "no deadline: the calendar's hours end before";
	if (!clock->has_at_risk)
		return psprintf("due %s", svp_tell_instant(clock->due_at));
	return psprintf("at risk from %s, due %s", svp_tell_instant(clock->at_risk_at),
					svp_tell_instant(clock->due_at));
}

static char *
counted_by(const SvpClock *clock)
{
	return clock->benchmark->calendar == NULL ? "around the clock" :
		psprintf("in calendar %s", clock->benchmark->calendar);
}

/*
 * A pause by the clock on the wall, and what of it the calendar counts.
 */
static char *
pause_of(const SvpClock *clock, int64 from, int64 to)
{
	int64		usec;

	if (clock->calendar == NULL ||
		svp_clock_measure(clock->calendar, from, to, &usec) != SVP_TIME_OK)
		return psprintf("a pause of %s", svp_tell_duration(to - from));
	return psprintf("a pause of %s, %s of it %s", svp_tell_duration(to - from),
					svp_tell_duration(usec), counted_by(clock));
}

/*
 * The pause that lasted until the clock stopped, if one did.
 */
static char *
last_pause(const SvpClock *clock, const SvpClock *last)
{
	if (last->state != SVP_CLOCK_PAUSED)
		return "";
	return psprintf(" after %s", pause_of(clock, last->paused_at, clock->stopped_at));
}

static char *
outcome(const SvpClock *clock)
{
	return psprintf("%s, %s counted of %s%s",
					svp_clock_state_names[clock->state], svp_tell_duration(clock->elapsed),
					svp_tell_duration(clock->target),
					clock->paused > 0 ?
					psprintf(", %s of pauses not counted", svp_tell_duration(clock->paused)) : "");
}

static char *
target_of(const SvpClock *clock)
{
	const SvpBenchmark *benchmark = clock->benchmark;

	if (benchmark->target_days == 0)
		return svp_tell_duration(clock->target);
	return psprintf("%d working day%s, which are %s", benchmark->target_days,
					benchmark->target_days > 1 ? "s" : "", svp_tell_duration(clock->target));
}

/*
 * The clock under another benchmark.  Where that is judged or paused at the
 * event, what happens next tells of its deadline.
 */
static char *
rematched(const SvpClock *clock)
{
	return psprintf("the scenario changed: from here on benchmark \"%s\", target %s, counted from the start%s%s",
					clock->benchmark->name, target_of(clock),
					clock->state == SVP_CLOCK_RUNNING ? "; " : "",
					clock->state == SVP_CLOCK_RUNNING ? deadlines(clock) : "");
}

static char *
transition(SvpTransition what, const SvpClock *clock, const SvpClock *last)
{
	switch (what)
	{
		case SVP_CLOCK_STARTS:
			return psprintf("starts; %s", deadlines(clock));
		case SVP_CLOCK_PAUSES:
			return psprintf("pauses with %s counted, %s left", svp_tell_duration(clock->elapsed),
							svp_tell_duration(clock->target - clock->elapsed));
		case SVP_CLOCK_RESUMES:
			return psprintf("goes on after %s; %s",
							pause_of(clock, clock->paused_at, clock->counted_from),
							deadlines(clock));
		case SVP_CLOCK_REOPENS:
			return psprintf("is open again after %s; %s",
							pause_of(clock, clock->stopped_at, clock->counted_from),
							deadlines(clock));
		case SVP_CLOCK_STOPS:
			return psprintf("stops%s: %s", last_pause(clock, last), outcome(clock));
		case SVP_CLOCK_CANCELS:
			return psprintf("is cancelled%s with %s counted", last_pause(clock, last),
							svp_tell_duration(clock->elapsed));
		case SVP_CLOCK_REMATCHES:
			return rematched(clock);
	}
	return NULL;
}

/* What is stored */

static const SvpStoredClock *
find_stored(const SvpExplanation *explanation, const char *metric, int cycle)
{
	for (int i = 0; i < explanation->nstored; i++)
	{
		if (explanation->stored[i].clock.cycle == cycle &&
			strcmp(explanation->stored[i].metric, metric) == 0)
			return &explanation->stored[i];
	}
	return NULL;
}

static char *
due_or_none(bool has_due, int64 due_at)
{
	return has_due ? svp_tell_instant(due_at) : "none";
}

static char *
moved_deadline(const SvpMove *move)
{
	char	   *old = due_or_none(move->has_old_due, move->old_due_at);
	char	   *new = due_or_none(move->has_new_due, move->new_due_at);

	if (strcmp(old, new) == 0)
		return psprintf("counted anew, the deadline stays %s", new);
	return psprintf("deadline %s, before %s", new, old);
}

static void
tell_moves(SvpExplanation *explanation, const SvpStoredClock *stored)
{
	for (int i = 0; i < explanation->nmoves; i++)
	{
		const SvpMove *move = &explanation->moves[i];

		if (move->cycle == stored->clock.cycle && strcmp(move->metric, stored->metric) == 0)
			svp_tell(&explanation->story, "  calendar %s had changed: %s; moved by %s at %s",
					 move->calendar, moved_deadline(move), move->moved_by,
					 svp_tell_instant(move->moved_at));
	}
}

/*
 * What the events come to by the calendar as it now is need not be what is
 * kept.
 */
static void
tell_revision(SvpExplanation *explanation, const SvpClock *clock, const SvpStoredClock *stored)
{
	int64		now;

	if (clock->calendar == NULL)
		return;
	now = svp_calendar_revision(clock->calendar);
	if (stored->calendar_revision == now)
		return;
	svp_tell(&explanation->story, "  kept by revision " INT64_FORMAT " of calendar %s%s",
			 stored->calendar_revision, clock->benchmark->calendar,
			 SVP_CLOCK_IS_OPEN(&stored->clock) ? "; recompute() sees whether the one of now moves it" : "");
}

static bool
same_outcome(const SvpClock *a, const SvpClock *b)
{
	return a->state == b->state && a->elapsed == b->elapsed && a->target == b->target &&
		(SVP_CLOCK_IS_OPEN(a) || a->stopped_at == b->stopped_at);
}

static bool
same_due(const SvpClock *a, const SvpClock *b)
{
	return a->has_due == b->has_due && (!a->has_due || a->due_at == b->due_at);
}

/*
 * A judged clock is not rewritten by what comes later.
 */
static void
tell_difference(SvpExplanation *explanation, const SvpClock *clock, const SvpStoredClock *stored)
{
	if (stored->is_disputed)
		svp_tell(&explanation->story,
				 "  disputed: it stays as it was judged (%s), but events came later; restate() would make it %s",
				 outcome(&stored->clock),
				 SVP_CLOCK_IS_OPEN(clock) ? svp_clock_state_names[clock->state] : outcome(clock));
	else if (!same_outcome(&stored->clock, clock))
		svp_tell(&explanation->story, "  it is kept as %s", outcome(&stored->clock));
	else if (SVP_CLOCK_IS_OPEN(clock) && !same_due(&stored->clock, clock))
		svp_tell(&explanation->story, "  it is kept with deadline %s",
				 due_or_none(stored->clock.has_due, stored->clock.due_at));
}

/*
 * Hold a clock against the one that is kept.
 */
static void
tell_stored(SvpExplanation *explanation, const SvpClock *clock)
{
	const SvpStoredClock *stored = find_stored(explanation, clock->benchmark->metric,
											   clock->cycle);

	if (SVP_CLOCK_IS_OPEN(clock))
		svp_tell(&explanation->story, "  the clock is %s", svp_clock_state_names[clock->state]);
	if (stored == NULL)
	{
		svp_tell(&explanation->story, "  it is not kept yet: the ticket's next event does that");
		return;
	}
	tell_moves(explanation, stored);
	tell_revision(explanation, clock, stored);
	tell_difference(explanation, clock, stored);
	if (stored->is_imported)
		svp_tell(&explanation->story, "  imported by backfill(): what was due before then never escalates");
	svp_explain_escalation(explanation, clock, stored);
}

static void
hear(void *arg, SvpTransition what, const SvpClock *clock, int event)
{
	SvpExplanation *explanation = arg;
	int64		at = explanation->timeline->history.events[event].at;

	if (what == SVP_CLOCK_STARTS)
	{
		/* the cycle before is over */
		if (explanation->last.started)
			tell_stored(explanation, &explanation->last);
		at = clock->started_at;
		svp_tell(&explanation->story, " cycle %d: benchmark \"%s\", target %s %s", clock->cycle,
				 clock->benchmark->name, target_of(clock), counted_by(clock));
	}
	svp_tell(&explanation->story, "  %s  %s", svp_tell_instant(Max(at, clock->started_at)),
			 transition(what, clock, &explanation->last));
	explanation->last = *clock;
}

/*
 * Clocks that are kept, though the events no longer give them.
 */
static void
tell_orphans(SvpExplanation *explanation, const char *metric, int nclocks)
{
	for (int i = 0; i < explanation->nstored; i++)
	{
		const SvpStoredClock *stored = &explanation->stored[i];

		if (stored->clock.cycle > nclocks && strcmp(stored->metric, metric) == 0)
			svp_tell(&explanation->story,
					 " cycle %d: it is kept as %s, but the events no longer give it; restate() would remove it",
					 stored->clock.cycle, outcome(&stored->clock));
	}
}

static const SvpScenario *
scenario_of(const SvpExplanation *explanation, const SvpClock *clocks, int nclocks)
{
	const SvpTimeline *timeline = explanation->timeline;
	int			event = nclocks > 0 ? clocks[nclocks - 1].last_event :
		timeline->history.nevents - 1;

	return &timeline->records[event]->event.scenario;
}

/*
 * Tell of one metric.
 */
void
svp_explain_metric(SvpExplanation *explanation, const char *metric)
{
	const SvpHistory *history = &explanation->timeline->history;
	const SvpJudge *judge = explanation->judge;
	const char *missing = svp_judge_missing_calendar(judge, metric);
	SvpClock   *clocks;
	int			nclocks;

	svp_tell(&explanation->story, "%s", metric);
	if (missing != NULL)
	{
		svp_tell(&explanation->story, "  calendar %s does not exist or has no opening hours: the clock stays as it was", missing);
		return;
	}
	clocks = palloc(sizeof(SvpClock) * (history->nevents + 1));
	explanation->last = (SvpClock) {0};
	if (svp_clock_fold(history, judge->policy, judge->calendars, metric, hear, explanation,
					   clocks, &nclocks) != SVP_TIME_OK)
	{
		svp_tell(&explanation->story, "  cannot be computed: a time lies outside the years %d to %d, or the calendar has no hours left",
				 SVP_TIME_FIRST_YEAR, SVP_TIME_LAST_YEAR);
		return;
	}
	if (nclocks == 0)
		svp_tell(&explanation->story, "  no clock: no benchmark matches, or it has not started");
	else
		tell_stored(explanation, &clocks[nclocks - 1]);
	tell_orphans(explanation, metric, nclocks);
	svp_explain_match(explanation, metric, scenario_of(explanation, clocks, nclocks));
	pfree(clocks);
}
