/*-------------------------------------------------------------------------
 *
 * wake.c
 *		Telling the launcher what a transaction makes due.
 *
 * Only the earliest is kept, and what is known already is looked at when the
 * transaction has committed and not before: a visit that was planned then may
 * be over by the time of the commit, without having seen it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "wake.h"
#include "watch.h"

/* What a subtransaction makes due, if it is earlier than what those around it do. */
typedef struct Wanted
{
	SubTransactionId subtransaction;
	TimestampTz at;
	struct Wanted *outer;
} Wanted;

/* In the transaction's memory: the innermost, which is the earliest. */
static Wanted *wanted = NULL;

static void
transaction_ended(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	if (wanted != NULL && event == XACT_EVENT_COMMIT &&
		!svp_watch_knows(MyDatabaseId, wanted->at))
		svp_watch_want(MyDatabaseId, wanted->at);
	wanted = NULL;
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	if (wanted == NULL || wanted->subtransaction != mine)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		wanted = wanted->outer;
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		wanted->subtransaction = parent;
		if (wanted->outer != NULL && wanted->outer->subtransaction == parent)
			wanted->outer = wanted->outer->outer;
	}
}

void
svp_wake_at(TimestampTz at)
{
	static bool listening = false;
	SubTransactionId mine = GetCurrentSubTransactionId();

	if (!svp_watch_exists() || (wanted != NULL && wanted->at <= at))
		return;
	if (!listening)
	{
		RegisterXactCallback(transaction_ended, NULL);
		RegisterSubXactCallback(subtransaction_ended, NULL);
		listening = true;
	}
	if (wanted == NULL || wanted->subtransaction != mine)
	{
		Wanted	   *outer = wanted;

		wanted = MemoryContextAlloc(TopTransactionContext, sizeof(Wanted));
		*wanted = (Wanted) {.subtransaction = mine,.outer = outer};
	}
	wanted->at = at;
}
