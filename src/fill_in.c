/*-------------------------------------------------------------------------
 *
 * fill_in.c
 *		Texts of a policy with their placeholders filled in.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "fill_in.h"
#include "placeholder.h"

char *
svp_fill_in(const char *text, SvpPlaceholderValue value, const void *of)
{
	StringInfoData filled;
	SvpPiece	piece;

	initStringInfo(&filled);
	while ((piece = svp_placeholder_next(&text)).kind != SVP_PIECE_END)
	{
		char		name[SVP_PLACEHOLDER_SIZE];

		if (piece.kind == SVP_PIECE_NAME)
		{
			const char *stands_for = value(of, svp_placeholder_name(&piece, name));

			appendStringInfoString(&filled, stands_for == NULL ? "-" : stands_for);
		}
		else
			appendBinaryStringInfo(&filled, piece.start, piece.length);
	}
	return filled.data;
}
