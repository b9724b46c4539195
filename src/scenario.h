/*-------------------------------------------------------------------------
 *
 * scenario.h
 *		Which rule of a policy applies: conditions against a ticket's scenario.
 *
 * Pure: no table, no server.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_SCENARIO_H
#define SVP_SCENARIO_H

#include "words.h"

/* What is known of a ticket.  NULL is unknown, and meets no condition. */
typedef struct SvpScenario
{
	const char *value[SVP_NDIMENSIONS];
} SvpScenario;

/*
 * When a rule applies: each dimension that lists values must have one of
 * them.  nconditions counts those dimensions, not their values; a rule
 * without conditions applies always.
 */
typedef struct SvpCondition
{
	int			nconditions;
	int			nvalues[SVP_NDIMENSIONS];
	char	  **values[SVP_NDIMENSIONS];
} SvpCondition;

extern bool svp_scenario_meets(const SvpCondition *when, const SvpScenario *scenario,
							   int dimension);
extern bool svp_scenario_matches(const SvpCondition *when, const SvpScenario *scenario);
extern int	svp_scenario_best(const SvpCondition *const *when, int n,
							  const SvpScenario *scenario);

#endif							/* SVP_SCENARIO_H */
