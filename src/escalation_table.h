/*-------------------------------------------------------------------------
 *
 * escalation_table.h
 *		The escalations of a ticket, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ESCALATION_TABLE_H
#define SVP_ESCALATION_TABLE_H

#include "escalation_text.h"

/* What of an escalation is told of it. */
typedef struct SvpFired
{
	int			level;
	int			occurrence;
	int64		due_at;
	int64		fired_at;
	const char *notify;			/* NULL = nobody, as the others */
	const char *assign_to;
	const char *set_priority;
	const char *call_function;
	const char *notify_state;	/* how far each is; NULL = it is not to be done */
	const char *assign_state;
	const char *priority_state;
	const char *call_state;
} SvpFired;

/* False if it is on record already: it has fired. */
extern bool svp_escalation_add(SvpAttachment *attachment, const Datum *key,
							   const SvpEscalationCase *escalation, int64 fired_at);

/* Those of one clock, in the order of levels. */
extern SvpFired *svp_escalations_read(SvpAttachment *attachment, const Datum *key,
									  const char *metric, int cycle, int *n);

#endif							/* SVP_ESCALATION_TABLE_H */
