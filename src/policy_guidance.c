/*-------------------------------------------------------------------------
 *
 * policy_guidance.c
 *		The sections of a policy document that guide people: objectives,
 *		promises, procedures, values.
 *
 * They are checked here and shown by the views; nothing of them is compiled.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy_section.h"

static const char *const objective_keys[] = {"name", "statement", "measured_by"};

static void
parse_objective(SvpParse *parse, const SvpNode *entry, int index)
{
	SvpNode		node;

	(void) svp_parse_required_name(entry, "name");
	svp_parse_required_text(entry, "statement");
	if (svp_node_member(entry, "measured_by", &node))
		svp_parse_reference(&node, "metric", &parse->metrics);
}

static const char *const promise_keys[] = {"name", "statement", "benchmark"};

static void
parse_promise(SvpParse *parse, const SvpNode *entry, int index)
{
	(void) svp_parse_required_name(entry, "name");
	svp_parse_required_text(entry, "statement");
	svp_parse_required_reference(entry, "benchmark", "benchmark", &parse->benchmarks);
}

/* Each step once, in the order in which they are taken. */
static void
check_steps(const SvpNode *entry)
{
	SvpNode		node;
	int			n;
	const char **steps;
	int			nsteps = 0;

	if (!svp_node_require(entry, "steps", &node))
		return;
	n = svp_read_list(&node);
	if (n == 0)
		svp_node_problem(&node, "lists no step");
	steps = palloc(Max(n, 1) * sizeof(char *));
	for (int i = 0; i < n; i++)
	{
		SvpNode		item;
		char	   *step;

		svp_node_item(&node, i, &item);
		step = svp_read_name(&item);
		if (step == NULL)
			continue;
		if (svp_word_index(steps, nsteps, step) >= 0)
			svp_node_problem(&item, "%s is already a step", svp_quote(step));
		steps[nsteps++] = step;
	}
}

static const char *const procedure_keys[] = {"name", "when", "before", "steps"};

static void
parse_procedure(SvpParse *parse, const SvpNode *entry, int index)
{
	SvpNode		node;

	(void) svp_parse_required_name(entry, "name");
	svp_parse_unused_when(entry);
	if (svp_node_require(entry, "before", &node))
		(void) svp_read_word(&node, "state", SVP_KEYS(svp_state_names));
	check_steps(entry);
}

/*
 * Is this a measure, a comparison and a number, each parted by a space?
 */
static bool
is_comparison(const char *text)
{
	static const char *const signs[] = {"<=", ">=", "<", ">", "="};
	int			measure = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
	const char *sign = text + measure + 1;
	int			length;
	const char *number;
	int			whole;

	if (measure == 0 || measure > SVP_NAME_MAX || text[measure] != ' ')
		return false;
	length = strcspn(sign, " ");
	if (sign[length] != ' ' || svp_word_index(SVP_KEYS(signs), pnstrdup(sign, length)) < 0)
		return false;

	number = sign + length + 1;
	whole = strspn(number, "0123456789");
	if (whole == 0 || whole > 9)
		return false;
	if (number[whole] != '.')
		return number[whole] == '\0';
	number += whole + 1;
	whole = strspn(number, "0123456789");
	return whole > 0 && whole <= 6 && number[whole] == '\0';
}

static const char *const value_keys[] = {"name", "statement", "keep"};

static void
parse_value(SvpParse *parse, const SvpNode *entry, int index)
{
	SvpNode		node;
	char	   *keep;

	(void) svp_parse_required_name(entry, "name");
	svp_parse_optional_text(entry, "statement");
	if (!svp_node_require(entry, "keep", &node))
		return;
	keep = svp_read_string(&node);
	if (keep != NULL && !is_comparison(keep))
		svp_node_problem(&node, "%s is no measure, comparison (<, <=, =, >=, >) and number, "
						 "such as \"satisfaction >= 4\"", svp_quote(keep));
}

const SvpSection svp_objective_section = {
	"objectives", "name", SVP_KEYS(objective_keys), parse_objective, NULL, NULL
};

const SvpSection svp_promise_section = {
	"promises", "name", SVP_KEYS(promise_keys), parse_promise, NULL, NULL
};

const SvpSection svp_procedure_section = {
	"procedures", "name", SVP_KEYS(procedure_keys), parse_procedure, NULL, NULL
};

const SvpSection svp_value_section = {
	"values", "name", SVP_KEYS(value_keys), parse_value, NULL, NULL
};
