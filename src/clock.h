/*-------------------------------------------------------------------------
 *
 * clock.h
 *		From a ticket's events to its clocks.
 *
 * Pure: events, a policy and compiled calendars go in, clocks come out.  The
 * same events give the same clocks, whatever order they were recorded in.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CLOCK_H
#define SVP_CLOCK_H

#include "benchmark.h"
#include "business_time.h"

typedef enum SvpEventKind
{
	SVP_EVENT_OPENED,
	SVP_EVENT_ASKED,			/* a public message of the customer's */
	SVP_EVENT_RESPONDED,		/* a public reply by an agent */
	SVP_EVENT_CHANGED,
	SVP_EVENT_LEFT				/* deleted, or left out by the row filter */
} SvpEventKind;

#define SVP_NEVENTS (SVP_EVENT_LEFT + 1)

extern const char *const svp_event_names[SVP_NEVENTS];

/* A message says nothing of its ticket: state, owner and scenario stay as they were. */
#define SVP_EVENT_IS_MESSAGE(kind) ((kind) == SVP_EVENT_ASKED || (kind) == SVP_EVENT_RESPONDED)

/* An event; of a message only kind and time count. */
typedef struct SvpEvent
{
	SvpEventKind kind;
	int64		at;
	SvpState	state;			/* after the event */
	bool		owned;			/* after the event somebody owns the ticket */
	SvpScenario scenario;		/* after the event */
} SvpEvent;

/*
 * A ticket's events in the order of svp_event_before; those that are equal in
 * it in the order in which they were recorded.
 */
typedef struct SvpHistory
{
	int64		opened_at;
	int			nevents;
	const SvpEvent *events;
} SvpHistory;

typedef enum SvpClockState
{
	SVP_CLOCK_RUNNING,
	SVP_CLOCK_PAUSED,
	SVP_CLOCK_MET,
	SVP_CLOCK_MISSED,
	SVP_CLOCK_CANCELLED
} SvpClockState;

#define SVP_NCLOCK_STATES (SVP_CLOCK_CANCELLED + 1)

extern const char *const svp_clock_state_names[SVP_NCLOCK_STATES];

/*
 * One measurement.  Durations are of the benchmark's calendar; "elapsed" is
 * counted up to counted_from while running, else up to the pause or stop.
 */
typedef struct SvpClock
{
	const SvpBenchmark *benchmark;
	SvpCalendar *calendar;		/* NULL = around the clock */
	int			cycle;			/* from 1 */
	bool		started;
	SvpClockState state;
	int64		started_at;
	int64		target;			/* µs; of working days, what they came to at the start */
	int64		at_risk;		/* µs of elapsed time from which it is at risk */
	int64		counted_from;	/* while running */
	int64		paused_at;		/* while paused */
	int64		stopped_at;		/* when judged */
	int64		elapsed;
	int64		paused;
	bool		has_due;		/* not while paused before the deadline */
	bool		has_at_risk;
	int64		due_at;
	int64		at_risk_at;
	int			last_event;		/* the last that happened while it was open */

	/* Of the fold alone, and not stored: about messages, after the last event */
	bool		waiting;		/* the customer's has no answer yet */
	bool		answered;		/* ... or had one since the clock was cancelled */
} SvpClock;

/* What happened to a clock, for those who tell its story. */
typedef enum SvpTransition
{
	SVP_CLOCK_STARTS,
	SVP_CLOCK_PAUSES,
	SVP_CLOCK_RESUMES,
	SVP_CLOCK_STOPS,
	SVP_CLOCK_REOPENS,
	SVP_CLOCK_CANCELS,
	SVP_CLOCK_REMATCHES			/* another benchmark, from the clock's start */
} SvpTransition;

typedef void (*SvpClockListener) (void *arg, SvpTransition what,
								  const SvpClock *clock, int event);

#define SVP_CLOCK_IS_OPEN(clock) ((clock)->state <= SVP_CLOCK_PAUSED)

/* A ticket before an event, as far as its stored clocks do not say. */
typedef struct SvpSituation
{
	int64		opened_at;
	SvpState	state;
	bool		owned;
	SvpScenario scenario;
} SvpSituation;

extern bool svp_event_before(const SvpEvent *a, const SvpEvent *b);

extern SvpTimeResult svp_clock_fold(const SvpHistory *history, const SvpPolicy *policy,
									SvpCalendar *const *calendars, const char *metric,
									SvpClockListener listener, void *arg,
									SvpClock *clocks, int *nclocks);
extern SvpTimeResult svp_clock_continue(const SvpSituation *before, const SvpEvent *event,
										const SvpPolicy *policy, SvpCalendar *const *calendars,
										const char *metric, SvpClock clocks[2], int *nclocks,
										bool *needs_history);
extern SvpTimeResult svp_clock_begin(const SvpBenchmark *benchmark, SvpCalendar *calendar,
									 int64 at, SvpClock *clock);
extern SvpTimeResult svp_clock_measure(SvpCalendar *calendar, int64 from, int64 to, int64 *usec);

#endif							/* SVP_CLOCK_H */
