/*-------------------------------------------------------------------------
 *
 * summary_text.h
 *		What is said of escalations that are told all together.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_SUMMARY_TEXT_H
#define SVP_SUMMARY_TEXT_H

#include "policy_document.h"

/* What a placeholder can stand for. */
typedef struct SvpSummary
{
	const char *attachment;
	const char *policy;
	const char *notify;
	const char *channel;		/* NULL = not said */
	int			escalations;
	int			tickets;
	const char *levels;			/* "1, 2" */
	const char *metrics;
	int64		since;			/* when the first of them was due */
} SvpSummary;

extern bool svp_summary_placeholder_exists(const char *name);

/* The policy's, in its own language, or ours.  The policy is NULL where no version is in force. */
extern char *svp_summary_subject(const SvpSummary *summary, const SvpPolicy *policy);
extern char *svp_summary_message(const SvpSummary *summary, const SvpPolicy *policy);

#endif							/* SVP_SUMMARY_TEXT_H */
