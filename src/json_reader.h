/*-------------------------------------------------------------------------
 *
 * json_reader.h
 *		Reading typed values out of a jsonb document, every problem noted
 *		with its path.
 *
 * The functions that read a value answer whether there is one to use; what they
 * find wrong they have noted, and the caller reads on.  A JSON null reads
 * like a key that is not there.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_JSON_READER_H
#define SVP_JSON_READER_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

#include "json_problem.h"
#include "language.h"
#include "number.h"

/* Names become labels in views and keys in caches. */
#define SVP_NAME_MAX		63

/* What matching costs for each ticket, and checking for each document, stays
 * bounded. */
#define SVP_LIST_MAX		1000

/* No target, limit or delay is longer. */
#define SVP_DURATION_MAX	(36525 * INT64CONST(86400000000))

/* Numbers are read exactly, in millionths; see SvpAmount. */
#define SVP_NUMBER_MAX		(INT64CONST(1000000000000) * SVP_MILLION - 1)

extern void svp_node_root(SvpReader *reader, Jsonb *document, SvpNode *root);
extern bool svp_node_member(const SvpNode *object, const char *key, SvpNode *member);
extern bool svp_node_has_null(const SvpNode *object, const char *key);
extern bool svp_node_require(const SvpNode *object, const char *key, SvpNode *member);
extern void svp_node_item(const SvpNode *list, int index, SvpNode *item);

extern bool svp_node_is_object(const SvpNode *node);
extern bool svp_read_object(const SvpNode *node, const char *const *keys, int nkeys);
extern int	svp_read_members(const SvpNode *object, SvpNode **members);
extern int	svp_read_list(const SvpNode *node);
extern char *svp_read_string(const SvpNode *node);
extern char *svp_read_name(const SvpNode *node);
extern char *svp_read_language(const SvpNode *node);
extern void svp_read_text(const SvpNode *node, SvpText *text);
extern int	svp_read_word(const SvpNode *node, const char *what,
						  const char *const *words, int nwords);
extern bool svp_read_bool(const SvpNode *node, bool *value);

/* Quantities, see json_quantity.c */
extern bool svp_read_number(const SvpNode *node, int64 low, int64 high,
							const char *range, int64 *millionths);
extern bool svp_read_whole(const SvpNode *node, int low, int high, int64 *whole);
extern bool svp_read_interval(const SvpNode *node, Interval *interval);
extern bool svp_read_duration(const SvpNode *node, int64 *usec);
extern bool svp_read_business_duration(const SvpNode *node, int64 *usec);

/* For problems: what kind of value it is. */
extern const char *svp_json_type_name(const JsonbValue *value);

#endif							/* SVP_JSON_READER_H */
