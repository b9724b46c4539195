"""What a refund rule decides, by walking through dates and trying amounts.

Independent of the extension: a start becomes a local date through Python's zoneinfo, dates are walked one at a time, the
end is the local midnight (fold=0) after the last of them, and money is Decimal.  A rule is a dict like the document's, a
refund one of facts.  Instants are microseconds since 2000-01-01 00:00 UTC.
"""

from calendar import monthrange
from datetime import date, datetime, time, timedelta, timezone
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, getcontext
from functools import lru_cache
from zoneinfo import ZoneInfo

getcontext().prec = 60
EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
USEC = timedelta(microseconds=1)
DAY = 86400 * 10**6
UNREADABLE = "unreadable"
GONE = "gone"

OUTCOMES = ["allowed", "needs_approval", "refused"]
# The order in which docs/refund.md tells them.
REASONS = ["refund_final_sale", "refund_cutoff", "refund_issue_limit", "refund_fact_unreadable", "refund_own",
           "refund_duplicate", "refund_currency", "refund_amount", "refund_customer_limit", "refund_calendar",
           "refund_fact_missing", "refund_four_eyes", "refund_needs_approval"]


class Shop:
    """A calendar: a zone, and which dates are open all day."""

    def __init__(self, zone, weekdays=(), closed=()):
        self.zone, self.zone_name = ZoneInfo(zone), zone
        self.weekdays, self.closed = sorted(weekdays), sorted(closed)

    @lru_cache(maxsize=None)
    def midnight(self, day):
        return (datetime.combine(day, time(), self.zone).astimezone(timezone.utc) - EPOCH) // USEC

    def date(self, at):
        return (EPOCH + at * USEC).astimezone(self.zone).date()

    def is_working(self, day):
        exists = self.midnight(day) < self.midnight(day + timedelta(days=1))
        return exists and day.isoweekday() in self.weekdays and day not in self.closed

    def next_working(self, day):
        while True:
            day += timedelta(days=1)
            if self.is_working(day):
                return day


UTC = Shop("UTC")


class Unreadable(Exception):
    pass


class NoCalendar(Exception):
    pass


class NoStart(Exception):
    def __init__(self, at_least):
        self.at_least = at_least


def add_months(day, months):
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def last_day(shop, window, day):
    for _ in range(window.get("days", 0)):
        day += timedelta(days=1)
    for _ in range(window.get("working_days", 0)):
        day = shop.next_working(day)
    day = add_months(day, window.get("months", 0))
    return extended(shop, window, day)


def extended(shop, window, day):
    if window.get("extend_to_working_day") and not shop.is_working(day):
        return shop.next_working(day)
    return day


def is_day(day, text):
    """Is this the day of a campaign's date; 29 February is the 28th in other years."""
    if len(text) == 10:
        return day.isoformat() == text
    return day.strftime("%m-%d") == text or (
        text == "02-29" and (day.month, day.day) == (2, monthrange(day.year, 2)[1]))


def campaign_until(campaign, day):
    """Walk back to the first day of the campaign, then on to its last one and its end."""
    walk = day
    while not is_day(walk, campaign["first"]):
        walk -= timedelta(days=1)
        if (day - walk).days > 400 or is_day(walk, campaign["last"]):
            return None
    walk = day
    while not is_day(walk, campaign["last"]):
        walk += timedelta(days=1)
    while not is_day(walk, campaign["until"]):
        walk += timedelta(days=1)
    return walk


class Refund:
    def __init__(self, rule, facts, shops):
        self.rule, self.facts, self.shops = rule, facts, shops
        self.now = facts["issued_at"]
        self.relief = facts.get("relief", {})
        self.sums = facts.get("sums", {})
        self.start = self.campaign = self.duty = None

    def happened(self, name):
        value = self.facts.get(name)
        if value == UNREADABLE:
            raise Unreadable(name)
        return value if value is not None and value <= self.now else None

    # Time

    def find_end(self, window):
        """The end of a window, what started it, and what made it longer."""
        grace = self.relief.get("grace_days", 0)
        begun = None
        for start in window["from"]:
            begun = self.happened(start["fact"])
            if begun is not None:
                break
        if "exactly" in window:
            if begun is None:
                raise NoStart(None)
            return begun + window["exactly"] + (start.get("transit_days", 0) + grace) * DAY, start["fact"], None, 0
        shop = self.shops.get(window.get("calendar"))
        if shop is None:
            if begun is None:
                raise NoStart(None)
            raise NoCalendar
        last, campaign, duty = None, None, 0
        if begun is not None:
            day = shop.date(begun) + timedelta(days=start.get("transit_days", 0))
            last = last_day(shop, window, day)
            if "duty" in window:
                last, duty = self.after_duty(shop, window, day, last)
        for each in window.get("campaigns", []):
            bought = self.happened(each["fact"])
            until = None if bought is None else campaign_until(each, shop.date(bought))
            if until is not None and (last is None or until > last):
                last, campaign, duty = until, "campaign", 0
        end = None if last is None else shop.midnight(last + timedelta(days=grace + 1))
        if begun is None:
            raise NoStart(end)
        return end, start["fact"], campaign, duty

    def after_duty(self, shop, window, day, last):
        told = self.happened(window["duty"]["fact"])
        months = window["duty"]["months"]
        if told is not None:
            told = shop.date(told)
            if told <= day:
                return last, 0
            if told <= add_months(day, months):
                return last_day(shop, window, told), 1
        return extended(shop, window, add_months(last, months)), 2

    def judge_window(self, key, reason, moment):
        """The objections because of one window, and its end as (too late, at, …) if there is one."""
        window = self.rule[key]
        missing = window.get("if_missing", "needs_approval")
        try:
            end, *why = self.find_end(window)
        except Unreadable:
            return [("refused", "refund_fact_unreadable")], None
        except NoCalendar:
            return [("needs_approval", "refund_calendar")], None
        except NoStart as unknown:
            if missing == "open":
                return [], None
            if unknown.at_least is not None and moment is not None and moment < unknown.at_least:
                return [], (False, unknown.at_least, reason, None, "campaign", 0)
            return [("refused" if missing == "refuse" else missing, "refund_fact_missing")], None
        return [], (moment is not None and moment >= end, end, reason, *why)

    def judge_time(self):
        objections, ends = [], []
        asked = self.facts.get("requested_at")
        if "window" in self.rule:
            if asked == UNREADABLE:
                objections.append(("refused", "refund_fact_unreadable"))
            elif asked is None:
                objections.append(("needs_approval", "refund_fact_missing"))
            found, end = self.judge_window("window", "refund_cutoff", None if asked == UNREADABLE else asked)
            objections += found
            ends.append(end)
        if "issue_limit" in self.rule:
            found, end = self.judge_window("issue_limit", "refund_issue_limit", self.now)
            objections += found
            ends.append(end)
        ends = [end for end in ends if end is not None]
        missed = [end for end in ends if end[0]]
        binding = min(missed or ends, key=lambda end: end[1], default=None)
        if missed:
            objections.append(("refused", binding[2]))
        return objections, binding

    # People, and what they did before

    def judge_people(self):
        rule, facts, objections = self.rule, self.facts, []
        agent, customer, approver = facts.get("agent"), facts.get("customer"), facts.get("approved_by")
        limit = rule.get("per_customer", {})
        if rule.get("agent_is_not_customer"):
            if agent is None or customer is None:
                objections.append(("needs_approval", "refund_fact_missing"))
            elif agent == customer:
                objections.append(("refused", "refund_own"))
        if rule.get("four_eyes"):
            if approver is not None and approver == agent:
                objections.append(("refused", "refund_four_eyes"))
            elif approver is None or agent is None:
                objections.append(("needs_approval", "refund_four_eyes"))
        if limit and customer is None:
            objections.append(("needs_approval", "refund_fact_missing"))
        elif "count" in limit and self.sums.get("count", 0) + 1 > limit["count"]:
            objections.append(("refused", "refund_customer_limit"))
        if rule.get("duplicate_within") and self.sums.get("duplicate"):
            objections.append(("refused", "refund_duplicate"))
        return objections

    # Money

    def digits(self):
        return {"JPY": 0, "KRW": 0, "BHD": 3, "TND": 3, "CLF": 4}.get((self.facts.get("currency") or "").upper(), 2)

    def rounded(self, amount, how):
        return amount.quantize(Decimal(1).scaleb(-self.digits()), how)

    def money(self, value):
        """An amount of the rule in the refund's currency, None if it has none for that."""
        if isinstance(value, dict):
            return value.get((self.facts.get("currency") or "").upper())
        return value

    def number(self, name):
        value = self.facts.get(name)
        return UNREADABLE if value is not None and value != UNREADABLE and value < 0 else value

    def judge_money(self):
        rule, facts, objections = self.rule, self.facts, []
        limit = rule.get("per_customer", {})
        amount, paid, line = (self.number(name) for name in ("amount", "paid_amount", "line_paid_amount"))
        currency, paid_in = facts.get("currency"), facts.get("paid_currency")
        if UNREADABLE in (amount, paid, line):
            objections.append(("refused", "refund_fact_unreadable"))
        limits = [rule.get("max_amount"), rule.get("approval_above"), limit.get("amount")]
        if amount is None and any(x is not None for x in limits + [rule.get("max_share")]):
            objections.append(("needs_approval", "refund_fact_missing"))
        if "max_share" in rule and paid is None and line is None:
            objections.append(("needs_approval", "refund_fact_missing"))
        if currency and paid_in and currency.upper() != paid_in.upper():
            objections.append(("refused", "refund_currency"))
        if paid_in and not currency:
            objections.append(("needs_approval", "refund_currency"))
        if any(x is not None and self.money(x) is None for x in limits + [rule.get("shipping_fee")]):
            objections.append(("needs_approval", "refund_currency"))
        return objections

    def bounds(self):
        """What refuses a higher amount, and what makes it need approval: (outcome, reason, most)."""
        rule, sums, found = self.rule, self.sums, []
        paid, line = self.number("paid_amount"), self.number("line_paid_amount")
        extra = self.relief.get("extra", Decimal(0))
        currency, paid_in = self.facts.get("currency"), self.facts.get("paid_currency")
        known = lambda x: x is not None and x != UNREADABLE
        most = self.money(rule.get("max_amount"))
        if most is not None:
            found.append(("refused", "refund_amount", self.rounded(most, ROUND_DOWN) + extra - sums.get("order", 0)))
        if not (currency and paid_in and currency.upper() != paid_in.upper()):
            of, already = (line, sums.get("line", 0)) if known(line) else (paid, sums.get("order", 0))
            if rule.get("max_share", 1) < 1 and known(of):
                share = self.rounded(of * rule["max_share"], ROUND_DOWN)
                found.append(("refused", "refund_amount", share + extra - already))
            if known(paid):
                found.append(("refused", "refund_amount", paid - sums.get("order", 0)))
            if known(line):
                found.append(("refused", "refund_amount", line - sums.get("line", 0)))
        most = self.money(rule.get("per_customer", {}).get("amount"))
        if most is not None:
            found.append(("refused", "refund_customer_limit", self.rounded(most, ROUND_DOWN) - sums.get("customer", 0)))
        most = self.money(rule.get("approval_above"))
        if most is not None:
            found.append(("needs_approval", "refund_needs_approval", self.rounded(most, ROUND_DOWN) - sums.get("order", 0)))
        return [(outcome, reason, max(most, Decimal(0))) for outcome, reason, most in found]

    def fee(self, allowed):
        restocking = self.rounded(allowed * self.rule.get("restocking_fee", Decimal(0)), ROUND_HALF_UP)
        shipping = self.rounded(self.money(self.rule.get("shipping_fee")) or Decimal(0), ROUND_HALF_UP)
        return min(allowed, restocking + shipping)

    # All of it

    def verdict(self, objections, bounds, amount):
        if amount is not None:
            objections = objections + [(outcome, reason) for outcome, reason, most in bounds if amount > most]
        if not objections:
            return "allowed", None
        outcome, reason = min(objections, key=lambda o: (-OUTCOMES.index(o[0]), REASONS.index(o[1])))
        if outcome == "needs_approval" and self.relief.get("approved") and amount is not None \
                and amount <= self.relief["approved_amount"]:
            return "allowed", None
        return outcome, reason

    def decide(self):
        """Decision, reason, cutoff, allowed amount, fee, and how the cutoff came about."""
        if self.rule.get("final_sale"):
            return "refused", "refund_final_sale", None, Decimal(0), Decimal(0), None, None, 0
        objections, binding = self.judge_time()
        objections += self.judge_people() + self.judge_money()
        bounds = self.bounds()
        amount = self.number("amount")
        amount = None if amount == UNREADABLE else amount
        outcome, reason = self.verdict(objections, bounds, amount)
        if amount is None:
            allowed = Decimal(0) if objections else min((most for *_, most in bounds), default=None)
        else:
            tries = [Decimal(0), amount, self.relief.get("approved_amount", Decimal(0))] + [most for *_, most in bounds]
            allowed = max((a for a in tries if a <= amount and self.verdict(objections, bounds, a)[0] == "allowed"),
                          default=Decimal(0))
        fee = self.fee(Decimal(0) if allowed is None else allowed)
        cutoff = (None, None, 0) if binding is None else binding[3:]
        return outcome, reason, None if binding is None else binding[1], allowed, fee, *cutoff
