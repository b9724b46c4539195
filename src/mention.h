/*-------------------------------------------------------------------------
 *
 * mention.h
 *		Are these expressions, and which columns of a row do they mention?
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_MENTION_H
#define SVP_MENTION_H

#include "executor/spi.h"
#include "nodes/bitmapset.h"
#include "nodes/parsenodes.h"
#include "utils/plancache.h"

/*
 * The one query of a plan, which returns so many columns.  Expressions are put
 * into it as they were written: an error if one of them is more than that.
 */
extern CachedPlanSource *svp_query_of_expressions(SPIPlanPtr plan, int ncolumns);

/*
 * Of a query "SELECT … FROM (SELECT ($1).*) AS row", the attribute numbers of
 * $1's type that are mentioned.
 */
extern Bitmapset *svp_columns_mentioned(Query *query);

#endif							/* SVP_MENTION_H */
