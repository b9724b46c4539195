/*-------------------------------------------------------------------------
 *
 * refund_change.c
 *		What a change of a refund's row means for the decision on it.
 *
 * A refund is decided on when it becomes one, and anew when what was decided by
 * changes.  Only the latest decision stands, and counts in the sums.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/rel.h"

#include "key.h"
#include "refund_change.h"
#include "refund_exception.h"
#include "refund_outcome.h"
#include "refund_table.h"

SvpRefundCase
svp_refund_case_of(const SvpRefundChange *change, HeapTuple tuple)
{
	SvpRefundCase refund = {
		.attachment = change->attachment,
		.mapping = change->attachment->refund,
		.now = change->now,
		.role = change->recorded_by
	};

	svp_reader_read(change->reader, tuple, &refund.facts);
	return refund;
}

/*
 * What was decided on is no refund any more.
 */
static void
withdraw(const SvpRefundChange *change, SvpRefundRecord *before)
{
	SvpTally	tally;

	if (!before->stands)
		return;
	svp_tally_change(change->attachment, &before->share, NULL, change->now, &tally);
	svp_refund_withdraw(change->attachment, before, change->now);
}

static void
refuse_if_enforced(const SvpRefundChange *change, SvpRefundCase *refund)
{
	if (refund->decision.outcome != SVP_REFUND_ALLOWED && refund->mode == SVP_MODE_ENFORCE)
		svp_refund_refuse(change->trigger, refund);
}

/*
 * Count a refund and decide on it: refuse, or record.  What was counted of it
 * before is taken back first.  Counting waits for whoever is about to refund
 * the same order, so that it is decided on by what that one did.
 */
static void
decide(const SvpRefundChange *change, SvpRefundCase *refund, SvpRefundRecord *before)
{
	SvpAttachment *attachment = change->attachment;
	SvpRefundShare share = svp_refund_share(refund);
	SvpTally	tally;

	svp_tally_change(attachment, before->stands ? &before->share : NULL, &share, change->now, &tally);
	refund->tally = &tally;
	svp_refund_case_judge(refund);
	refuse_if_enforced(change, refund);
	svp_exceptions_use(refund);
	refuse_if_enforced(change, refund);
	if (before->stands)
		svp_refund_withdraw(attachment, before, change->now);
	while (!svp_refund_append(refund, before->last_seq + 1, change->recorded_by))
	{
		svp_refund_find(attachment, refund->facts.key, NULL, before);
		/* that of a refund whose end was not told, as by TRUNCATE */
		if (!change->trigger->tg_relation->rd_rel->relispartition)
			withdraw(change, before);
	}
	if (refund->decision.outcome != SVP_REFUND_ALLOWED && refund->mode == SVP_MODE_FLAG)
		svp_refund_flag(refund);
}

/*
 * Decide on a row of which a decision may stand, unless that was by the same
 * facts.
 */
static void
decide_unless_known(const SvpRefundChange *change, SvpRefundCase *refund, SvpRefundRecord *before)
{
	svp_refund_case_open(refund);
	if (!before->stands || !svp_refund_same_facts(refund, before->facts))
		decide(change, refund, before);
}

/*
 * Decide on a refund under a key that it did not have before.  Where a
 * decision stands on the one that had it, the row has moved here from another
 * partition; or is another one, if the key recurs; or that one's end was not
 * told, and it is taken back now.
 */
void
svp_refund_decide_on_key(const SvpRefundChange *change, SvpRefundCase *refund, bool is_known)
{
	SvpRefundRecord before;
	bool		is_partition = change->trigger->tg_relation->rd_rel->relispartition;

	if (refund->facts.key == NULL)
		svp_refund_undecidable(change->attachment->name, "the key of the refund is null");
	/* a key is new, as a rule; else appending says so */
	before.last_seq = 0;
	before.stands = false;
	if (is_partition || is_known)
		svp_refund_find(change->attachment, refund->facts.key, NULL, &before);
	if (before.stands && is_partition && !is_known)
	{
		is_known = svp_refund_is_alone(change->attachment, refund->facts.key);
		before.stands = is_known;
	}
	if (is_known)
		decide_unless_known(change, refund, &before);
	else
		decide(change, refund, &before);
}

static void
find_record(const SvpRefundCase *refund, SvpRefundRecord *record)
{
	SvpRefundShare share = svp_refund_share(refund);

	record->last_seq = 0;
	record->stands = false;
	if (refund->facts.key != NULL)
		svp_refund_find(refund->attachment, refund->facts.key, &share, record);
}

static bool
rests_on_approval(const SvpRefundCase *refund)
{
	SvpRefundRecord record;

	find_record(refund, &record);
	return record.stands && record.is_approved;
}

/*
 * Is a change of the row no new decision?
 */
static bool
decides_same(const SvpRefundCase *before, SvpRefundCase *after)
{
	switch (svp_refund_difference(after->mapping, &before->facts, &after->facts))
	{
		case SVP_DECIDES_SAME:
			return true;
		case SVP_DECIDES_ANEW:
			return false;
		case SVP_OTHER_AGENT:
			if (rests_on_approval(before))
				return false;
			break;
		case SVP_OTHER_APPROVER:
			break;
	}
	svp_refund_case_open(after);
	return !svp_refund_rule_looks_at_people(after->rule);
}

void
svp_refund_row_changed(const SvpRefundChange *change, const SvpRefundCase *old, SvpRefundCase *new,
					   bool is_known, bool is_told)
{
	bool		same_key = svp_refund_same_key(change->attachment, old->facts.key, new->facts.key);
	bool		same = new->facts.included && decides_same(old, new);
	SvpRefundRecord before;

	if (same && same_key && is_told && new->mapping->only_where == NULL)
		return;
	find_record(old, &before);
	if (same && !is_told)
	{
		svp_refund_case_open(new);
		same = before.stands && svp_refund_same_facts(new, before.facts);
	}
	/* of other tables a row filter may know only now that it is a refund */
	if (same && same_key && before.stands)
		return;
	if (!new->facts.included)
		withdraw(change, &before);
	else if (same_key && is_known)
		decide_unless_known(change, new, &before);
	else if (same_key)
		decide(change, new, &before);
	else if (same && before.stands && new->facts.key != NULL)
	{
		svp_refund_move(change->attachment, &before, new->facts.key, change->now);
		svp_exceptions_move(change->attachment, old->facts.key, new->facts.key);
	}
	else
	{
		withdraw(change, &before);
		svp_refund_decide_on_key(change, new, is_known);
	}
}

void
svp_refund_end_row(const SvpRefundChange *change, const SvpRefundCase *old)
{
	SvpRefundRecord before;

	find_record(old, &before);
	withdraw(change, &before);
}
