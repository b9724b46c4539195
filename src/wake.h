/*-------------------------------------------------------------------------
 *
 * wake.h
 *		Telling the launcher what a transaction makes due.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_WAKE_H
#define SVP_WAKE_H

#include "datatype/timestamp.h"

/* Something is due at that time, if this (sub)transaction commits. */
extern void svp_wake_at(TimestampTz at);

#endif							/* SVP_WAKE_H */
