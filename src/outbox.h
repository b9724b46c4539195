/*-------------------------------------------------------------------------
 *
 * outbox.h
 *		Handing out the notifications of escalations.
 *
 * A notification is a row of "escalation", or of "escalation_summary" where
 * many were told all together.  Both have the same columns for how they are
 * handled: state, attempts, attempt_at, claimed_by, done_at, last_error.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_OUTBOX_H
#define SVP_OUTBOX_H

#include "fmgr.h"

#include "result_set.h"
#include "retry.h"
#include "revise.h"

/* The view of it: who may update that, may claim. */
#define SVP_OUTBOX_VIEW "outbox"

/* What tells an escalation of an attachment from the others, beside the ticket's key. */
#define SVP_ESCALATION_PARTS "metric, cycle, escalation_level, occurrence"

/* The first part of a summary's id, which has two; an escalation's has more. */
#define SVP_SUMMARY_ID "summary"

/* claim(), while it works. */
typedef struct SvpClaim
{
	SvpRevision revision;
	SvpResultSet handed_out;
	TimestampTz now;
	TimestampTz until;			/* when what is claimed runs out */
	int			wanted;			/* so many more */
} SvpClaim;

/* Tell who listens that there is something to claim, when this transaction commits. */
extern void svp_outbox_wake(const SvpAttachment *attachment);

/* Complain of a NULL among the first arguments. */
extern void svp_outbox_require(FunctionCallInfo fcinfo, int nargs, const char *what);

/* The attachment that the first argument names, for somebody who may take notifications off it. */
extern SvpAttachment *svp_outbox_attachment(FunctionCallInfo fcinfo, const char *function);

/* Parts of statements.  Is there an open clock that "e" escalated from? */
extern const char *svp_outbox_table(const SvpAttachment *attachment, const char *table);
extern void svp_outbox_append_is_open(StringInfo query, const SvpAttachment *attachment);
extern void svp_outbox_append_same(StringInfo query, const SvpAttachment *attachment,
								   const char *a, const char *b);

/*
 * Run a statement for a claim.  Its parameters are $1 now, $2 when the claim
 * runs out, $3 whose it is, and then those given.  The result are rows of a state
 * and what claim() returns, of which those are handed out that are now claimed.
 * Returns how many rows there were.
 */
extern uint64 svp_outbox_claim(SvpClaim *claim, const char *query, int nargs, const Oid *types,
							   const Datum *values, const char *nulls);

/* Take a row as claimed, or not: the SET of either table, given the state that comes next. */
#define SVP_CLAIM_SET(next_state) \
	"state = " next_state "," \
	" attempts = attempts + (" next_state " = 'claimed')::int," \
	" attempt_at = CASE " next_state " WHEN 'claimed' THEN $2 END," \
	" claimed_by = CASE " next_state " WHEN 'claimed' THEN $3 ELSE claimed_by END," \
	" last_error = CASE " next_state " WHEN 'failed' THEN 'claim ' || attempts ||" \
	" ' ran out' ELSE last_error END"

/* Hand out one escalation beyond the limit: the one that waits for somebody by a channel. */
extern void svp_outbox_claim_only(SvpClaim *claim, Datum notify, Datum channel, bool no_channel);

/* Hand out summaries that have to be sent again; and make new ones of what waits. */
extern void svp_summaries_claim(SvpClaim *claim);
extern void svp_summarise(SvpClaim *claim);

#endif							/* SVP_OUTBOX_H */
