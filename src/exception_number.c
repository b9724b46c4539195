/*-------------------------------------------------------------------------
 *
 * exception_number.c
 *		Inserting an exception or approval, as one of so many a month.
 *
 * Each has a number within its month, of those that one person grants as a
 * member of a role.  A unique key has them, so two who grant at the same time
 * cannot both take the last one.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "business_time_compile.h"
#include "discretion.h"
#include "key.h"
#include "refund_table.h"
#include "row.h"
#include "settings.h"

/* What it is for, for people: the parts of a key with slashes between. */
static char *
subject_text(const SvpGrant *grant)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < grant->nsubject; i++)
		appendStringInfo(&text, "%s%s", i > 0 ? "/" : "", grant->subject[i]);
	return text.data;
}

/*
 * In whose month it counts.  Who is logged in with the discretion has one
 * month, whichever of their groups they SET ROLE to.  Who has it only by that
 * is an application that acts for others, each of whom has their own; or a
 * superuser, who can be everybody.
 */
const char *
svp_grant_person(const SvpGrant *grant, const char *role)
{
	Oid			login = GetSessionUserId();
	bool		has_it = !superuser_arg(login) && has_privs_of_role(login, get_role_oid(role, false));

	return svp_role_name(has_it ? login : grant->granter);
}

#define OF_THE_MONTH \
	" counted_for OPERATOR(pg_catalog.=) $1 AND role OPERATOR(pg_catalog.=) $2" \
	" AND granted_month OPERATOR(pg_catalog.=) $3"

static DateADT
month_of(int64 at)
{
	int32		date = (int32) svp_floor_div(at, SVP_USEC_PER_DAY);
	int32		year;
	int			month;
	int			day;

	svp_date_parts(date, &year, &month, &day);
	return date - day + 1;
}

/*
 * A number, as a query over the grants of the month finds it, with a limit as
 * $4; 0 if it finds none.
 */
static int
find_number(const SvpGrant *grant, const char *role, int limit, const char *query)
{
	Oid			types[] = {TEXTOID, TEXTOID, DATEOID, INT4OID};
	Datum		values[] = {
		CStringGetTextDatum(svp_grant_person(grant, role)), CStringGetTextDatum(role),
		DateADTGetDatum(month_of(grant->granted_at)), Int32GetDatum(limit)
	};
	bool		isnull;
	int			number = 0;

	if (SPI_execute_with_args(query, 4, types, values, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not count the exceptions of a month");
	if (SPI_processed > 0)
		number = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
											 &isnull));
	SPI_freetuptable(SPI_tuptable);
	return number;
}

/*
 * The number after the last one; beyond the limit, one that a grant had which
 * was revoked.  0 if there is none, or an earlier limit was higher and is full.
 */
static int
next_number(const SvpGrant *grant, const char *role, int per_month)
{
	const char *table = svp_exception_table(grant->attachment);
	int			last = find_number(grant, role, 0, psprintf(
				"SELECT grant_number FROM %s WHERE" OF_THE_MONTH " AND grant_number IS NOT NULL"
				" ORDER BY grant_number DESC LIMIT 1", table));

	if (per_month == 0 || last < per_month)
		return last + 1;
	return find_number(grant, role, per_month, psprintf(
				"SELECT number FROM pg_catalog.generate_series(1, $4) AS number WHERE NOT EXISTS"
				" (SELECT FROM %s WHERE" OF_THE_MONTH
				" AND grant_number OPERATOR(pg_catalog.=) number)"
				" AND (SELECT pg_catalog.count(grant_number) FROM %s WHERE" OF_THE_MONTH ")"
				" OPERATOR(pg_catalog.<) $4 ORDER BY number LIMIT 1", table, table));
}

/*
 * Add the columns and values of the key that it is for, of a ticket or refund.
 */
static void
add_key(const SvpGrant *grant, StringInfo columns, SvpRow *row, Oid *types)
{
	const SvpAttachment *attachment = grant->attachment;
	bool		of_refund = grant->subject_kind == SVP_SUBJECT_REFUND;
	const SvpMapping *mapping = of_refund ? attachment->refund : attachment->ticket;
	const Oid  *key_types = of_refund ? attachment->refund_key_types : attachment->key_types;
	Datum	   *key;
	int			level;

	if (grant->subject_kind > SVP_SUBJECT_TICKET)
		return;
	level = svp_settings_enter();
	key = svp_key_given(svp_subject_names[grant->subject_kind], mapping->key, key_types,
						grant->nsubject, grant->subject);
	svp_settings_leave(level);
	for (int i = 0; i < grant->nsubject; i++)
	{
		const char *name = of_refund ? mapping->data_key[i] : svp_ticket_column(mapping, i);

		appendStringInfo(columns, ", %s", quote_identifier(name));
		types[row->n] = key_types[i];
		svp_row_add(row, key[i]);
	}
}

/*
 * The columns that each has, and their values.
 */
static void
add_columns(const SvpGrant *grant, const char *role, int number, StringInfo columns, SvpRow *row,
			Oid *types)
{
	static const Oid column_types[] = {
		TEXTOID, TEXTOID, TEXTOID, INT4OID, NUMERICOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
		TEXTOID, TEXTOID, TIMESTAMPTZOID, DATEOID, INT4OID, TIMESTAMPTZOID
	};

	appendStringInfoString(columns,
						   "kind, subject_kind, subject, grace_days, amount, currency, reason, role,"
						   " granted_by, counted_for, agent, granted_at, granted_month, grant_number, expires_at");
	memcpy(types, column_types, sizeof(column_types));
	svp_row_add_text(row, SVP_GRANT_KIND(grant));
	svp_row_add_text(row, svp_subject_names[grant->subject_kind]);
	svp_row_add_text(row, subject_text(grant));
	svp_row_add(row, Int32GetDatum(grant->grace_days));
	svp_row_add_optional(row, grant->amount > 0, svp_refund_numeric(grant->amount));
	svp_row_add_text(row, grant->currency);
	svp_row_add_text(row, grant->reason);
	svp_row_add_text(row, role);
	svp_row_add_text(row, svp_role_name(grant->granter));
	svp_row_add_text(row, svp_grant_person(grant, role));
	svp_row_add_text(row, grant->agent);
	svp_row_add(row, TimestampTzGetDatum(grant->granted_at));
	svp_row_add(row, DateADTGetDatum(month_of(grant->granted_at)));
	svp_row_add(row, Int32GetDatum(number));
	svp_row_add(row, TimestampTzGetDatum(grant->expires_at));
	Assert(row->n == lengthof(column_types));
}

/*
 * Insert it under a number.  0 if somebody who granted at the same time has
 * taken that.
 */
static int64
insert(const SvpGrant *grant, const char *role, int number)
{
	Oid			types[SVP_MAX_COLUMNS];
	SvpRow		row = {0};
	StringInfoData columns;
	StringInfoData query;
	bool		isnull;
	int64		id = 0;

	initStringInfo(&columns);
	add_columns(grant, role, number, &columns, &row, types);
	add_key(grant, &columns, &row, types);
	initStringInfo(&query);
	appendStringInfo(&query, "INSERT INTO %s (%s) VALUES (", svp_exception_table(grant->attachment),
					 columns.data);
	for (int i = 0; i < row.n; i++)
		appendStringInfo(&query, "%s$%d", i > 0 ? ", " : "", i + 1);
	appendStringInfoString(&query, ") ON CONFLICT (counted_for, role, granted_month, grant_number)"
						   " DO NOTHING RETURNING exception_id");
	if (SPI_execute_with_args(query.data, row.n, types, row.values,
							  svp_null_flags(row.n, row.nulls), false, 0) != SPI_OK_INSERT_RETURNING)
		elog(ERROR, "could not record an %s", SVP_GRANT_KIND(grant));
	if (SPI_processed > 0)
		id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	return id;
}

/*
 * Grant under the next number, unless somebody who grants at the same time is
 * faster: then under the one after that.
 */
int64
svp_grant_insert(const SvpGrant *grant, const char *role, int per_month)
{
	int64		id = 0;

	while (id == 0)
	{
		int			number = next_number(grant, role, per_month);

		if (number == 0)
			return 0;
		CHECK_FOR_INTERRUPTS();
		id = insert(grant, role, number);
	}
	return id;
}
