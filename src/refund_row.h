/*-------------------------------------------------------------------------
 *
 * refund_row.h
 *		Which row a refund's trigger is told of.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_REFUND_ROW_H
#define SVP_REFUND_ROW_H

#include "attachment.h"
#include "utils/rel.h"

/* Remember a row that is told to be deleted since it went elsewhere. */
extern void svp_row_departed(SvpAttachment *attachment, Relation partition, HeapTuple tuple);

/*
 * An inserted row as it was before it came here, and its partition, open; NULL
 * if it is a new one.
 */
extern HeapTuple svp_row_before(SvpAttachment *attachment, HeapTuple inserted,
								Relation *partition);

#endif							/* SVP_REFUND_ROW_H */
