/*-------------------------------------------------------------------------
 *
 * key_order.h
 *		The order in which tickets are gone through, and conditions on it.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_KEY_ORDER_H
#define SVP_KEY_ORDER_H

#include "lib/stringinfo.h"

#include "attachment.h"

/*
 * The order in which tickets are gone through: that of the btree operators of
 * their key's types, its parts as the ticket table's index has them.
 */
typedef struct SvpKeyOrder
{
	int			nkey;
	Oid			types[INDEX_MAX_KEYS];	/* of the parts, as the mapping has them … */
	Oid			collations[INDEX_MAX_KEYS];
	int			parts[INDEX_MAX_KEYS];	/* … and these, in order of comparison */
} SvpKeyOrder;

/* Tickets behind a key, or from one to another; NULL: unbounded. */
typedef struct SvpKeyRange
{
	const Datum *after;
	const Datum *from;
	const Datum *to;
	int			limit;			/* 0 = none */
} SvpKeyRange;

/* The ticket table, locked against being altered. */
extern Oid	svp_ticket_table(const SvpAttachment *attachment);

extern void svp_key_order(SvpAttachment *attachment, SvpKeyOrder *order);
extern int	svp_key_compare(const SvpKeyOrder *order, const Datum *a, const Datum *b);

/*
 * Parts of a query, with the key as expressions: WHERE with the range, whose
 * bounds are its first parameters, and ORDER BY.
 */
extern void svp_key_append_range(StringInfo query, const SvpKeyOrder *order, char **key,
								 const SvpKeyRange *range);
extern void svp_key_append_order(StringInfo query, const SvpKeyOrder *order, char **key);

/* A btree operator of a type, qualified. */
extern const char *svp_key_operator(Oid type, int strategy);

#endif							/* SVP_KEY_ORDER_H */
