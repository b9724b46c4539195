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

#include "clock.h"
#include "rows.h"

/* One row of the ledger.  Of a reply only kind and time are set. */
typedef struct SvpRecord
{
	int32		seq;
	int64		recorded_at;	/* when its transaction began */
	SvpEvent	event;
	int64		opened_at;
	const char *source_state;	/* the CRM's own word for the state */
	const char *agent;
	const char *customer;
	const char *recorded_by;
	bool		in_order;		/* see svp_timeline_is_in_order() */
} SvpRecord;

typedef struct SvpLedger
{
	int			nrecords;
	SvpRecord  *records;		/* in order of time, the opening first */
	int32		last_seq;		/* of the rows read, of the anchor too; 0 = none */
	bool		is_partial;		/* of those stored only the newest was read, which is in order */
} SvpLedger;

/* What a row of ours says of its ticket: scenario, agent and customer. */
extern void svp_record_write_ticket(SvpRow *row, const SvpRecord *record);
extern void svp_record_read_ticket(const Datum *values, const bool *nulls, SvpRecord *record);

extern bool svp_record_same_text(const char *a, const char *b);
extern bool svp_record_same_ticket(const SvpRecord *a, const SvpRecord *b);

extern const SvpRecord *svp_ledger_latest(const SvpLedger *ledger);
extern bool svp_ledger_has_left(const SvpLedger *ledger);
extern int64 svp_ledger_opening(const SvpLedger *ledger);
extern void svp_ledger_reserve(SvpLedger *ledger, int n);
extern void svp_ledger_add(SvpLedger *ledger, const SvpRecord *record);

/* An empty one, and the one that is stored; both have room for what one row tells. */
extern void svp_ledger_make(SvpLedger *ledger);
extern void svp_ledger_read(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger);

/* The newest record if it is in order, else all. */
extern void svp_ledger_read_newest(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger);
extern void svp_ledger_append(SvpAttachment *attachment, const Datum *key, const SvpRecord *record);

/* Write a ticket's first record; false when another transaction did meanwhile. */
extern bool svp_ledger_begin(SvpAttachment *attachment, const Datum *key, const SvpRecord *record);

/*
 * The anchor: a ticket's first row of kind "expected", for who writes of a
 * ticket that has none, so that there is one to lock.  It is no event and not
 * among the records.  False when another transaction wrote a row meanwhile.
 */
extern bool svp_ledger_anchor(SvpAttachment *attachment, const Datum *key, int64 at,
							  const char *recorded_by);

/* Wait for whoever writes of the ticket; false if it has no row. */
extern bool svp_ledger_lock(SvpAttachment *attachment, const Datum *key);

/* Write a record of this same transaction anew, under its number and at its time. */
extern void svp_ledger_amend(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger,
							 const SvpRecord *record);
extern void svp_ledger_retract(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger,
							   int32 seq);

#endif							/* SVP_LEDGER_H */
