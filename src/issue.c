/*-------------------------------------------------------------------------
 *
 * issue.c
 *		What could not be understood, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "issue.h"

/* Numbers that are tried; an owner's trigger may leave rows out. */
#define ATTEMPTS 10

/*
 * Not from a sequence: an application may ask for lastval() after its INSERT,
 * and means its own.  The time serves as well: it is rare that two sessions
 * write of one ticket's messages in the same microsecond.
 */
static int64
next_number(void)
{
	static int64 last = 0;

	last = Max(last + 1, GetCurrentTimestamp());
	return last;
}

void
svp_issue_append(SvpAttachment *attachment, const Datum *key, const char *problem,
				 const char *detail, const char *value)
{
	SvpRow		row;

	svp_row_begin(&row);
	svp_row_add_key(&row, attachment->ticket->nkey, key);
	svp_row_add_text(&row, problem);
	svp_row_add_text(&row, detail);
	svp_row_add_text(&row, value);
	svp_row_add(&row, (Datum) 0);
	for (int i = 0; i < ATTEMPTS; i++)
	{
		row.values[row.n - 1] = Int64GetDatum(next_number());
		if (svp_rows_insert(attachment, SVP_ISSUE, row.values, row.nulls))
			break;
	}
}

typedef struct Search
{
	int			nkey;
	const char *wanted[3];
	bool		found;
} Search;

static bool
compare_issue(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	Search	   *search = arg;

	search->found = true;
	for (int i = 0; i < lengthof(search->wanted) && search->found; i++)
	{
		const char *text = svp_value_text(values + search->nkey, nulls + search->nkey, i);

		search->found = text == search->wanted[i] ||
			(text != NULL && search->wanted[i] != NULL && strcmp(text, search->wanted[i]) == 0);
	}
	return !search->found;
}

void
svp_issue_append_once(SvpAttachment *attachment, const Datum *key, const char *problem,
					  const char *detail, const char *value)
{
	Search		search = {attachment->ticket->nkey, {problem, detail, value}};

	svp_rows_scan(attachment, SVP_ISSUE, search.nkey, key, false, compare_issue, &search);
	if (!search.found)
		svp_issue_append(attachment, key, problem, detail, value);
}
