/*-------------------------------------------------------------------------
 *
 * placeholder.c
 *		Texts with {placeholders}, taken apart.
 *
 * A name is of lower-case letters, digits and underscores.  "{{" stands for a
 * brace; "}" without one that it closes is text.
 *
 * Pure: no table, no server.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "core.h"
#include "placeholder.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_"

/*
 * Take the next piece off a text.  What is not understood is a lone brace, so
 * that the pieces of any text make up all of it.
 */
SvpPiece
svp_placeholder_next(const char **rest)
{
	SvpPiece	piece = {SVP_PIECE_TEXT, *rest, (int) strcspn(*rest, "{")};
	int			length;

	if (piece.length > 0)
	{
		*rest += piece.length;
		return piece;
	}
	if (**rest == '\0')
	{
		piece.kind = SVP_PIECE_END;
		return piece;
	}
	piece.length = 1;
	if ((*rest)[1] == '{')
	{
		*rest += 2;
		return piece;
	}
	length = (int) strspn(*rest + 1, NAME_CHARS);
	if (length == 0 || length >= SVP_PLACEHOLDER_SIZE || (*rest)[1 + length] != '}')
	{
		piece.kind = SVP_PIECE_BRACE;
		*rest += 1;
		return piece;
	}
	piece.kind = SVP_PIECE_NAME;
	piece.start = *rest + 1;
	piece.length = length;
	*rest += length + 2;
	return piece;
}

const char *
svp_placeholder_name(const SvpPiece *piece, char *buffer)
{
	memcpy(buffer, piece->start, piece->length);
	buffer[piece->length] = '\0';
	return buffer;
}
