/*-------------------------------------------------------------------------
 *
 * refund_text.h
 *		Amounts and times of a refund, as they are told.
 *
 * Times are local to a calendar, or in UTC without one, whatever the
 * session's TimeZone and DateStyle are.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_TEXT_H
#define SVP_REFUND_TEXT_H

#include "refund_case.h"

/* An amount in the refund's currency, without it and with it. */
extern char *svp_refund_amount_text(const SvpRefundCase *refund, SvpAmount amount);
extern char *svp_refund_money(const SvpRefundCase *refund, SvpAmount amount);

extern char *svp_refund_instant(SvpCalendar *calendar, int64 at);
extern char *svp_refund_date(SvpCalendar *calendar, int64 at);
extern int32 svp_refund_local_date(SvpCalendar *calendar, int64 at);

extern char *svp_refund_hours(int64 usec);

/* A window's length, as "30 days". */
extern char *svp_refund_length(const SvpWindow *window);

/* The calendar of one of the rule's windows. */
extern SvpCalendar *svp_refund_calendar(const SvpRefundCase *refund, const SvpWindow *window);

/* The calendar in whose zone the rule's times are told. */
extern SvpCalendar *svp_refund_zone(const SvpRefundCase *refund);

/* The order, the line, the customer. */
extern const char *const svp_refund_scope_names[];

/*
 * The bound that leaves least, of those that a reason is about.  False if
 * there is none.
 */
extern bool svp_refund_binding_bound(const SvpRefundCase *refund, SvpRefundReason reason,
									 SvpRefundBound *binding);

#endif							/* SVP_REFUND_TEXT_H */
