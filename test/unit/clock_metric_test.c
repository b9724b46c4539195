/*
 * The metrics that follow messages and owners, and targets of working days,
 * each at its edges.
 */
#include "clock_make.h"

static SvpCalendar *office;

/* What a clock came to, in one comparison. */
static void
is_clock(const SvpClock *clock, SvpClockState state, int64 started_at, int64 at, int64 elapsed,
		 const char *what)
{
	int64		until = clock->state == SVP_CLOCK_RUNNING ? clock->counted_from :
		clock->state == SVP_CLOCK_PAUSED ? clock->paused_at : clock->stopped_at;

	if (ok(clock->state == state && clock->started_at == started_at && until == at &&
		   clock->elapsed == elapsed, what))
		return;
	printf("#      got %d from %g to %g, %g counted\n", clock->state,
		   (double) (clock->started_at - MONDAY) / HOUR, (double) (until - MONDAY) / HOUR,
		   (double) clock->elapsed / HOUR);
	printf("# expected %d from %g to %g, %g counted\n", state,
		   (double) (started_at - MONDAY) / HOUR, (double) (at - MONDAY) / HOUR,
		   (double) elapsed / HOUR);
}

static void
test_order(void)
{
	SvpEvent	opened = OPENED(AT(0, 10));
	SvpEvent	asked = ASKED(AT(0, 9));
	SvpEvent	replied = REPLIED(AT(0, 9));
	SvpEvent	changed = CHANGED(AT(0, 9), OPEN);
	SvpEvent	left = event(SVP_EVENT_LEFT, AT(0, 9), SVP_STATE_VOID);

	ok(svp_event_before(&opened, &asked) && !svp_event_before(&asked, &opened),
	   "the opening comes first, whatever its time");
	ok(svp_event_before(&asked, &replied) && !svp_event_before(&replied, &asked),
	   "of one instant: the question, then the reply");
	ok(svp_event_before(&replied, &changed) && svp_event_before(&asked, &left),
	   "then what was done to the ticket");
	ok(!svp_event_before(&changed, &left) && !svp_event_before(&left, &changed),
	   "of changes the one that was recorded first");
	asked.at++;
	ok(svp_event_before(&changed, &asked) && !svp_event_before(&asked, &changed),
	   "else the earlier one");
	ok(!svp_event_before(&opened, &opened), "nothing comes before itself");
}

static void
test_exchanges(void)
{
	SvpBenchmark rule = benchmark("next_response", 2 * HOUR);
	SvpEvent	events[] = {
		OPENED(AT(0, 10)), ASKED(AT(0, 10)), REPLIED(AT(0, 11)),
		ASKED(AT(0, 12)), ASKED(AT(0, 13)), REPLIED(AT(0, 14)), REPLIED(AT(0, 15)),
		ASKED(AT(1, 9)), REPLIED(AT(1, 12))
	};
	SvpClock	clocks[10];

	is_int64(fold(&rule, office, events, 3, clocks), 0,
			 "the message that opens the ticket is the opening");
	is_int64(fold(&rule, office, events, 9, clocks), 2, "a clock for each exchange");
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 12), AT(0, 14), 2 * HOUR,
			 "from the oldest message that waits to the first reply");
	is_clock(&clocks[1], SVP_CLOCK_MISSED, AT(1, 9), AT(1, 12), 3 * HOUR,
			 "the second is judged by itself");
	is_int64(clocks[1].cycle, 2, "as cycle two");
	fold(&rule, office, events, 5, clocks);
	is_int64(clocks[0].due_at, AT(0, 14), "due two hours after the message");

	events[1].at++;
	fold(&rule, office, events, 3, clocks);
	is_int64(clocks[0].started_at, AT(0, 10) + 1, "a microsecond after the opening it is one of its own");
	events[2].at = events[1].at;
	fold(&rule, office, events, 3, clocks);
	is_clock(&clocks[0], SVP_CLOCK_MET, events[1].at, events[1].at, 0,
			 "message and reply at one instant are an exchange of no time");
}

static void
test_exchange_ends(void)
{
	SvpBenchmark rule = benchmark("next_response", 2 * HOUR);
	SvpEvent	events[] = {
		OPENED(AT(0, 10)), ASKED(AT(0, 11)), CHANGED(AT(0, 12), RESOLVED), CHANGED(AT(0, 13), OPEN),
		CHANGED(AT(0, 14), RESOLVED), ASKED(AT(0, 15)), CHANGED(AT(0, 16), CLOSED),
		CHANGED(AT(1, 10), OPEN), REPLIED(AT(1, 11))
	};
	SvpEvent	spam[] = {
		OPENED(AT(0, 10)), ASKED(AT(0, 11)), CHANGED(AT(0, 12), VOID), CHANGED(AT(0, 14), OPEN),
		REPLIED(AT(0, 15))
	};
	SvpEvent	answered[] = {
		spam[0], spam[1], spam[2], REPLIED(AT(0, 13)), spam[3], ASKED(AT(0, 16))
	};
	SvpEvent	closed[] = {
		spam[0], spam[1], spam[2], CHANGED(AT(0, 13), CLOSED), ASKED(AT(0, 14)), CHANGED(AT(0, 15), OPEN)
	};
	SvpEvent	asked[] = {OPENED(AT(0, 10)), CHANGED(AT(0, 11), VOID), ASKED(AT(0, 12)),
	CHANGED(AT(0, 14), OPEN)};
	SvpClock	clocks[10];

	is_int64(fold(&rule, office, events, 4, clocks), 1, "a resolution is an answer, and reopening no question");
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 11), AT(0, 12), HOUR, "which ends the exchange");
	is_int64(fold(&rule, office, events, 7, clocks), 1,
			 "a message in a resolved ticket starts no clock, nor does closing answer it");
	is_int64(fold(&rule, office, events, 8, clocks), 2, "it does when the ticket is open again");
	is_clock(&clocks[1], SVP_CLOCK_RUNNING, AT(1, 10), AT(1, 10), 0, "from then on");
	fold(&rule, office, events, 9, clocks);
	is_clock(&clocks[1], SVP_CLOCK_MET, AT(1, 10), AT(1, 11), HOUR, "to the reply");

	fold(&rule, office, spam, 3, clocks);
	is_clock(&clocks[0], SVP_CLOCK_CANCELLED, AT(0, 11), AT(0, 12), HOUR, "void cancels");
	is_int64(fold(&rule, office, spam, 5, clocks), 1, "a ticket that comes back goes on with its exchange");
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 11), AT(0, 15), 2 * HOUR, "the time between is a pause");
	is_int64(fold(&rule, office, answered, 5, clocks), 1, "one that was answered meanwhile is over");
	ok(clocks[0].state == SVP_CLOCK_CANCELLED, "and stays cancelled");
	is_int64(fold(&rule, office, answered, 6, clocks), 2, "the next message is another");
	is_int64(fold(&rule, office, closed, 6, clocks), 2, "closing spam ends its exchange as well");
	is_int64(clocks[1].started_at, AT(0, 15), "and what is asked then is another");
	is_int64(fold(&rule, office, asked, 4, clocks), 1, "a message that came while it was void");
	is_int64(clocks[0].started_at, AT(0, 14), "waits from the return on");
}

static void
test_exchange_by_states(void)
{
	SvpBenchmark rule = benchmark("next_response", 2 * HOUR);
	SvpEvent	events[] = {
		OPENED(AT(0, 10)), ASKED(AT(0, 11)), REPLIED(AT(0, 12)), CHANGED(AT(0, 13), PENDING),
		ASKED(AT(0, 14)), CHANGED(AT(0, 15), OPEN), CHANGED(AT(0, 16), PENDING)
	};
	SvpClock	clocks[8];

	rule.pause_on = STATE(PENDING);
	fold(&rule, office, events, 5, clocks);
	is_clock(&clocks[1], SVP_CLOCK_PAUSED, AT(0, 14), AT(0, 14), 0,
			 "a message in a state that pauses starts a clock that waits");
	rule.pause_on = 0;
	rule.stop_on = STATE(PENDING) | STATE(RESOLVED) | STATE(CLOSED);
	is_int64(fold(&rule, office, events, 7, clocks), 2, "with stop_on");
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 11), AT(0, 13), 2 * HOUR, "the state ends the exchange, not the reply");
	is_clock(&clocks[1], SVP_CLOCK_MET, AT(0, 15), AT(0, 16), HOUR,
			 "and a message in such a state waits until it is left");
	rule.start_on = STATE(OPEN);
	rule.resume = false;
	is_int64(fold(&rule, office, events, 7, clocks), 2, "with start_on too");
	is_clock(&clocks[0], SVP_CLOCK_MISSED, AT(0, 10), AT(0, 13), 3 * HOUR, "states alone count");
}

static void
test_updates(void)
{
	SvpBenchmark rule = benchmark("periodic_update", 4 * HOUR);
	SvpEvent	events[] = {
		OPENED(AT(0, 10)), ASKED(AT(0, 11)), REPLIED(AT(0, 12)), REPLIED(AT(0, 12)),
		CHANGED(AT(0, 12), PENDING), REPLIED(AT(1, 10)), CHANGED(AT(1, 11), OPEN),
		CHANGED(AT(1, 12), RESOLVED), REPLIED(AT(1, 13)), CHANGED(AT(1, 14), OPEN)
	};
	SvpEvent	spam[] = {
		OPENED(AT(0, 10)), CHANGED(AT(0, 11), VOID), CHANGED(AT(0, 13), OPEN),
		CHANGED(AT(0, 14), VOID), REPLIED(AT(0, 15)), CHANGED(AT(0, 16), OPEN)
	};
	SvpEvent	early[4] = {OPENED(AT(0, 10)), REPLIED(AT(0, 9)), REPLIED(AT(0, 11))};
	SvpClock	clocks[11];

	rule.pause_on = STATE(PENDING);
	fold(&rule, office, events, 2, clocks);
	is_clock(&clocks[0], SVP_CLOCK_RUNNING, AT(0, 10), AT(0, 10), 0,
			 "the first update is due from the opening on, whatever the customer says");
	is_int64(fold(&rule, office, events, 5, clocks), 2, "two replies at one instant are one update");
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 10), AT(0, 12), 2 * HOUR, "which ends a cycle");
	is_clock(&clocks[1], SVP_CLOCK_PAUSED, AT(0, 12), AT(0, 12), 0, "and begins the next");
	is_int64(fold(&rule, office, events, 8, clocks), 3, "an update in a pause");
	is_clock(&clocks[1], SVP_CLOCK_MET, AT(0, 12), AT(1, 10), 0, "ends its cycle too");
	is_clock(&clocks[2], SVP_CLOCK_MET, AT(1, 10), AT(1, 12), HOUR, "and a resolution the last");
	is_int64(fold(&rule, office, events, 9, clocks), 3, "a reply in a resolved ticket begins nothing");
	is_int64(fold(&rule, office, events, 10, clocks), 4, "but reopening does");
	is_clock(&clocks[3], SVP_CLOCK_RUNNING, AT(1, 14), AT(1, 14), 0, "a whole cycle");

	is_int64(fold(&rule, office, spam, 3, clocks), 1, "a ticket that was void");
	is_clock(&clocks[0], SVP_CLOCK_RUNNING, AT(0, 10), AT(0, 13), HOUR, "goes on with its cycle");
	is_int64(fold(&rule, office, spam, 6, clocks), 2, "unless there was an update meanwhile");
	is_clock(&clocks[1], SVP_CLOCK_RUNNING, AT(0, 16), AT(0, 16), 0, "then it begins another");
	is_int64(fold(&rule, office, early, 3, clocks), 2, "a reply before the opening counts at the opening");
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 10), AT(0, 11), HOUR, "and ends nothing there");

	early[2] = CHANGED(AT(0, 11), VOID);
	early[3] = CHANGED(AT(0, 13), OPEN);
	is_int64(fold(&rule, office, early, 4, clocks), 1, "nor does it count as one while the ticket is void");
	early[0].state = SVP_STATE_RESOLVED;
	is_int64(fold(&rule, office, early, 2, clocks), 0, "what is solved when it is opened needs no update");

	rule.stop_on = STATE(RESOLVED);
	rule.resume = false;
	is_int64(fold(&rule, office, events, 8, clocks), 1, "with stop_on no reply ends a cycle");
}

static void
test_first_reply(void)
{
	SvpBenchmark rule = benchmark("first_response", HOUR);
	SvpEvent	early[] = {OPENED(AT(0, 10)), REPLIED(AT(0, 8)), REPLIED(AT(0, 12))};
	SvpEvent	tie[] = {OPENED(AT(0, 10)), REPLIED(AT(0, 11)), CHANGED(AT(0, 11), PENDING)};
	SvpEvent	spam[] = {OPENED(AT(0, 10)), CHANGED(AT(0, 11), VOID), REPLIED(AT(0, 12)),
	CHANGED(AT(0, 13), OPEN), REPLIED(AT(0, 14))};
	SvpEvent	draft[] = {event(SVP_EVENT_OPENED, AT(0, 10), SVP_STATE_VOID),
	CHANGED(AT(1, 10), OPEN), REPLIED(AT(1, 11))};
	SvpClock	clocks[6];

	fold(&rule, office, early, 3, clocks);
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 10), AT(0, 10), 0, "a reply before the opening is one at the opening");
	rule.pause_on = STATE(PENDING);
	fold(&rule, office, tie, 3, clocks);
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 10), AT(0, 11), HOUR, "a reply comes before the pause that it makes");
	fold(&rule, office, spam, 5, clocks);
	is_clock(&clocks[0], SVP_CLOCK_CANCELLED, AT(0, 10), AT(0, 11), HOUR,
			 "what was answered while it was void does not wait for a first reply");
	is_int64(fold(&rule, office, draft, 3, clocks), 1, "a draft");
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(1, 10), AT(1, 11), HOUR, "counts from when it is one no more");
}

static SvpEvent
owned(SvpEvent event)
{
	event.owned = true;
	return event;
}

static void
test_ownership(void)
{
	SvpBenchmark rule = benchmark("ownership", HOUR);
	SvpEvent	events[] = {
		OPENED(AT(0, 10)), ASKED(AT(0, 11)), owned(CHANGED(AT(0, 12), OPEN)),
		owned(CHANGED(AT(0, 13), PENDING)), REPLIED(AT(0, 13)), CHANGED(AT(0, 14), OPEN),
		owned(CHANGED(AT(0, 15), OPEN)), owned(CHANGED(AT(0, 16), RESOLVED)),
		CHANGED(AT(1, 9), RESOLVED), CHANGED(AT(1, 10), OPEN)
	};
	SvpEvent	at_once[] = {owned(OPENED(AT(0, 10)))};
	SvpEvent	solved[] = {OPENED(AT(0, 10)), CHANGED(AT(0, 11), RESOLVED), owned(CHANGED(AT(0, 12), OPEN))};
	SvpClock	clocks[11];

	is_int64(fold(&rule, office, events, 5, clocks), 1, "somebody owns it");
	is_clock(&clocks[0], SVP_CLOCK_MISSED, AT(0, 10), AT(0, 12), 2 * HOUR, "after two hours");
	is_int64(fold(&rule, office, events, 7, clocks), 1, "nobody does any more, then somebody");
	is_clock(&clocks[0], SVP_CLOCK_MISSED, AT(0, 10), AT(0, 15), 3 * HOUR, "that time counts too");
	is_int64(clocks[0].paused, 2 * HOUR, "and the time with an owner is a pause");
	fold(&rule, office, events, 9, clocks);
	is_int64(clocks[0].stopped_at, AT(0, 15), "nobody has to own what is resolved");
	fold(&rule, office, events, 10, clocks);
	is_clock(&clocks[0], SVP_CLOCK_RUNNING, AT(0, 10), AT(1, 10), 3 * HOUR, "but what is open again");
	rule.resume = false;
	is_int64(fold(&rule, office, events, 10, clocks), 3, "or each time without an owner is a cycle");
	is_clock(&clocks[1], SVP_CLOCK_MET, AT(0, 14), AT(0, 15), HOUR, "of its own");

	fold(&rule, office, at_once, 1, clocks);
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 10), AT(0, 10), 0, "a ticket that is opened by its owner");
	is_int64(fold(&rule, office, solved, 3, clocks), 1, "what was solved without one, and reopened with one");
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 10), AT(0, 11), HOUR, "ended with the resolution");
	rule.stop_on = STATE(PENDING);
	fold(&rule, office, events, 4, clocks);
	is_int64(clocks[0].stopped_at, AT(0, 13), "stop_on replaces the owner");
}

static void
test_pauses(void)
{
	SvpBenchmark rule = benchmark("next_response", 4 * HOUR);
	SvpEvent	events[] = {
		OPENED(AT(0, 9)), ASKED(AT(0, 10)), CHANGED(AT(0, 11), PENDING), CHANGED(AT(0, 12), ON_HOLD),
		CHANGED(AT(0, 12), PENDING), CHANGED(AT(0, 20), OPEN), CHANGED(AT(1, 8), PENDING),
		CHANGED(AT(1, 10), OPEN), REPLIED(AT(1, 11))
	};
	SvpClock	clocks[10];

	rule.pause_on = STATE(PENDING) | STATE(ON_HOLD);
	fold(&rule, office, events, 9, clocks);
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 10), AT(1, 11), 2 * HOUR,
			 "pauses that follow each other are one, and out of hours nothing counts");
	is_int64(clocks[0].paused, 7 * HOUR, "six hours of one day and one of the next");
}

/* Clocks go forward on Sunday 2026-03-08 at one. */
static void
spring(void *arg, int64 at, int64 *offset, int64 *until)
{
	bool		before = at < AT(6, 1);

	*offset = before ? 0 : HOUR;
	*until = before ? AT(6, 1) : INT64_MAX;
}

static void
is_budget(SvpCalendar *calendar, int days, bool end_of_day, int64 start, int64 budget, int64 due,
		  const char *what)
{
	SvpBenchmark rule = benchmark("resolution", 0);
	SvpEvent	events[] = {OPENED(start), CHANGED(start, PENDING), CHANGED(start + 7 * DAY, OPEN)};
	SvpClock	clocks[4];

	rule.target_days = days;
	rule.end_of_day = end_of_day;
	rule.pause_on = STATE(PENDING);
	fold(&rule, calendar, events, 1, clocks);
	is_int64(clocks[0].target, budget, what);
	is_int64(clocks[0].at_risk, budget / 4 * 3, "... three quarters of it at risk");
	is_int64(clocks[0].due_at, due, "... due");
	fold(&rule, calendar, events, 3, clocks);
	is_int64(clocks[0].target, budget, "... and a pause does not change it");
	ok(clocks[0].due_at > due + 6 * DAY, "... but moves the deadline");
}

static void
test_working_days(void)
{
	SvpCalendar *abroad = office_in((SvpZone) {NULL, spring});
	SvpBenchmark rules[] = {benchmark("resolution", 4 * HOUR), benchmark("resolution", 0)};
	static char *urgent[] = {"urgent"};
	SvpEvent	events[] = {OPENED(AT(0, 16)), CHANGED(AT(2, 10), OPEN)};
	SvpClock	clocks[3];

	is_budget(office, 1, false, AT(0, 10), 8 * HOUR, AT(1, 10), "a working day is one from the start");
	is_budget(office, 2, false, AT(3, 16), 16 * HOUR, AT(7, 16), "a weekend between does not count");
	is_budget(office, 1, true, AT(0, 10), 15 * HOUR, AT(1, 17), "or it lasts until the end of the day");
	is_budget(office, 1, true, AT(0, 3), 16 * HOUR, AT(1, 17), "counted from the date of the start");
	is_budget(office, 1, false, AT(0, 17), 8 * HOUR, AT(1, 17), "a start at closing time is due at closing time");
	is_budget(office, 1, false, AT(4, 20), 8 * HOUR, AT(7, 17), "one on Friday evening at Monday's");
	is_budget(office, 1, false, AT(6, 3), 8 * HOUR, AT(7, 17), "and so is one on Sunday night");
	is_budget(office, 1, true, AT(6, 3), 8 * HOUR, AT(7, 17), "until the end of the day as well");
	is_budget(abroad, 1, false, AT(4, 12), 8 * HOUR, AT(7, 11), "the same time of day, though clocks were changed");
	is_budget(abroad, 1, true, AT(4, 12), 13 * HOUR, AT(7, 16), "and the end of the same local day");

	rules[1].target_days = 3;
	rules[1].when = (SvpCondition) {.nconditions = 1};
	rules[1].when.nvalues[SVP_PRIORITY] = 1;
	rules[1].when.values[SVP_PRIORITY] = urgent;
	events[1].scenario.value[SVP_PRIORITY] = "urgent";
	fold_by(rules, 2, office, events, 2, clocks);
	is_int64(clocks[0].due_at, AT(3, 16), "after a change of scenario too they count from the start");
}

static void
test_scenarios(void)
{
	static char *urgent[] = {"urgent"};
	SvpBenchmark rules[] = {benchmark("next_response", 8 * HOUR), benchmark("next_response", HOUR)};
	SvpEvent	events[] = {
		OPENED(AT(0, 9)), ASKED(AT(0, 10)), REPLIED(AT(0, 11)), ASKED(AT(0, 12)), REPLIED(AT(0, 13)),
		ASKED(AT(0, 14)), CHANGED(AT(0, 15), PENDING), CHANGED(AT(0, 16), OPEN), REPLIED(AT(1, 9))
	};
	SvpClock	clocks[10];

	rules[0].pause_on = STATE(PENDING);
	rules[1].when.nconditions = 1;
	rules[1].when.nvalues[SVP_PRIORITY] = 1;
	rules[1].when.values[SVP_PRIORITY] = urgent;
	events[7].scenario.value[SVP_PRIORITY] = "urgent";
	is_int64(fold_by(rules, 2, office, events, 9, clocks), 3, "a change of scenario in the third exchange");
	ok(clocks[1].benchmark == &rules[0] && clocks[2].benchmark == &rules[1], "is one of that exchange alone");
	is_clock(&clocks[2], SVP_CLOCK_MISSED, AT(0, 14), AT(1, 9), 3 * HOUR,
			 "which counts from its message, without the other's pauses");

	rules[0].when = rules[1].when;
	is_int64(fold_by(rules, 1, office, events, 9, clocks), 1, "where none matched before");
	is_clock(&clocks[0], SVP_CLOCK_MET, AT(0, 14), AT(1, 9), 2 * HOUR,
			 "only the exchange that waits has a clock");
	events[5].kind = SVP_EVENT_RESPONDED;
	is_int64(fold_by(rules, 1, office, events, 9, clocks), 0, "and none has where all are answered");
}

/*
 * Cycles that are folded again for another benchmark.
 */
static void
test_matched_late(void)
{
	static char *urgent[] = {"urgent"};
	SvpBenchmark update = benchmark("periodic_update", 4 * HOUR);
	SvpBenchmark rules[] = {benchmark("next_response", HOUR), benchmark("next_response", 8 * HOUR)};
	SvpCondition when = {.nconditions = 1};
	SvpEvent	updates[] = {
		OPENED(AT(0, 9)), REPLIED(AT(0, 11)), REPLIED(AT(0, 12)), REPLIED(AT(0, 13)),
		CHANGED(AT(0, 15), OPEN)
	};
	SvpEvent	pending[] = {
		OPENED(AT(0, 9)), CHANGED(AT(0, 10), PENDING), REPLIED(AT(0, 11)), CHANGED(AT(0, 15), PENDING)
	};
	SvpEvent	events[] = {
		OPENED(AT(0, 9)), ASKED(AT(0, 10)), CHANGED(AT(0, 11), RESOLVED), ASKED(AT(0, 12)),
		CHANGED(AT(0, 13), OPEN)
	};
	SvpClock	clocks[6];

	when.nvalues[SVP_PRIORITY] = 1;
	when.values[SVP_PRIORITY] = urgent;

	update.when = when;
	updates[4].scenario.value[SVP_PRIORITY] = "urgent";
	is_int64(fold(&update, office, updates, 5, clocks), 1, "a ticket whose updates come to be promised later");
	is_clock(&clocks[0], SVP_CLOCK_RUNNING, AT(0, 13), AT(0, 13), 0, "has one from the last update on");

	updates[0].at = -800 * 366 * DAY;
	is_int64(fold(&update, office, updates, 5, clocks), -1, "unless that was in a year that no calendar has");

	rules[1] = update;
	rules[0] = benchmark("periodic_update", 8 * HOUR);
	rules[0].pause_on = rules[1].pause_on = STATE(PENDING);
	pending[3].scenario.value[SVP_PRIORITY] = "urgent";
	is_int64(fold_by(rules, 2, office, pending, 4, clocks), 2, "a cycle that begins in a pause");
	is_clock(&clocks[1], SVP_CLOCK_PAUSED, AT(0, 11), AT(0, 11), 0, "is paused under another benchmark too");

	rules[0] = benchmark("next_response", 8 * HOUR);
	rules[1] = benchmark("next_response", 8 * HOUR);
	rules[0].stop_on = STATE(CLOSED);
	rules[1].when = when;
	events[4].scenario.value[SVP_PRIORITY] = "urgent";
	is_int64(fold_by(rules, 2, office, events, 5, clocks), 1, "an exchange that was over under the other benchmark");
	is_clock(&clocks[0], SVP_CLOCK_RUNNING, AT(0, 13), AT(0, 13), 0, "gives way to the one that waits");
}

static void
note(void *arg, SvpTransition what, const SvpClock *clock, int event)
{
	char	   *story = arg;
	size_t		length = strlen(story);

	snprintf(story + length, 100 - length, "%d%c%d ", event, "sproxcm"[what], clock->cycle);
}

/*
 * A listener hears of what happens to the clocks as they come out, once.
 */
static void
test_listener(void)
{
	static char *urgent[] = {"urgent"};
	SvpBenchmark rules[] = {benchmark("periodic_update", 8 * HOUR), benchmark("periodic_update", HOUR)};
	SvpPolicy	policy = {.nbenchmarks = 2, .benchmarks = rules};
	SvpCalendar *calendars[] = {office, office};
	SvpEvent	events[] = {
		OPENED(AT(0, 9)), REPLIED(AT(0, 10)), CHANGED(AT(0, 11), PENDING), CHANGED(AT(0, 12), OPEN),
		CHANGED(AT(0, 13), OPEN), CHANGED(AT(0, 14), VOID), CHANGED(AT(0, 15), OPEN)
	};
	SvpHistory	history = {AT(0, 9), 7, events};
	SvpClock	clocks[8];
	char		story[100] = "";
	int			n;

	rules[0].pause_on = STATE(PENDING);
	rules[1].when.nconditions = 1;
	rules[1].when.nvalues[SVP_PRIORITY] = 1;
	rules[1].when.values[SVP_PRIORITY] = urgent;
	for (int i = 4; i < 7; i++)
		events[i].scenario.value[SVP_PRIORITY] = "urgent";
	svp_clock_fold(&history, &policy, calendars, "periodic_update", note, story, clocks, &n);
	if (!ok(strcmp(story, "0s1 1o1 1s2 2p2 3r2 4m2 5c2 6x2 ") == 0, "each transition is told"))
		printf("# got %s\n", story);
}

/*
 * The opening may be corrected, and counts from what is now said.
 */
static void
test_opening(void)
{
	SvpBenchmark rule = benchmark("next_response", HOUR);
	SvpEvent	events[] = {OPENED(AT(0, 10)), ASKED(AT(0, 9)), REPLIED(AT(0, 11))};
	SvpHistory	history = {AT(0, 9), 3, events};
	SvpPolicy	policy = {.nbenchmarks = 1, .benchmarks = &rule};
	SvpClock	clocks[4];
	int			n;

	svp_clock_fold(&history, &policy, &office, "next_response", NULL, NULL, clocks, &n);
	is_int64(n, 0, "what was asked at the corrected opening is the opening");
	rule = benchmark("resolution", HOUR);
	svp_clock_fold(&history, &policy, &office, "resolution", NULL, NULL, clocks, &n);
	is_int64(clocks[0].started_at, AT(0, 9), "from which the ticket's clock starts");
	is_int64(clocks[0].last_event, 0, "messages are nothing to a clock that follows states");
}

/*
 * Going on from stored clocks; see clock_case.h for all that is equal.
 */
static void
test_continuing(void)
{
	SvpBenchmark rule = benchmark("next_response", 2 * HOUR);
	SvpPolicy	policy = {.nbenchmarks = 1, .benchmarks = &rule};
	SvpSituation before = {.opened_at = AT(0, 10)};
	SvpEvent	asked = ASKED(AT(0, 12));
	SvpEvent	opened = CHANGED(AT(0, 13), OPEN);
	SvpClock	clocks[2] = {0};
	bool		needs_history;
	int			n;

	svp_clock_continue(&before, &asked, &policy, &office, "next_response", clocks, &n, &needs_history);
	ok(!needs_history && n == 1, "a first exchange goes on from nothing");
	is_clock(&clocks[0], SVP_CLOCK_RUNNING, AT(0, 12), AT(0, 12), 0, "and starts");

	clocks[0] = (SvpClock) {0};
	before.state = SVP_STATE_RESOLVED;
	svp_clock_continue(&before, &opened, &policy, &office, "next_response", clocks, &n, &needs_history);
	ok(needs_history, "a reopening has to know what was asked meanwhile");

	clocks[0] = (SvpClock) {0};
	before.state = SVP_STATE_OPEN;
	rule = benchmark("resolution", 2 * HOUR);
	svp_clock_continue(&before, &opened, &policy, &office, "resolution", clocks, &n, &needs_history);
	ok(needs_history, "a clock that should be there and is not is folded");
}

static void
test_at_risk(void)
{
	SvpBenchmark rule = {.at_risk = 333333};

	is_int64(svp_benchmark_at_risk(&rule, 1500000), 499999, "a share of a target is exact, to the microsecond");
	rule.at_risk = SVP_AMOUNT_ONE;
	is_int64(svp_benchmark_at_risk(&rule, INT64_C(3155760000000001)), INT64_C(3155760000000001),
			 "and does not overflow");
}

int
main(void)
{
	office = office_in((SvpZone) {NULL, utc});

	test_order();
	test_exchanges();
	test_exchange_ends();
	test_exchange_by_states();
	test_updates();
	test_first_reply();
	test_ownership();
	test_pauses();
	test_working_days();
	test_scenarios();
	test_matched_late();
	test_listener();
	test_opening();
	test_continuing();
	test_at_risk();
	return done_testing();
}
