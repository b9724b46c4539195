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

/*
 * Find the version in force when a ticket was opened, the metrics that it
 * measures and their calendars.
 */
void
svp_judge_appoint(const SvpAttachment *attachment, int64 opened_at, SvpJudge *judge)
{
	const SvpPolicy *policy = svp_policy_at(attachment->policy, opened_at);

	memset(judge, 0, sizeof(*judge));
	judge->policy = policy;
	if (policy == NULL)
		return;
	judge->calendars = palloc0(sizeof(SvpCalendar *) * Max(policy->nbenchmarks, 1));
	judge->metrics = palloc(sizeof(char *) * Max(policy->nbenchmarks, 1));
	for (int i = 0; i < policy->nbenchmarks; i++)
	{
		const SvpBenchmark *benchmark = &policy->benchmarks[i];

		add_metric(judge, benchmark->metric);
		if (benchmark->calendar != NULL)
			judge->calendars[i] = svp_calendar_get(benchmark->calendar, true);
	}
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
