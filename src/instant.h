/*-------------------------------------------------------------------------
 *
 * instant.h
 *		Instants as ISO 8601 and RFC 3339 write them.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_INSTANT_H
#define SVP_INSTANT_H

#include "core.h"

extern bool svp_instant_parse(const char *text, int64 *at);

#endif							/* SVP_INSTANT_H */
