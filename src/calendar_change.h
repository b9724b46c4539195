/*-------------------------------------------------------------------------
 *
 * calendar_change.h
 *		Which open clocks a change of their calendar may have moved.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CALENDAR_CHANGE_H
#define SVP_CALENDAR_CHANGE_H

#include "utils/array.h"

#include "revise.h"

/* A calendar whose open clocks are to be looked at. */
typedef struct SvpCalendarChange
{
	const char *calendar;
	int64		revision;		/* as it now is */
	bool		every;			/* also those computed by this revision */
	ArrayType  *looked_until;	/* … but for tickets up to this key, which were looked at, or NULL */
	bool		is_repeat;		/* they were looked at, but others were writing then */
	bool		is_settled;		/* … who have ended */
} SvpCalendarChange;

typedef struct SvpCalendarChanges
{
	int			n;
	SvpCalendarChange *changes;
	bool		is_partial;		/* a calendar or a version of the policy cannot be used */
	Datum		writers_until;	/* others are writing; they come before this transaction */
	bool		has_writers;
	const Datum *looked_until;	/* of those of which every clock is, or NULL */
} SvpCalendarChanges;

extern void svp_changes_find(const SvpRevision *revision, SvpCalendarChanges *changes);
extern SPITupleTable *svp_changes_tickets(const SvpRevision *revision,
										  SvpCalendarChanges *changes, int limit, int *n);
extern void svp_changes_done(const SvpRevision *revision, const SvpCalendarChanges *changes);

#endif							/* SVP_CALENDAR_CHANGE_H */
