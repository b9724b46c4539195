/*
 * How much a refund may be, without a server: limits, sums, currencies, fees
 * and their rounding.
 */
#include "refund_make.h"

#include "currency.h"

static void
test_amounts(void)
{
	SvpRefundRule rule = {"limits"};

	rule.max_amount.given = true;
	rule.max_amount.amount = AMOUNT(500);
	rule.approval_above.given = true;
	rule.approval_above.amount = AMOUNT(200);
	rule.restocking_fee = 100000;

	fact("amount", AMOUNT(200));
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "the limit of approval itself needs none");
	is_int64(decision.allowed_amount, AMOUNT(200), "all of it is allowed");
	is_int64(decision.fee, AMOUNT(20), "a tenth is kept");

	fact("amount", AMOUNT(200) + 1);
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_NEEDS_APPROVAL, "a millionth more needs approval");
	is_int64(decision.allowed_amount, AMOUNT(200), "up to the limit it does not");

	fact("amount", AMOUNT(500) + 1);
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "above the maximum is refused");

	fact("amount", AMOUNT(100));
	fact("paid_amount", AMOUNT(99));
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "more than was paid is refused");
	is_int64(decision.allowed_amount, AMOUNT(99), "what was paid would be allowed");

	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "no amount under a rule of amounts");

	fact("amount", -1);
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "less than nothing is no amount");

	fact("amount", 0);
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "nothing is one");
}

static void
test_shares(void)
{
	SvpRefundRule rule = {"half"};

	rule.has_max_share = true;
	rule.max_share = 333333;
	fact("amount", AMOUNT(1));
	fact("paid_amount", AMOUNT(3));
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "a third in millionths is less than a third");
	is_int64(decision.allowed_amount, 990000, "and rounded down to what can be paid");

	rule.max_share = 500000;
	fact("paid_amount", SVP_AMOUNT_LIMIT - 1);
	fact("amount", 0);
	decide(&rule, 0);
	is_int64(decision.limit, SVP_AMOUNT_LIMIT / 2 - 10000, "the greatest amount does not overflow");

	fact("paid_amount", INT64_MAX);
	fact("amount", INT64_MAX / 2 - 10000);
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "nor does the greatest number");

	fact("amount", 1);
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "a share of an unknown amount");
}

static SvpMoney
money(SvpAmount amount)
{
	return (SvpMoney) {.given = true, .amount = amount};
}

static SvpMoney
in_two_currencies(SvpAmount eur, SvpAmount jpy)
{
	static char *currencies[] = {"EUR", "JPY"};
	static SvpAmount amounts[8];
	static int	used = 0;
	SvpAmount  *both = &amounts[used];

	used = (used + 2) % lengthof(amounts);
	both[0] = eur;
	both[1] = jpy;
	return (SvpMoney) {.given = true, .ncurrencies = 2, .currencies = currencies, .amounts = both};
}

static void
ask(const SvpRefundRule *rule, SvpAmount amount)
{
	fact("amount", amount);
	decide(rule, 0);
}

static void
test_sums(void)
{
	SvpRefundRule rule = {"sums"};

	given.sums.order = AMOUNT(60);
	given.sums.line = AMOUNT(30);
	fact("paid_amount", AMOUNT(100));
	ask(&rule, AMOUNT(40));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "the rest of what was paid");
	fact("paid_amount", AMOUNT(100));
	ask(&rule, AMOUNT(40) + 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "and not a millionth more");
	is_int64(decision.allowed_amount, AMOUNT(40), "the rest would be allowed");
	fact("paid_amount", AMOUNT(100));
	fact("line_paid_amount", AMOUNT(50));
	ask(&rule, AMOUNT(20) + 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "of a line no more than was paid for that");
	is_int64(decision.allowed_amount, AMOUNT(20), "less what it was refunded");

	rule.max_amount = money(AMOUNT(70));
	ask(&rule, AMOUNT(10) + 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "the most is that of the order");
	rule.max_amount.given = false;
	rule.approval_above = money(AMOUNT(70));
	ask(&rule, AMOUNT(10));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "so is what needs no approval");
	ask(&rule, AMOUNT(10) + 1);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_NEEDS_APPROVAL, "or does");

	rule = (SvpRefundRule) {.name = "half", .has_max_share = true, .max_share = 500000};
	fact("paid_amount", AMOUNT(140));
	ask(&rule, AMOUNT(10));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "half of the order, less what it was refunded");
	fact("paid_amount", AMOUNT(140));
	ask(&rule, AMOUNT(10) + 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "and no more");
	fact("paid_amount", AMOUNT(140));
	fact("line_paid_amount", AMOUNT(80));
	ask(&rule, AMOUNT(10));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "half of the line, less what that was");
	fact("line_paid_amount", AMOUNT(80));
	ask(&rule, AMOUNT(10) + 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "and no more, whatever the order was");

	fact("paid_amount", AMOUNT(50));
	ask(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "nothing is allowed even when nothing is left");
	fact("paid_amount", AMOUNT(50));
	ask(&rule, 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "something is not");
	is_int64(decision.allowed_amount, 0, "no amount is below nothing");
	unreadable("line_paid_amount");
	fact("paid_amount", AMOUNT(200));
	ask(&rule, 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "what was paid for a line has to be a number");
	given = (SvpRefundFacts) {0};
}

/* Each limit of an amount needs one. */
static void
test_missing_amount(void)
{
	const SvpRefundRule rules[] = {
		{"most", .max_amount = money(1)}, {"share", .has_max_share = true, .max_share = 1},
		{"approval", .approval_above = money(1)}, {"customer", .customer_amount = money(1)}
	};
	SvpRefundRule fee = {"fee", .shipping_fee = money(1), .restocking_fee = 1};

	given.customer = "carol";
	for (int i = 0; i < lengthof(rules); i++)
	{
		fact("paid_amount", AMOUNT(5));
		decide(&rules[i], 0);
		check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, rules[i].name);
		check_about("amount", "needs an amount");
		is_int64(decision.allowed_amount, 0, "and allows nothing without");
	}
	fact("paid_amount", AMOUNT(5));
	decide(&fee, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "a fee needs none");
	ok(decision.has_limit && decision.limit == AMOUNT(5), "what was paid is the limit");
	is_int64(decision.allowed_amount, AMOUNT(5), "and would be allowed");
	ask(&rules[2], 1);
	ok(decision.has_limit && decision.limit == 0, "a limit of what needs no approval is one");
	given = (SvpRefundFacts) {0};
}

static void
test_extremes(void)
{
	SvpRefundRule rule = {"huge", .max_amount = money(SVP_AMOUNT_LIMIT - 1), .restocking_fee = SVP_AMOUNT_ONE,
		.shipping_fee = money(SVP_AMOUNT_LIMIT - 1)};

	given.sums.order = INT64_MAX;
	given.sums.line = INT64_MAX;
	ask(&rule, INT64_MAX);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "sums at the end of all numbers");
	is_int64(decision.allowed_amount, 0, "leave nothing");
	given.sums.order = INT64_MIN;
	ask(&rule, SVP_AMOUNT_LIMIT - 10000);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "a sum below nothing gives no more");
	given.sums.order = 0;
	given.relief.extra = INT64_MAX;
	ask(&rule, INT64_MAX);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "an exception without end");
	is_int64(decision.fee, INT64_MAX, "all of which is kept");
	fact("paid_amount", INT64_MAX);
	rule.has_max_share = true;
	rule.max_share = 999999;
	ask(&rule, INT64_MAX);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "nearly all of it, and an exception");
	given = (SvpRefundFacts) {0};
}

static void
test_customer(void)
{
	SvpRefundRule rule = {"customer", .customer_days = 30, .customer_amount = money(AMOUNT(300))};

	given.customer = "carol";
	given.sums.customer = AMOUNT(250);
	ask(&rule, AMOUNT(50));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "up to the customer's limit");
	ask(&rule, AMOUNT(50) + 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_CUSTOMER_LIMIT, "and no further");
	is_int64(decision.allowed_amount, AMOUNT(50), "what is left would be allowed");
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "no amount under a limit of amounts");
	rule.customer_count = 1;
	given.sums.customer_count = 1;
	ask(&rule, AMOUNT(50) + 1);
	is_int64(decision.allowed_amount, 0, "too often and too much: nothing would be");
	given = (SvpRefundFacts) {0};
}

static void
test_currencies(void)
{
	SvpRefundRule rule = {"world", .max_amount = in_two_currencies(AMOUNT(500), AMOUNT(60000))};

	given.currency = "EUR";
	ask(&rule, AMOUNT(500));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "the limit of a currency");
	ask(&rule, AMOUNT(501));
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "is not that of another");
	given.currency = "jpy";
	ask(&rule, AMOUNT(60000));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "small letters are the same currency");
	given.currency = "USD";
	ask(&rule, 1);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "one that is not listed needs approval");
	check_about("currency", "and is what it is about");
	given.relief = (SvpRelief) {.approved = true, .approved_amount = AMOUNT(1)};
	ask(&rule, AMOUNT(1));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "and may have it");
	given.relief.approved = false;
	given.currency = NULL;
	ask(&rule, 1);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "so does none at all");

	rule = (SvpRefundRule) {.name = "fee", .shipping_fee = in_two_currencies(AMOUNT(5), 0)};
	given.currency = "USD";
	ask(&rule, 1);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "of a fee, too");
	rule = (SvpRefundRule) {.name = "approval", .approval_above = in_two_currencies(AMOUNT(5), 0)};
	ask(&rule, 1);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "of approval");
	rule = (SvpRefundRule) {.name = "customer", .customer_amount = in_two_currencies(AMOUNT(5), 0)};
	given.customer = "carol";
	ask(&rule, 1);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "and of a customer's limit");

	rule = (SvpRefundRule) {.name = "any"};
	given.paid_currency = "EUR";
	fact("paid_amount", AMOUNT(1));
	ask(&rule, AMOUNT(100));
	check(SVP_REFUND_REFUSED, SVP_REASON_CURRENCY, "what was paid in another currency");
	is_int64(decision.allowed_amount, 0, "allows nothing");
	ok(!decision.has_limit, "and limits nothing");
	given.currency = "eur";
	fact("paid_amount", AMOUNT(100));
	ask(&rule, AMOUNT(100));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "the same in small letters");
	given.currency = NULL;
	ask(&rule, AMOUNT(100));
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "what was paid in one that the refund does not name");
	given.sums.other_currency = true;
	ask(&rule, AMOUNT(100));
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "which is asked before what else the order had");
	given.paid_currency = NULL;
	ask(&rule, AMOUNT(100));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "refunds in another currency, where nothing bounds the order");
	fact("line_paid_amount", AMOUNT(100));
	ask(&rule, AMOUNT(100));
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "what was paid for a line bounds that");
	fact("paid_amount", AMOUNT(100));
	ask(&rule, AMOUNT(100));
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "but what was paid does");
	check_about("order_id", "and they cannot be added");
	rule.max_amount = money(AMOUNT(500));
	ask(&rule, AMOUNT(100));
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "nor to what the rule gives");
	rule.max_amount.given = false;
	rule.approval_above = money(AMOUNT(500));
	ask(&rule, AMOUNT(100));
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "with approval or without");
	given = (SvpRefundFacts) {0};

	is_int64(svp_currency_digits("JPY"), 0, "yen have no digits");
	is_int64(svp_currency_digits("bhd"), 3, "dinars have three");
	is_int64(svp_currency_digits("CLF"), 4, "a unit of account has four");
	is_int64(svp_currency_digits("EUR"), 2, "most have two");
	is_int64(svp_currency_digits("points"), 2, "and so has what is none");
	is_int64(svp_currency_digits("JP"), 2, "part of a code is none");
	is_int64(svp_currency_digits("JPYX"), 2, "nor is more than one");
	is_int64(svp_currency_digits(NULL), 2, "nor is nothing");
	ok(svp_currency_same("azn", "AZN"), "every letter has a small one");
	ok(svp_currency_is_code("EUR") && !svp_currency_is_code("EU") && !svp_currency_is_code("EURO") &&
	   !svp_currency_is_code("eur") && !svp_currency_is_code(""), "a code is three capital letters");
}

/* The fee of a tenth. */
static SvpAmount
tenth_of(const char *currency, SvpAmount amount)
{
	SvpRefundRule rule = {"tenth", .restocking_fee = 100000};

	given.currency = currency;
	ask(&rule, amount);
	given.currency = NULL;
	return decision.fee;
}

static void
test_fees(void)
{
	SvpRefundRule rule = {"fees", .restocking_fee = 100000, .shipping_fee = money(4990000)};

	is_int64(tenth_of("EUR", 99940000), 9990000, "9.994 euros are 9.99");
	is_int64(tenth_of("EUR", 99950000), 10000000, "9.995 are 10.00");
	is_int64(tenth_of("EUR", 99949999), 9990000, "anything less is not");
	is_int64(tenth_of("JPY", AMOUNT(994)), AMOUNT(99), "99.4 yen are 99");
	is_int64(tenth_of("JPY", AMOUNT(995)), AMOUNT(100), "99.5 are 100");
	is_int64(tenth_of("BHD", 9994000), 999000, "0.9994 dinars are 0.999");
	is_int64(tenth_of("BHD", 9995000), AMOUNT(1), "0.9995 are 1.000");
	is_int64(tenth_of("UYW", 9999500), 1000000, "four digits round as well");
	is_int64(tenth_of(NULL, 99950000), 10000000, "no currency is like most");
	is_int64(tenth_of("JPY", 0), 0, "nothing of nothing");

	ask(&rule, AMOUNT(100));
	is_int64(decision.fee, 14990000, "both fees are kept");
	ask(&rule, AMOUNT(5));
	is_int64(decision.fee, AMOUNT(5), "but no more than is refunded");
	ask(&rule, 0);
	is_int64(decision.fee, 0, "of nothing nothing");
	given.currency = "JPY";
	ask(&rule, AMOUNT(100));
	is_int64(decision.fee, AMOUNT(15), "each fee is rounded");
	given.currency = NULL;
	rule.final_sale = true;
	ask(&rule, AMOUNT(100));
	is_int64(decision.fee, 0, "nothing refunded, nothing kept");
}

static void
test_rounding(void)
{
	SvpRefundRule rule = {"limits", .max_amount = money(99990000)};

	given.currency = "JPY";
	ask(&rule, AMOUNT(100));
	is_int64(decision.allowed_amount, AMOUNT(99), "a limit is rounded down to what can be paid");
	rule = (SvpRefundRule) {.name = "two thirds", .has_max_share = true, .max_share = 666667};
	given.currency = "BHD";
	fact("paid_amount", 1234500);
	ask(&rule, AMOUNT(1));
	is_int64(decision.allowed_amount, 823000, "so is a share");
	rule.max_share = SVP_AMOUNT_ONE;
	fact("paid_amount", 1234567);
	ask(&rule, 1234567);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "but all that was paid is all that was paid");
	given.currency = NULL;
}

static void
test_exceptions(void)
{
	SvpRefundRule rule = {"limits", .max_amount = money(AMOUNT(100)), .approval_above = money(AMOUNT(50))};

	given.relief.extra = AMOUNT(20);
	ask(&rule, AMOUNT(120));
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_NEEDS_APPROVAL, "an exception is no approval");
	ask(&rule, AMOUNT(120) + 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "and has its own end");
	is_int64(decision.limit, AMOUNT(50), "what needs no approval stays");
	given.relief.approved = true;
	given.relief.approved_amount = AMOUNT(115);
	ask(&rule, AMOUNT(115));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "both together");
	ask(&rule, AMOUNT(120));
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_NEEDS_APPROVAL, "as far as each goes");
	is_int64(decision.allowed_amount, AMOUNT(115), "which is told");
	fact("paid_amount", AMOUNT(110));
	ask(&rule, AMOUNT(111));
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "never beyond what was paid");
	is_int64(decision.allowed_amount, AMOUNT(110), "which would be allowed");

	given.sums.order = AMOUNT(90);
	given.relief.approved_amount = AMOUNT(30);
	ask(&rule, AMOUNT(30));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "beyond the rest of the order");
	ask(&rule, AMOUNT(30) + 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "once");

	rule = (SvpRefundRule) {.name = "half", .has_max_share = true, .max_share = 500000};
	given.sums.order = 0;
	fact("paid_amount", AMOUNT(100));
	ask(&rule, AMOUNT(70));
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "beyond the share");
	fact("paid_amount", AMOUNT(100));
	ask(&rule, AMOUNT(70) + 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "by so much");
	rule = (SvpRefundRule) {.name = "customer", .customer_amount = money(AMOUNT(10)), .customer_days = 1};
	given.customer = "carol";
	ask(&rule, AMOUNT(10) + 1);
	check(SVP_REFUND_REFUSED, SVP_REASON_CUSTOMER_LIMIT, "but not beyond a customer's limit");
	given = (SvpRefundFacts) {0};
}

int
main(void)
{
	test_amounts();
	test_shares();
	test_sums();
	test_missing_amount();
	test_extremes();
	test_customer();
	test_currencies();
	test_fees();
	test_rounding();
	test_exceptions();
	return done_testing();
}
