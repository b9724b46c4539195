/*-------------------------------------------------------------------------
 *
 * currency.h
 *		Currencies, by the codes of ISO 4217.
 *
 * Pure: no table, no server.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_CURRENCY_H
#define SVP_CURRENCY_H

#include "core.h"

/* Digits after the point; NULL, a currency that is not known, has two. */
extern int	svp_currency_digits(const char *currency);

/* Is this three capital letters? */
extern bool svp_currency_is_code(const char *text);

/* Codes are the same in small letters, as payment services write them. */
extern bool svp_currency_same(const char *a, const char *b);

#endif							/* SVP_CURRENCY_H */
