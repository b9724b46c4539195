/*-------------------------------------------------------------------------
 *
 * calendar_progress.h
 *		How far tick() is where every open clock is to be looked at.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CALENDAR_PROGRESS_H
#define SVP_CALENDAR_PROGRESS_H

#include "calendar_change.h"

/* The key up to which tickets were looked at, as the changes have it; NULL if they begin, or differ. */
extern const Datum *svp_progress_of(const SvpRevision *revision,
									const SvpCalendarChanges *changes);

/* A condition on the clocks "c": they come after the key, which is given from this parameter on. */
extern char *svp_progress_after(const SvpAttachment *attachment, int parameter);

/* All tickets up to this one were. */
extern void svp_progress_note(const SvpRevision *revision, const SvpCalendarChanges *changes,
							  const Datum *key);

#endif							/* SVP_CALENDAR_PROGRESS_H */
