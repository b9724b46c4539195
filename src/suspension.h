/*-------------------------------------------------------------------------
 *
 * suspension.h
 *		Is it quiet: does nothing go out, and no action run, for a while?
 *
 * Kept in the backend, so asking costs next to nothing.  What is recorded
 * meanwhile waits.  A suspension counts for whoever asks after it was
 * committed; ask once for each thing that is to go out.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_SUSPENSION_H
#define SVP_SUSPENSION_H

#include "attachment.h"

extern bool svp_is_suspended(const SvpAttachment *attachment, TimestampTz now);

/*
 * The earliest instant, not before "at", at which nothing suspends the
 * attachment of that name: "at" itself if nothing does, DT_NOEND if somebody
 * has to resume it.
 */
extern TimestampTz svp_suspended_until(const char *attachment, TimestampTz at);

#endif							/* SVP_SUSPENSION_H */
