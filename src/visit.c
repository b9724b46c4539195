/*-------------------------------------------------------------------------
 *
 * visit.c
 *		When a database is visited next by a worker.
 *
 * A pure core: times are given to it.  What fails is tried again soon, and
 * then less and less often, whoever asks for it meanwhile; so an error that
 * stays costs next to nothing, and none is repeated in a tight loop.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"

#include "visit.h"

/* Between visits at least, for those who wait for the database. */
#define BREATH SVP_USEC_PER_SEC

#define FIRST_RETRY SVP_USEC_PER_SEC
#define LONGEST_RETRY (5 * SVP_USEC_PER_MINUTE)

void
svp_visit_init(SvpVisit *visit, int64 now)
{
	*visit = (SvpVisit) {.ended_at = now,.next_at = now,.wanted_at = SVP_NEVER};
}

int64
svp_visit_known_until(const SvpVisit *visit)
{
	if (visit->failures > 0 && !visit->is_on)
		return SVP_ALWAYS;
	return Min(visit->next_at, visit->wanted_at);
}

bool
svp_visit_want(SvpVisit *visit, int64 at)
{
	if (at >= svp_visit_known_until(visit))
		return false;
	visit->wanted_at = at;
	return true;
}

/*
 * What is wanted from here on may have come too late for this visit.
 */
void
svp_visit_begin(SvpVisit *visit)
{
	visit->is_on = true;
	visit->next_at = SVP_NEVER;
	visit->wanted_at = SVP_NEVER;
}

/*
 * 1 second, 2, 4, … as often as something has not worked.
 */
static int64
retry_delay(int retries)
{
	int64		delay = FIRST_RETRY;

	for (int i = 1; i < retries && delay < LONGEST_RETRY; i++)
		delay *= 2;
	return Min(delay, LONGEST_RETRY);
}

void
svp_visit_end(SvpVisit *visit, SvpVisitEnd end, int64 due_at, int64 now)
{
	bool		failed = end == SVP_VISIT_FAILED;

	visit->is_on = false;
	visit->ended_at = now;
	visit->failures = failed ? visit->failures + 1 : 0;
	visit->retries = failed || end == SVP_VISIT_STUCK ? visit->retries + 1 : 0;
	if (end == SVP_VISIT_DONE)
		visit->next_at = due_at;
	else if (end == SVP_VISIT_UNFINISHED)
		visit->next_at = now + BREATH;
	else
		visit->next_at = now + retry_delay(visit->retries);
	if (failed)
		visit->wanted_at = SVP_NEVER;
}

void
svp_visit_see(SvpVisit *visit, int64 now)
{
	if (visit->ended_at <= now)
		return;
	visit->ended_at = now;
	if (visit->failures > 0)
		visit->next_at = now;
}

int64
svp_visit_due(const SvpVisit *visit, int64 naptime)
{
	if (visit->is_on)
		return SVP_NEVER;
	if (visit->failures > 0)
		return visit->next_at;
	return Min(Min(visit->next_at, Max(visit->wanted_at, visit->ended_at + BREATH)),
			   visit->ended_at + naptime);
}
