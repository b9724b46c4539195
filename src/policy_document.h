/*-------------------------------------------------------------------------
 *
 * policy_document.h
 *		A policy in its compiled form, and the parser that makes it of a
 *		document.
 *
 * The structures are plain C, for the pure cores that judge by them.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_POLICY_DOCUMENT_H
#define SVP_POLICY_DOCUMENT_H

#include "language.h"
#include "scenario.h"

/*
 * An amount of money in the refund's own currency, or a share of one, in
 * millionths: exact, and wide enough for every amount below a trillion.
 */
typedef int64 SvpAmount;

#define SVP_AMOUNT_ONE		INT64CONST(1000000)
#define SVP_AMOUNT_LIMIT	(INT64CONST(1000000000000) * SVP_AMOUNT_ONE)	/* exclusive */

/* The metrics with a start or an end of their own; every other one gives its states. */
#define SVP_METRIC_FIRST_RESPONSE	"first_response"
#define SVP_METRIC_NEXT_RESPONSE	"next_response"
#define SVP_METRIC_PERIODIC_UPDATE	"periodic_update"
#define SVP_METRIC_RESOLUTION		"resolution"
#define SVP_METRIC_CLOSURE			"closure"
#define SVP_METRIC_OWNERSHIP		"ownership"

/* What, besides the ticket's states, a benchmark's clock follows. */
typedef enum SvpMeasure
{
	SVP_BY_STATES,				/* nothing */
	SVP_BY_FIRST_REPLY,
	SVP_BY_EXCHANGE,			/* a cycle from a customer's message to the reply */
	SVP_BY_UPDATE,				/* a cycle from reply to reply */
	SVP_BY_OWNER
} SvpMeasure;

/*
 * A target for one metric in one scenario.  States are sets of
 * SVP_STATE_BIT; a metric of the company's own always has both start_on and
 * stop_on, a built-in one has 0 where its own start or end holds.  The target
 * is a duration, or so many working days of the calendar.
 */
typedef struct SvpBenchmark
{
	char	   *name;
	char	   *metric;
	char	   *calendar;		/* NULL = around the clock */
	SvpCondition when;
	int64		target;			/* µs, > 0; 0 with working days */
	int32		target_days;	/* > 0; 0 with a duration */
	bool		end_of_day;		/* working days last until the end of the last */
	SvpAmount	at_risk;		/* share of the target, in (0, 1] */
	SvpAmount	objective;		/* share of clocks to be met; 0 = none stated */
	uint32		start_on;
	uint32		stop_on;
	uint32		pause_on;
	bool		resume;			/* reopened: resume; false = a new cycle */

	/* What follows from the above, see svp_benchmark_complete */
	SvpMeasure	measure;
	uint32		end_states;
} SvpBenchmark;

typedef enum SvpWindowUnit
{
	SVP_WINDOW_DAYS,
	SVP_WINDOW_WORKING_DAYS,
	SVP_WINDOW_MONTHS,
	SVP_WINDOW_EXACTLY
} SvpWindowUnit;

#define SVP_NWINDOW_UNITS (SVP_WINDOW_EXACTLY + 1)

/*
 * An amount that a document names: one for every currency, or one for each of
 * those that it lists (others are not allowed for).
 */
typedef struct SvpMoney
{
	bool		given;
	int			ncurrencies;	/* 0: "amount" is of any currency */
	char	  **currencies;
	SvpAmount	amount;			/* without currencies */
	SvpAmount  *amounts;		/* with them */
} SvpMoney;

/* Where a window may start: so many days after a fact. */
typedef struct SvpWindowStart
{
	char	   *fact;			/* named …_at */
	int32		transit_days;	/* >= 0 */
} SvpWindowStart;

/* What it means that none of the facts is known where a window may start. */
typedef enum SvpIfMissing
{
	SVP_IF_MISSING_APPROVAL,	/* it needs approval */
	SVP_IF_MISSING_REFUSED,
	SVP_IF_MISSING_OPEN			/* the window has not begun: it is not over */
} SvpIfMissing;

#define SVP_NIF_MISSING (SVP_IF_MISSING_OPEN + 1)

/* A date of every year (year = 0), or of one. */
typedef struct SvpMonthDay
{
	int32		year;
	int			month;
	int			day;
} SvpMonthDay;

/* What began from one date to another lasts until a third at least. */
typedef struct SvpCampaign
{
	char	   *fact;			/* that has to fall into it */
	SvpMonthDay first;
	SvpMonthDay last;			/* inclusive; of every year like "first" or not */
	SvpMonthDay until;			/* inclusive */
} SvpCampaign;

/* A window is longer by some months while the customer was not told a fact. */
typedef struct SvpDuty
{
	char	   *fact;			/* when he was told; NULL = there is no duty */
	int64		months;			/* > 0 */
} SvpDuty;

/* A span of time from a fact on; its end is a cutoff. */
typedef struct SvpWindow
{
	SvpWindowUnit unit;
	int64		length;			/* days or months >= 0; µs > 0 if EXACTLY */
	char	   *from;			/* the fact of the first start */
	int			nstarts;
	SvpWindowStart *starts;		/* the first that is known counts */
	SvpIfMissing if_missing;
	char	   *calendar;		/* its zone and working days; NULL = UTC (never
								 * with working days or extension) */
	bool		extend_to_working_day;
	int			ncampaigns;
	SvpCampaign *campaigns;
	SvpDuty		duty;
} SvpWindow;

/* What a rule says to customers for one of the reasons. */
typedef struct SvpReasonMessage
{
	char	   *reason;
	SvpText		text;
} SvpReasonMessage;

/*
 * Which refunds are allowed in one scenario.  A final sale is never refunded
 * and has no other limit.
 */
typedef struct SvpRefundRule
{
	char	   *name;
	SvpCondition when;
	char	   *version_at;		/* the fact as of which a version judges; NULL = opened_at */
	bool		final_sale;
	bool		has_window;		/* from its fact until the customer asked */
	bool		has_issue_limit;	/* from its fact until the refund is issued */
	bool		has_max_share;
	bool		agent_is_not_customer;
	bool		four_eyes;		/* somebody else has to approve */
	SvpWindow	window;
	SvpWindow	issue_limit;
	SvpMoney	max_amount;		/* > 0 */
	SvpAmount	max_share;		/* of what was paid, in (0, 1] */
	SvpMoney	approval_above; /* >= 0 */
	SvpAmount	restocking_fee; /* share of the refund, in [0, 1]; 0 = none */
	SvpMoney	shipping_fee;	/* >= 0 */
	int			customer_count; /* refunds of a customer; 0 = any number … */
	SvpMoney	customer_amount;	/* … and what they add up to … */
	int32		customer_days;	/* … in so many days of 24 hours */
	int64		duplicate_within;	/* µs; 0 = alike refunds are not looked for */
	SvpMode		mode;
	SvpText		message;		/* whatever the reason … */
	int			nmessages;
	SvpReasonMessage *messages; /* … unless it has one of its own */
} SvpRefundRule;

/* What those who are members of a database role may decide by themselves. */
typedef struct SvpDiscretion
{
	char	   *role;
	int32		grace_days;		/* 0 = none */
	SvpMoney	max_amount;		/* beyond what the rule gives */
	SvpMoney	approve_up_to;	/* of refunds that need approval */
	int			per_month;		/* 0 = any number */
} SvpDiscretion;

/* What has a level fire. */
typedef enum SvpEscalationTrigger
{
	SVP_ESCALATE_AT_SHARE,		/* a share of the target is used up */
	SVP_ESCALATE_BY_DEADLINE,	/* so long before or after the deadline */
	SVP_ESCALATE_ON_REOPENED,	/* the ticket was reopened so many times */
	SVP_ESCALATE_ON_UNANSWERED	/* the customer has written so many times unanswered */
} SvpEscalationTrigger;

/* A step of a chain: when it fires, whom it tells, what it does. */
typedef struct SvpEscalationLevel
{
	int			number;			/* > 0, rising along the chain */
	SvpEscalationTrigger trigger;
	SvpAmount	share;			/* of the target, > 0 */
	int64		offset;			/* µs after the deadline; < 0 is before */
	int			count;			/* how many times, > 0 */
	bool		around_the_clock;	/* offset and repetition are not business time */
	int			times;			/* how often it fires, > 0, … */
	int64		every;			/* … µs apart; 0 if once */
	bool		wait_for_hours; /* it does not fire out of business hours */
	bool		unless_acknowledged;
	char	   *notify;			/* whom it tells; NULL = nobody … */
	char	   *channel;		/* … by which means; NULL = not said */
	SvpText		subject;
	SvpText		message;
	char	   *assign;			/* to whom the ticket goes; NULL = it stays */
	char	   *priority;		/* what its priority becomes; NULL = it stays */
	char	   *call;			/* a function, with its schema; NULL = none */
} SvpEscalationLevel;

/* The chain of a metric in one scenario. */
typedef struct SvpEscalation
{
	char	   *metric;
	SvpCondition when;
	int			nlevels;
	SvpEscalationLevel *levels;
} SvpEscalation;

/* So many go out in a minute where the document says nothing. */
#define SVP_USUAL_PER_MINUTE 60
#define SVP_NO_LIMIT PG_INT32_MAX

/* How much goes out, and what is said of what is told all together. */
typedef struct SvpNotifications
{
	int			per_minute;		/* > 0 */
	SvpText		subject;		/* of a summary; none = ours, as the other */
	SvpText		message;
} SvpNotifications;

/* One version of a policy: what of its document judges. */
typedef struct SvpPolicy
{
	char	   *name;
	int			version;		/* 0 while it is only a document */
	char	   *language;		/* of texts that name none; NULL = not said */
	int			nbenchmarks;
	int			nrefunds;
	int			ndiscretions;
	int			nescalations;
	SvpBenchmark *benchmarks;
	SvpRefundRule *refunds;
	SvpDiscretion *discretions;
	SvpEscalation *escalations;
	SvpNotifications notifications;
} SvpPolicy;

#ifndef SVP_STANDALONE

#include "json_reader.h"

/*
 * Answers whether a calendar may be named in a document: NULL if so, else
 * what is wrong, as "does not exist".
 */
typedef const char *(*SvpCalendarCheck) (const char *calendar, void *arg);

/* NULL if the document has problems, which are of SvpProblem. */
extern SvpPolicy *svp_policy_parse(Jsonb *document, SvpCalendarCheck check, void *arg,
								   List **problems);

#endif

#endif							/* SVP_POLICY_DOCUMENT_H */
