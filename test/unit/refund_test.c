/*
 * Decisions on refunds, without a server: what is decided in which order, and
 * by what people and their history.
 */
#include "refund_make.h"

static SvpWindowStart opened[] = {{"opened_at"}};

static SvpRefundRule
thirty_days(void)
{
	SvpRefundRule rule = {"standard"};

	rule.has_window = true;
	rule.window = days_of(30);
	return rule;
}

static void
test_cutoffs(void)
{
	SvpRefundRule rule = thirty_days();
	int64		end = 31 * DAY;

	fact("delivered_at", 0);
	fact("requested_at", end - 1);
	decide(&rule, end + 5 * DAY);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "asked in the last instant, whenever issued");
	is_int64(decision.cutoff_at, end, "and the cutoff is told");

	fact("delivered_at", 0);
	fact("requested_at", end);
	decide(&rule, end);
	check(SVP_REFUND_REFUSED, SVP_REASON_CUTOFF, "the cutoff itself is too late");
	check_about("delivered_at", "counted from there");
	is_int64(decision.allowed_amount, 0, "nothing is allowed then");

	rule.has_issue_limit = true;
	rule.issue_limit = (SvpWindow) {.unit = SVP_WINDOW_DAYS, .length = 9, FROM(opened)};
	fact("delivered_at", 0);
	fact("requested_at", DAY);
	fact("opened_at", DAY);
	decide(&rule, 11 * DAY - 1);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "issued within the issue limit");
	is_int64(decision.cutoff_at, 11 * DAY, "the earlier of two cutoffs is told");
	ok(decision.bound_by == &rule.issue_limit, "and which one it is");

	fact("delivered_at", 0);
	fact("requested_at", DAY);
	fact("opened_at", DAY);
	decide(&rule, 11 * DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_ISSUE_LIMIT, "issued too late, though asked in time");

	fact("delivered_at", 0);
	fact("requested_at", 25 * DAY);
	fact("opened_at", 25 * DAY);
	decide(&rule, 35 * DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_ISSUE_LIMIT, "only the later cutoff was missed");
	is_int64(decision.cutoff_at, 35 * DAY, "so that is the one to tell");

	fact("delivered_at", 0);
	fact("requested_at", 40 * DAY);
	fact("opened_at", 40 * DAY);
	decide(&rule, 60 * DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_CUTOFF, "both missed: the earlier");
	is_int64(decision.cutoff_at, end, "is the one to tell");
}

static void
test_facts(void)
{
	SvpRefundRule rule = thirty_days();

	fact("requested_at", DAY);
	decide(&rule, DAY);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "no start: somebody must look");
	check_about("delivered_at", "and learns which fact is missing");
	ok(!decision.has_cutoff, "there is no cutoff then");

	unreadable("delivered_at");
	fact("requested_at", DAY);
	decide(&rule, DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "a start that is no time is refused");

	fact("delivered_at", 0);
	unreadable("requested_at");
	decide(&rule, DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "so is a request at no time");

	fact("requested_at", DAY);
	fact("delivered_at", INT64_MAX);
	decide(&rule, DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "so is one out of range");

	rule.window.calendar = "gone";
	fact("requested_at", DAY);
	fact("delivered_at", 0);
	decide(&rule, DAY);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CALENDAR, "a calendar that is gone");
	check_about("gone", "is named");

	rule = thirty_days();
	rule.max_amount.given = true;
	rule.max_amount.amount = AMOUNT(10);
	fact("requested_at", DAY);
	fact("amount", AMOUNT(11));
	decide(&rule, DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "what is wrong goes before what is missing");
}

static void
test_rules(void)
{
	SvpRefundRule rule = {"final"};

	decide(NULL, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NO_RULE, "without a rule it is allowed, and that is said");
	ok(!decision.has_allowed_amount, "of no amount");
	fact("amount", 0);
	decide(NULL, 0);
	ok(decision.has_allowed_amount && decision.allowed_amount == 0, "or of one");
	unreadable("amount");
	decide(NULL, 0);
	ok(!decision.has_allowed_amount, "that can be read");
	fact("amount", -1);
	decide(NULL, 0);
	ok(!decision.has_allowed_amount, "and is not below nothing");
	rule.final_sale = true;
	fact("amount", 1);
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_FINAL_SALE, "a final sale is final");
	rule.final_sale = false;
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "a rule without limits allows");
	ok(!decision.has_allowed_amount && !decision.has_cutoff, "any amount at any time");
}

/* What somebody may do at any time, for any amount. */
static SvpRefundRule
limited(void)
{
	return (SvpRefundRule) {.name = "limited", .customer_days = 30};
}

static void
test_people(void)
{
	SvpRefundRule rule = limited();

	rule.agent_is_not_customer = true;
	given.agent = "ann";
	given.customer = "ann";
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_OWN, "nobody refunds himself");
	given.customer = "Ann";
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "names are compared letter by letter");
	given.customer = NULL;
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "whoever the customer is");
	check_about("customer", "has to be known");
	given.agent = NULL;
	decide(&rule, 0);
	check_about("agent", "and so has the agent");

	rule = limited();
	rule.four_eyes = true;
	given.agent = "ann";
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FOUR_EYES, "two eyes are not enough");
	check_about("approved_by", "somebody has to approve");
	given.approved_by = "bob";
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "four are");
	given.agent = NULL;
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FOUR_EYES, "unless they may be the same two");
	check_about("agent", "since nobody knows the first");
	given.agent = "bob";
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_FOUR_EYES, "who asks cannot approve");

	fact("amount", AMOUNT(5));
	given.relief = (SvpRelief) {.approved = true, .approved_amount = AMOUNT(5)};
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_FOUR_EYES, "no approval helps against that");
	given.approved_by = NULL;
	fact("amount", AMOUNT(5));
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "but is as good as the CRM's own");
	given = (SvpRefundFacts) {0};
}

static void
test_history(void)
{
	SvpRefundRule rule = limited();

	rule.customer_count = 3;
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "whose refunds are to be counted");
	check_about("customer", "has to be known");
	given.customer = "carol";
	given.sums.customer_count = 2;
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "the third of three");
	given.sums.customer_count = 3;
	fact("amount", AMOUNT(5));
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_CUSTOMER_LIMIT, "but no fourth");
	is_int64(decision.allowed_amount, 0, "of any amount");

	rule = limited();
	given.sums.duplicate = true;
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "one just like another, where nobody minds");
	rule.duplicate_within = DAY;
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_DUPLICATE, "and where somebody does");
	given = (SvpRefundFacts) {0};
}

/* Each objection in turn, from the last one on, goes before those before it. */
static void
test_order(void)
{
	SvpRefundRule rule = limited();

	rule.approval_above.given = true;
	fact("amount", AMOUNT(5));
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_NEEDS_APPROVAL, "too much without approval");
	rule.four_eyes = true;
	fact("amount", AMOUNT(5));
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FOUR_EYES, "four eyes go before");
	rule.agent_is_not_customer = true;
	fact("amount", AMOUNT(5));
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "what is missing goes before");
	rule.has_issue_limit = true;
	rule.issue_limit = days_of(0);
	rule.issue_limit.calendar = "gone";
	fact("amount", AMOUNT(5));
	fact("delivered_at", 0);
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CALENDAR, "a calendar that is gone goes before");
	given.paid_currency = "EUR";
	fact("amount", AMOUNT(5));
	fact("delivered_at", 0);
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_CURRENCY, "a currency that nobody knows goes before");
	given.agent = given.customer = "ann";
	rule.customer_amount.given = true;
	fact("amount", AMOUNT(5));
	fact("delivered_at", 0);
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_OWN, "every refusal goes before");
	rule.agent_is_not_customer = false;
	fact("amount", AMOUNT(5));
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_CUSTOMER_LIMIT, "the customer's limit");
	fact("amount", AMOUNT(5));
	fact("paid_amount", 0);
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_AMOUNT, "what was paid goes before");
	given.currency = "USD";
	fact("amount", AMOUNT(5));
	fact("paid_amount", 0);
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_CURRENCY, "the currency goes before");
	check_about("paid_currency", "that something else was paid in");
	rule.duplicate_within = 1;
	given.sums.duplicate = true;
	fact("amount", AMOUNT(5));
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_DUPLICATE, "a duplicate goes before");
	rule.agent_is_not_customer = true;
	fact("amount", AMOUNT(5));
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_OWN, "one's own goes before");
	fact("amount", -1);
	decide(&rule, 0);
	check(SVP_REFUND_REFUSED, SVP_REASON_FACT_UNREADABLE, "what cannot be read goes before");
	rule.issue_limit.calendar = NULL;
	fact("amount", -1);
	fact("delivered_at", 0);
	decide(&rule, DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_ISSUE_LIMIT, "time goes before all");
	rule.has_window = true;
	rule.window = days_of(0);
	fact("amount", -1);
	fact("delivered_at", 0);
	fact("requested_at", DAY);
	decide(&rule, DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_CUTOFF, "the claim before the issue");
	rule.final_sale = true;
	decide(&rule, DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_FINAL_SALE, "and a final sale is just final");
	given = (SvpRefundFacts) {0};
}

static void
test_approval(void)
{
	SvpRefundRule rule = thirty_days();

	given.relief = (SvpRelief) {.approved = true, .approved_amount = AMOUNT(300)};
	fact("amount", AMOUNT(300));
	fact("requested_at", 0);
	decide(&rule, 0);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "an approval helps whatever the reason of the need");
	check_about(NULL, "which is gone");
	is_int64(decision.allowed_amount, AMOUNT(300), "all of it is allowed");
	fact("amount", AMOUNT(300) + 1);
	fact("requested_at", 0);
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "up to its amount");
	is_int64(decision.allowed_amount, AMOUNT(300), "which would be allowed");
	fact("requested_at", 0);
	decide(&rule, 0);
	check(SVP_REFUND_NEEDS_APPROVAL, SVP_REASON_FACT_MISSING, "and none is known to be below it");

	fact("amount", AMOUNT(1));
	fact("delivered_at", 0);
	fact("requested_at", 40 * DAY);
	decide(&rule, 40 * DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_CUTOFF, "never against a refusal");
	is_int64(decision.allowed_amount, 0, "nothing is allowed then");
	given.relief.grace_days = 10;
	fact("amount", AMOUNT(1));
	fact("delivered_at", 0);
	fact("requested_at", 41 * DAY - 1);
	decide(&rule, 41 * DAY);
	check(SVP_REFUND_ALLOWED, SVP_REASON_NONE, "for which there are days of grace");
	fact("amount", AMOUNT(1));
	fact("delivered_at", 0);
	fact("requested_at", 41 * DAY);
	decide(&rule, 41 * DAY);
	check(SVP_REFUND_REFUSED, SVP_REASON_CUTOFF, "so many and no more");
	given = (SvpRefundFacts) {0};
}

int
main(void)
{
	test_cutoffs();
	test_facts();
	test_rules();
	test_people();
	test_history();
	test_order();
	test_approval();
	return done_testing();
}
