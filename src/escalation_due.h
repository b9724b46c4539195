/*-------------------------------------------------------------------------
 *
 * escalation_due.h
 *		Which clocks are due to escalate.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ESCALATION_DUE_H
#define SVP_ESCALATION_DUE_H

#include "revise.h"

/* What was found of one attachment. */
typedef struct SvpDue
{
	int64		now;			/* up to when */
	Oid			relid;			/* the table of clocks */
	int64		clear_until;	/* nothing before that is left */
	int			n;
	SPITupleTable *rows;		/* the ticket's key, metric and cycle; until SPI is left */
} SvpDue;

/* Find at most so many that are due by now, after so many that are left where they are. */
extern void svp_due_begin(const SvpRevision *revision, SvpDue *due);
extern void svp_due_find(const SvpRevision *revision, int limit, int offset, SvpDue *due);

/* From now on look only beyond what was found, if this transaction commits. */
extern void svp_due_remember(const SvpDue *due);

#endif							/* SVP_ESCALATION_DUE_H */
