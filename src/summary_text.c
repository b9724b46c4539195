/*-------------------------------------------------------------------------
 *
 * summary_text.c
 *		What is said of escalations that are told all together.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fill_in.h"
#include "refund_text.h"
#include "summary_text.h"
#include "words.h"

/* What is said where the policy says nothing. */
#define OUR_SUBJECT "{attachment}: {count} escalations"
#define OUR_MESSAGE "{count} escalations of {tickets} tickets since {since}: {metrics}, level {levels}. " \
	"There were too many to tell each by itself."

static const char *const placeholders[] = {
	"attachment", "policy", "notify", "channel", "count", "tickets", "levels", "metrics", "since"
};

bool
svp_summary_placeholder_exists(const char *name)
{
	return svp_word_index(placeholders, lengthof(placeholders), name) >= 0;
}

static const char *
value_of(const void *of, const char *name)
{
	const SvpSummary *summary = of;

	switch (svp_word_index(placeholders, lengthof(placeholders), name))
	{
		case 0:
			return summary->attachment;
		case 1:
			return summary->policy;
		case 2:
			return summary->notify;
		case 3:
			return summary->channel;
		case 4:
			return psprintf("%d", summary->escalations);
		case 5:
			return psprintf("%d", summary->tickets);
		case 6:
			return summary->levels;
		case 7:
			return summary->metrics;
		case 8:
			return svp_refund_instant(NULL, summary->since);
		default:
			return NULL;
	}
}

static char *
fill_in(const SvpSummary *summary, const SvpText *text, const char *language, const char *ours)
{
	const char *found = svp_text_in(text, language, language);

	return svp_fill_in(found == NULL ? ours : found, value_of, summary);
}

static const SvpText no_text = {0, NULL, NULL};

char *
svp_summary_subject(const SvpSummary *summary, const SvpPolicy *policy)
{
	return policy == NULL ? fill_in(summary, &no_text, NULL, OUR_SUBJECT) :
		fill_in(summary, &policy->notifications.subject, policy->language, OUR_SUBJECT);
}

char *
svp_summary_message(const SvpSummary *summary, const SvpPolicy *policy)
{
	return policy == NULL ? fill_in(summary, &no_text, NULL, OUR_MESSAGE) :
		fill_in(summary, &policy->notifications.message, policy->language, OUR_MESSAGE);
}
