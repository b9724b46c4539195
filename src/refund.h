/*-------------------------------------------------------------------------
 *
 * refund.h
 *		The decision on a refund by one rule.
 *
 * Pure: facts and the moment go in, a decision comes out.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_H
#define SVP_REFUND_H

#include "business_time.h"
#include "policy_document.h"

typedef enum SvpRefundOutcome
{
	SVP_REFUND_ALLOWED,
	SVP_REFUND_NEEDS_APPROVAL,
	SVP_REFUND_REFUSED
} SvpRefundOutcome;

#define SVP_NREFUND_OUTCOMES (SVP_REFUND_REFUSED + 1)

/*
 * In the order in which they are told: of several the first is the reason.
 * Time goes first, since nothing that anybody adds puts it right.
 */
typedef enum SvpRefundReason
{
	SVP_REASON_NONE,			/* allowed by a rule */
	SVP_REASON_NO_RULE,			/* allowed, since no rule applies */
	SVP_REASON_FINAL_SALE,
	SVP_REASON_CUTOFF,
	SVP_REASON_ISSUE_LIMIT,
	SVP_REASON_FACT_UNREADABLE,
	SVP_REASON_OWN,				/* the agent is the customer */
	SVP_REASON_DUPLICATE,
	SVP_REASON_CURRENCY,		/* not one of the rule, or not what was paid in */
	SVP_REASON_AMOUNT,
	SVP_REASON_CUSTOMER_LIMIT,
	SVP_REASON_CALENDAR,		/* a calendar of the rule cannot be used */
	SVP_REASON_FACT_MISSING,
	SVP_REASON_FOUR_EYES,		/* who asks cannot approve */
	SVP_REASON_NEEDS_APPROVAL
} SvpRefundReason;

#define SVP_NREFUND_REASONS (SVP_REASON_NEEDS_APPROVAL + 1)

/* The reasons are the constraint names of the errors; that of NONE is NULL. */
extern const char *const svp_refund_outcome_names[SVP_NREFUND_OUTCOMES];
extern const char *const svp_refund_reason_names[SVP_NREFUND_REASONS];

/* Facts that the decision looks up by name, besides the starts of windows. */
#define SVP_FACT_REQUESTED_AT	"requested_at"	/* when the customer asked */
#define SVP_FACT_AMOUNT			"amount"
#define SVP_FACT_PAID_AMOUNT	"paid_amount"	/* for the order */
#define SVP_FACT_LINE_PAID		"line_paid_amount"	/* for the line */

/* Those that are texts; named where a decision is about them. */
#define SVP_FACT_CURRENCY		"currency"
#define SVP_FACT_PAID_CURRENCY	"paid_currency"
#define SVP_FACT_AGENT			"agent"
#define SVP_FACT_APPROVED_BY	"approved_by"
#define SVP_FACT_CUSTOMER		"customer"
#define SVP_FACT_ORDER_ID		"order_id"

typedef enum SvpKnowledge
{
	SVP_MISSING,
	SVP_KNOWN,
	SVP_UNREADABLE
} SvpKnowledge;

typedef struct SvpRefundFact
{
	const char *name;
	SvpKnowledge knowledge;
	int64		value;			/* an instant, or an amount in millionths */
} SvpRefundFact;

/*
 * What refunds before this one add up to, in its currency: of its order, of
 * its line, and of its customer in the days that the rule looks back.
 */
typedef struct SvpRefundSums
{
	SvpAmount	order;
	SvpAmount	line;
	SvpAmount	customer;
	int			customer_count;
	bool		duplicate;		/* one just like it is among them */
	bool		other_currency; /* its order has refunds in another one */
} SvpRefundSums;

/* By how much somebody who may has departed from the rule for this refund. */
typedef struct SvpRelief
{
	int32		grace_days;		/* added to each cutoff's last day */
	SvpAmount	extra;			/* beyond max_amount and max_share; never beyond what was paid */
	bool		approved;		/* what needs approval has it … */
	SvpAmount	approved_amount;	/* … if it is at most this */
} SvpRelief;

/* Texts are NULL where they are not known.  A fact that is not listed is missing. */
typedef struct SvpRefundFacts
{
	int			nfacts;
	const SvpRefundFact *facts;
	int64		issued_at;		/* the moment of the decision */
	const char *currency;
	const char *paid_currency;	/* of paid_amount and line_paid_amount, if said */
	const char *agent;
	const char *approved_by;	/* the CRM's own approval */
	const char *customer;
	SvpRefundSums sums;
	SvpRelief	relief;
} SvpRefundFacts;

/* Those that the rule's windows name; NULL where one is named = cannot be used. */
typedef struct SvpRefundCalendars
{
	SvpCalendar *window;
	SvpCalendar *issue_limit;
} SvpRefundCalendars;

/* What a duty to tell the customer has made of a window. */
typedef enum SvpDutyEffect
{
	SVP_DUTY_NO_EFFECT,			/* there is none, or he was told when it began */
	SVP_DUTY_TOLD_LATE,			/* the window counts from then */
	SVP_DUTY_NOT_TOLD			/* … in time: it is so many months longer */
} SvpDutyEffect;

/* Has a window an end, and if not, why? */
typedef enum SvpCutoffState
{
	SVP_CUTOFF_FOUND,
	SVP_CUTOFF_NO_START,		/* none of its starts is known */
	SVP_CUTOFF_UNREADABLE,		/* a fact that it needs is no time that can be counted from */
	SVP_CUTOFF_NO_CALENDAR		/* its calendar cannot be used */
} SvpCutoffState;

/* Where a window ends, and why there. */
typedef struct SvpCutoff
{
	const SvpWindow *window;	/* NULL: there is no cutoff */
	SvpCutoffState state;
	int64		at;				/* the first instant that is too late; without a start, that
								 * of the campaign if there is one */
	const SvpWindowStart *start;	/* the one that counts */
	int64		start_at;		/* its fact, without transit */
	const char *future;			/* a fact passed over since it lies ahead, or NULL */
	const SvpCampaign *campaign;	/* if that is what made the cutoff */
	SvpDutyEffect duty;
	int64		told_at;		/* where he was told late */
	const char *about;			/* if it was not found: the fact, or the calendar */
} SvpCutoff;

typedef struct SvpRefundDecision
{
	SvpRefundOutcome outcome;
	SvpRefundReason reason;
	const char *about;			/* the fact or calendar that the reason is about */
	bool		has_cutoff;
	bool		has_allowed_amount; /* false: no limit and no amount known */
	const SvpWindow *bound_by;	/* the window whose end cutoff_at is */
	int64		cutoff_at;		/* the first instant that is too late */
	SvpCutoff	cutoff;			/* how that came about */
	const char *future;			/* a start that lies ahead, of any window, or NULL */
	int64		limit;			/* most that the rule gives without approval … */
	bool		has_limit;		/* … if it says so */
	SvpAmount	allowed_amount; /* of the amount asked for, what is allowed */
	SvpAmount	fee;			/* of the allowed amount, what the company keeps */
} SvpRefundDecision;

/* What refunds are added up over. */
typedef enum SvpRefundScope
{
	SVP_BOUND_ORDER,
	SVP_BOUND_LINE,
	SVP_BOUND_CUSTOMER
} SvpRefundScope;

/* One thing that bounds a refund. */
typedef struct SvpRefundBound
{
	const char *name;			/* the rule's key, or the fact */
	SvpRefundReason reason;		/* of an amount above it */
	SvpRefundScope scope;
	SvpAmount	most;			/* in all … */
	SvpAmount	already;		/* … of which this much was refunded before */
} SvpRefundBound;

#define SVP_NREFUND_BOUNDS 6

/* Windows, see refund_window.c */
extern SvpTimeResult svp_window_cutoff(const SvpWindow *window, SvpCalendar *calendar,
									   int64 start, int64 *cutoff);
extern void svp_cutoff_find(const SvpWindow *window, SvpCalendar *calendar,
							const SvpRefundFacts *facts, SvpCutoff *cutoff);

/* Amounts, see refund_amount.c */
extern bool svp_money_in(const SvpMoney *money, const char *currency, SvpAmount *amount);
extern int	svp_refund_bounds(const SvpRefundRule *rule, const SvpRefundFacts *facts,
							  SvpRefundBound *bounds);
extern SvpAmount svp_refund_left(const SvpRefundBound *bound);

extern const SvpRefundFact *svp_refund_fact(const SvpRefundFacts *facts, const char *name);
extern void svp_refund_decide(const SvpRefundRule *rule, const SvpRefundCalendars *calendars,
							  const SvpRefundFacts *facts, SvpRefundDecision *decision);

#endif							/* SVP_REFUND_H */
