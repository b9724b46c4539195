/*-------------------------------------------------------------------------
 *
 * policy_document.c
 *		The policy document: its one parser, which both validates and
 *		compiles.
 *
 * Every section is a list of entries, read by a function of its own that
 * notes each problem and goes on.  What judges tickets and refunds is kept in
 * the SvpPolicy; the other sections are only checked, and read by the views.
 *
 * All memory is of the context that is current.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy_section.h"

static const char *const document_keys[] = {
	"policy", "language", "mission", "review_every", "objectives", "promises", "benchmarks",
	"escalations", "notifications", "refunds", "discretion", "procedures", "values"
};

/* Benchmarks come first, since others refer to them. */
static const SvpSection *const sections[] = {
	&svp_benchmark_section, &svp_objective_section, &svp_promise_section,
	&svp_escalation_section, &svp_refund_section, &svp_discretion_section,
	&svp_procedure_section, &svp_value_section
};

/*
 * Check that no earlier entry has this one's name.
 */
static void
check_identity(const SvpSection *section, const SvpNode *entry, int index, char **names)
{
	SvpNode		node;

	names[index] = NULL;
	if (section->identity == NULL || !svp_node_member(entry, section->identity, &node) ||
		node.value.type != jbvString)
		return;

	names[index] = pnstrdup(node.value.val.string.val, node.value.val.string.len);
	for (int i = 0; i < index; i++)
	{
		if (names[i] != NULL && strcmp(names[i], names[index]) == 0)
		{
			svp_node_problem(&node, "%s is already the %s of %s[%d]",
							 svp_quote(names[index]), section->identity, section->key, i);
			return;
		}
	}
}

static int
count_entries(const SvpNode *root, const char *key, SvpNode *list)
{
	return svp_node_member(root, key, list) ? Max(svp_read_list(list), 0) : 0;
}

static void
parse_section(SvpParse *parse, const SvpSection *section, const SvpNode *root)
{
	SvpNode		list;
	int			n = count_entries(root, section->key, &list);
	char	  **names = palloc(Max(n, 1) * sizeof(char *));

	if (section->begin != NULL)
		section->begin(parse, n);
	for (int i = 0; i < n; i++)
	{
		SvpNode		entry;

		svp_node_item(&list, i, &entry);
		names[i] = NULL;
		if (!svp_read_object(&entry, section->keys, section->nkeys))
			continue;
		check_identity(section, &entry, i, names);
		section->parse_entry(parse, &entry, i);
	}
	if (section->end != NULL)
		section->end(parse);
}

/* What is said once, of the whole. */
static void
parse_heading(SvpParse *parse, const SvpNode *root)
{
	SvpNode		node;
	Interval	interval;

	parse->policy->name = svp_parse_required_name(root, "policy");
	if (svp_node_member(root, "language", &node))
		parse->policy->language = svp_read_language(&node);
	svp_parse_optional_text(root, "mission");
	if (svp_node_member(root, "review_every", &node))
		(void) svp_read_interval(&node, &interval);
}

/*
 * Compile a document, or find all that is wrong with it.  Whether calendars
 * exist is checked if "check" is given.
 */
SvpPolicy *
svp_policy_parse(Jsonb *document, SvpCalendarCheck check, void *arg, List **problems)
{
	SvpReader	reader = {NIL};
	SvpParse	parse = {palloc0(sizeof(SvpPolicy)), check, arg};
	SvpNode		root;

	svp_node_root(&reader, document, &root);
	if (svp_read_object(&root, SVP_KEYS(document_keys)))
	{
		parse_heading(&parse, &root);
		for (int i = 0; i < lengthof(sections); i++)
			parse_section(&parse, sections[i], &root);
		svp_parse_notifications(&parse, &root);
	}
	*problems = reader.problems;
	return reader.problems == NIL ? parse.policy : NULL;
}
