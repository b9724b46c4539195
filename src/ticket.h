/*-------------------------------------------------------------------------
 *
 * ticket.h
 *		One ticket being recorded.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TICKET_H
#define SVP_TICKET_H

#include "ledger.h"

typedef struct SvpTicket
{
	SvpAttachment *attachment;
	const char *recorded_by;
	Datum	   *key;
	SvpLedger	ledger;
	int			next_seq;
	int			nrecorded;		/* records added now */
	int64		earliest;		/* … the earliest of them */
	bool		opening_changed;
	bool		returned;		/* it left and came back in this transaction */
	int64		left_at;		/* … then, by the record that was taken back */
} SvpTicket;

extern void svp_ticket_issue(SvpTicket *ticket, const char *problem, const char *detail,
							 const char *value);
extern void svp_ticket_move_clocks(SvpTicket *ticket);

#endif							/* SVP_TICKET_H */
