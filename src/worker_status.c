/*-------------------------------------------------------------------------
 *
 * worker_status.c
 *		What the workers have done in each database, as rows.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "result_set.h"
#include "watch.h"

PG_FUNCTION_INFO_V1(svp_worker_status);

static const char *
state_of(const SvpWatched *watched)
{
	if (watched->visit.is_on)
		return "running";
	if (watched->visit.failures > 0)
		return "failing";
	return watched->visit.retries > 0 ? "stuck" : "waiting";
}

/*
 * The text of an error tells of other people's data.
 */
static void
add_row(SvpResultSet *rows, const SvpWatched *watched, bool sees_errors)
{
	const SvpWatchReport *report = &watched->report;
	TimestampTz next_at = svp_visit_due(&watched->visit, svp_worker_naptime * USECS_PER_SEC);
	Datum		values[] = {
		ObjectIdGetDatum(watched->database), CStringGetTextDatum(state_of(watched)),
		Int32GetDatum(report->passes), TimestampTzGetDatum(report->last_pass_at),
		TimestampTzGetDatum(next_at), TimestampTzGetDatum(report->due_at),
		Int32GetDatum(report->fired), Int32GetDatum(report->failures),
		TimestampTzGetDatum(report->failed_at), CStringGetTextDatum(report->error)
	};
	bool		nulls[lengthof(values)] = {false};

	nulls[3] = report->last_pass_at == 0;
	nulls[4] = next_at == SVP_NEVER;
	nulls[5] = report->due_at == SVP_NEVER;
	nulls[8] = report->failures == 0;
	nulls[9] = !sees_errors || report->failures == 0;
	svp_result_add(rows, values, nulls);
}

/*
 * service_policy._worker_status(): the databases with the extension, and
 * those of which it is not known since nobody can get in.
 */
Datum
svp_worker_status(PG_FUNCTION_ARGS)
{
	bool		sees_errors = has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
	SvpResultSet rows;
	SvpWatched *list;
	int			n;

	svp_result_begin(fcinfo, &rows);
	list = svp_watch_list(&n);
	for (int i = 0; i < n; i++)
	{
		if (list[i].report.is_present || list[i].report.failures > 0)
			add_row(&rows, &list[i], sees_errors);
	}
	return (Datum) 0;
}
