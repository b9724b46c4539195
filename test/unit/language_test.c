/*-------------------------------------------------------------------------
 *
 * language_test.c
 *		The choice of a text's language.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "language.h"
#include "tap.h"

static void
is_text(const char *got, const char *expected, const char *what)
{
	bool		same = got == NULL || expected == NULL ? got == expected : strcmp(got, expected) == 0;

	ok(same, what);
	if (!same)
		printf("#      got %s\n# expected %s\n", got ? got : "NULL", expected ? expected : "NULL");
}

static void
test_valid(void)
{
	static const char *const valid[] = {
		"en", "fil", "pt-BR", "zh-Hans-CN", "de-CH-1996", "EN", "en-x-twain"
	};
	static const char *const not_valid[] = {
		"", "e", "engl", "en-", "-en", "en_GB", "en--GB", "en-GB-", "en GB", "1n", "en-abcdefghi", "é"
	};

	for (size_t i = 0; i < lengthof(valid); i++)
		ok(svp_language_is_valid(valid[i]), valid[i]);
	for (size_t i = 0; i < lengthof(not_valid); i++)
		ok(!svp_language_is_valid(not_valid[i]), not_valid[i]);
}

static void
test_choice(void)
{
	char	   *languages[] = {"fr", "pt", "pt-BR", "en"};
	char	   *texts[] = {"bonjour", "olá", "oi", "hello"};
	SvpText		four = {4, languages, texts};
	SvpText		three = {3, languages, texts};
	SvpText		none = {0, NULL, NULL};

	is_text(svp_text_in(&none, "en", "en"), NULL, "no text in any language");
	is_text(svp_text_in(&four, "pt-BR", NULL), "oi", "the language itself");
	is_text(svp_text_in(&four, "PT-br", NULL), "oi", "however it is written");
	is_text(svp_text_in(&four, "pt-PT", NULL), "olá", "its shorter form");
	is_text(svp_text_in(&four, "pt-Latn-PT", NULL), "olá", "shortened twice");
	is_text(svp_text_in(&four, "p", "fr"), "bonjour", "not a language that it begins");
	is_text(svp_text_in(&four, "fra", "pt"), "olá", "nor one that is longer");
	is_text(svp_text_in(&four, "de", "fr"), "bonjour", "the fallback");
	is_text(svp_text_in(&four, "de", "fr-CA"), "bonjour", "the fallback's shorter form");
	is_text(svp_text_in(&four, "de", "es"), "hello", "English where neither is there");
	is_text(svp_text_in(&four, NULL, NULL), "hello", "English where none is asked for");
	is_text(svp_text_in(&three, "de", NULL), "bonjour", "the first where there is no English");
	is_text(svp_text_in(&three, "", ""), "bonjour", "an empty language is none");
}

static void
test_without_language(void)
{
	char	   *languages[] = {"", "en"};
	char	   *texts[] = {"plain", "hello"};
	SvpText		text = {2, languages, texts};

	is_text(svp_text_in(&text, "en-GB", NULL), "hello", "a language that is there comes first");
	is_text(svp_text_in(&text, "de", NULL), "plain", "then the text that names none");
}

int
main(void)
{
	test_valid();
	test_choice();
	test_without_language();
	return done_testing();
}
