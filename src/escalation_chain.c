/*-------------------------------------------------------------------------
 *
 * escalation_chain.c
 *		By what a clock that was read escalates.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "attempt.h"
#include "calendar.h"
#include "escalation_chain.h"
#include "message_table.h"

typedef struct Version
{
	const char *policy;
	int			number;
	const SvpPolicy *found;
} Version;

static void
find_version(void *arg)
{
	Version    *version = arg;

	version->found = svp_policy_version(version->policy, version->number);
}

/*
 * The version that judges the clock; NULL and a problem when it is gone or a
 * later release no longer takes it.
 */
static const SvpPolicy *
policy_of(const SvpAttachment *attachment, const SvpStoredClock *stored, SvpChain *chain)
{
	Version		version = {attachment->policy, stored->policy_version};
	ErrorData  *error = svp_attempt(find_version, &version);

	if (error == NULL && version.found != NULL)
		return version.found;
	chain->problem = "policy_unreadable";
	chain->detail = psprintf("The policy cannot be read; the %s clock does not escalate.",
							 stored->metric);
	chain->value = error == NULL ? psprintf("version %d does not exist", version.number) :
		error->message;
	return NULL;
}

static bool
find_calendar(SvpStoredClock *stored, SvpChain *chain)
{
	if (stored->calendar == NULL)
		return true;
	stored->clock.calendar = svp_calendar_get(stored->calendar, true);
	if (stored->clock.calendar != NULL)
		return true;
	chain->problem = "calendar_missing";
	chain->detail = psprintf("The calendar %s does not exist, has no opening hours or is in an unknown time zone; the %s clock does not escalate.",
							 stored->calendar, stored->metric);
	chain->value = stored->calendar;
	return false;
}

static void
read_timeline(SvpAttachment *attachment, const Datum *key, SvpTimeline *timeline)
{
	SvpLedger  *ledger = palloc0(sizeof(SvpLedger));
	SvpEvent   *messages = NULL;
	int			nmessages = 0;

	svp_ledger_read(attachment, key, ledger);
	if (attachment->message != NULL)
		messages = svp_messages_read(attachment, key, &nmessages);
	svp_timeline_make(timeline, ledger, messages, nmessages);
}

void
svp_chain_find(SvpAttachment *attachment, const Datum *key, SvpStoredClock *stored,
			   SvpChain *chain)
{
	*chain = (SvpChain) {0};
	stored->clock.started = true;	/* or there would be no row */
	chain->policy = policy_of(attachment, stored, chain);
	if (chain->policy == NULL || !find_calendar(stored, chain))
		return;
	chain->chain = svp_schedule_chain(chain->policy, stored);
	if (chain->chain != NULL && svp_escalation_counts(chain->chain))
		read_timeline(attachment, key, &chain->timeline);
}
