/*-------------------------------------------------------------------------
 *
 * judge.h
 *		A ticket's clocks by the policy that judges it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_JUDGE_H
#define SVP_JUDGE_H

#include "ledger.h"
#include "policy.h"

/* The policy of a ticket, with its calendars. */
typedef struct SvpJudge
{
	const SvpPolicy *policy;	/* NULL: no version was in force */
	SvpCalendar **calendars;	/* go with the benchmarks */
	int			nmetrics;
	const char **metrics;
} SvpJudge;

/* A calendar of the metric's benchmarks that cannot be used, or NULL. */
extern const char *svp_judge_missing_calendar(const SvpJudge *judge, const char *metric);

extern bool svp_judge_recall(const SvpAttachment *attachment, int64 opened_at, SvpJudge *judge);
extern void svp_judge_appoint(const SvpAttachment *attachment, int64 opened_at, SvpJudge *judge);

#endif							/* SVP_JUDGE_H */
