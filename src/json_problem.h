/*-------------------------------------------------------------------------
 *
 * json_problem.h
 *		What is wrong in a jsonb document, and where.
 *
 * A node is a place in the document: it knows the way back to the root, so
 * that a path is spelled only when there is something to say about it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_JSON_PROBLEM_H
#define SVP_JSON_PROBLEM_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* What is wrong in a document, and where: "benchmarks[2].target". */
typedef struct SvpProblem
{
	char	   *path;
	char	   *problem;
} SvpProblem;

typedef struct SvpReader
{
	List	   *problems;		/* of SvpProblem */
} SvpReader;

typedef struct SvpNode
{
	SvpReader  *reader;
	const struct SvpNode *up;	/* NULL at the root */
	const char *key;			/* NULL for an item of a list */
	int			index;
	JsonbValue	value;
} SvpNode;

extern void svp_node_problem(const SvpNode *node, const char *format,...) pg_attribute_printf(2, 3);
extern void svp_node_unknown(const SvpNode *node, const char *what, const char *word,
							 const char *const *words, int nwords);
extern void svp_node_unknown_key(const SvpNode *node, const char *key, const char *const *keys,
								 int nkeys);

/* A text of the document in quotes, shortened when it is long. */
extern char *svp_quote(const char *string);

#endif							/* SVP_JSON_PROBLEM_H */
