/*-------------------------------------------------------------------------
 *
 * refund_tally.c
 *		What the refunds of an order, of a line of it, and of a customer add
 *		up to.
 *
 * Of each such subject there is a sequence of rows to which every refund, and
 * every one that is taken back, adds the next; a row has the sums up to it.
 * So whoever wants the next number has to wait for who has taken it, and then
 * knows what that one did.  Subjects are taken in one order, lest two refunds
 * wait for each other.  Amounts of several currencies are never added.
 *
 * A refund costs a row a subject, whatever there was before; to change one in
 * place costs more, with the pruning that it makes.  What a customer got lately
 * is read back to the beginning of that time, or to the limit.
 *
 * Copyright (c) 2026, service_policy contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "currency.h"
#include "number.h"
#include "refund_case.h"
#include "refund_subject.h"
#include "refund_table.h"
#include "rows.h"

/* The columns, see table.c. */
enum
{
	SUBJECT_HASH, SEQ, SUBJECT, SCOPE, COUNTED_AT, CURRENCY, AMOUNT, REFUNDS, REVERSES_AT,
	TOTAL_AMOUNT, TOTAL_REFUNDS, ALL_REFUNDS
};

/* Amounts */

/*
 * A sum, or so much that nothing may be added to it.  Where there is none, it
 * is a null pointer.
 */
static SvpAmount
amount_of(Datum numeric)
{
	int64		amount;

	if (DatumGetPointer(numeric) == NULL)
		return 0;
	if (!svp_number_parse(DatumGetCString(DirectFunctionCall1(numeric_out, numeric)), &amount))
		return SVP_AMOUNT_LIMIT;
	return Max(Min(amount, SVP_AMOUNT_LIMIT), -SVP_AMOUNT_LIMIT);
}

static bool
same_code(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : svp_currency_same(a, b);
}

static bool
same_currency(const Datum *values, const bool *nulls, const char *currency)
{
	const text *value;

	if (nulls[CURRENCY] || currency == NULL)
		return nulls[CURRENCY] && currency == NULL;
	value = DatumGetTextPP(values[CURRENCY]);
	return VARSIZE_ANY_EXHDR(value) == strlen(currency) &&
		pg_strncasecmp(VARDATA_ANY(value), currency, strlen(currency)) == 0;
}

/* Counting */

typedef struct Sums
{
	SvpScope	scope;
	const char *subject;
	Datum		hash;			/* of scope and subject */
	const char *currency;
	int64		seq;			/* of the last row with its hash; 0 = there is none */
	bool		found;			/* there is one of it */
	int64		last_at;		/* when its last one was counted */
	int64		all_refunds;	/* that stand, in any currency … */
	int64		refunds;		/* … and in this one */
	Datum		amount;			/* numeric; a null pointer if there are none */
} Sums;

static bool
take_sums(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	Sums	   *sums = arg;

	if (sums->seq == 0)
		sums->seq = DatumGetInt64(values[SEQ]);
	if (!svp_refund_is_of(values[SCOPE], values[SUBJECT], sums->scope, sums->subject))
		return true;
	if (!sums->found)
	{
		sums->found = true;
		sums->last_at = DatumGetInt64(values[COUNTED_AT]);
		sums->all_refunds = DatumGetInt64(values[ALL_REFUNDS]);
	}
	if (!same_currency(values, nulls, sums->currency))
		return true;
	sums->refunds = DatumGetInt64(values[TOTAL_REFUNDS]);
	sums->amount = PointerGetDatum(PG_DETOAST_DATUM_COPY(values[TOTAL_AMOUNT]));
	return false;
}

/*
 * How a subject stands, as of its last row.
 */
static Sums
read_sums(SvpAttachment *attachment, SvpScope scope, const char *subject, const char *currency)
{
	Sums		sums = {
		.scope = scope, .subject = subject, .hash = svp_refund_subject_hash(scope, subject),
		.currency = currency, .last_at = DT_NOBEGIN
	};

	svp_rows_scan(attachment, SVP_REFUND_TALLY, 1, &sums.hash, true, take_sums, &sums);
	return sums;
}

/* A refund to be counted in one of its subjects, or to be taken back. */
typedef struct Entry
{
	SvpScope	scope;
	const char *subject;
	const SvpRefundShare *share;
	Datum		amount;			/* numeric; below zero if … */
	bool		takes_back;
} Entry;

static int
compare_entries(const void *a, const void *b)
{
	const Entry *one = a;
	const Entry *two = b;
	int			order = (int) one->scope - (int) two->scope;

	if (order == 0)
		order = strcmp(one->subject, two->subject);
	return order != 0 ? order : (int) two->takes_back - (int) one->takes_back;
}

static int
add_entries(Entry *entries, int n, const SvpRefundShare *share, bool takes_back)
{
	Datum		amount;

	if (share == NULL)
		return n;
	amount = svp_refund_numeric(takes_back ? -share->amount : share->amount);
	for (int scope = 0; scope < SVP_NSCOPES; scope++)
	{
		const char *subject = svp_refund_subject(share, (SvpScope) scope);

		if (subject != NULL)
			entries[n++] = (Entry) {(SvpScope) scope, subject, share, amount, takes_back};
	}
	return n;
}

static void
fill_entry(SvpRow *row, const Entry *entry, const Sums *sums, int64 at)
{
	int			sign = entry->takes_back ? -1 : 1;
	Datum		total = DatumGetPointer(sums->amount) == NULL ? entry->amount :
		DirectFunctionCall2(numeric_add, sums->amount, entry->amount);

	svp_row_begin(row);
	svp_row_add(row, sums->hash);
	svp_row_add(row, Int64GetDatum(sums->seq + 1));
	svp_row_add_text(row, entry->subject);
	svp_row_add_text(row, svp_tally_scope_names[entry->scope]);
	svp_row_add(row, TimestampTzGetDatum(at));
	svp_row_add_text(row, entry->share->currency);
	svp_row_add(row, entry->amount);
	svp_row_add(row, Int32GetDatum(sign));
	svp_row_add_optional(row, entry->takes_back, TimestampTzGetDatum(entry->share->counted_at));
	svp_row_add(row, total);
	svp_row_add(row, Int64GetDatum(sums->refunds + sign));
	svp_row_add(row, Int64GetDatum(sums->all_refunds + sign));
}

/* An error while waiting for somebody says for whose sake. */
static void
tell_subject(void *arg)
{
	const Entry *entry = arg;

	errcontext("adding up the refunds of %s \"%s\"",
			   svp_tally_scope_names[entry->scope], entry->subject);
}

static Sums
count_entry(SvpAttachment *attachment, Entry *entry, int64 at)
{
	ErrorContextCallback context = {error_context_stack, tell_subject, entry};
	SvpRow		row;
	Sums		sums;

	error_context_stack = &context;
	do
	{
		sums = read_sums(attachment, entry->scope, entry->subject, entry->share->currency);
		fill_entry(&row, entry, &sums, at);
	} while (!svp_rows_insert_new(attachment, SVP_REFUND_TALLY, row.values, row.nulls));
	error_context_stack = context.previous;
	return sums;
}

void
svp_tally_change(SvpAttachment *attachment, const SvpRefundShare *before,
				 const SvpRefundShare *after, int64 at, SvpTally *tally)
{
	Entry		entries[2 * SVP_NSCOPES];
	int			n = add_entries(entries, add_entries(entries, 0, before, true), after, false);

	memset(tally, 0, sizeof(*tally));
	qsort(entries, n, sizeof(Entry), compare_entries);
	for (int i = 0; i < n; i++)
	{
		Sums		sums = count_entry(attachment, &entries[i], at);

		SvpScope	scope = entries[i].scope;

		if (!entries[i].takes_back)
			tally->places[scope] = (SvpTallyPlace) {
				.seq = sums.seq + 1,
				.total = scope == SVP_SCOPE_CUSTOMER ? 0 : amount_of(sums.amount),
				.other_currency = sums.all_refunds != sums.refunds,
				.last_at = sums.last_at
			};
	}
}

/* What was refunded lately */

typedef struct Lately
{
	SvpScope	scope;
	const char *subject;
	const SvpRefundShare *share;	/* of the refund that this is asked for */
	int64		before_seq;		/* 0: all of them */
	int64		since;			/* exclusive */
	bool		alike;			/* count only those of its amount and currency */
	int			enough;			/* stop at so many; 0: at none … */
	SvpAmount	too_much;		/* … and when there is more than this */
	int			refunds;
	SvpAmount	amount;			/* in its currency */
} Lately;

/*
 * Add a row.  What is taken back comes before what it was counted for, so the
 * sums never shrink again by what follows.
 */
static bool
add_lately(void *arg, ItemPointer place, const Datum *values, const bool *nulls)
{
	Lately	   *lately = arg;
	bool		same = same_currency(values, nulls, lately->share->currency);
	SvpAmount	amount;
	int			refunds = DatumGetInt32(values[REFUNDS]);

	if (!svp_refund_is_of(values[SCOPE], values[SUBJECT], lately->scope, lately->subject) ||
		(lately->before_seq != 0 && DatumGetInt64(values[SEQ]) >= lately->before_seq))
		return true;
	if (DatumGetInt64(values[COUNTED_AT]) <= lately->since)
		return false;
	if (!nulls[REVERSES_AT] && DatumGetInt64(values[REVERSES_AT]) <= lately->since)
		return true;
	amount = same || lately->alike ? amount_of(values[AMOUNT]) : 0;
	if (lately->alike && (!same || amount != refunds * lately->share->amount))
		return true;
	lately->refunds += refunds;
	if (same)
		lately->amount = Min(lately->amount + amount, SVP_AMOUNT_LIMIT);
	return (lately->enough == 0 || lately->refunds < lately->enough) &&
		lately->amount <= lately->too_much;
}

/*
 * Has counting shown that there was nothing lately?  As a rule there was not.
 */
static bool
counted_none(const SvpRefundCase *refund, SvpScope scope, int64 since)
{
	return refund->tally != NULL && refund->tally->places[scope].last_at <= since;
}

/*
 * Read a subject back in time, without what the refund itself was counted for.
 */
static void
read_lately(const SvpRefundCase *refund, SvpScope scope, Lately *lately)
{
	const SvpRefundShare *own = refund->own;
	const char *subject;
	Datum		hash;

	if (counted_none(refund, scope, lately->since))
		return;
	subject = svp_refund_subject(lately->share, scope);
	hash = svp_refund_subject_hash(scope, subject);
	lately->scope = scope;
	lately->subject = subject;
	if (refund->tally != NULL)
		lately->before_seq = refund->tally->places[scope].seq;
	else if (own != NULL && own->counted_at > lately->since &&
			 svp_record_same_text(svp_refund_subject(own, scope), subject) &&
			 (!lately->alike || own->amount == lately->share->amount))
	{
		bool		same = same_code(own->currency, lately->share->currency);

		lately->refunds = same || !lately->alike ? -1 : 0;
		lately->amount = same ? -own->amount : 0;
	}
	svp_rows_scan(refund->attachment, SVP_REFUND_TALLY, 1, &hash, true, add_lately, lately);
}

static void
sum_customer(SvpRefundCase *refund, const SvpRefundShare *share)
{
	const SvpRefundRule *rule = refund->rule;
	Lately		lately = {
		.share = share,
		.since = refund->now - rule->customer_days * USECS_PER_DAY,
		.enough = rule->customer_count
	};

	if (!svp_money_in(&rule->customer_amount, share->currency, &lately.too_much))
		lately.too_much = SVP_AMOUNT_LIMIT;
	read_lately(refund, SVP_SCOPE_CUSTOMER, &lately);
	refund->sums.customer = lately.amount;
	refund->sums.customer_count = lately.refunds;
}

/*
 * Is there one just like it, of what it is known to be of most exactly?
 */
static void
find_duplicate(SvpRefundCase *refund, const SvpRefundShare *share)
{
	static const SvpScope scopes[] = {SVP_SCOPE_LINE, SVP_SCOPE_ORDER, SVP_SCOPE_CUSTOMER};
	Lately		lately = {
		.share = share,
		.since = refund->now - refund->rule->duplicate_within,
		.alike = true,
		.enough = 1,
		.too_much = SVP_AMOUNT_LIMIT
	};

	for (int i = 0; i < lengthof(scopes); i++)
	{
		if (svp_refund_subject(share, scopes[i]) == NULL)
			continue;
		read_lately(refund, scopes[i], &lately);
		break;
	}
	refund->sums.duplicate = lately.refunds > 0;
}

/*
 * How a subject stood before the refund, or stands without it.
 */
static SvpTallyPlace
place_of(const SvpRefundCase *refund, const SvpRefundShare *share, SvpScope scope)
{
	const SvpRefundShare *own = refund->own;
	const char *subject;
	SvpTallyPlace place = {0};
	Sums		sums;

	if (refund->tally != NULL)
		return refund->tally->places[scope];
	subject = svp_refund_subject(share, scope);
	if (subject == NULL)
		return place;
	sums = read_sums(refund->attachment, scope, subject, share->currency);
	place.total = amount_of(sums.amount);
	if (own != NULL && svp_record_same_text(svp_refund_subject(own, scope), subject))
	{
		sums.all_refunds--;
		if (same_code(own->currency, share->currency))
		{
			sums.refunds--;
			place.total -= own->amount;
		}
	}
	place.other_currency = sums.all_refunds != sums.refunds;
	return place;
}

void
svp_tally_read(SvpRefundCase *refund)
{
	const SvpRefundRule *rule = refund->rule;
	SvpRefundShare share = svp_refund_share(refund);
	SvpTallyPlace order;

	memset(&refund->sums, 0, sizeof(refund->sums));
	if (rule == NULL || refund->attachment->refund == NULL)
		return;
	order = place_of(refund, &share, SVP_SCOPE_ORDER);
	refund->sums.order = order.total;
	refund->sums.other_currency = order.other_currency;
	refund->sums.line = place_of(refund, &share, SVP_SCOPE_LINE).total;
	if (share.customer != NULL && (rule->customer_count > 0 || rule->customer_amount.given))
		sum_customer(refund, &share);
	if (rule->duplicate_within > 0)
		find_duplicate(refund, &share);
}
