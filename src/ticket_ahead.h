/*-------------------------------------------------------------------------
 *
 * ticket_ahead.h
 *		Recording at once the tickets that one statement inserts.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TICKET_AHEAD_H
#define SVP_TICKET_AHEAD_H

#include "attachment.h"
#include "commands/trigger.h"
#include "fmgr.h"

/*
 * Record the row that was inserted, and those beside it that the same statement
 * inserted too.  False when the row has to be recorded by itself: nothing has
 * been written of it then.
 */
extern bool svp_ahead_record(FunctionCallInfo fcinfo, SvpAttachment *attachment,
							 SvpRowReader *reader, Oid role);

/* Has the row been recorded with one before it? */
extern bool svp_ahead_has_recorded(FunctionCallInfo fcinfo);

#endif							/* SVP_TICKET_AHEAD_H */
