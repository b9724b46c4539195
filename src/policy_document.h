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

/* A span of time from a fact on; its end is a cutoff. */
typedef struct SvpWindow
{
	SvpWindowUnit unit;
	int64		length;			/* days or months >= 0; µs > 0 if EXACTLY */
	char	   *from;			/* a fact, named …_at */
	char	   *calendar;		/* its zone and working days; NULL = UTC (never
								 * with working days or extension) */
	bool		extend_to_working_day;
} SvpWindow;

/*
 * Which refunds are allowed in one scenario.  A final sale is never refunded
 * and has no other limit.
 */
typedef struct SvpRefundRule
{
	char	   *name;
	SvpCondition when;
	bool		final_sale;
	bool		has_window;		/* from its fact until the customer asked */
	bool		has_issue_limit;	/* from its fact until the refund is issued */
	bool		has_max_amount;
	bool		has_max_share;
	bool		has_approval_above;
	SvpWindow	window;
	SvpWindow	issue_limit;
	SvpAmount	max_amount;		/* > 0 */
	SvpAmount	max_share;		/* of what was paid, in (0, 1] */
	SvpAmount	approval_above; /* >= 0 */
	SvpAmount	restocking_fee; /* share of the refund, in [0, 1]; 0 = none */
	SvpMode		mode;
	SvpText		message;
} SvpRefundRule;

/* One version of a policy: what of its document judges. */
typedef struct SvpPolicy
{
	char	   *name;
	int			version;		/* 0 while it is only a document */
	char	   *language;		/* of texts that name none; NULL = not said */
	int			nbenchmarks;
	int			nrefunds;
	SvpBenchmark *benchmarks;
	SvpRefundRule *refunds;
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
