/*-------------------------------------------------------------------------
 *
 * refund_case.h
 *		One refund, from its facts to its decision.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_CASE_H
#define SVP_REFUND_CASE_H

#include "attachment.h"
#include "ledger.h"
#include "policy.h"
#include "refund.h"
#include "refund_tally.h"

#define SVP_FACT_TICKET		"ticket"

typedef struct SvpRefundCase
{
	/* What is given */
	SvpAttachment *attachment;
	const SvpMapping *mapping;	/* names the facts */
	SvpFacts	facts;
	int64		now;			/* the moment of the decision */
	const char *role;			/* the database role that writes it, or asks */
	bool		key_is_made;	/* by a default, so another attempt would have another */
	const SvpTally *tally;		/* how its subjects stood when it was counted … */
	const SvpRefundShare *own;	/* … or, if not, what it was counted for before */

	/* What is found */
	bool		names_ticket;
	Datum	   *ticket_key;		/* NULL if it names none, or what is no key */
	const SvpRecord *ticket;	/* as last recorded; NULL if it is not */
	SvpRefundFact *known;		/* the amounts, then the times; NULL until they are looked for */
	int			nknown;
	int			namounts;
	Datum		amount;			/* the fact as numeric; a null pointer if not known */
	const SvpPolicy *policy;	/* NULL: no version was in force */
	const char *claimed_by;		/* the time as of which it judges; NULL: it is that of now */
	const SvpRefundRule *rule;	/* NULL: none applies */
	SvpMode		mode;
	SvpRefundCalendars calendars;
	SvpRefundSums sums;			/* of the refunds before it */
	SvpRelief	relief;			/* by an exception, an approval, or both … */
	const struct SvpException *exception;	/* … which are these, or NULL */
	const struct SvpException *approval;
	const struct SvpException *own_approval;	/* that does not count: it is by who refunds */
	SvpRefundDecision unrelieved;	/* what it would be without them */
	SvpRefundDecision decision;
} SvpRefundCase;

/* Find its ticket and its rule, without deciding. */
extern void svp_refund_case_open(SvpRefundCase *refund);

/*
 * Decide.  With the rights of the attachment's owner, and with its evidence
 * prepared.
 */
extern void svp_refund_case_judge(SvpRefundCase *refund);

/* What svp_refund_decide() is told of it: facts, sums and relief. */
extern SvpRefundFacts svp_refund_case_facts(const SvpRefundCase *refund);

/* What it adds to the sums of its order, its line and its customer. */
extern SvpRefundShare svp_refund_share(const SvpRefundCase *refund);

/* The text of a fact that is set, or NULL. */
extern const char *svp_refund_case_text(const SvpRefundCase *refund, SvpFactName name);

/* Who it is, or NULL: a blank is nobody. */
extern const char *svp_refund_case_person(const SvpRefundCase *refund, SvpFactName name);

/* What the refund does not say of its scenario, its ticket may. */
extern SvpScenario svp_refund_case_scenario(const SvpRefundCase *refund);

/* A fact that decides, with what was found in the ticket's stead. */
extern const SvpRefundFact *svp_refund_case_fact(const SvpRefundCase *refund, const char *name);

/* An amount as numeric, which is the refund's own if it is as much. */
extern Datum svp_refund_case_numeric(const SvpRefundCase *refund, int64 millionths);

#endif							/* SVP_REFUND_CASE_H */
