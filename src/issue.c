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

#include "issue.h"

void
svp_issue_append(SvpAttachment *attachment, const Datum *key, const char *problem,
				 const char *detail, const char *value)
{
	SvpRow		row;

	row.n = 0;
	svp_row_add_key(&row, attachment->ticket->nkey, key);
	svp_row_add_text(&row, problem);
	svp_row_add_text(&row, detail);
	svp_row_add_text(&row, value);
	svp_rows_insert(attachment, SVP_ISSUE, row.values, row.nulls);
}
