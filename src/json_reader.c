/*-------------------------------------------------------------------------
 *
 * json_reader.c
 *		Reading typed values out of a jsonb document, every problem noted
 *		with its path.
 *
 * Nothing here raises an error for what a document may hold, and nothing
 * depends on a setting of the session.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "compat.h"
#include "json_reader.h"
#include "words.h"

const char *
svp_json_type_name(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return "null";
		case jbvString:
			return "a text";
		case jbvNumeric:
			return "a number";
		case jbvBool:
			return "true or false";
		default:
			return JsonContainerIsArray(value->val.binary.data) ? "a list" : "an object";
	}
}

/*
 * Start reading at the root of a document.
 */
void
svp_node_root(SvpReader *reader, Jsonb *document, SvpNode *root)
{
	memset(root, 0, sizeof(SvpNode));
	root->reader = reader;
	if (JB_ROOT_IS_SCALAR(document))
		(void) JsonbExtractScalar(&document->root, &root->value);
	else
	{
		root->value.type = jbvBinary;
		root->value.val.binary.data = &document->root;
		root->value.val.binary.len = VARSIZE(document) - VARHDRSZ;
	}
}

/*
 * Step to a key of an object.  Answers whether it has a value.  The member
 * knows its path either way.
 */
bool
svp_node_member(const SvpNode *object, const char *key, SvpNode *member)
{
	memset(member, 0, sizeof(SvpNode));
	member->reader = object->reader;
	member->up = object;
	member->key = key;
	return getKeyJsonValueFromContainer(object->value.val.binary.data, key, strlen(key),
										&member->value) != NULL &&
		member->value.type != jbvNull;
}

/*
 * Does an object have the key, with null for its value?
 */
bool
svp_node_has_null(const SvpNode *object, const char *key)
{
	JsonbValue	value;

	return getKeyJsonValueFromContainer(object->value.val.binary.data, key, strlen(key),
										&value) != NULL &&
		value.type == jbvNull;
}

/*
 * Step to a key that an object must have.
 */
bool
svp_node_require(const SvpNode *object, const char *key, SvpNode *member)
{
	if (svp_node_member(object, key, member))
		return true;
	svp_node_problem(member, "is required");
	return false;
}

/*
 * Step to an item of a list that svp_read_list has counted.
 */
void
svp_node_item(const SvpNode *list, int index, SvpNode *item)
{
	JsonbValue *value = getIthJsonbValueFromContainer(list->value.val.binary.data, index);

	CHECK_FOR_INTERRUPTS();
	memset(item, 0, sizeof(SvpNode));
	item->reader = list->reader;
	item->up = list;
	item->index = index;
	item->value = *value;
}

static bool
is_container(const SvpNode *node)
{
	return node->value.type == jbvBinary;
}

bool
svp_node_is_object(const SvpNode *node)
{
	return is_container(node) && JsonContainerIsObject(node->value.val.binary.data);
}

/* Note each key that an object here does not have. */
static void
check_keys(const SvpNode *node, const char *const *keys, int nkeys)
{
	JsonbIterator *it = JsonbIteratorInit(node->value.val.binary.data);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		char	   *key;

		CHECK_FOR_INTERRUPTS();
		if (token != WJB_KEY)
			continue;
		key = pnstrdup(value.val.string.val, value.val.string.len);
		if (svp_word_index(keys, nkeys, key) < 0)
			svp_node_unknown_key(node, key, keys, nkeys);
		pfree(key);
	}
}

/*
 * Is this an object?  Keys other than those listed are problems.
 */
bool
svp_read_object(const SvpNode *node, const char *const *keys, int nkeys)
{
	if (!svp_node_is_object(node))
	{
		svp_node_problem(node, "must be an object, not %s", svp_json_type_name(&node->value));
		return false;
	}
	check_keys(node, keys, nkeys);
	return true;
}

/*
 * How many items has this list?  -1 if there is no list to use.
 */
int
svp_read_list(const SvpNode *node)
{
	int			n;

	if (!is_container(node) || !JsonContainerIsArray(node->value.val.binary.data))
	{
		svp_node_problem(node, "must be a list, not %s", svp_json_type_name(&node->value));
		return -1;
	}
	n = JsonContainerSize(node->value.val.binary.data);
	if (n > SVP_LIST_MAX)
	{
		svp_node_problem(node, "has %d items; the most is %d", n, SVP_LIST_MAX);
		return -1;
	}
	return n;
}

/*
 * Read a text that says something.  NULL if there is none to use.
 */
char *
svp_read_string(const SvpNode *node)
{
	char	   *string;

	if (node->value.type != jbvString)
	{
		svp_node_problem(node, "must be a text, not %s", svp_json_type_name(&node->value));
		return NULL;
	}
	string = pnstrdup(node->value.val.string.val, node->value.val.string.len);
	if (strspn(string, " \t\r\n") == strlen(string))
	{
		svp_node_problem(node, "is empty");
		return NULL;
	}
	return string;
}

/*
 * Read a name.  NULL if there is none to use.
 */
char *
svp_read_name(const SvpNode *node)
{
	char	   *name = svp_read_string(node);

	if (name != NULL && strlen(name) > SVP_NAME_MAX)
	{
		svp_node_problem(node, "%s is longer than %d bytes", svp_quote(name), SVP_NAME_MAX);
		return NULL;
	}
	return name;
}

/*
 * Read a language.  NULL if there is none to use.
 */
char *
svp_read_language(const SvpNode *node)
{
	char	   *language = svp_read_string(node);

	if (language != NULL && !svp_language_is_valid(language))
	{
		svp_node_problem(node, "%s is no language tag, such as \"en\" or \"pt-BR\"",
						 svp_quote(language));
		return NULL;
	}
	return language;
}

/*
 * The members of an object that have values, in jsonb's own order of its keys.
 * -1 if these are too many.
 */
int
svp_read_members(const SvpNode *node, SvpNode **members)
{
	JsonbContainer *object = node->value.val.binary.data;
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *key = NULL;
	int			n = 0;

	if (JsonContainerSize(object) > SVP_LIST_MAX)
	{
		svp_node_problem(node, "has %u keys; the most is %d", JsonContainerSize(object), SVP_LIST_MAX);
		return -1;
	}
	*members = palloc(Max(JsonContainerSize(object), 1) * sizeof(SvpNode));
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token == WJB_KEY)
			key = pnstrdup(value.val.string.val, value.val.string.len);
		else if (token == WJB_VALUE && value.type != jbvNull)
			(*members)[n++] = (SvpNode) {node->reader, node, key, 0, value};
	}
	return n;
}

static void
read_translation(const SvpNode *node, SvpText *text)
{
	char	   *string = svp_read_string(node);

	if (!svp_language_is_valid(node->key))
		svp_node_problem(node, "%s is no language tag, such as \"en\" or \"pt-BR\"",
						 svp_quote(node->key));
	else if (string != NULL)
	{
		text->language[text->n] = pstrdup(node->key);
		text->text[text->n++] = string;
	}
}

/*
 * Read a text that may be in several languages.
 */
void
svp_read_text(const SvpNode *node, SvpText *text)
{
	bool		translated = svp_node_is_object(node);
	SvpNode    *members;
	int			n = translated ? svp_read_members(node, &members) : 1;

	text->n = 0;
	text->language = palloc(Max(n, 1) * sizeof(char *));
	text->text = palloc(Max(n, 1) * sizeof(char *));
	if (n == 0)
		svp_node_problem(node, "names no language");
	for (int i = 0; translated && i < n; i++)
		read_translation(&members[i], text);
	if (translated)
		return;

	if (node->value.type != jbvString)
		svp_node_problem(node, "must be a text, or one text for each language, not %s",
						 svp_json_type_name(&node->value));
	else if ((text->text[0] = svp_read_string(node)) != NULL)
	{
		text->language[0] = pstrdup("");
		text->n = 1;
	}
}

/*
 * Read one of the words of a list; "what" says what they are.  -1 if none.
 */
int
svp_read_word(const SvpNode *node, const char *what,
			  const char *const *words, int nwords)
{
	char	   *word = svp_read_string(node);
	int			index;

	if (word == NULL)
		return -1;
	index = svp_word_index(words, nwords, word);
	if (index < 0)
		svp_node_unknown(node, what, word, words, nwords);
	return index;
}

bool
svp_read_bool(const SvpNode *node, bool *value)
{
	if (node->value.type != jbvBool)
	{
		svp_node_problem(node, "must be true or false, not %s", svp_json_type_name(&node->value));
		return false;
	}
	*value = node->value.val.boolean;
	return true;
}
