/*-------------------------------------------------------------------------
 *
 * words.c
 *		The vocabulary's names, and the way from a name to its word.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "words.h"

const char *const svp_state_names[SVP_NSTATES] = {
	"open", "pending", "on_hold", "resolved", "closed", "void"
};

const char *const svp_dimension_names[SVP_NDIMENSIONS] = {
	"priority", "channel", "category", "product", "customer_tier", "region", "team"
};

const char *const svp_mode_names[SVP_NMODES] = {
	"enforce", "flag", "observe"
};

/*
 * Find a word in one of the tables above.  Returns its index, or -1.
 */
int
svp_word_index(const char *const *names, int nnames, const char *word)
{
	for (int i = 0; i < nnames; i++)
	{
		if (strcmp(names[i], word) == 0)
			return i;
	}
	return -1;
}

bool
svp_is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n\f\v")] == '\0';
}
