/*-------------------------------------------------------------------------
 *
 * timeout.c
 *		A time limit for a piece of work.
 *
 * It does to this backend what a cancel request would, so it ends what that
 * ends: loops, sleeps, waits for locks.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/timeout.h"

#include "timeout.h"

static TimeoutId timeout;
static volatile sig_atomic_t is_over = false;

/*
 * In a signal handler.
 */
static void
time_is_over(void)
{
	is_over = true;
	QueryCancelPending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

void
svp_timeout_begin(int milliseconds)
{
	static bool is_registered = false;

	if (!is_registered)
		timeout = RegisterTimeout(USER_TIMEOUT, time_is_over);
	is_registered = true;
	is_over = false;
	enable_timeout_after(timeout, milliseconds);
}

bool
svp_timeout_end(void)
{
	disable_timeout(timeout, false);
	/* what it was to end may have come to its end by itself */
	if (is_over)
		QueryCancelPending = false;
	return is_over;
}
