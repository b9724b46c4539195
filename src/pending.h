/*-------------------------------------------------------------------------
 *
 * pending.h
 *		Tickets whose clocks are to be moved when the transaction ends.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_PENDING_H
#define SVP_PENDING_H

#include "attachment.h"
#include "message_table.h"

/* What happened to a ticket. */
typedef enum SvpPendingKind
{
	SVP_PENDING_PUT,			/* a message came */
	SVP_PENDING_CHANGE,			/* one that this transaction brought changed, or went */
	SVP_PENDING_TAKEN_BACK,		/* one is not, or no longer, as it was */
	SVP_PENDING_REMOVAL,		/* the row of one was deleted; it is still kept */
	SVP_PENDING_CHILD			/* something that its facts depend on */
} SvpPendingKind;

typedef struct SvpPending
{
	const char *attachment;
	int			nkey;
	Oid		   *types;
	Datum	   *key;
	SvpPendingKind kind;
	int64		at;				/* not of a child */
	const char *message;		/* of a removal, what may undo it, or is to be read again */
	Oid			role;			/* who did it */
	int			number;			/* in order of time */
	SubTransactionId subtransaction;
} SvpPending;

extern void svp_pending_add(const SvpAttachment *attachment, const Datum *key,
							SvpPendingKind kind, int64 at, const char *message, Oid role);

extern bool svp_is_pending(void);
extern bool svp_pending_has_removals(void);

/*
 * Take all that is pending out of the list, by attachment, ticket, message and
 * time.  Transactions that settle the same tickets so do it in the same order.
 */
extern SvpPending *svp_pending_take(int *n);
extern bool svp_pending_same_ticket(const SvpPending *a, const SvpPending *b);

#endif							/* SVP_PENDING_H */
