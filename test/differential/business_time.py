"""Business time by painting seconds: random calendars, questions and the right answers.

Independent of the extension: opening hours are painted onto an array with one byte a second, local times become
instants through Python's zoneinfo (fold=0), and every answer is found by counting or looking along the array.
Prints SQL that loads the calendars and a table "question" with the expected answers.  The calendars are the same in
every run; another number as argument gives others.
"""

import random
import sys
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

# Zone and a date near something odd in it.
ODD = [
    ("America/Sao_Paulo", "2015-10-18"), ("America/Sao_Paulo", "2015-02-22"), ("America/Sao_Paulo", "2018-11-04"),
    ("Asia/Beirut", "2015-03-29"), ("Asia/Beirut", "2015-10-25"), ("Asia/Beirut", "2023-03-26"),
    ("Pacific/Apia", "2011-12-30"), ("Pacific/Apia", "2012-04-01"), ("Pacific/Fakaofo", "2011-12-30"),
    ("Pacific/Kwajalein", "1993-08-21"), ("Pacific/Kiritimati", "1995-01-01"), ("Pacific/Enderbury", "1994-12-31"),
    ("Australia/Lord_Howe", "2019-10-06"), ("Australia/Lord_Howe", "2020-04-05"), ("Australia/Lord_Howe", "1981-03-01"),
    ("Europe/Dublin", "2021-03-28"), ("Europe/Dublin", "2021-10-31"), ("Europe/Dublin", "1968-10-27"),
    ("Africa/Casablanca", "2018-10-28"), ("Africa/Casablanca", "2023-03-19"), ("Africa/Casablanca", "2023-04-23"),
    ("Africa/El_Aaiun", "2012-07-20"), ("Africa/Cairo", "2010-08-11"), ("Africa/Cairo", "2023-10-27"),
    ("Asia/Kathmandu", "1986-01-01"), ("America/St_Johns", "1988-04-03"), ("America/St_Johns", "2007-11-04"),
    ("America/St_Johns", "1988-10-30"), ("America/Havana", "2016-03-13"), ("America/Havana", "2016-11-06"),
    ("America/New_York", "2021-03-14"), ("America/New_York", "2021-11-07"), ("America/New_York", "2450-03-13"),
    ("Australia/Sydney", "2020-10-04"), ("Australia/Sydney", "2020-04-05"), ("Australia/Sydney", "2438-10-03"),
    ("Atlantic/Azores", "2019-03-31"), ("Atlantic/Azores", "2019-10-27"), ("Atlantic/Azores", "1982-03-28"),
    ("Asia/Tehran", "2020-03-20"), ("Asia/Tehran", "2020-09-20"), ("Asia/Tehran", "1977-11-01"),
    ("Europe/Paris", "2024-03-31"), ("Europe/Paris", "1940-06-14"), ("Europe/Amsterdam", "1937-07-01"),
    ("Europe/London", "1968-02-18"), ("Europe/Moscow", "2011-03-27"), ("Europe/Moscow", "2014-10-26"),
    ("Europe/Istanbul", "2016-09-08"), ("Asia/Gaza", "2011-08-01"), ("Asia/Gaza", "2023-04-29"),
    ("Asia/Amman", "2022-10-28"), ("Asia/Damascus", "2022-10-28"), ("America/Asuncion", "2019-10-06"),
    ("America/Santiago", "2019-09-08"), ("America/Santiago", "2022-09-11"), ("America/Caracas", "2007-12-09"),
    ("America/Caracas", "2016-05-01"), ("Asia/Pyongyang", "2015-08-15"), ("Asia/Pyongyang", "2018-05-05"),
    ("Antarctica/Troll", "2019-03-31"), ("Antarctica/Casey", "2020-10-04"), ("Antarctica/Macquarie", "2010-04-04"),
    ("America/Nuuk", "2023-10-29"), ("America/Nuuk", "2024-03-30"), ("America/Scoresbysund", "2024-03-31"),
    ("America/Toronto", "1987-04-05"), ("America/Toronto", "1919-03-30"), ("America/Anchorage", "1983-10-30"),
    ("America/Phoenix", "2020-06-01"), ("Africa/Monrovia", "1972-01-07"), ("Africa/Windhoek", "1994-03-21"),
    ("Africa/Juba", "2021-02-01"), ("Africa/Sao_Tome", "2018-01-01"), ("Asia/Kolkata", "1942-09-01"),
    ("Asia/Yangon", "1942-05-01"), ("Asia/Manila", "1990-05-21"), ("Asia/Shanghai", "1986-05-04"),
    ("Asia/Tokyo", "1950-05-07"), ("Asia/Colombo", "1996-10-26"), ("Asia/Dhaka", "2009-06-19"),
    ("Asia/Karachi", "2008-06-01"), ("Asia/Hong_Kong", "1946-12-01"), ("Asia/Ulaanbaatar", "2017-03-25"),
    ("Pacific/Chatham", "2019-09-29"), ("Pacific/Chatham", "2020-04-05"), ("Pacific/Auckland", "2019-09-29"),
    ("Pacific/Norfolk", "2015-10-04"), ("Pacific/Norfolk", "2019-10-06"), ("Pacific/Tongatapu", "2016-11-06"),
    ("Pacific/Fiji", "2009-11-29"), ("Pacific/Easter", "2019-09-07"), ("Pacific/Guam", "1969-01-26"),
    ("Pacific/Bougainville", "2014-12-28"), ("Pacific/Marquesas", "2020-01-01"), ("Australia/Eucla", "2008-10-26"),
    ("Etc/GMT+12", "2020-02-28"), ("UTC", "1999-12-31"), ("UTC", "2100-02-28"), ("EST5EDT", "1975-02-23"),
]

DAY = 86400


def first(low, high, holds):
    """The first of a range for which something holds, that does for all after it too; else the range's end."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


class Calendar:
    def __init__(self, rng, zone, around):
        self.zone = ZoneInfo(zone)
        self.zone_name = zone
        self.first = around - timedelta(days=rng.randint(4, 12))
        self.days = rng.randint(14, 28)
        self.next_opening = rng.random() < 0.3
        self.hours = [self.random_hours(rng) for _ in range(rng.randint(1, 10))]
        self.dates = []
        for _ in range(rng.randint(0, 6)):
            # Half of them right where the clocks change.
            spread = 2 if rng.random() < 0.5 else self.days
            on = around + timedelta(days=rng.randint(-spread, spread))
            yearly = rng.random() < 0.4
            if yearly:
                try:
                    on = on.replace(year=on.year + rng.randint(-3, 3))
                except ValueError:
                    pass
            self.dates.append((on, yearly) + (self.random_window(rng) if rng.random() < 0.6 else (None, None)))
        self.paint()

    @staticmethod
    def random_window(rng):
        """Opening and closing in seconds of the day; closing may be 24:00."""
        step = rng.choice([1, 60, 900, 1800, 3600, 3600])
        opens = rng.choice([0, 9 * 3600, rng.randrange(0, DAY, step), rng.randrange(0, 4 * 3600, step)])
        closes = rng.choice([0, DAY, 17 * 3600, opens, rng.randrange(0, DAY, step), rng.randrange(0, 4 * 3600, step)])
        return opens, closes

    def random_hours(self, rng):
        opens, closes = self.random_window(rng)
        valid = [None, None]
        if rng.random() < 0.25:
            valid[0] = self.first + timedelta(days=rng.randint(0, self.days))
        if rng.random() < 0.25:
            valid[1] = (valid[0] or self.first) + timedelta(days=rng.randint(1, self.days))
        return rng.randint(1, 7), opens, closes, valid[0], valid[1]

    def instant(self, day, seconds):
        """Seconds since 1970 of a local time."""
        local = datetime.combine(day, time()) + timedelta(seconds=seconds)
        return round((local.replace(tzinfo=self.zone, fold=0) - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds())

    def windows(self, day, rows):
        for opens, closes in rows:
            yield self.instant(day, opens), self.instant(day, closes if closes > opens else closes + DAY)

    def exception(self, day):
        """The windows of an exception on this date, or None if it is none."""
        rows = [r for r in self.dates if not r[1] and r[0] == day]
        rows = rows or [r for r in self.dates if r[1] and (r[0].month, r[0].day) == (day.month, day.day)]
        return [(r[2], r[3]) for r in rows if r[2] is not None] if rows else None

    def paint(self):
        all_days = [self.first + timedelta(days=i) for i in range(-4, self.days + 5)]
        self.base = self.instant(all_days[0], 0)
        self.open = bytearray(self.instant(all_days[-1], 0) - self.base)
        exceptions = {d: self.exception(d) for d in all_days}
        for d in all_days[:-1]:
            if self.instant(d, 0) == self.instant(d + timedelta(days=1), 0):
                exceptions[d] = None
                continue                                # a date that the zone skipped
            weekly = [h[1:3] for h in self.hours if h[0] == d.isoweekday()
                      and (h[3] is None or d >= h[3]) and (h[4] is None or d < h[4])]
            self.fill(self.windows(d, weekly), 1)
        closed = [(self.instant(d, 0), self.instant(d + timedelta(days=1), 0), d) for d in all_days[:-1]
                  if exceptions[d] is not None]
        self.fill([(a, b) for a, b, d in closed], 0)
        for own in all_days[:-1]:
            for start, end in self.windows(own, exceptions[own] or []):
                special = bytearray(max(0, end - start))
                special[:] = b"\1" * len(special)
                for a, b, d in closed:
                    a, b = max(a, start), min(b, end)
                    if d != own and a < b:
                        special[a - start:b - start] = bytes(b - a)
                for i in spans(special):
                    self.fill([(start + i[0], start + i[1])], 1)

    def fill(self, spans_, value):
        for start, end in spans_:
            start, end = max(start - self.base, 0), min(end - self.base, len(self.open))
            if start < end:
                self.open[start:end] = bytes([value]) * (end - start)

    # The answers.  Instants are seconds since self.base.

    def elapsed(self, a, b):
        return self.open.count(1, a, b) if a <= b else -self.open.count(1, b, a)

    def deadline(self, start, budget):
        """None if it is not within what is painted."""
        if budget > 0:
            if self.elapsed(start, len(self.open)) < budget:
                return None
            at = first(start, len(self.open) + 1, lambda t: self.elapsed(start, t) >= budget)
        elif budget < 0:
            if self.elapsed(0, start) < -budget:
                return None
            at = first(0, start, lambda t: self.elapsed(0, t) > self.elapsed(0, start) + budget) - 1
        else:
            at = start
        if self.next_opening and not (at < len(self.open) and self.open[at]):
            at = self.open.find(1, at)
        return at if 0 <= at < len(self.open) - 3 * DAY else None

    def local_date(self, at):
        return datetime.fromtimestamp(self.base + at, timezone.utc).astimezone(self.zone)

    def is_working(self, day):
        return self.open.count(1, self.instant(day, 0) - self.base,
                               self.instant(day + timedelta(days=1), 0) - self.base) > 0

    def days_deadline(self, at, days, end_of_day):
        local = self.local_date(at)
        day, step = local.date(), 1 if days > 0 else -1
        if days == 0 and not end_of_day:
            return at
        while days != 0:
            day += timedelta(days=step)
            if not self.first <= day < self.first + timedelta(days=self.days):
                return None
            days -= step if self.is_working(day) else 0
        seconds = local.hour * 3600 + local.minute * 60 + local.second
        return self.instant(day, DAY if end_of_day else seconds) - self.base

    def next_opening_after(self, at):
        i = self.open.find(b"\0\1", at)
        return i + 1 if i >= 0 else None

    def next_closing_after(self, at):
        i = self.open.find(b"\1\0", at)
        return i + 1 if i >= 0 else None


def spans(painted):
    at = painted.find(1)
    while at >= 0:
        end = painted.find(0, at)
        end = len(painted) if end < 0 else end
        yield at, end
        at = painted.find(1, end)


def clock(seconds):
    return "%02d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60)


def row(*values):
    return "\t".join("\\N" if v is None else str(v) for v in values)


def questions(rng, name, cal):
    inside = (4 * DAY, len(cal.open) - 5 * DAY)
    edges = [i for span in spans(cal.open) for i in span]

    def instant(at):
        return None if at is None else cal.base + at

    def some():
        if edges and rng.random() < 0.5:
            return min(max(rng.choice(edges) + rng.choice([-1, 0, 0, 1]), inside[0]), inside[1])
        return rng.randint(*inside)

    for _ in range(12):
        a, b = some(), some()
        yield row(name, "elapsed", instant(a), instant(b), None, None, cal.elapsed(a, b))
        budget = rng.choice([0, 3600, 8 * 3600, rng.randint(-100000, 400000), cal.elapsed(a, b)])
        yield row(name, "deadline", instant(a), None, budget, None, instant(cal.deadline(a, budget)))
        days, landing = rng.randint(-6, 8), rng.choice(["same_time", "end_of_day"])
        yield row(name, "days_deadline", instant(a), None, days, landing,
                  instant(cal.days_deadline(a, days, landing == "end_of_day")))
        yield row(name, "is_open", instant(a), None, None, None, cal.open[a])
        yield row(name, "next_opening", instant(a), None, None, None, instant(cal.next_opening_after(a)))
        yield row(name, "next_closing", instant(a), None, None, None, instant(cal.next_closing_after(a)))
    a, b = inside
    listed = [(max(s, a), min(e, b)) for s, e in spans(cal.open) if e > a and s < b]
    yield row(name, "windows", instant(a), instant(b), None, None,
              " ".join("%d-%d" % (instant(s), instant(e)) for s, e in listed))


def main():
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 2026)
    calendars = {}
    for i, (zone, around) in enumerate(ODD):
        while True:
            cal = Calendar(rng, zone, date.fromisoformat(around))
            if cal.open.count(1) > 0:                   # one without hours is an error, tested elsewhere
                break
        calendars["c%d" % i] = cal

    print("COPY service_policy.calendar (name, time_zone, deadline_at_close) FROM stdin;")
    for name, cal in calendars.items():
        print(row(name, cal.zone_name, "next_opening" if cal.next_opening else "closing"))
    print("\\.\nCOPY service_policy.calendar_hours (calendar, weekday, opens, closes, valid_from, valid_to) FROM stdin;")
    for name, cal in calendars.items():
        for weekday, opens, closes, valid_from, valid_to in cal.hours:
            print(row(name, weekday, clock(opens), clock(closes), valid_from, valid_to))
    print("\\.\nCOPY service_policy.calendar_date (calendar, on_date, yearly, opens, closes) FROM stdin;")
    for name, cal in calendars.items():
        for on, yearly, opens, closes in cal.dates:
            print(row(name, on, yearly, *(None if t is None else clock(t) for t in (opens, closes))))
    print("\\.\nCREATE TABLE question (calendar text, what text, a bigint, b bigint, n int, landing text, expected text);")
    print("COPY question FROM stdin;")
    for name, cal in calendars.items():
        for line in questions(rng, name, cal):
            if not line.endswith("\\N"):                # the answer is beyond what was painted
                print(line)
    print("\\.")


if __name__ == "__main__":
    main()
