/*-------------------------------------------------------------------------
 *
 * json_problem.c
 *		What is wrong in a jsonb document, and where.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/varlena.h"

#include "json_reader.h"
#include "words.h"

/* How much of a document's own text a problem repeats. */
#define QUOTED_MAX			63

/* More problems help nobody, and each takes memory. */
#define PROBLEMS_MAX		1000

/* How many known words a problem lists. */
#define KNOWN_MAX			20

/*
 * Spell a string of the document in quotes, shortened when it is long.
 */
char *
svp_quote(const char *string)
{
	StringInfoData quoted;
	int			length = strlen(string);
	int			shown = pg_mbcliplen(string, length, QUOTED_MAX);

	initStringInfo(&quoted);
	if (shown == length)
		escape_json(&quoted, string);
	else
		escape_json(&quoted, psprintf("%s...", pnstrdup(string, shown)));
	return quoted.data;
}

static bool
is_plain_key(const char *key)
{
	if (*key == '\0' || strlen(key) > QUOTED_MAX)
		return false;
	return strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$-") == strlen(key);
}

static void
append_key(StringInfo path, const char *key)
{
	if (!is_plain_key(key))
		appendStringInfo(path, "[%s]", svp_quote(key));
	else
		appendStringInfo(path, "%s%s", path->len > 0 ? "." : "", key);
}

/* A node lies at most as deep as the document's sections nest. */
static void
append_path(StringInfo path, const SvpNode *node)
{
	if (node->up == NULL)
		return;
	append_path(path, node->up);
	if (node->key == NULL)
		appendStringInfo(path, "[%d]", node->index);
	else
		append_key(path, node->key);
}

static bool
is_enough(const SvpNode *node)
{
	return list_length(node->reader->problems) >= PROBLEMS_MAX;
}

static void
add_problem(const SvpNode *node, const char *key, char *text)
{
	SvpProblem *problem = palloc(sizeof(SvpProblem));
	StringInfoData path;

	initStringInfo(&path);
	append_path(&path, node);
	if (key != NULL)
		append_key(&path, key);
	problem->path = path.len > 0 ? path.data : pstrdup("document");
	problem->problem = text;
	node->reader->problems = lappend(node->reader->problems, problem);
}

/*
 * Note a problem of this node.
 */
void
svp_node_problem(const SvpNode *node, const char *format,...)
{
	StringInfoData text;

	if (is_enough(node))
		return;
	initStringInfo(&text);
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&text, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&text, needed);
	}
	add_problem(node, NULL, text.data);
}

/*
 * The word that somebody may have meant: at most two slips away, in no more
 * than half of its letters.  NULL if none is.
 */
static const char *
near_match(const char *word, const char *const *words, int nwords)
{
	int			length = strlen(word);
	int			nearest = 3;
	const char *match = NULL;

	if (length > SVP_NAME_MAX)
		return NULL;
	for (int i = 0; i < nwords; i++)
	{
		int			other = strlen(words[i]);
		int			distance = varstr_levenshtein_less_equal(word, length, words[i], other,
															 1, 1, 1, nearest, true);

		if (distance < nearest && distance * 2 <= Max(length, other))
		{
			nearest = distance;
			match = words[i];
		}
	}
	return match;
}

/* "unknown key; did you mean …", or the words that there are. */
static char *
unknown_word(const char *what, const char *word, bool name_it,
			 const char *const *words, int nwords)
{
	StringInfoData text;
	const char *match = near_match(word, words, nwords);

	initStringInfo(&text);
	appendStringInfo(&text, "unknown %s", what);
	if (name_it)
		appendStringInfo(&text, " %s", svp_quote(word));
	if (match != NULL)
		appendStringInfo(&text, "; did you mean \"%s\"?", match);
	else
	{
		appendStringInfo(&text, "; known: ");
		for (int i = 0; i < Min(nwords, KNOWN_MAX); i++)
			appendStringInfo(&text, "%s%s", i > 0 ? ", " : "", words[i]);
		if (nwords > KNOWN_MAX)
			appendStringInfoString(&text, ", ...");
	}
	return text.data;
}

/*
 * Note that this node holds a word that is none of those known.
 */
void
svp_node_unknown(const SvpNode *node, const char *what, const char *word,
				 const char *const *words, int nwords)
{
	if (!is_enough(node))
		add_problem(node, NULL, unknown_word(what, word, true, words, nwords));
}

/*
 * Note that this node has a key that is none of those known.
 */
void
svp_node_unknown_key(const SvpNode *node, const char *key, const char *const *keys, int nkeys)
{
	if (!is_enough(node))
		add_problem(node, key, unknown_word("key", key, false, keys, nkeys));
}
