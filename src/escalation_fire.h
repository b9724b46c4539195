/*-------------------------------------------------------------------------
 *
 * escalation_fire.h
 *		Firing the levels of clocks that are due.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ESCALATION_FIRE_H
#define SVP_ESCALATION_FIRE_H

#include "escalation_due.h"

/*
 * Fire what is due of an attachment, looking at so many clocks at most.
 * Returns how many levels fired; what cannot be, is a warning.
 */
extern int	svp_escalations_fire(const char *name, int limit, SvpDue *due);

#endif							/* SVP_ESCALATION_FIRE_H */
