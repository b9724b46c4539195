/*-------------------------------------------------------------------------
 *
 * source.h
 *		Reading rows of the CRM's tables.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_SOURCE_H
#define SVP_SOURCE_H

#include "attachment.h"

/* Is handed a row, and a reader that fits it. */
typedef void (*SvpSourceConsumer) (void *arg, SvpRowReader *reader, HeapTuple tuple);

/* The row of a key, whose parts are given as text; fails as a query does. */
extern void svp_source_by_key(SvpAttachment *attachment, const SvpMapping *mapping,
							  char **parts, SvpSourceConsumer consume, void *arg);

/* The same as it was before this transaction. */
extern void svp_source_before(SvpAttachment *attachment, const SvpMapping *mapping,
							  char **parts, SvpSourceConsumer consume, void *arg);

/* The rows whose fact "ticket" names this ticket; likewise. */
extern void svp_source_by_ticket(SvpAttachment *attachment, const SvpMapping *mapping,
								 char **parts, SvpSourceConsumer consume, void *arg);

/* A ticket's key as parts for these. */
extern char **svp_key_parts(const SvpAttachment *attachment, const Datum *key);

/* Let go of what is kept for an attachment that is freed. */
extern void svp_sources_forget(SvpAttachment *attachment);

#endif							/* SVP_SOURCE_H */
