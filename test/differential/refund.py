"""Random refund rules, refunds and what refund_oracle.py decides on them: refund.py DIRECTORY [SEED]

Writes policy.sql (calendars, a policy with a rule for each product, and a table "question" with the expected answers)
for the whole extension, and for the decision alone, which is told sums and exceptions, the files cases (see refund.c)
and expected.  The same in every run; another number gives others.
"""

import json
import random
import sys
from datetime import date, timedelta
from decimal import Decimal

from business_time import ODD
from refund_oracle import DAY, EPOCH, GONE, UNREADABLE, USEC, UTC, Refund, Shop

TIMES = ["purchased_at", "delivered_at", "fulfilled_at", "informed_at", "opened_at"]
AMOUNTS = [Decimal(text) for text in ("0", "0.01", "0.0005", "1", "4.9", "9.995", "10", "12.3456", "20", "49.99", "50", "99.5", "100",
                                      "123.456789", "150", "500", "999999999999.99")]
CURRENCIES = [None, "EUR", "eur", "USD", "JPY", "BHD", "CLF", "XYZ"]
UNITS = ["days", "working_days", "months", "exactly"]


def maybe(rng, share, value, otherwise=None):
    return value if rng.random() < share else otherwise


# Rules, as documents have them; of exact durations the microseconds

def random_campaign(rng, around):
    def day(spread):
        return around + timedelta(days=rng.randint(-spread, spread))

    if rng.random() < 0.3:
        dates = [d.isoformat() for d in sorted([day(40), day(40), day(90)])]
    else:
        first, last, until = (day(n).strftime("%m-%d") for n in (60, 60, 200))
        first = "03-01" if first == "02-29" else first
        dates = [first, maybe(rng, 0.1, "02-29", last), rng.choice([until, until, last, "02-29"])]
    return dict(zip(["fact", "first", "last", "until"], ["purchased_at"] + dates))


def random_window(rng, shop_name, around):
    unit = rng.choice(UNITS[:3] * 3 + UNITS[3:])
    length = {"months": rng.choice([0, 1, 1, 2, 3, 12]), "exactly": rng.choice([1, DAY // 2, 3 * DAY])}.get(
        unit, rng.choice([0, 1, 2, 3, 14, 30]))
    window = {unit: length, "from": [{"fact": "delivered_at"}]}
    if rng.random() < 0.4:
        window["from"] = [{"fact": fact, "transit_days": rng.choice([0, 1, 5])} for fact in rng.sample(TIMES[:3], rng.randint(1, 3))]
    if rng.random() < 0.4:
        window["if_missing"] = rng.choice(["needs_approval", "refuse", "open"])
    if unit == "exactly":
        return window
    if unit == "working_days" or rng.random() < 0.9:
        window["calendar"] = shop_name
    if "calendar" in window and rng.random() < 0.4:
        window["extend_to_working_day"] = True
    if rng.random() < 0.4:
        window["campaigns"] = [random_campaign(rng, around) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.3:
        window["duty"] = {"fact": "informed_at", "months": rng.choice([1, 2, 12])}
    return window


def random_money(rng, least=Decimal("0.000001")):
    amounts = [amount for amount in AMOUNTS if amount >= least]
    if rng.random() < 0.6:
        return rng.choice(amounts)
    return {currency: rng.choice(amounts) for currency in rng.sample(["EUR", "USD", "JPY", "BHD"], rng.randint(1, 3))}


def random_rule(rng, shop_name, around):
    if rng.random() < 0.02:
        return {"final_sale": True}
    rule = {}
    if rng.random() < 0.85:
        rule["window"] = random_window(rng, shop_name, around)
    if rng.random() < 0.2:
        rule["issue_limit"] = random_window(rng, shop_name, around)
    for key, share, value in (
            ("max_amount", 0.3, random_money(rng)), ("max_share", 0.3, rng.choice([Decimal(x) for x in ("0.5", "0.333333", "1")])),
            ("restocking_fee", 0.4, rng.choice([Decimal(x) for x in ("0.1", "0.075", "1")])),
            ("shipping_fee", 0.3, random_money(rng, 0)), ("approval_above", 0.3, random_money(rng, 0)),
            ("duplicate_within", 0.3, "1 day"), ("agent_is_not_customer", 0.15, True), ("four_eyes", 0.15, True)):
        if rng.random() < share:
            rule[key] = value
    if rng.random() < 0.3:
        rule["per_customer"] = {"days": 30, rng.choice(["count", "other"]): 3}
        if rule["per_customer"].pop("other", None) or rng.random() < 0.5:
            rule["per_customer"]["amount"] = random_money(rng)
    return rule


# Refunds

def random_facts(rng, rule, shop, around, told):
    facts = {}
    for name in TIMES:
        day = around - timedelta(days=rng.choice([0, 1, 2, 14, 30, 31, 60, 365, 366] if name == "informed_at" else [0, 1, 2, 14, 30, 31, 45]))
        if rng.random() < 0.75:
            facts[name] = rng.choice([shop.midnight(day) - 1, shop.midnight(day), shop.midnight(day) + rng.randrange(DAY)])
    for name in ("amount", "paid_amount", "line_paid_amount"):
        facts[name] = maybe(rng, 0.8 if name != "line_paid_amount" else 0.2, rng.choice(AMOUNTS))
    if rng.random() < 0.03:
        facts[rng.choice(["amount", "paid_amount", "line_paid_amount"])] = Decimal(-1)
    facts["currency"] = rng.choice(CURRENCIES)
    facts["paid_currency"] = maybe(rng, 0.7, None, maybe(rng, 0.8, facts["currency"], rng.choice(CURRENCIES)))
    for name in ("agent", "approved_by", "customer"):
        facts[name] = rng.choice([None, "ann", "bob", "carol"]) if name != "customer" else rng.choice(["ann", "dan", "dan", "eve", None])
    if told:
        tell(rng, facts)
    ask_near_an_end(rng, rule, facts, shop)
    return facts


def tell(rng, facts):
    """What only the decision alone is told: unreadable facts, sums, and exceptions."""
    if rng.random() < 0.08:
        facts[rng.choice(TIMES + ["amount", "paid_amount", "line_paid_amount"])] = UNREADABLE
    facts["sums"] = {name: rng.choice([0, 0] + AMOUNTS[:13]) for name in ("order", "line", "customer")}
    facts["sums"] |= {"count": rng.randint(0, 3), "duplicate": rng.random() < 0.2}
    facts["relief"] = {"grace_days": rng.choice([0, 0, 1, 7]), "extra": rng.choice([Decimal(0), Decimal(0), *AMOUNTS[:11]]),
                       "approved": rng.random() < 0.4, "approved_amount": rng.choice(AMOUNTS)}


def ask_near_an_end(rng, rule, facts, shop):
    """Asked, and decided, at an end of one of the windows, or an instant before, or later."""
    facts["requested_at"], facts["issued_at"] = 0, 10**17
    ends = [facts[name] for name in TIMES if isinstance(facts.get(name), int)] or [0]
    for key in ("window", "issue_limit"):
        if key in rule:
            _, end = Refund(rule, facts, {"shop": shop, None: UTC}).judge_window(key, None, 0)
            ends += [end[1]] * 4 if end is not None else []

    def near():
        return rng.choice(ends) + rng.choice([-1, -1, -1, 0, 0, 1, -DAY, DAY])

    facts["requested_at"] = near()
    facts["issued_at"] = maybe(rng, 0.5, facts["requested_at"] + rng.choice([0, 1, DAY]), near())
    if "sums" in facts and rng.random() < 0.05:
        facts["requested_at"] = rng.choice([None, UNREADABLE])


# For the decision alone

def millionths(amount):
    return int(amount * 10**6)


def offset(shop, at):
    return (EPOCH + at * USEC).astimezone(shop.zone).utcoffset() // USEC


def offset_changes(shop, first, last):
    """When the zone's offset changes, to the microsecond: there is at most one change a day."""
    changes = []
    for low in range(first, last, DAY):
        high, before = low + DAY, offset(shop, low)
        if offset(shop, high) == before:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(shop, middle) == before else (low, middle)
        changes += [high, offset(shop, high)]
    return changes


def calendar_line(shop, around):
    near = (around - EPOCH.date()).days
    first = (near - 500) * DAY
    changes = offset_changes(shop, first, (near + 1000) * DAY)
    words = ["calendar", 0, offset(shop, first), len(changes) // 2, *changes, len(shop.weekdays)]
    words += [word for weekday in shop.weekdays for word in (weekday, 0, DAY)] + [len(shop.closed)]
    words += [word for day in shop.closed for word in ((day - EPOCH.date()).days, 0, 0, 0, 0)]
    return " ".join(map(str, words))


def date_number(text):
    return int(text.replace("-", ""))


def window_words(window, number):
    if window is None:
        return [0]
    unit = next(unit for unit in UNITS if unit in window)
    calendar = {None: -1, GONE: -2}.get(window.get("calendar"), number)
    words = [UNITS.index(unit) + 1, window[unit], ["needs_approval", "refuse", "open"].index(window.get("if_missing", "needs_approval")),
             calendar, int(window.get("extend_to_working_day", False)), len(window["from"])]
    for start in window["from"]:
        words += [start["fact"], start.get("transit_days", 0)]
    words.append(len(window.get("campaigns", [])))
    for campaign in window.get("campaigns", []):
        words += [campaign["fact"]] + [date_number(campaign[key]) for key in ("first", "last", "until")]
    return words + [window["duty"]["fact"], window["duty"]["months"]] if "duty" in window else words + ["-", 0]


def money_words(money):
    if money is None:
        return [-1]
    if not isinstance(money, dict):
        return [0, millionths(money)]
    return [len(money)] + [word for currency, amount in money.items() for word in (currency, millionths(amount))]


def case_line(rule, facts, number):
    customer = rule.get("per_customer", {})
    words = ["refund", int(rule.get("final_sale", False))] + window_words(rule.get("window"), number) + window_words(rule.get("issue_limit"), number)
    words += [millionths(rule.get("max_share", 0)), millionths(rule.get("restocking_fee", 0)), customer.get("count", 0),
              DAY if "duplicate_within" in rule else 0, int("agent_is_not_customer" in rule), int("four_eyes" in rule)]
    for money in (rule.get("max_amount"), rule.get("shipping_fee"), rule.get("approval_above"), customer.get("amount")):
        words += money_words(money)
    known = [(name, facts[name]) for name in TIMES + ["requested_at", "amount", "paid_amount", "line_paid_amount"] if facts.get(name) is not None]
    words.append(len(known))
    for name, value in known:
        if value == UNREADABLE:
            words += [name, 2, 0]
        else:
            words += [name, 1, value if isinstance(value, int) else millionths(value)]
    words += [facts[name] or "-" for name in ("currency", "paid_currency", "agent", "approved_by", "customer")]
    sums, relief = facts["sums"], facts["relief"]
    words += [millionths(sums["order"]), millionths(sums["line"]), millionths(sums["customer"]), sums["count"], int(sums["duplicate"]),
              relief["grace_days"], millionths(relief["extra"]), int(relief["approved"]), millionths(relief["approved_amount"]), facts["issued_at"]]
    return " ".join(map(str, words))


def answer_line(answer):
    outcome, reason, cutoff, allowed, fee, start, campaign, duty = answer
    return " ".join(str("-" if word is None else word) for word in (
        outcome, reason, cutoff, None if allowed is None else millionths(allowed), millionths(fee), start, campaign, duty))


# For the whole extension

def literal(value):
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def iso(at):
    return (EPOCH + at * USEC).isoformat()


def window_document(window):
    document = dict(window)
    if "exactly" in window:
        document["exactly"] = f"{window['exactly'] / 10**6:f} seconds"
    if len(window["from"]) == 1 and not window["from"][0].get("transit_days"):
        document["from"] = window["from"][0]["fact"]
    return document


def rule_document(rule, name):
    document = {"name": name, "when": {"product": [name]}} | rule
    return document | {key: window_document(rule[key]) for key in ("window", "issue_limit") if key in rule}


def with_calendar(rule):
    """An issue limit has the calendar of the window if it names none."""
    calendar = rule.get("window", {}).get("calendar")
    if calendar is None or "issue_limit" not in rule or "exactly" in rule["issue_limit"]:
        return rule
    return rule | {"issue_limit": {"calendar": calendar} | rule["issue_limit"]}


def numbers(value):
    """JSON keeps the digits of a Decimal."""
    return json.dumps(value, default=lambda amount: f"#{amount:f}#").replace('"#', "").replace('#"', "")


def question(name, facts, answer):
    given = {key: iso(value) if isinstance(value, int) else value for key, value in facts.items() if value is not None and key != "issued_at"}
    outcome, reason, cutoff, allowed, fee, *_ = answer
    return (f"INSERT INTO question VALUES ({literal(name)}, {literal(numbers(given | {'product': name}))}, {literal(iso(facts['issued_at']))}, "
            f"{literal(outcome)}, {literal(reason)}, {literal(None if cutoff is None else iso(cutoff))}, {literal(allowed)}, {literal(fee)});\n")


def write_calendar(sql, name, shop):
    sql.write(f"INSERT INTO service_policy.calendar (name, time_zone) VALUES ({literal(name)}, {literal(shop.zone_name)});\n")
    for weekday in shop.weekdays:
        sql.write("INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) "
                  f"VALUES ({literal(name)}, {weekday}, '00:00', '24:00');\n")
    for day in shop.closed:
        sql.write(f"INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ({literal(name)}, '{day}');\n")


def main():
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 118271)
    rules, questions = [], []
    with open(f"{sys.argv[1]}/policy.sql", "w") as sql, open(f"{sys.argv[1]}/cases", "w") as cases, \
            open(f"{sys.argv[1]}/expected", "w") as expected:
        sql.write("BEGIN;\n")
        for number, (zone, around) in enumerate(ODD * 2):
            around = date.fromisoformat(around)
            shop = Shop(zone, rng.sample(range(1, 8), rng.randint(1, 7)),
                        {around + timedelta(days=rng.randint(-50, 90)) for _ in range(rng.randint(0, 8))})
            write_calendar(sql, f"shop_{number}", shop)
            cases.write(calendar_line(shop, around) + "\n")
            for variant in range(3):
                name = f"shop_{number}_{variant}"
                rule = random_rule(rng, f"shop_{number}", around)
                shops = {f"shop_{number}": shop, "shop": shop, None: UTC}
                rules.append(rule_document(rule, name))
                rule = with_calendar(rule)
                for _ in range(8):
                    facts = random_facts(rng, rule, shop, around, False)
                    questions.append(question(name, facts, Refund(rule, facts, shops).decide()))
            for _ in range(50):
                rule = random_rule(rng, maybe(rng, 0.97, "shop", GONE), around)
                facts = random_facts(rng, rule, shop, around, True)
                cases.write(case_line(rule, facts, number) + "\n")
                expected.write(answer_line(Refund(rule, facts, {"shop": shop, None: UTC}).decide()) + "\n")
        sql.write(f"SELECT service_policy.load_policy({literal(numbers({'policy': 'shop', 'refunds': rules}))});\n")
        sql.write("CREATE TABLE question (product text, facts jsonb, as_of timestamptz, decision text, reason text, cutoff_at timestamptz, "
                  "allowed_amount numeric, fee numeric);\n")
        sql.writelines(questions)
        sql.write("COMMIT;\n")


main()
