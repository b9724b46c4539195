/*
 * Decides on the refunds that refund.py writes, a line each.  Numbers are
 * microseconds since 2000-01-01 00:00 UTC, millionths, or counts; "-" is what
 * is not known or not given.
 *
 *	calendar ... (see cases.h)
 *	refund RULE FACTS
 *
 *	RULE   final_sale WINDOW WINDOW share restocking customer_count duplicate_within agent_is_not_customer four_eyes
 *		   MONEY(max_amount) MONEY(shipping_fee) MONEY(approval_above) MONEY(customer_amount)
 *	WINDOW unit(0: none, or 1 more) length if_missing calendar(-1: none, -2: gone) extend NSTARTS (fact transit)...
 *		   NCAMPAIGNS (fact first last until, as yyyymmdd)... duty months
 *	MONEY  -1: not given, 0 amount: any currency, or NCURRENCIES (currency amount)...
 *	FACTS  NFACTS (name knowledge value)... currency paid_currency agent approved_by customer
 *		   order line customer count duplicate grace extra approved approved_amount issued_at
 */
#include "refund.h"
#include "cases.h"

/* A word, or NULL for "-". */
static char *
known_word(void)
{
	char	   *known = word();

	return strcmp(known, "-") == 0 ? NULL : known;
}

static SvpMonthDay
read_date(void)
{
	int64		date = number();

	return (SvpMonthDay) {date / 10000, date / 100 % 100, date % 100};
}

static void
read_starts(SvpWindow *window)
{
	static SvpWindowStart starts[2][MAX_ITEMS];
	static int	next;

	window->starts = starts[next++ % 2];
	window->nstarts = number();
	for (int i = 0; i < window->nstarts; i++)
	{
		window->starts[i].fact = known_word();
		window->starts[i].transit_days = number();
	}
	window->from = window->starts[0].fact;
}

static void
read_campaigns(SvpWindow *window)
{
	static SvpCampaign campaigns[2][MAX_ITEMS];
	static int	next;

	window->campaigns = campaigns[next++ % 2];
	window->ncampaigns = number();
	for (int i = 0; i < window->ncampaigns; i++)
	{
		window->campaigns[i].fact = known_word();
		window->campaigns[i].first = read_date();
		window->campaigns[i].last = read_date();
		window->campaigns[i].until = read_date();
	}
}

static bool
read_window(SvpWindow *window, SvpCalendar **calendar)
{
	int			unit = number();
	int			which;

	memset(window, 0, sizeof(*window));
	*calendar = NULL;
	if (unit == 0)
		return false;
	window->unit = unit - 1;
	window->length = number();
	window->if_missing = number();
	which = number();
	if (which >= 0)
		*calendar = calendars[which];
	if (which != -1)
		window->calendar = "c";
	window->extend_to_working_day = number();
	read_starts(window);
	read_campaigns(window);
	window->duty.fact = known_word();
	window->duty.months = number();
	return true;
}

static SvpMoney
read_money(void)
{
	static char *currencies[8][MAX_ITEMS];
	static SvpAmount amounts[8][MAX_ITEMS];
	static int	next;
	SvpMoney	money = {.currencies = currencies[next % 8],.amounts = amounts[next % 8]};

	next++;
	money.ncurrencies = number();
	money.given = money.ncurrencies >= 0;
	if (money.ncurrencies == 0)
		money.amount = number();
	for (int i = 0; i < money.ncurrencies; i++)
	{
		money.currencies[i] = known_word();
		money.amounts[i] = number();
	}
	return money;
}

static void
read_rule(SvpRefundRule *rule, SvpRefundCalendars *given)
{
	*rule = (SvpRefundRule) {.name = "r", .final_sale = number()};
	rule->has_window = read_window(&rule->window, &given->window);
	rule->has_issue_limit = read_window(&rule->issue_limit, &given->issue_limit);
	rule->max_share = number();
	rule->has_max_share = rule->max_share > 0;
	rule->restocking_fee = number();
	rule->customer_count = number();
	rule->duplicate_within = number();
	rule->agent_is_not_customer = number();
	rule->four_eyes = number();
	rule->max_amount = read_money();
	rule->shipping_fee = read_money();
	rule->approval_above = read_money();
	rule->customer_amount = read_money();
}

static void
read_facts(SvpRefundFacts *facts)
{
	static SvpRefundFact known[MAX_ITEMS];

	memset(facts, 0, sizeof(*facts));
	facts->facts = known;
	facts->nfacts = number();
	for (int i = 0; i < facts->nfacts; i++)
	{
		known[i].name = known_word();
		known[i].knowledge = number();
		known[i].value = number();
	}
	facts->currency = known_word();
	facts->paid_currency = known_word();
	facts->agent = known_word();
	facts->approved_by = known_word();
	facts->customer = known_word();
	facts->sums.order = number();
	facts->sums.line = number();
	facts->sums.customer = number();
	facts->sums.customer_count = number();
	facts->sums.duplicate = number();
	facts->relief.grace_days = number();
	facts->relief.extra = number();
	facts->relief.approved = number();
	facts->relief.approved_amount = number();
	facts->issued_at = number();
}

static void
print_number(bool known, int64 value)
{
	if (known)
		printf(" %" PRId64, value);
	else
		printf(" -");
}

static void
decide(void)
{
	SvpRefundRule rule;
	SvpRefundCalendars given;
	SvpRefundFacts facts;
	SvpRefundDecision decision;

	read_rule(&rule, &given);
	read_facts(&facts);
	svp_refund_decide(&rule, &given, &facts, &decision);
	printf("%s %s", svp_refund_outcome_names[decision.outcome],
		   decision.reason == SVP_REASON_NONE ? "-" : svp_refund_reason_names[decision.reason]);
	print_number(decision.has_cutoff, decision.cutoff_at);
	print_number(decision.has_allowed_amount, decision.allowed_amount);
	print_number(true, decision.fee);
	printf(" %s %s %d\n", decision.cutoff.start ? decision.cutoff.start->fact : "-",
		   decision.cutoff.campaign ? "campaign" : "-", decision.cutoff.duty);
}

int
main(void)
{
	read_cases(decide);
	return 0;
}
