/*-------------------------------------------------------------------------
 *
 * ticket_newest.h
 *		What can be told of a ticket by its newest record alone.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TICKET_NEWEST_H
#define SVP_TICKET_NEWEST_H

#include "ticket.h"

/* Can the row's facts, or without them its end, be recorded without the older records? */
extern bool svp_newest_is_enough(const SvpTicket *ticket, const SvpFacts *facts);

#endif							/* SVP_TICKET_NEWEST_H */
