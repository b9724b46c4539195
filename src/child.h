/*-------------------------------------------------------------------------
 *
 * child.h
 *		Looking at a ticket anew because something it depends on changed.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CHILD_H
#define SVP_CHILD_H

#include "ticket.h"

/* Of an open ticket: its messages' rows, noting what is new. */
extern void svp_child_messages(SvpTicket *ticket);

/* Of an open ticket: its row, its messages' rows, and then its clocks. */
extern void svp_child_reconsider(SvpTicket *ticket);

/*
 * Of an open ticket, a message that this transaction wrote before it had the
 * ticket to itself: what the message depends on may have changed in between.
 */
extern void svp_child_reread(SvpTicket *ticket, const char *message);

#endif							/* SVP_CHILD_H */
