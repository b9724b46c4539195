/*-------------------------------------------------------------------------
 *
 * fill_in.h
 *		Texts of a policy with their placeholders filled in.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_FILL_IN_H
#define SVP_FILL_IN_H

/* What a name stands for; NULL = nothing, which is told as "-". */
typedef const char *(*SvpPlaceholderValue) (const void *of, const char *name);

extern char *svp_fill_in(const char *text, SvpPlaceholderValue value, const void *of);

#endif							/* SVP_FILL_IN_H */
