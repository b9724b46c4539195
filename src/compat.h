/*-------------------------------------------------------------------------
 *
 * compat.h
 *		Every difference between the server's major versions, in one place.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef SVP_COMPAT_H
#define SVP_COMPAT_H

#include "pgtime.h"
#include "datatype/timestamp.h"

#if PG_VERSION_NUM < 130000
#error "service_policy needs PostgreSQL 13 or later"
#endif

/* Infinite intervals came with 17. */
#if PG_VERSION_NUM < 170000
#define INTERVAL_NOT_FINITE(interval) ((void) (interval), false)
#endif

/* Dictionaries of strings had no flag of their own before 14. */
#if PG_VERSION_NUM < 140000
#define HASH_STRINGS 0
#endif

/*
 * Decoding an interval's text without an error being raised: the parts have
 * had a type of their own since 15.  Used where utils/datetime.h is included.
 */
#if PG_VERSION_NUM >= 150000
#define SvpIntervalParts struct pg_itm_in
#define svp_decode_interval(field, ftype, nf, dtype, parts) \
	DecodeInterval(field, ftype, nf, INTERVAL_FULL_RANGE, dtype, parts)
#define svp_decode_iso_interval(text, dtype, parts) \
	DecodeISO8601Interval(text, dtype, parts)
#define svp_interval_of_parts(parts, interval) \
	itmin2interval(parts, interval)
#else
typedef struct SvpIntervalParts
{
	struct pg_tm tm;
	fsec_t		fsec;
} SvpIntervalParts;
#define svp_decode_interval(field, ftype, nf, dtype, parts) \
	DecodeInterval(field, ftype, nf, INTERVAL_FULL_RANGE, dtype, &(parts)->tm, &(parts)->fsec)
#define svp_decode_iso_interval(text, dtype, parts) \
	DecodeISO8601Interval(text, dtype, &(parts)->tm, &(parts)->fsec)
#define svp_interval_of_parts(parts, interval) \
	tm2interval(&(parts)->tm, (parts)->fsec, interval)
#endif

#endif							/* SVP_COMPAT_H */
