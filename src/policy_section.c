/*-------------------------------------------------------------------------
 *
 * policy_section.c
 *		What the sections of a policy document have in common.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "currency.h"
#include "policy_section.h"

/*
 * Read a required name.  NULL if there is none to use.
 */
char *
svp_parse_required_name(const SvpNode *entry, const char *key)
{
	SvpNode		node;

	return svp_node_require(entry, key, &node) ? svp_read_name(&node) : NULL;
}

/*
 * Check a text in several languages that the entry must have.
 */
void
svp_parse_required_text(const SvpNode *entry, const char *key)
{
	SvpNode		node;
	SvpText		text;

	if (svp_node_require(entry, key, &node))
		svp_read_text(&node, &text);
}

/*
 * Check a text in several languages that the entry may have.
 */
void
svp_parse_optional_text(const SvpNode *entry, const char *key)
{
	SvpNode		node;
	SvpText		text;

	if (svp_node_member(entry, key, &node))
		svp_read_text(&node, &text);
}

/*
 * Read an optional number.  Answers whether there is one.
 */
bool
svp_parse_optional_number(const SvpNode *entry, const char *key, int64 low, int64 high,
						  const char *range, int64 *millionths)
{
	SvpNode		node;

	return svp_node_member(entry, key, &node) &&
		svp_read_number(&node, low, high, range, millionths);
}

/*
 * Read an optional whole number.  Answers whether there is one.
 */
bool
svp_parse_optional_whole(const SvpNode *entry, const char *key, int low, int high, int64 *whole)
{
	SvpNode		node;

	return svp_node_member(entry, key, &node) && svp_read_whole(&node, low, high, whole);
}

/*
 * Read an optional truth.  Answers whether there is one.
 */
bool
svp_parse_optional_bool(const SvpNode *entry, const char *key, bool *value)
{
	SvpNode		node;

	return svp_node_member(entry, key, &node) && svp_read_bool(&node, value);
}

/* One amount for each currency. */
static void
read_currencies(const SvpNode *node, int64 low, int64 high, const char *range, SvpMoney *money)
{
	SvpNode    *members;
	int			n = svp_read_members(node, &members);

	if (n == 0)
		svp_node_problem(node, "names no currency");
	money->currencies = palloc(Max(n, 1) * sizeof(char *));
	money->amounts = palloc(Max(n, 1) * sizeof(SvpAmount));
	for (int i = 0; i < n; i++)
	{
		SvpAmount  *amount = &money->amounts[money->ncurrencies];

		if (!svp_currency_is_code(members[i].key))
			svp_node_problem(&members[i], "%s is no currency of three capital letters, such as \"EUR\"",
							 svp_quote(members[i].key));
		else if (svp_read_number(&members[i], low, high, range, amount))
			money->currencies[money->ncurrencies++] = pstrdup(members[i].key);
	}
}

/*
 * Read an optional amount of money: a number for any currency, or one for each
 * that is named.
 */
void
svp_parse_optional_money(const SvpNode *entry, const char *key, int64 low, int64 high,
						 const char *range, SvpMoney *money)
{
	SvpNode		node;

	if (!svp_node_member(entry, key, &node))
		return;
	money->given = true;
	if (svp_node_is_object(&node))
		read_currencies(&node, low, high, range, money);
	else if (node.value.type == jbvNumeric)
		(void) svp_read_number(&node, low, high, range, &money->amount);
	else
		svp_node_problem(&node, "must be a number %s, or one for each currency, not %s", range,
						 svp_json_type_name(&node.value));
}

/*
 * Read an optional calendar, which must exist if that is being checked.
 */
char *
svp_parse_calendar(SvpParse *parse, const SvpNode *entry)
{
	SvpNode		node;
	char	   *calendar;
	const char *problem = NULL;

	if (!svp_node_member(entry, "calendar", &node))
		return NULL;
	calendar = svp_read_name(&node);
	if (calendar != NULL && parse->check != NULL)
		problem = parse->check(calendar, parse->arg);
	if (problem != NULL)
		svp_node_problem(&node, "calendar %s %s", svp_quote(calendar), problem);
	return calendar;
}

/* The values that a scenario may have in one dimension. */
static void
read_condition(const SvpNode *node, SvpCondition *when, SvpDimension dimension)
{
	int			n = svp_read_list(node);
	char	  **values = palloc(Max(n, 1) * sizeof(char *));

	if (n == 0)
		svp_node_problem(node, "lists no value, so that nothing could match; leave the key out");
	for (int i = 0; i < n; i++)
	{
		SvpNode		item;

		svp_node_item(node, i, &item);
		values[i] = svp_read_string(&item);
	}
	when->values[dimension] = values;
	when->nvalues[dimension] = Max(n, 0);
	when->nconditions++;
}

/*
 * Read under which conditions an entry applies.
 */
void
svp_parse_when(const SvpNode *entry, SvpCondition *when)
{
	SvpNode		node;

	memset(when, 0, sizeof(SvpCondition));
	if (!svp_node_member(entry, "when", &node) ||
		!svp_read_object(&node, SVP_KEYS(svp_dimension_names)))
		return;

	for (int d = 0; d < SVP_NDIMENSIONS; d++)
	{
		SvpNode		dimension;

		if (svp_node_member(&node, svp_dimension_names[d], &dimension))
			read_condition(&dimension, when, d);
	}
}

/*
 * Check the conditions of an entry that is not compiled.
 */
void
svp_parse_unused_when(const SvpNode *entry)
{
	SvpCondition when;

	svp_parse_when(entry, &when);
}

/*
 * Check a name, which must be a known one.
 */
void
svp_parse_reference(const SvpNode *node, const char *what, const SvpKnown *known)
{
	char	   *word = svp_read_name(node);

	if (word == NULL || svp_word_index(known->words, known->n, word) >= 0)
		return;
	if (known->n == 0)
		svp_node_problem(node, "there is no benchmark that %s could refer to", svp_quote(word));
	else
		svp_node_unknown(node, what, word, known->words, known->n);
}

/*
 * Check a known name that the entry must have.
 */
void
svp_parse_required_reference(const SvpNode *entry, const char *key, const char *what,
							 const SvpKnown *known)
{
	SvpNode		node;

	if (svp_node_require(entry, key, &node))
		svp_parse_reference(&node, what, known);
}
