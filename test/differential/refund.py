"""Refund cutoffs by walking through dates: random windows, starts and the right ends.

Independent of the extension: a start becomes a local date through Python's zoneinfo, dates are counted one at a time,
and the end is the local midnight (fold=0) after the last of them.  Prints SQL that loads calendars, a policy with a rule
for each window, and a table "question" with the expected cutoffs.  The windows are the same in every run; another
number as argument gives others.
"""

import json
import random
import sys
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from business_time import ODD


class Shop:
    def __init__(self, rng, zone, around):
        self.zone = ZoneInfo(zone)
        self.zone_name = zone
        self.weekdays = rng.sample(range(1, 8), rng.randint(1, 7))
        self.closed = {around + timedelta(days=rng.randint(-50, 90)) for _ in range(rng.randint(0, 8))}

    def midnight(self, day):
        return int(datetime.combine(day, time(), self.zone).timestamp())

    def is_working(self, day):
        exists = self.midnight(day) < self.midnight(day + timedelta(days=1))
        return exists and day.isoweekday() in self.weekdays and day not in self.closed


def last_day(shop, unit, length, start):
    day = datetime.fromtimestamp(start, shop.zone).date()
    if unit == "days":
        for _ in range(length):
            day += timedelta(days=1)
    elif unit == "months":
        month = day.year * 12 + day.month - 1 + length
        year, month = month // 12, month % 12 + 1
        day = date(year, month, min(day.day, monthrange(year, month)[1]))
    else:
        for _ in range(length):
            day += timedelta(days=1)
            while not shop.is_working(day):
                day += timedelta(days=1)
    return day


def cutoff(shop, unit, length, extend, start):
    day = last_day(shop, unit, length, start)
    while extend and not shop.is_working(day):
        day += timedelta(days=1)
    return shop.midnight(day + timedelta(days=1))


def literal(value):
    return "'" + str(value).replace("'", "''") + "'"


def main():
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 118271)
    rules, questions = [], []
    print("BEGIN;")
    for number, (zone, around) in enumerate(ODD * 2):
        around = date.fromisoformat(around)
        shop = Shop(rng, zone, around)
        name = f"shop_{number}"
        unit = rng.choice(["days", "working_days", "months"])
        length = rng.choice([0, 1, 2, 3, 14, 30] if unit != "months" else [0, 1, 1, 2, 3, 12])
        extend = unit != "working_days" and rng.random() < 0.5
        print(f"INSERT INTO service_policy.calendar (name, time_zone) VALUES ({literal(name)}, {literal(zone)});")
        for weekday in shop.weekdays:
            print("INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) "
                  f"VALUES ({literal(name)}, {weekday}, '00:00', '24:00');")
        for day in sorted(shop.closed):
            print(f"INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ({literal(name)}, '{day}');")
        window = {unit: length, "from": "purchased_at", "calendar": name}
        if extend:
            window["extend_to_working_day"] = True
        rules.append({"name": name, "when": {"product": [name]}, "window": window})
        for _ in range(16):
            day = around - timedelta(days=rng.choice([0, 1, 2, length, length + 1, 14, 30, 31]))
            start = rng.choice([shop.midnight(day) - 1, shop.midnight(day), shop.midnight(day) + rng.randrange(86400)])
            questions.append((name, start, cutoff(shop, unit, length, extend, start)))
    policy = json.dumps({"policy": "shop", "refunds": rules})
    print(f"SELECT service_policy.load_policy({literal(policy)});")
    print("CREATE TABLE question (product text, start bigint, expected bigint);")
    for product, start, expected in questions:
        print(f"INSERT INTO question VALUES ({literal(product)}, {start}, {expected});")
    print("COMMIT;")


main()
