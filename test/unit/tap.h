/*-------------------------------------------------------------------------
 *
 * tap.h
 *		Unit tests of the pure cores say what they found as TAP.
 *
 * A program calls ok() or is_int64() for each thing that it checks and ends
 * with "return done_testing();".
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TAP_H
#define SVP_TAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static int	tap_run = 0;
static int	tap_failed = 0;

static inline bool
ok(bool passed, const char *what)
{
	printf("%sok %d - %s\n", passed ? "" : "not ", ++tap_run, what);
	if (!passed)
		tap_failed++;
	return passed;
}

static inline bool
is_int64(int64_t got, int64_t expected, const char *what)
{
	ok(got == expected, what);
	if (got != expected)
		printf("#      got %" PRId64 "\n# expected %" PRId64 "\n", got, expected);
	return got == expected;
}

static inline int
done_testing(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed > 0;
}

#endif							/* SVP_TAP_H */
