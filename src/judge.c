/*-------------------------------------------------------------------------
 *
 * judge.c
 *		A ticket's clocks by the policy that judges it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "calendar.h"
#include "judge.h"

static void
add_metric(SvpJudge *judge, const char *metric)
{
	for (int i = 0; i < judge->nmetrics; i++)
	{
		if (strcmp(judge->metrics[i], metric) == 0)
			return;
	}
	judge->metrics[judge->nmetrics++] = metric;
}

static void
begin_judge(SvpJudge *judge, const SvpPolicy *policy)
{
	memset(judge, 0, sizeof(*judge));
	judge->policy = policy;
	if (policy == NULL)
		return;
	judge->calendars = palloc0(sizeof(SvpCalendar *) * Max(policy->nbenchmarks, 1));
	judge->metrics = palloc(sizeof(char *) * Max(policy->nbenchmarks, 1));
	for (int i = 0; i < policy->nbenchmarks; i++)
		add_metric(judge, policy->benchmarks[i].metric);
}

/*
 * Find the version in force when a ticket was opened, the metrics that it
 * measures and their calendars.
 */
void
svp_judge_appoint(const SvpAttachment *attachment, int64 opened_at, SvpJudge *judge)
{
	begin_judge(judge, svp_policy_at(attachment->policy, opened_at));
	for (int i = 0; judge->policy != NULL && i < judge->policy->nbenchmarks; i++)
	{
		const SvpBenchmark *benchmark = &judge->policy->benchmarks[i];

		if (benchmark->calendar != NULL)
			judge->calendars[i] = svp_calendar_get(benchmark->calendar, true);
	}
}

/*
 * The same without reading anything, so that nothing can fail.  False when
 * something is not there and the other has to find out why.
 */
bool
svp_judge_recall(const SvpAttachment *attachment, int64 opened_at, SvpJudge *judge)
{
	begin_judge(judge, svp_policy_cached_at(attachment->policy, opened_at));
	if (judge->policy == NULL)
		return false;
	for (int i = 0; i < judge->policy->nbenchmarks; i++)
	{
		const SvpBenchmark *benchmark = &judge->policy->benchmarks[i];

		if (benchmark->calendar == NULL)
			continue;
		/* most have the one before */
		if (i > 0 && judge->calendars[i - 1] != NULL &&
			strcmp(benchmark->calendar, benchmark[-1].calendar) == 0)
			judge->calendars[i] = judge->calendars[i - 1];
		else
			judge->calendars[i] = svp_calendar_cached(benchmark->calendar);
		if (judge->calendars[i] == NULL)
			return false;
	}
	return true;
}

const char *
svp_judge_missing_calendar(const SvpJudge *judge, const char *metric)
{
	for (int i = 0; i < judge->policy->nbenchmarks; i++)
	{
		const SvpBenchmark *benchmark = &judge->policy->benchmarks[i];

		if (benchmark->calendar != NULL && judge->calendars[i] == NULL &&
			strcmp(benchmark->metric, metric) == 0)
			return benchmark->calendar;
	}
	return NULL;
}
