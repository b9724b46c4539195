/*-------------------------------------------------------------------------
 *
 * language.h
 *		A text in several languages, and the choice of one.
 *
 * Pure: no table, no server.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_LANGUAGE_H
#define SVP_LANGUAGE_H

#include "core.h"

/*
 * n = 0: no text at all.  The language "" is that of a text which does not
 * name one.
 */
typedef struct SvpText
{
	int			n;
	char	  **language;
	char	  **text;
} SvpText;

extern bool svp_language_is_valid(const char *language);
extern const char *svp_text_in(const SvpText *text, const char *language,
							   const char *fallback);

#endif							/* SVP_LANGUAGE_H */
