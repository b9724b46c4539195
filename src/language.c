/*-------------------------------------------------------------------------
 *
 * language.c
 *		A text in several languages, and the choice of one.
 *
 * Languages are named by BCP 47 tags (en, pt, pt-BR, zh-Hans).  A request
 * is answered as RFC 4647 §3.4 looks up: the tag itself, then the tag
 * shortened part by part from its end.
 *
 * Pure: no table, no server.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "language.h"

/* The C library's own depend on the locale. */
static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char
lower(char c)
{
	return (c >= 'A' && c <= 'Z') ? (char) (c + ('a' - 'A')) : c;
}

/*
 * Is this a language tag: two or three letters, then parts of one to eight
 * letters or digits, joined by hyphens?
 */
bool
svp_language_is_valid(const char *language)
{
	const char *p = language;
	int			length = 0;

	while (is_letter(*p))
		p++;
	if (p - language < 2 || p - language > 3)
		return false;

	while (*p == '-')
	{
		p++;
		for (length = 0; is_letter(*p) || is_digit(*p); length++)
			p++;
		if (length < 1 || length > 8)
			return false;
	}
	return *p == '\0';
}

/* Is the tag equal to the first length bytes of the other one? */
static bool
tag_equals(const char *tag, const char *other, int length)
{
	for (int i = 0; i < length; i++)
	{
		if (tag[i] == '\0' || lower(tag[i]) != lower(other[i]))
			return false;
	}
	return tag[length] == '\0';
}

static const char *
text_by_tag(const SvpText *text, const char *tag, int length)
{
	for (int i = 0; i < text->n; i++)
	{
		if (tag_equals(text->language[i], tag, length))
			return text->text[i];
	}
	return NULL;
}

/* Look up a tag, then its shorter forms: pt-BR, then pt. */
static const char *
text_by_language(const SvpText *text, const char *language)
{
	int			length = (int) strlen(language);

	while (length > 0)
	{
		const char *found = text_by_tag(text, language, length);

		if (found != NULL)
			return found;
		while (length > 0 && language[length - 1] != '-')
			length--;
		if (length > 0)
			length--;			/* the hyphen */
	}
	return NULL;
}

/*
 * Choose a text: in the language asked for, else in the fallback language,
 * else the one that names no language, else English, else the first.  Either
 * language may be NULL.  Returns NULL only when there is no text.
 */
const char *
svp_text_in(const SvpText *text, const char *language, const char *fallback)
{
	const char *found = NULL;

	if (text->n == 0)
		return NULL;
	if (language != NULL)
		found = text_by_language(text, language);
	if (found == NULL && fallback != NULL)
		found = text_by_language(text, fallback);
	if (found == NULL)
		found = text_by_tag(text, "", 0);
	if (found == NULL)
		found = text_by_language(text, "en");
	return found != NULL ? found : text->text[0];
}
