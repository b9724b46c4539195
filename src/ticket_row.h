/*-------------------------------------------------------------------------
 *
 * ticket_row.h
 *		What a ticket's row says: its state, and since when.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TICKET_ROW_H
#define SVP_TICKET_ROW_H

#include "ticket.h"

extern const SvpFactValue *svp_ticket_fact(const SvpTicket *ticket, const SvpFacts *facts,
										   SvpFactName name);
extern void svp_ticket_report_unreadable(SvpTicket *ticket, const SvpFacts *facts);
extern bool svp_ticket_snapshot(SvpTicket *ticket, const SvpFacts *facts,
								const SvpRecord *latest, SvpRecord *record);
extern SvpState svp_ticket_state(SvpTicket *ticket, const char *source, const SvpRecord *latest);
extern int64 svp_ticket_event_time(SvpTicket *ticket, const SvpFacts *facts,
								   const SvpRecord *latest, SvpState state);
extern const SvpFactValue *svp_ticket_state_time(SvpTicket *ticket, const SvpFacts *facts,
												 SvpState state);
extern int64 svp_ticket_undated(const SvpRecord *latest);

#endif							/* SVP_TICKET_ROW_H */
