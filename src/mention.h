/*-------------------------------------------------------------------------
 *
 * mention.h
 *		Which columns of a row do expressions mention?
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_MENTION_H
#define SVP_MENTION_H

#include "nodes/bitmapset.h"
#include "nodes/parsenodes.h"

/*
 * Of a query "SELECT … FROM (SELECT ($1).*) AS row", the attribute numbers of
 * $1's type that are mentioned.
 */
extern Bitmapset *svp_columns_mentioned(Query *query);

#endif							/* SVP_MENTION_H */
