/*-------------------------------------------------------------------------
 *
 * policy_notification.c
 *		The limit of a policy document on how much goes out.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy_section.h"
#include "summary_text.h"

#define MOST_PER_MINUTE 1000000

static const char *const notification_keys[] = {"per_minute", "summary"};
static const char *const summary_keys[] = {"subject", "message"};

/*
 * Here null is no missing value: it says that there is no limit.
 */
static void
parse_limit(const SvpNode *node, SvpNotifications *notifications)
{
	int64		limit;

	if (svp_node_has_null(node, "per_minute"))
		notifications->per_minute = SVP_NO_LIMIT;
	else if (svp_parse_optional_whole(node, "per_minute", 1, MOST_PER_MINUTE, &limit))
		notifications->per_minute = (int) limit;
}

static void
parse_summary(const SvpNode *summary, SvpNotifications *notifications)
{
	SvpNode		node;

	if (svp_node_member(summary, "subject", &node))
		svp_parse_template(&node, &notifications->subject, svp_summary_placeholder_exists, "a summary");
	if (svp_node_member(summary, "message", &node))
		svp_parse_template(&node, &notifications->message, svp_summary_placeholder_exists, "a summary");
}

void
svp_parse_notifications(SvpParse *parse, const SvpNode *root)
{
	SvpNotifications *notifications = &parse->policy->notifications;
	SvpNode		node;
	SvpNode		summary;

	notifications->per_minute = SVP_USUAL_PER_MINUTE;
	if (!svp_node_member(root, "notifications", &node) ||
		!svp_read_object(&node, SVP_KEYS(notification_keys)))
		return;
	parse_limit(&node, notifications);
	if (svp_node_member(&node, "summary", &summary) &&
		svp_read_object(&summary, SVP_KEYS(summary_keys)))
		parse_summary(&summary, notifications);
}
