/*-------------------------------------------------------------------------
 *
 * limit.c
 *		How much goes out in a minute.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "limit.h"
#include "policy.h"

const SvpPolicy *
svp_limiting_policy(const SvpAttachment *attachment, TimestampTz now)
{
	return svp_policy_at(attachment->policy, now);
}

/*
 * What went out in the minute before now; or after, where the server's clock
 * was set back a little.  By more, it is not waited for.
 */
static int64
count_gone_out(const SvpRevision *revision, const char *table, const char *column, TimestampTz now)
{
	Oid			types[] = {TIMESTAMPTZOID, TIMESTAMPTZOID};
	Datum		values[] = {
		TimestampTzGetDatum(now - USECS_PER_MINUTE), TimestampTzGetDatum(now + USECS_PER_MINUTE)
	};
	const char *quoted = quote_identifier(column);
	bool		isnull;

	if (SPI_execute_with_args(psprintf("SELECT count(*) FROM %s WHERE %s > $1 AND %s < $2",
									   quote_qualified_identifier(revision->attachment->data_schema,
																  table), quoted, quoted),
							  2, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "what went out of %s cannot be counted", revision->attachment->name);
	return DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

int
svp_limit_left(const SvpRevision *revision, const char *table, const char *column, TimestampTz now)
{
	const SvpPolicy *policy = svp_limiting_policy(revision->attachment, now);
	int64		left = policy == NULL ? SVP_USUAL_PER_MINUTE : policy->notifications.per_minute;

	if (left == SVP_NO_LIMIT)
		return SVP_NO_LIMIT;
	left -= count_gone_out(revision, table, column, now);
	return (int) Max(left, 0);
}
