/*-------------------------------------------------------------------------
 *
 * currency.c
 *		Currencies, by the codes of ISO 4217.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "currency.h"

#define CODE_LENGTH 3

/* The minor units of ISO 4217, list one, where these are not two digits. */
static const struct
{
	char		code[CODE_LENGTH + 1];
	int			digits;
}			exceptions[] = {
	{"BIF", 0}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"ISK", 0}, {"JPY", 0}, {"KMF", 0},
	{"KRW", 0}, {"PYG", 0}, {"RWF", 0}, {"UGX", 0}, {"UYI", 0}, {"VND", 0}, {"VUV", 0},
	{"XAF", 0}, {"XOF", 0}, {"XPF", 0},
	{"BHD", 3}, {"IQD", 3}, {"JOD", 3}, {"KWD", 3}, {"LYD", 3}, {"OMR", 3}, {"TND", 3},
	{"CLF", 4}, {"UYW", 4}
};

bool
svp_currency_is_code(const char *text)
{
	return strlen(text) == CODE_LENGTH &&
		strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == CODE_LENGTH;
}

static char
capital(char letter)
{
	return letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter;
}

bool
svp_currency_same(const char *a, const char *b)
{
	while (*a != '\0' && capital(*a) == capital(*b))
	{
		a++;
		b++;
	}
	return capital(*a) == capital(*b);
}

int
svp_currency_digits(const char *currency)
{
	for (int i = 0; currency != NULL && i < lengthof(exceptions); i++)
	{
		if (exceptions[i].code[0] == capital(currency[0]) &&
			svp_currency_same(exceptions[i].code, currency))
			return exceptions[i].digits;
	}
	return 2;
}
