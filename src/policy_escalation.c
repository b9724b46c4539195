/*-------------------------------------------------------------------------
 *
 * policy_escalation.c
 *		The chains of escalation of a policy document.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/varlena.h"

#include "escalation_text.h"
#include "policy_section.h"

/* More would be a flood: the next level is what helps. */
#define MOST_TIMES 100

/* And what a clock may fire at once is to be bounded. */
#define MOST_LEVELS 100

#define MOST_SHARE (100 * SVP_MILLION)

/* What a level may be triggered by: exactly one of these. */
static const char *const trigger_keys[] = {
	"at", "before", "after", "on_reopened", "on_unanswered"
};

static const char *const time_names[] = {"business", "calendar"};

/*
 * Read a span of time, which in business time has no days.
 */
static bool
read_span(const SvpNode *node, const SvpEscalationLevel *level, int64 *usec)
{
	return level->around_the_clock ? svp_read_duration(node, usec) :
		svp_read_business_duration(node, usec);
}

/*
 * Read one of the triggers.
 */
static void
read_trigger(const SvpNode *node, SvpEscalationLevel *level)
{
	int64		count = 0;

	switch (svp_word_index(trigger_keys, lengthof(trigger_keys), node->key))
	{
		case 0:
			level->trigger = SVP_ESCALATE_AT_SHARE;
			(void) svp_read_number(node, 1, MOST_SHARE, "above 0 and at most 100 times the target",
								   &level->share);
			return;
		case 1:
		case 2:
			level->trigger = SVP_ESCALATE_BY_DEADLINE;
			(void) read_span(node, level, &level->offset);
			if (strcmp(node->key, "before") == 0)
				level->offset = -level->offset;
			return;
		case 3:
			level->trigger = SVP_ESCALATE_ON_REOPENED;
			break;
		default:
			level->trigger = SVP_ESCALATE_ON_UNANSWERED;
	}
	(void) svp_read_whole(node, 1, PG_INT16_MAX, &count);
	level->count = (int) count;
}

static void
parse_trigger(const SvpNode *entry, SvpEscalationLevel *level)
{
	SvpNode		node;
	int			given = 0;

	for (int i = 0; i < lengthof(trigger_keys); i++)
	{
		if (!svp_node_member(entry, trigger_keys[i], &node))
			continue;
		given++;
		read_trigger(&node, level);
	}
	if (given == 1)
		return;
	level->trigger = SVP_ESCALATE_ON_REOPENED;	/* fires neither before nor after another */
	svp_node_problem(entry, "must have exactly one of at (a share of the target), before and after (the deadline), on_reopened, on_unanswered (how many times)");
}

static const char *const repeat_keys[] = {"every", "times"};

/*
 * Read how often a level fires: once unless it says otherwise, and never
 * without end.
 */
static void
parse_repeat(const SvpNode *entry, SvpEscalationLevel *level)
{
	SvpNode		repeat;
	SvpNode		node;
	int64		more;

	level->times = 1;
	if (!svp_node_member(entry, "repeat", &repeat) ||
		!svp_read_object(&repeat, SVP_KEYS(repeat_keys)))
		return;
	if (svp_node_require(&repeat, "every", &node))
		(void) read_span(&node, level, &level->every);
	if (svp_node_require(&repeat, "times", &node) && svp_read_whole(&node, 1, MOST_TIMES, &more))
		level->times += (int) more;
}

/* A function is called by its schema and name. */
static char *
read_function_name(const SvpNode *node)
{
	char	   *name = svp_read_string(node);
	List	   *parts;

	if (name != NULL &&
		(!SplitIdentifierString(pstrdup(name), '.', &parts) || list_length(parts) != 2))
		svp_node_problem(node, "%s is no function with its schema, such as \"crm.page_director\"",
						 svp_quote(name));
	return name;
}

static char *
parse_optional_name(const SvpNode *entry, const char *key)
{
	SvpNode		node;

	return svp_node_member(entry, key, &node) ? svp_read_name(&node) : NULL;
}

/*
 * Read what a level does.  A channel and texts are those of whom it tells.
 */
static void
parse_actions(const SvpNode *entry, SvpEscalationLevel *level)
{
	static const char *const told[] = {"channel", "subject", "message"};
	SvpNode		node;
	bool		notifies = svp_node_member(entry, "notify", &node);

	level->notify = parse_optional_name(entry, "notify");
	level->channel = parse_optional_name(entry, "channel");
	if (svp_node_member(entry, "subject", &node))
		svp_parse_template(&node, &level->subject, svp_escalation_placeholder_exists, "a clock");
	if (svp_node_member(entry, "message", &node))
		svp_parse_template(&node, &level->message, svp_escalation_placeholder_exists, "a clock");
	level->assign = parse_optional_name(entry, "assign");
	level->priority = parse_optional_name(entry, "priority");
	if (svp_node_member(entry, "call", &node))
		level->call = read_function_name(&node);

	for (int i = 0; i < lengthof(told); i++)
	{
		if (!notifies && svp_node_member(entry, told[i], &node))
			svp_node_problem(&node, "is for whom notify names; leave the key out, or name somebody");
	}
	if (!notifies && !svp_node_member(entry, "assign", &node) &&
		!svp_node_member(entry, "priority", &node) && !svp_node_member(entry, "call", &node))
		svp_node_problem(entry, "does nothing; say whom it tells or what it does, with notify, assign, priority or call");
}

/*
 * Does a level fire before the one that precedes it, as far as a document
 * tells?  What is counted in other terms depends on the target.
 */
static bool
fires_earlier(const SvpEscalationLevel *level, const SvpEscalationLevel *before)
{
	if (level->trigger == SVP_ESCALATE_AT_SHARE && before->trigger == SVP_ESCALATE_AT_SHARE)
		return level->share < before->share;
	if (level->trigger == SVP_ESCALATE_BY_DEADLINE && before->trigger == SVP_ESCALATE_BY_DEADLINE)
		return level->around_the_clock == before->around_the_clock && level->offset < before->offset;
	if (level->trigger == SVP_ESCALATE_AT_SHARE && before->trigger == SVP_ESCALATE_BY_DEADLINE)
		return level->share <= SVP_MILLION && before->offset > 0;
	if (level->trigger == SVP_ESCALATE_BY_DEADLINE && before->trigger == SVP_ESCALATE_AT_SHARE)
		return level->offset < 0 && before->share >= SVP_MILLION;
	return false;
}

static const char *const level_keys[] = {
	"level", "at", "before", "after", "on_reopened", "on_unanswered", "time", "repeat",
	"wait_for_hours", "unless_acknowledged", "notify", "channel", "subject", "message",
	"assign", "priority", "call"
};

static void
parse_level(const SvpNode *entry, SvpEscalation *chain)
{
	SvpEscalationLevel *level = &chain->levels[chain->nlevels];
	const SvpEscalationLevel *before = chain->nlevels == 0 ? NULL : level - 1;
	SvpNode		node;
	int64		number = 0;

	if (!svp_read_object(entry, SVP_KEYS(level_keys)))
		return;
	chain->nlevels++;
	if (svp_node_require(entry, "level", &node) &&
		svp_read_whole(&node, 1, PG_INT16_MAX, &number) && before != NULL && number <= before->number)
		svp_node_problem(&node, "must be more than that of the level before, %d", before->number);
	level->number = (int) number;

	if (svp_node_member(entry, "time", &node))
		level->around_the_clock = svp_read_word(&node, "time", SVP_KEYS(time_names)) == 1;
	parse_trigger(entry, level);
	if (before != NULL && fires_earlier(level, before))
		svp_node_problem(entry, "fires before the level before it");
	parse_repeat(entry, level);
	(void) svp_parse_optional_bool(entry, "wait_for_hours", &level->wait_for_hours);
	(void) svp_parse_optional_bool(entry, "unless_acknowledged", &level->unless_acknowledged);
	parse_actions(entry, level);
}

static const char *const escalation_keys[] = {"metric", "when", "levels"};

static void
parse_escalation(SvpParse *parse, const SvpNode *entry, int index)
{
	SvpEscalation *chain = &parse->policy->escalations[index];
	SvpNode		node;
	int			n;

	svp_parse_required_reference(entry, "metric", "metric", &parse->metrics);
	if (svp_node_member(entry, "metric", &node) && node.value.type == jbvString)
		chain->metric = svp_read_name(&node);
	svp_parse_when(entry, &chain->when);
	if (!svp_node_require(entry, "levels", &node))
		return;
	n = svp_read_list(&node);
	if (n == 0)
		svp_node_problem(&node, "lists no level");
	if (n > MOST_LEVELS)
		svp_node_problem(&node, "lists %d levels; a chain has at most %d", n, MOST_LEVELS);
	chain->levels = palloc0(Max(n, 1) * sizeof(SvpEscalationLevel));
	for (int i = 0; i < n; i++)
	{
		SvpNode		level;

		svp_node_item(&node, i, &level);
		parse_level(&level, chain);
	}
}

static void
begin_escalations(SvpParse *parse, int n)
{
	parse->policy->escalations = palloc0(Max(n, 1) * sizeof(SvpEscalation));
	parse->policy->nescalations = n;
}

const SvpSection svp_escalation_section = {
	"escalations", NULL, SVP_KEYS(escalation_keys), parse_escalation, begin_escalations, NULL
};
