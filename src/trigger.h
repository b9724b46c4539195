/*-------------------------------------------------------------------------
 *
 * trigger.h
 *		What the recording triggers have in common.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_TRIGGER_H
#define SVP_TRIGGER_H

#include "commands/trigger.h"
#include "fmgr.h"

#include "attachment.h"

/* Records one row's change, which "role" made. */
typedef void (*SvpRecorder) (SvpAttachment *attachment, FunctionCallInfo fcinfo, Oid role);

/*
 * The attachment that a trigger's first argument names, of so many; NULL after
 * a warning.
 */
extern SvpAttachment *svp_trigger_attachment(TriggerData *trigger, int nargs);

/* The whole of an AFTER ROW trigger, which never makes its statement fail. */
extern Datum svp_trigger_record(FunctionCallInfo fcinfo, const char *row, int nargs,
								SvpRecorder record);

extern void svp_trigger_warn(const SvpAttachment *attachment, const char *row,
							 const char *problem);

#endif							/* SVP_TRIGGER_H */
