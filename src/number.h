/*-------------------------------------------------------------------------
 *
 * number.h
 *		Exact decimal numbers, as 64-bit counts of millionths.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_NUMBER_H
#define SVP_NUMBER_H

#include "core.h"

#define SVP_MILLION INT64CONST(1000000)

extern bool svp_number_parse(const char *text, int64 *millionths);

#endif							/* SVP_NUMBER_H */
