/*-------------------------------------------------------------------------
 *
 * span.h
 *		Keeping an attachment's own tables open while a statement changes
 *		tickets.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_SPAN_H
#define SVP_SPAN_H

/* What was entered, to go back to. */
typedef struct SvpSpanMark
{
	MemoryContext context;		/* NULL: nothing */
	SubTransactionId begun_in;
} SvpSpanMark;

/*
 * A trigger enters the span of its function's context (flinfo->fn_mcxt) and
 * leaves it again.  After an error nothing need be left.
 */
extern SvpSpanMark svp_span_enter(MemoryContext context);
extern void svp_span_leave(SvpSpanMark before);
extern void svp_span_close_all(void);

#endif							/* SVP_SPAN_H */
