/*-------------------------------------------------------------------------
 *
 * placeholder.h
 *		Texts with {placeholders}, taken apart.
 *
 * Pure: no table, no server.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_PLACEHOLDER_H
#define SVP_PLACEHOLDER_H

#include "core.h"

#define SVP_PLACEHOLDER_SIZE 64	/* a name and its end */

typedef enum SvpPieceKind
{
	SVP_PIECE_END,
	SVP_PIECE_TEXT,				/* stands for itself */
	SVP_PIECE_NAME,				/* stands for a value; start and length leave out the braces */
	SVP_PIECE_BRACE				/* a "{" that begins no placeholder */
} SvpPieceKind;

typedef struct SvpPiece
{
	SvpPieceKind kind;
	const char *start;
	int			length;
} SvpPiece;

extern SvpPiece svp_placeholder_next(const char **rest);

/* The name of a piece, in a buffer of SVP_PLACEHOLDER_SIZE. */
extern const char *svp_placeholder_name(const SvpPiece *piece, char *buffer);

#endif							/* SVP_PLACEHOLDER_H */
