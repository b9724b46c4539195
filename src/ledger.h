/*-------------------------------------------------------------------------
 *
 * ledger.h
 *		The ledger of a ticket, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_LEDGER_H
#define SVP_LEDGER_H

#include "evidence.h"

typedef struct SvpLedger
{
	int			nrecords;
	SvpRecord  *records;		/* in order of time, the opening first */
} SvpLedger;

extern bool svp_record_same_text(const char *a, const char *b);
extern bool svp_record_same_ticket(const SvpRecord *a, const SvpRecord *b);

extern const SvpRecord *svp_ledger_latest(const SvpLedger *ledger);
extern int64 svp_ledger_opening(const SvpLedger *ledger);
extern void svp_ledger_add(SvpLedger *ledger, const SvpRecord *record);

extern void svp_ledger_read(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger);
extern void svp_ledger_append(SvpAttachment *attachment, const Datum *key, const SvpRecord *record);

/* Write a ticket's first record; false when another transaction did meanwhile. */
extern bool svp_ledger_begin(SvpAttachment *attachment, const Datum *key, const SvpRecord *record);
extern void svp_ledger_retract(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger,
							   int32 seq);

#endif							/* SVP_LEDGER_H */
