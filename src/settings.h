/*-------------------------------------------------------------------------
 *
 * settings.h
 *		Settings under which mapped expressions are compiled and computed.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_SETTINGS_H
#define SVP_SETTINGS_H

/* Returns the level to leave again; an error on the way leaves it too. */
extern int	svp_settings_enter(void);
extern void svp_settings_leave(int level);

#endif							/* SVP_SETTINGS_H */
