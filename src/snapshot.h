/*-------------------------------------------------------------------------
 *
 * snapshot.h
 *		Is what this transaction sees of a ticket all there is?
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_SNAPSHOT_H
#define SVP_SNAPSHOT_H

#include "attachment.h"

/*
 * Once a ticket is locked: fail with serialization_failure if others have
 * recorded of it what the transaction's snapshot is too old to see.
 */
extern void svp_snapshot_check(SvpAttachment *attachment, const Datum *key);

#endif							/* SVP_SNAPSHOT_H */
