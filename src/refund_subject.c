/*-------------------------------------------------------------------------
 *
 * refund_subject.c
 *		Of what a refund is, and the number by which its sums are found.
 *
 * Numbers are compared faster than texts, and an index of them is smaller.  A
 * hash has to stay what it is wherever the table is restored, so it is FNV-1a
 * over UTF-8.  Two subjects may have the same.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "compat.h"
#include "refund_subject.h"
#include "words.h"

PG_FUNCTION_INFO_V1(svp_subject_hash);

#define FNV_BASIS UINT64CONST(0xCBF29CE484222325)
#define FNV_PRIME UINT64CONST(0x100000001B3)

const char *const svp_tally_scope_names[SVP_NSCOPES] = {"order", "line", "customer"};

static void
append_escaped(StringInfo text, const char *part)
{
	for (; *part != '\0'; part++)
	{
		if (*part == '/' || *part == '\\')
			appendStringInfoChar(text, '\\');
		appendStringInfoChar(text, *part);
	}
}

const char *
svp_refund_subject(const SvpRefundShare *share, SvpScope scope)
{
	StringInfoData text;

	switch (scope)
	{
		case SVP_SCOPE_ORDER:
			return share->order_id;
		case SVP_SCOPE_CUSTOMER:
			return share->customer;
		default:
			break;
	}
	if (share->order_id == NULL || share->line_id == NULL)
		return NULL;
	initStringInfo(&text);
	append_escaped(&text, share->order_id);
	appendStringInfoChar(&text, '/');
	append_escaped(&text, share->line_id);
	return text.data;
}

static uint64
add_to_hash(uint64 hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char) *text) * FNV_PRIME;
	return hash;
}

Datum
svp_refund_subject_hash(SvpScope scope, const char *subject)
{
	uint64		hash = add_to_hash(FNV_BASIS, svp_tally_scope_names[scope]);

	/* of that one nobody knows in what it is written */
	if (GetDatabaseEncoding() != PG_SQL_ASCII)
		subject = pg_server_to_any(subject, strlen(subject), PG_UTF8);
	return Int64GetDatum((int64) add_to_hash(hash, subject));
}

static bool
same_text(Datum value, const char *text)
{
	const struct varlena *stored = PG_DETOAST_DATUM_PACKED(value);
	size_t		length = strlen(text);

	return VARSIZE_ANY_EXHDR(stored) == length && memcmp(VARDATA_ANY(stored), text, length) == 0;
}

bool
svp_refund_is_of(Datum stored_scope, Datum stored_subject, SvpScope scope, const char *subject)
{
	return same_text(stored_subject, subject) &&
		same_text(stored_scope, svp_tally_scope_names[scope]);
}

/*
 * service_policy._subject_hash(scope, subject): the number of a subject.
 */
Datum
svp_subject_hash(PG_FUNCTION_ARGS)
{
	int			scope = svp_word_index(svp_tally_scope_names, SVP_NSCOPES,
									   text_to_cstring(PG_GETARG_TEXT_PP(0)));

	if (scope < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the scope of a sum must be order, line or customer")));
	PG_RETURN_DATUM(svp_refund_subject_hash((SvpScope) scope, text_to_cstring(PG_GETARG_TEXT_PP(1))));
}
