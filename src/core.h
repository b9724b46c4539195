/*-------------------------------------------------------------------------
 *
 * core.h
 *		What a pure core includes instead of a server header.
 *
 * A pure core knows no table, no SPI and no wall clock, so it builds in two
 * ways: into the extension, and with -DSVP_STANDALONE into a plain program
 * that unit tests, sanitizers and fuzzers run without a server.
 *
 * Instants are microseconds since 2000-01-01 00:00 UTC, as the server's
 * TimestampTz; dates are days since 2000-01-01, as its DateADT.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CORE_H
#define SVP_CORE_H

#ifdef SVP_STANDALONE

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int16_t int16;
typedef int32_t int32;
typedef int64_t int64;
typedef uint32_t uint32;
typedef uint64_t uint64;

#define INT64CONST(x) INT64_C(x)
#define UINT64CONST(x) UINT64_C(x)
#define Assert(condition) assert(condition)
#define lengthof(array) (sizeof(array) / sizeof((array)[0]))
#define Max(x, y) ((x) > (y) ? (x) : (y))
#define Min(x, y) ((x) < (y) ? (x) : (y))
#define likely(x) __builtin_expect((x) != 0, 1)
#define unlikely(x) __builtin_expect((x) != 0, 0)

/* Memory that runs out ends the program, as it ends a statement in the server. */
typedef void *MemoryContext;

static inline void *
repalloc(void *old, size_t size)
{
	void	   *memory = realloc(old, size > 0 ? size : 1);

	if (memory == NULL)
		abort();
	return memory;
}

#define palloc(size) repalloc(NULL, size)
#define MemoryContextAlloc(context, size) ((void) (context), palloc(size))
#define pfree(memory) free(memory)
#define CHECK_FOR_INTERRUPTS() ((void) 0)

#else

#include "postgres.h"

#include "miscadmin.h"

#endif

#define SVP_USEC_PER_SEC	INT64CONST(1000000)
#define SVP_USEC_PER_MINUTE (60 * SVP_USEC_PER_SEC)
#define SVP_USEC_PER_HOUR	(60 * SVP_USEC_PER_MINUTE)
#define SVP_USEC_PER_DAY	(24 * SVP_USEC_PER_HOUR)

#endif							/* SVP_CORE_H */
