/*-------------------------------------------------------------------------
 *
 * revise.h
 *		Going over tickets once more, without an event of theirs.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REVISE_H
#define SVP_REVISE_H

#include "clock_table.h"
#include "span.h"

/* At work on an attachment's evidence: as its owner, connected to SPI. */
typedef struct SvpRevision
{
	SvpAttachment *attachment;
	const char *called_by;
	SvpCaller	caller;
	int			settings;
	MemoryContext tables;		/* as long as it lives, they stay open */
	SvpSpanMark before;
} SvpRevision;

/* The attachment of that name, which has a ticket table. */
extern SvpAttachment *svp_revise_attachment(const char *name);

/*
 * Complain unless the caller owns the attachment's evidence, or is a member
 * of the role that does.
 */
extern void svp_revise_check_owner(const SvpAttachment *attachment);

/* Tables stay open until the end.  Everything that is not freed sooner goes with the end. */
extern void svp_revise_begin(SvpRevision *revision, SvpAttachment *attachment);
extern void svp_revise_end(SvpRevision *revision);

/* A statement over one of the attachment's tables, by the ticket's key. */
extern SPIPlanPtr svp_revise_prepare(const SvpRevision *revision, const char *select,
									 const char *table, const char *rest);
extern void svp_revise_run(const SvpRevision *revision, SPIPlanPtr plan, const Datum *key);

/* A list of the key's columns, each with a prefix, and the same as text. */
extern char *svp_revise_key_columns(const SvpAttachment *attachment, const char *prefix);
extern char *svp_revise_key_as_text(const SvpAttachment *attachment, const char *prefix);

/* The key in row "row" of what SPI returned, or from text[], and a key as text[] or for people. */
extern Datum *svp_revise_key(const SvpRevision *revision, SPITupleTable *rows, int row);
extern Datum *svp_revise_key_of(const SvpAttachment *attachment, ArrayType *parts);
extern Datum svp_revise_key_text(const SvpRevision *revision, const Datum *key);
extern char *svp_revise_key_name(const SvpRevision *revision, const Datum *key);

/* A duration in minutes, as the views have it. */
extern Datum svp_minutes(int64 usec);

#endif							/* SVP_REVISE_H */
