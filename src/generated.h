/*-------------------------------------------------------------------------
 *
 * generated.h
 *		The generated columns of a row that is about to be stored.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_GENERATED_H
#define SVP_GENERATED_H

#include "access/htup.h"
#include "utils/rel.h"

/*
 * In a BEFORE trigger, the row with its generated columns, which the server
 * computes later.  NULL where that fails, as it will then.
 */
extern HeapTuple svp_with_generated(Relation relation, HeapTuple tuple);

#endif							/* SVP_GENERATED_H */
