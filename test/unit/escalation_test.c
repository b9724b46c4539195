/*-------------------------------------------------------------------------
 *
 * escalation_test.c
 *		When a clock escalates next.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "business_time_compile.h"
#include "clock_make.h"
#include "escalation.h"

#define SHARE(percent) (SVP_AMOUNT_ONE / 100 * (percent))
#define MINUTE (HOUR / 60)
#define NEVER (-1)

static SvpCalendar *office;
static SvpBenchmark day;
static SvpClock clock_;
static SvpEscalated so_far;

/* A clock of a working day that starts on Monday at nine, so that it is due at five. */
static void
reset(void)
{
	memset(&so_far, 0, sizeof(so_far));
	(void) svp_clock_begin(&day, office, AT(0, 9), &clock_);
}

static SvpEscalationLevel
at_share(int number, int percent)
{
	return (SvpEscalationLevel) {.number = number, .trigger = SVP_ESCALATE_AT_SHARE,
		.share = SHARE(percent), .times = 1};
}

static SvpEscalationLevel
by_deadline(int number, int64 offset)
{
	return (SvpEscalationLevel) {.number = number, .trigger = SVP_ESCALATE_BY_DEADLINE,
		.offset = offset, .times = 1};
}

static void
is_next(SvpEscalationLevel *levels, int n, int number, int64 at, const char *what)
{
	SvpEscalation chain = {.nlevels = n, .levels = levels};
	SvpEscalationPoint next;
	bool		found = svp_escalation_next(&chain, &clock_, &so_far, &next);

	if (number == NEVER)
		ok(!found, what);
	else if (ok(found, what))
	{
		is_int64(next.level->number, number, "... the level");
		is_int64(next.at - MONDAY, at - MONDAY, "... when");
	}
}

/* The n-th time of a level. */
static void
is_time(SvpEscalationLevel level, int occurrence, int64 at, const char *what)
{
	so_far.level = occurrence > 1 ? level.number : 0;
	so_far.occurrence = occurrence - 1;
	is_next(&level, 1, at == NEVER ? NEVER : level.number, at, what);
}

static void
test_times(void)
{
	SvpEscalationLevel level;

	reset();
	is_time(at_share(1, 75), 1, AT(0, 15), "three quarters of eight hours");
	is_time(at_share(1, 100), 1, AT(0, 17), "all of it, at the closing instant");
	is_time(at_share(1, 125), 1, AT(1, 11), "more than all of it, on the next day");
	is_time(by_deadline(1, -30 * MINUTE), 1, AT(0, 17) - 30 * MINUTE, "before the deadline");
	is_time(by_deadline(1, HOUR), 1, AT(1, 10), "after it, in business time");

	level = by_deadline(1, HOUR);
	level.around_the_clock = true;
	is_time(level, 1, AT(0, 18), "after it, around the clock");
	level.wait_for_hours = true;
	is_time(level, 1, AT(1, 9), "after it, but in hours");

	level = at_share(1, 100);
	level.wait_for_hours = true;
	is_time(level, 1, AT(1, 9), "the closing instant is not in hours");
	level.share = SHARE(50);
	is_time(level, 1, AT(0, 13), "nothing to wait for");
}

static void
test_repetition(void)
{
	SvpEscalationLevel level = at_share(1, 100);

	reset();
	level.times = 3;
	level.every = HOUR;
	is_time(level, 2, AT(1, 10), "again after an hour of business");
	is_time(level, 3, AT(1, 11), "and again");
	is_time(level, 4, NEVER, "as often as it says");

	level.around_the_clock = true;
	is_time(level, 2, AT(0, 18), "again after an hour by the clock");
	level.wait_for_hours = true;
	is_time(level, 1, AT(1, 9), "waits for the opening");
	is_time(level, 2, AT(1, 10), "and goes on from there: no two at one instant");
}

static void
test_pause(void)
{
	reset();
	clock_.state = SVP_CLOCK_PAUSED;
	clock_.paused_at = AT(0, 10);
	is_time(at_share(1, 75), 1, NEVER, "while it is paused");

	/* two hours counted, goes on on Tuesday at noon */
	clock_.state = SVP_CLOCK_RUNNING;
	clock_.counted_from = AT(1, 12);
	clock_.elapsed = 2 * HOUR;
	is_time(at_share(1, 75), 1, AT(1, 16), "a pause is not counted");
	is_time(at_share(1, 25), 1, AT(1, 12), "what was reached at the pause");
	is_time(at_share(1, 20), 1, AT(1, 11) + 36 * MINUTE, "what was reached before it has passed");

	clock_.state = SVP_CLOCK_MISSED;
	is_time(at_share(1, 75), 1, NEVER, "when it is judged");
	clock_.started = false;
	clock_.state = SVP_CLOCK_RUNNING;
	is_time(at_share(1, 75), 1, NEVER, "before it has started");
}

static void
test_no_calendar(void)
{
	SvpBenchmark always = day;
	SvpEscalationLevel level = by_deadline(1, 2 * HOUR);

	reset();
	always.calendar = NULL;
	(void) svp_clock_begin(&always, NULL, AT(0, 9), &clock_);
	is_time(at_share(1, 50), 1, AT(0, 13), "around the clock");
	level.wait_for_hours = true;
	is_time(level, 1, AT(0, 19), "without a calendar there are no hours to wait for");
	level.offset = INT64_C(3000000000000000);
	clock_.counted_from = svp_date_of(SVP_TIME_LAST_YEAR, 12, 1) * DAY;
	is_time(level, 1, NEVER, "beyond the end of time");
	level.around_the_clock = true;
	clock_.due_at = clock_.counted_from;
	is_time(level, 1, NEVER, "so by the clock");
	clock_.has_due = false;
	level.offset = 0;
	is_time(level, 1, NEVER, "without a deadline");
}

static void
test_chain(void)
{
	SvpEscalationLevel levels[] = {at_share(1, 75), at_share(2, 100), by_deadline(3, HOUR)};

	reset();
	levels[0].times = 10;
	levels[0].every = HOUR;
	is_next(levels, 3, 1, AT(0, 15), "the lowest first");
	so_far.level = 1;
	so_far.occurrence = 1;
	is_next(levels, 3, 1, AT(0, 16), "then it repeats");
	so_far.occurrence = 2;
	is_next(levels, 3, 1, AT(0, 17), "of two at one instant the lower");
	so_far.occurrence = 3;
	is_next(levels, 3, 2, AT(0, 17), "then the next");
	so_far.level = 2;
	so_far.occurrence = 1;
	is_next(levels, 3, 3, AT(1, 10), "which ends the repetition");
	so_far.level = 3;
	is_next(levels, 3, NEVER, 0, "nothing after the last");
	so_far.level = 7;
	is_next(levels, 3, NEVER, 0, "nor if another version had more");
}

static void
test_events(void)
{
	SvpEscalationLevel reopened = {.number = 1, .trigger = SVP_ESCALATE_ON_REOPENED, .count = 2, .times = 2, .every = HOUR};
	SvpEscalationLevel unanswered = {.number = 2, .trigger = SVP_ESCALATE_ON_UNANSWERED, .count = 3, .times = 1};
	SvpEscalationLevel levels[] = {reopened, unanswered, at_share(3, 75)};

	reset();
	is_next(levels, 3, 3, AT(0, 15), "what has not happened is not waited for");
	so_far.reopened = 1;
	so_far.reopened_at = AT(0, 10);
	is_next(levels, 3, 3, AT(0, 15), "once is not twice");
	so_far.reopened = 2;
	is_next(levels, 3, 1, AT(0, 10), "reopened twice");
	so_far.unanswered = 4;
	so_far.unanswered_at = AT(0, 9);
	is_next(levels, 3, 2, AT(0, 9), "a fourth message is a third, too");
	is_time(reopened, 2, AT(0, 11), "an event's level repeats as others do");
}

static void
test_exceptions(void)
{
	SvpEscalationLevel levels[] = {at_share(1, 50), at_share(2, 75), at_share(3, 100)};

	reset();
	levels[0].unless_acknowledged = levels[2].unless_acknowledged = true;
	is_next(levels, 3, 1, AT(0, 13), "nobody takes care");
	so_far.is_acknowledged = true;
	is_next(levels, 3, 2, AT(0, 15), "somebody does: those that ask are left out");

	so_far.is_acknowledged = false;
	so_far.is_imported = true;
	so_far.imported_at = AT(0, 15);
	is_next(levels, 3, 2, AT(0, 15), "what was due before it was taken over is left out");
	so_far.imported_at++;
	is_next(levels, 3, 3, AT(0, 17), "to the microsecond");
	levels[0].times = 100;
	levels[0].every = HOUR;
	is_next(levels, 3, 3, AT(0, 17), "with all its repetitions");
}

static void
test_choice(void)
{
	char	   *gold[] = {"gold"};
	SvpEscalation chains[] = {
		{.metric = "resolution"}, {.metric = "first_response"}, {.metric = "resolution"}, {.metric = "resolution"}
	};
	SvpPolicy	policy = {.nescalations = 4, .escalations = chains};
	SvpScenario scenario = {{NULL}};

	chains[2].when.nconditions = 1;
	chains[2].when.nvalues[SVP_CUSTOMER_TIER] = 1;
	chains[2].when.values[SVP_CUSTOMER_TIER] = gold;
	ok(svp_escalation_chain(&policy, "resolution", &scenario) == &chains[0], "of equals the earlier");
	scenario.value[SVP_CUSTOMER_TIER] = "gold";
	ok(svp_escalation_chain(&policy, "resolution", &scenario) == &chains[2], "more conditions win");
	ok(svp_escalation_chain(&policy, "ownership", &scenario) == NULL, "a metric without a chain");
}

/*
 * However a chain is made, climbing it ends, never goes down, and does nothing
 * twice.
 */
static void
test_law(void)
{
	unsigned	seed = 2026;
	bool		good = true;
	int			fired = 0;

#define RANDOM(n) ((seed = seed * 1103515245 + 12345) / 65536 % (n))
	for (int round = 0; round < 20000; round++)
	{
		SvpEscalationLevel levels[5];
		SvpEscalation chain = {.nlevels = 1 + RANDOM(5), .levels = levels};
		SvpEscalationPoint next;
		int			most = 0;

		reset();
		for (int i = 0; i < chain.nlevels; i++)
		{
			levels[i] = RANDOM(2) ? at_share(2 * i + 1, 1 + RANDOM(300)) :
				by_deadline(2 * i + 1, ((int64) RANDOM(100) - 50) * HOUR / 3);
			levels[i].times = 1 + RANDOM(4);
			levels[i].every = (1 + RANDOM(40)) * HOUR / 2;
			levels[i].around_the_clock = RANDOM(2);
			levels[i].wait_for_hours = RANDOM(2);
			most += levels[i].times;
		}
		while (svp_escalation_next(&chain, &clock_, &so_far, &next))
		{
			bool		again = next.level->number == so_far.level;
			bool		is_open;

			good = good && most-- > 0 && next.level->number >= so_far.level &&
				next.occurrence == (again ? so_far.occurrence + 1 : 1) &&
				next.occurrence <= next.level->times;
			if (next.level->wait_for_hours)
				good = good && svp_is_open(office, next.at, &is_open) == SVP_TIME_OK && is_open;
			so_far.level = next.level->number;
			so_far.occurrence = next.occurrence;
			fired++;
			if (!good)
				break;
		}
	}
	ok(good, "chains are climbed once");
	ok(fired > 40000, "and were climbed");
}

/*
 * Events an hour apart, the opening first: o(pened), m(essage with it), a(sked), r(esponded), l(eft), and the
 * states n(ew), d(one), v(oid).
 */
static void
is_count(const char *story, int reopened, int unanswered, const char *what)
{
	SvpEvent	events[20] = {0};
	SvpHistory	history = {.opened_at = AT(0, 9),.nevents = (int) strlen(story),.events = events};
	SvpEscalated count = {0};

	for (int i = 0; story[i] != '\0'; i++)
		events[i] = (SvpEvent) {
			.kind = story[i] == 'o' ? SVP_EVENT_OPENED : story[i] == 'a' || story[i] == 'm' ? SVP_EVENT_ASKED :
				story[i] == 'r' ? SVP_EVENT_RESPONDED : story[i] == 'l' ? SVP_EVENT_LEFT : SVP_EVENT_CHANGED,
			.at = story[i] == 'm' ? history.opened_at : history.opened_at + i * HOUR,
			.state = story[i] == 'd' ? SVP_STATE_RESOLVED : story[i] == 'v' ? SVP_STATE_VOID : SVP_STATE_OPEN
		};
	svp_escalation_count(&history, &count);
	ok(count.reopened == reopened && count.unanswered == unanswered, what);
}

static void
test_counts(void)
{
	is_count("o", 0, 0, "nothing happened");
	is_count("onn", 0, 0, "changes are no reopening");
	is_count("odn", 1, 0, "reopened");
	is_count("oddnndn", 2, 0, "and again");
	is_count("odvn", 1, 0, "void meanwhile");
	is_count("odl", 0, 0, "gone is not reopened");
	is_count("om", 0, 0, "the message that opens the ticket is the opening");
	is_count("oaaa", 0, 3, "three messages wait");
	is_count("oaara", 0, 1, "a reply answers all before it");
	is_count("oaadna", 1, 1, "so does solving");
}

int
main(void)
{
	office = office_in((SvpZone) {NULL, utc});
	day = benchmark("resolution", 8 * HOUR);
	test_times();
	test_counts();
	test_repetition();
	test_pause();
	test_no_calendar();
	test_chain();
	test_events();
	test_exceptions();
	test_choice();
	test_law();
	return done_testing();
}
