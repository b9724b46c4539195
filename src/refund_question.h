/*-------------------------------------------------------------------------
 *
 * refund_question.h
 *		What somebody asks about a refund: by facts, or by the key of one.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_QUESTION_H
#define SVP_REFUND_QUESTION_H

#include "fmgr.h"

#include "refund_case.h"

typedef struct SvpRefundQuestion
{
	SvpRefundCase refund;		/* with its facts, to be judged */
	Datum	   *key;			/* of the refund asked about; NULL if asked by facts */
	bool		found;			/* false: the table has no such refund */
	bool		passes;			/* the row filter lets it through */
	SvpCaller	caller;
} SvpRefundQuestion;

/*
 * Read the first three arguments of a function: the attachment's name, facts
 * and as_of.  False if one is NULL.  From then until the end the rights are
 * those of the attachment's owner, in an SPI connection.
 */
extern bool svp_refund_question_begin(FunctionCallInfo fcinfo, SvpRefundQuestion *question);
extern void svp_refund_question_end(const SvpRefundQuestion *question);

#endif							/* SVP_REFUND_QUESTION_H */
