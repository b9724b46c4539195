/*-------------------------------------------------------------------------
 *
 * refund_tally.h
 *		What the refunds of an order, of a line of it, and of a customer add
 *		up to.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_TALLY_H
#define SVP_REFUND_TALLY_H

#include "attachment.h"
#include "refund.h"

typedef enum SvpScope
{
	SVP_SCOPE_ORDER,
	SVP_SCOPE_LINE,
	SVP_SCOPE_CUSTOMER
} SvpScope;

#define SVP_NSCOPES (SVP_SCOPE_CUSTOMER + 1)

/* What one refund adds to the sums.  Texts are NULL where not known. */
typedef struct SvpRefundShare
{
	const char *order_id;
	const char *line_id;
	const char *customer;
	const char *currency;
	SvpAmount	amount;			/* 0 where not known, or below zero */
	int64		counted_at;
} SvpRefundShare;

/* How a subject stood before a refund was counted. */
typedef struct SvpTallyPlace
{
	int64		seq;			/* of the refund's own row; 0: it has none */
	SvpAmount	total;			/* in the refund's currency; not of a customer, see Lately */
	bool		other_currency; /* there are refunds in another, too */
	int64		last_at;		/* when the last one was counted or taken back */
} SvpTallyPlace;

typedef struct SvpTally
{
	SvpTallyPlace places[SVP_NSCOPES];
} SvpTally;

struct SvpRefundCase;

/*
 * Take back what a refund was counted for, or nothing if NULL; and count it
 * anew, unless NULL, saying how its subjects stood.  From then until the end
 * of the transaction nobody else counts a refund of the same subjects, and all
 * that did before are waited for.
 */
extern void svp_tally_change(SvpAttachment *attachment, const SvpRefundShare *before,
							 const SvpRefundShare *after, int64 at, SvpTally *tally);

/*
 * Find what refunds before this one add up to, as far as its rule asks.  Of
 * one that is only asked about it reads what is committed.
 */
extern void svp_tally_read(struct SvpRefundCase *refund);

#endif							/* SVP_REFUND_TALLY_H */
