/*-------------------------------------------------------------------------
 *
 * policy_template.c
 *		Texts with placeholders, in a policy document.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "placeholder.h"
#include "policy_section.h"

static void
check_placeholders(const SvpNode *node, const char *text, bool (*exists) (const char *placeholder),
				   const char *what)
{
	SvpPiece	piece;

	while ((piece = svp_placeholder_next(&text)).kind != SVP_PIECE_END)
	{
		char		name[SVP_PLACEHOLDER_SIZE];

		if (piece.kind == SVP_PIECE_BRACE)
			svp_node_problem(node, "has a brace that begins no {placeholder}; write {{ for a brace");
		else if (piece.kind == SVP_PIECE_NAME &&
				 !exists(svp_placeholder_name(&piece, name)))
			svp_node_problem(node, "{%s} stands for no fact or result of %s; write {{ for a brace", name,
							 what);
	}
}

/*
 * Read a text in which names in braces stand for facts and results of a
 * refund or a clock.
 */
void
svp_parse_template(const SvpNode *node, SvpText *text, bool (*exists) (const char *placeholder),
				   const char *what)
{
	svp_read_text(node, text);
	for (int i = 0; i < text->n; i++)
		check_placeholders(node, text->text[i], exists, what);
}
