/*-------------------------------------------------------------------------
 *
 * outbox.h
 *		Handing out the notifications of escalations.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_OUTBOX_H
#define SVP_OUTBOX_H

#include "attachment.h"

/* The view of it: who may update that, may claim. */
#define SVP_OUTBOX_VIEW "outbox"

/* Tell who listens that there is something to claim, when this transaction commits. */
extern void svp_outbox_wake(const SvpAttachment *attachment);

#endif							/* SVP_OUTBOX_H */
