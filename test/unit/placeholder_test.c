/*-------------------------------------------------------------------------
 *
 * placeholder_test.c
 *		Texts with {placeholders}, taken apart.
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "placeholder.h"
#include "tap.h"

/*
 * The pieces of a text: text as it is, <name> and ! for a lone brace.
 */
static void
is_taken_apart(const char *text, const char *expected)
{
	char		got[256] = "";
	char		name[SVP_PLACEHOLDER_SIZE];
	const char *rest = text;
	SvpPiece	piece;

	while ((piece = svp_placeholder_next(&rest)).kind != SVP_PIECE_END)
	{
		size_t		used = strlen(got);

		if (piece.kind == SVP_PIECE_NAME)
			snprintf(got + used, sizeof(got) - used, "<%s>", svp_placeholder_name(&piece, name));
		else
			snprintf(got + used, sizeof(got) - used, "%s%.*s",
					 piece.kind == SVP_PIECE_BRACE ? "!" : "", piece.length, piece.start);
	}
	if (!ok(strcmp(got, expected) == 0, text))
		printf("#      got %s\n# expected %s\n", got, expected);
}

/* A name as long as they get, and one that is too long. */
static void
test_long_names(void)
{
	char		text[SVP_PLACEHOLDER_SIZE + 3];
	const char *rest = text;

	memset(text, 'a', sizeof(text));
	text[0] = '{';
	text[SVP_PLACEHOLDER_SIZE] = '}';
	text[SVP_PLACEHOLDER_SIZE + 1] = '\0';
	ok(svp_placeholder_next(&rest).kind == SVP_PIECE_NAME, "63 characters are a name");
	text[SVP_PLACEHOLDER_SIZE] = 'a';
	text[SVP_PLACEHOLDER_SIZE + 1] = '}';
	text[SVP_PLACEHOLDER_SIZE + 2] = '\0';
	rest = text;
	ok(svp_placeholder_next(&rest).kind == SVP_PIECE_BRACE, "64 are none");
}

int
main(void)
{
	is_taken_apart("", "");
	is_taken_apart("plain", "plain");
	is_taken_apart("until {cutoff}.", "until <cutoff>.");
	is_taken_apart("{a}{b_2}", "<a><b_2>");
	is_taken_apart("{{cutoff}", "{cutoff}");
	is_taken_apart("{{{cutoff}}}", "{<cutoff>}}");
	is_taken_apart("}", "}");
	is_taken_apart("{", "!{");
	is_taken_apart("{}", "!{}");
	is_taken_apart("{cutoff", "!{cutoff");
	is_taken_apart("{Cutoff}", "!{Cutoff}");
	is_taken_apart("{ cutoff }", "!{ cutoff }");
	is_taken_apart("{cut{off}", "!{cut<off>");
	is_taken_apart("até {cutoff} €", "até <cutoff> €");
	test_long_names();
	return done_testing();
}
