/*-------------------------------------------------------------------------
 *
 * ticket_history.h
 *		What a CRM's history table tells of a ticket.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TICKET_HISTORY_H
#define SVP_TICKET_HISTORY_H

#include "ticket.h"

/* What a change may tell: state, the scenario's dimensions, agent and customer. */
#define SVP_NFIELDS (SVP_NDIMENSIONS + 3)

typedef struct SvpField
{
	bool		is_told;		/* changed by this row */
	bool		has_before;		/* … which tells what it was */
	const char *before;
	const char *after;
} SvpField;

typedef struct SvpChange
{
	int64		at;
	SvpField	fields[SVP_NFIELDS];
} SvpChange;

/* False where the row does not say when it was, with the problem where it says it badly. */
extern bool svp_change_read(const SvpMapping *mapping, const SvpFacts *facts, SvpChange *change,
							const char **problem);

/*
 * Add what is not known yet of an open ticket's history to its ledger; to be
 * followed by svp_ticket_record() with the same facts.
 */
extern void svp_ticket_add_history(SvpTicket *ticket, const SvpFacts *facts,
								   SvpChange *changes, int nchanges);

#endif							/* SVP_TICKET_HISTORY_H */
