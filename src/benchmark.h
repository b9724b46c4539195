/*-------------------------------------------------------------------------
 *
 * benchmark.h
 *		What a benchmark means: its metric, its end, its match.
 *
 * Pure: no table, no server.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_BENCHMARK_H
#define SVP_BENCHMARK_H

#include "policy_document.h"

extern bool svp_metric_is_built_in(const char *metric);
extern void svp_benchmark_complete(SvpBenchmark *benchmark);
extern bool svp_benchmark_hears_replies(const SvpBenchmark *benchmark);
extern int64 svp_benchmark_at_risk(const SvpBenchmark *benchmark, int64 target);
extern int	svp_benchmark_best(const SvpPolicy *policy, const char *metric,
							   const SvpScenario *scenario);

#endif							/* SVP_BENCHMARK_H */
