/*-------------------------------------------------------------------------
 *
 * ledger.h
 *		An attachment's ledger, clocks and issues, as tables.
 *
 * All of it runs in an SPI connection with the rights of the attachment's
 * owner, and allocates in the current memory context.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_LEDGER_H
#define SVP_LEDGER_H

#include "attachment.h"
#include "clock.h"

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
} SvpRecord;

typedef struct SvpLedger
{
	int			nrecords;
	SvpRecord  *records;		/* in order of time, the opening first */
} SvpLedger;

/* What is stored of one clock. */
typedef struct SvpStoredClock
{
	const char *metric;
	const char *benchmark;
	int			policy_version;
	SvpClock	clock;
	SvpRecord	record;			/* scenario, agent and customer */
} SvpStoredClock;

extern const SvpRecord *svp_ledger_latest(const SvpLedger *ledger);
extern SvpHistory svp_ledger_history(const SvpLedger *ledger);
extern void svp_ledger_add(SvpLedger *ledger, const SvpRecord *record);

/* The statements are ready; else says why not. */
extern bool svp_evidence_prepare(SvpAttachment *attachment, const char **problem);

extern void svp_ledger_read(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger);
extern void svp_ledger_append(SvpAttachment *attachment, const Datum *key, const SvpRecord *record);
extern void svp_ledger_retract(SvpAttachment *attachment, const Datum *key, SvpLedger *ledger,
							   int32 seq);
extern SvpStoredClock *svp_clocks_read(SvpAttachment *attachment, const Datum *key, int *nclocks);
extern void svp_clock_add(SvpAttachment *attachment, const Datum *key, const SvpStoredClock *clock);
extern void svp_clock_change(SvpAttachment *attachment, const Datum *key,
							 const SvpStoredClock *clock);
extern void svp_clock_drop(SvpAttachment *attachment, const Datum *key,
						   const SvpStoredClock *stored);

/* Record what could not be understood, for the view of issues. */
extern void svp_issue_append(SvpAttachment *attachment, const Datum *key, const char *problem,
							 const char *detail, const char *value);

/* A ticket's key from its parts as text. */
extern Datum *svp_key_from_text(SvpAttachment *attachment, char **parts);

#endif							/* SVP_LEDGER_H */
