/*-------------------------------------------------------------------------
 *
 * mapping.h
 *		What the parts of a mapping may be, and what they are bound to.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_MAPPING_H
#define SVP_MAPPING_H

#include "access/attnum.h"
#include "access/tupdesc.h"
#include "pgtime.h"

#include "facts.h"

/* The words of SvpTimeReading. */
extern const char *const svp_reading_names[];

extern AttrNumber svp_mapping_key_column(const SvpMapping *mapping, int part, TupleDesc descriptor);
extern AttrNumber svp_mapping_column(const SvpMapping *mapping, const SvpFactMapping *fact,
									 TupleDesc descriptor);
extern void svp_mapping_check_type(const SvpFactMapping *fact, Oid type);
extern pg_tz *svp_mapping_zone(const SvpFactMapping *fact);
extern void svp_mapping_check_zone(const SvpFactMapping *fact);
extern int64 svp_mapping_unset_time(const SvpFactMapping *fact, const char *literal);
extern const char *svp_mapping_alias(const char *source);
extern bool svp_mapping_knows(const char *alias, const char *name);
extern void svp_mapping_check_known(const char *alias, const char *name);
extern SvpFactKind svp_fact_kind(const char *name);
extern char *svp_json_text(const JsonbValue *value);

#endif							/* SVP_MAPPING_H */
