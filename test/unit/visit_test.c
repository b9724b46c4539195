/*-------------------------------------------------------------------------
 *
 * visit_test.c
 *		When a database is visited next by a worker.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "tap.h"
#include "visit.h"

#define NOON (12 * SVP_USEC_PER_HOUR)
#define SECONDS(n) ((n) * SVP_USEC_PER_SEC)
#define NAPTIME SECONDS(60)

static SvpVisit visit;

/* A visit from noon on that ends so; returns how many milliseconds later the next one is due. */
static int64
next_after(SvpVisitEnd end, int64 due_at)
{
	svp_visit_begin(&visit);
	svp_visit_end(&visit, end, due_at, NOON);
	return (svp_visit_due(&visit, NAPTIME) - NOON) / 1000;
}

static void
test_plan(void)
{
	svp_visit_init(&visit, NOON);
	is_int64(svp_visit_due(&visit, NAPTIME), NOON, "a new database is visited at once");
	is_int64(next_after(SVP_VISIT_DONE, SVP_NEVER), 60000, "nothing will be due: after the naptime");
	is_int64(next_after(SVP_VISIT_DONE, NOON + SECONDS(20)), 20000, "when something is due");
	is_int64(next_after(SVP_VISIT_DONE, NOON + SECONDS(90)), 60000, "… but after the naptime at the latest");
	is_int64(next_after(SVP_VISIT_UNFINISHED, NOON), 1000, "in a second if there is more to do");
	(void) next_after(SVP_VISIT_DONE, SVP_NEVER);
	is_int64(svp_visit_due(&visit, SECONDS(5)), NOON + SECONDS(5), "another naptime counts at once");
	svp_visit_begin(&visit);
	is_int64(svp_visit_due(&visit, NAPTIME), SVP_NEVER, "not while somebody is there");
}

static void
test_wants(void)
{
	svp_visit_init(&visit, NOON);
	(void) next_after(SVP_VISIT_DONE, NOON + SECONDS(20));
	ok(!svp_visit_want(&visit, NOON + SECONDS(30)), "what comes later than planned changes nothing");
	is_int64(svp_visit_due(&visit, NAPTIME), NOON + SECONDS(20), "… so the plan stands");
	ok(svp_visit_want(&visit, NOON + SECONDS(10)), "what comes earlier does");
	ok(!svp_visit_want(&visit, NOON + SECONDS(15)), "… but not once something yet earlier has");
	is_int64(svp_visit_due(&visit, NAPTIME), NOON + SECONDS(10), "the earliest counts");
	is_int64(svp_visit_known_until(&visit), NOON + SECONDS(10), "… from there on nothing is news");
	is_int64(next_after(SVP_VISIT_DONE, SVP_NEVER), 60000, "a visit has seen what was wanted before it began");
	svp_visit_begin(&visit);
	is_int64(svp_visit_known_until(&visit), SVP_NEVER, "everything is news once it begins");
	ok(svp_visit_want(&visit, NOON), "what is wanted while it goes on");
	svp_visit_end(&visit, SVP_VISIT_DONE, SVP_NEVER, NOON + SECONDS(1));
	is_int64(svp_visit_due(&visit, NAPTIME), NOON + SECONDS(2), "… is looked at a second after it");
}

static void
test_retries(void)
{
	static const int seconds[] = {1, 2, 4, 8, 16, 32, 60, 60};
	bool		grows = true;

	svp_visit_init(&visit, NOON);
	for (int i = 0; i < lengthof(seconds); i++)
		grows = grows && next_after(SVP_VISIT_STUCK, NOON) == seconds[i] * 1000;
	ok(grows, "what is stuck is tried again after 1, 2, 4, … seconds, and then with the naptime");
	ok(svp_visit_want(&visit, NOON + SECONDS(1)), "… or when somebody asks");
	is_int64(next_after(SVP_VISIT_DONE, SVP_NEVER), 60000, "once it works");
	is_int64(next_after(SVP_VISIT_STUCK, NOON), 1000, "… it begins anew");

	svp_visit_init(&visit, NOON);
	for (int i = 0; i < 8; i++)
		(void) next_after(SVP_VISIT_FAILED, SVP_NEVER);
	is_int64(visit.failures, 8, "failures are counted");
	is_int64(next_after(SVP_VISIT_FAILED, SVP_NEVER), 256000, "an error delays for longer");
	is_int64(next_after(SVP_VISIT_FAILED, SVP_NEVER), 300000, "… up to five minutes");
	for (int i = 0; i < 100; i++)
		(void) next_after(SVP_VISIT_FAILED, SVP_NEVER);
	is_int64(next_after(SVP_VISIT_FAILED, SVP_NEVER), 300000, "… for however many");
	ok(!svp_visit_want(&visit, NOON), "and nobody makes it sooner");
	is_int64(svp_visit_known_until(&visit), SVP_ALWAYS, "… so nothing is news");
	(void) next_after(SVP_VISIT_DONE, SVP_NEVER);
	is_int64(next_after(SVP_VISIT_FAILED, SVP_NEVER), 1000, "once it works it begins anew");
	(void) next_after(SVP_VISIT_STUCK, SVP_NEVER);
	is_int64(visit.failures, 0, "who is stuck has not failed");
}

/* A clock that went wrong for a year, and was put right. */
static void
test_clock_set_back(void)
{
	int64		before = NOON - 365 * SVP_USEC_PER_DAY;

	svp_visit_init(&visit, NOON);
	(void) next_after(SVP_VISIT_DONE, SVP_NEVER);
	svp_visit_see(&visit, NOON);
	is_int64(svp_visit_due(&visit, NAPTIME), NOON + NAPTIME, "a clock that goes on changes no plan");
	svp_visit_see(&visit, before);
	is_int64(svp_visit_due(&visit, NAPTIME), before + NAPTIME, "set back, the naptime counts from there");
	ok(svp_visit_want(&visit, before + SECONDS(3)), "what comes up then is news");
	is_int64(svp_visit_due(&visit, NAPTIME), before + SECONDS(3), "… and in time");
	(void) next_after(SVP_VISIT_FAILED, SVP_NEVER);
	svp_visit_see(&visit, before);
	is_int64(svp_visit_due(&visit, NAPTIME), before, "what had failed is tried at once");
}

int
main(void)
{
	test_plan();
	test_wants();
	test_retries();
	test_clock_set_back();
	return done_testing();
}
