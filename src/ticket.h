/*-------------------------------------------------------------------------
 *
 * ticket.h
 *		One ticket being recorded.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TICKET_H
#define SVP_TICKET_H

#include "clock_table.h"
#include "ledger.h"

/*
 * Hears of a clock as it was stored and as it now is.  Either may be NULL; a
 * clock that is kept as it was judged is both.
 */
typedef void (*SvpWitness) (void *arg, const SvpStoredClock *before, const SvpStoredClock *after);

typedef struct SvpTicket
{
	SvpAttachment *attachment;
	const char *recorded_by;
	Datum	   *key;
	bool		is_preview;		/* what would be: nothing is written */
	bool		is_import;		/* by backfill() */
	bool		restates;		/* judged clocks change too */
	bool		completes;		/* what this transaction recorded last, if it was then */
	bool		declines;		/* what is not fully understood … */
	bool		has_declined;	/* … and has */
	bool		yields;			/* to whoever records it first: see is_overtaken */
	SvpWitness	witness;		/* hears of each clock that is moved; may be NULL */
	void	   *witness_arg;
	const SvpFacts *(*reread) (void *arg);	/* the row's facts, once others wrote; may be NULL */
	void	   *reread_arg;
	SvpLedger	ledger;
	int			next_seq;
	int			nevents;		/* added now */
	int64		earliest;		/* … the earliest of them */
	bool		takes_back;		/* … or an earlier one is no longer so */
	bool		must_fold;		/* the clocks cannot just be moved on by what was added */
	bool		has_new_opening;
	bool		has_returned;	/* it left and came back in this transaction */
	int64		left_at;		/* … then, by the record that was taken back */
	bool		is_assumed_new; /* its ledger has not been read */
	bool		is_overtaken;	/* another transaction recorded it first */
	bool		is_recording;	/* then problems wait until it is recorded */
	List	   *problems;
} SvpTicket;

extern void svp_ticket_warn(const SvpAttachment *attachment, const char *problem);

/* While the ticket is being recorded issues wait until it is. */
extern void svp_ticket_issue(SvpTicket *ticket, const char *problem, const char *detail,
							 const char *value);
extern void svp_ticket_report_problems(SvpTicket *ticket);

/*
 * A ticket is given its attachment, recorded_by and key, and opened; then its
 * row's facts are recorded, or what its messages tell is noted and the clocks
 * are moved.
 */
extern void svp_ticket_open(SvpTicket *ticket);
extern void svp_ticket_open_newest(SvpTicket *ticket);

/* The same for a row that was just inserted, if it is to be recorded. */
extern void svp_ticket_open_new(SvpTicket *ticket);
extern void svp_ticket_record(SvpTicket *ticket, const SvpFacts *facts);

/* The same without moving the clocks. */
extern void svp_ticket_record_row(SvpTicket *ticket, const SvpFacts *facts);

/* The steps of that, for those who know of more than the row. */
extern void svp_ticket_append(SvpTicket *ticket, SvpRecord record, SvpEventKind kind, int64 at);
extern void svp_ticket_note(SvpTicket *ticket, int64 at);
extern void svp_ticket_move_clocks(SvpTicket *ticket);

#endif							/* SVP_TICKET_H */
