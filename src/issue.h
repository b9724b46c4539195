/*-------------------------------------------------------------------------
 *
 * issue.h
 *		What could not be understood, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_ISSUE_H
#define SVP_ISSUE_H

#include "rows.h"

/* Record what could not be understood, for the view of issues. */
extern void svp_issue_append(SvpAttachment *attachment, const Datum *key, const char *problem,
							 const char *detail, const char *value);

/* The same unless it is recorded already. */
extern void svp_issue_append_once(SvpAttachment *attachment, const Datum *key,
								  const char *problem, const char *detail, const char *value);

#endif							/* SVP_ISSUE_H */
