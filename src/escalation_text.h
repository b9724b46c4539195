/*-------------------------------------------------------------------------
 *
 * escalation_text.h
 *		What a level says, with its placeholders filled in.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ESCALATION_TEXT_H
#define SVP_ESCALATION_TEXT_H

#include "clock_table.h"
#include "escalation.h"

/* What a placeholder can stand for. */
typedef struct SvpEscalationCase
{
	const char *ticket;			/* its key */
	const SvpPolicy *policy;
	const SvpStoredClock *stored;	/* its clock's calendar is set */
	const SvpEscalationPoint *point;
} SvpEscalationCase;

extern bool svp_escalation_placeholder_exists(const char *name);

/* In the policy's language; NULL where there is no text. */
extern char *svp_escalation_text(const SvpEscalationCase *escalation, const SvpText *text);

#endif							/* SVP_ESCALATION_TEXT_H */
