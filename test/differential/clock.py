"""Clocks by listing what was so and when: random policies and histories, and the right clocks.

Independent of the extension: nothing is stepped through.  For each metric the moments at which a clock is open are told
from the whole history, cut into cycles, and measured by intersecting them with every opening of the calendar, which
come from Python's datetime and zoneinfo in whole microseconds.

    clock.py CASES CLOCKS [SEED [NUMBER]]    writes the cases for clock.c, and the clocks that it should print
"""

import random
import sys
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
USEC = timedelta(microseconds=1)
HOUR = 3600 * 10**6
DAY = 24 * HOUR
FIRST, LAST = date(2025, 12, 20), date(2026, 8, 1)

STATES = ["open", "pending", "on_hold", "resolved", "closed", "void"]
OVER = {"resolved", "closed"}
METRICS = ["first_response", "next_response", "periodic_update", "resolution", "closure", "ownership", "hold"]
RANK = {"asked": 0, "responded": 1, "changed": 2, "left": 2}

# Zones whose clocks change within the months that are looked at, or never.
ZONES = ["Europe/Lisbon", "America/New_York", "Australia/Sydney", "Asia/Kathmandu", "Africa/Casablanca", "UTC"]


def usec(moment):
    return (moment - EPOCH) // USEC


class Calendar:
    """Every opening of some months, as intervals of UTC in order that do not touch."""

    def __init__(self, rng, number):
        self.number = number
        self.zone = ZoneInfo(rng.choice(ZONES))
        self.next_opening = rng.random() < 0.3
        self.hours = []
        for weekday in sorted(rng.sample(range(1, 8), rng.randint(2, 6))):
            opens = rng.choice([0, 8, 9, 22]) * HOUR + rng.choice([0, 0, HOUR // 2])
            self.hours.append((weekday, opens, opens + rng.choice([4, 8, 8, 10]) * HOUR))
        self.closed = {FIRST + timedelta(days=rng.randrange(220)) for _ in range(rng.choice([0, 3, 12]))}
        self.openings = self.list_openings()
        self.days = {}

    def instant(self, day, time_of_day):
        local = datetime.combine(day, datetime.min.time()) + timedelta(microseconds=time_of_day)
        return usec(local.replace(tzinfo=self.zone, fold=0))

    def list_openings(self):
        days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days)]
        found = sorted((self.instant(day, opens), self.instant(day, closes))
                       for day in days for weekday, opens, closes in self.hours if day.isoweekday() == weekday)
        joined = []
        for opens, closes in found:
            if joined and opens <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(closes, joined[-1][1]))
            elif opens < closes:
                joined.append((opens, closes))
        for day in self.closed:
            a, b = self.instant(day, 0), self.instant(day, DAY)
            joined = [part for opens, closes in joined for part in ((opens, min(closes, a)), (max(opens, b), closes))
                      if part[0] < part[1]]
        return joined

    def elapsed(self, start, end):
        return sum(max(0, min(end, closes) - max(start, opens)) for opens, closes in self.openings)

    def deadline(self, start, budget):
        at = start
        for opens, closes in self.openings:
            if budget <= 0:
                break
            spent = max(0, closes - max(opens, start))
            at = max(opens, start) + min(budget, spent) if spent else at
            budget -= min(budget, spent)
        if self.next_opening and not any(opens <= at < closes for opens, closes in self.openings):
            at = min(opens for opens, _ in self.openings if opens >= at)
        return at

    def is_working(self, day):
        if day not in self.days:
            self.days[day] = self.elapsed(self.instant(day, 0), self.instant(day + timedelta(days=1), 0)) > 0
        return self.days[day]

    def working_days(self, start, count, end_of_day):
        """So many working days as business time."""
        if not end_of_day and not any(opens <= start < closes for opens, closes in self.openings):
            start = min(opens for opens, _ in self.openings if opens > start)
        local = (EPOCH + start * USEC).astimezone(self.zone)
        day = local.date()
        for _ in range(count):
            day += timedelta(days=1)
            while not self.is_working(day):
                day += timedelta(days=1)
        time_of_day = (local.replace(tzinfo=None) - datetime.combine(local.date(), datetime.min.time())) // USEC
        return self.elapsed(start, self.instant(day, DAY if end_of_day else time_of_day))

    def changes(self):
        """When the offset changes, by asking for each hour."""
        moments = [EPOCH.replace(year=2025, month=12) + timedelta(hours=n) for n in range(24 * 300)]
        offsets = [(usec(m), m.astimezone(self.zone).utcoffset() // USEC) for m in moments]
        return offsets[0][1], [now for before, now in zip(offsets, offsets[1:]) if before[1] != now[1]]

    def line(self):
        offset, changes = self.changes()
        words = ["calendar", int(self.next_opening), offset, len(changes)]
        words += [word for change in changes for word in change] + [len(self.hours)]
        words += [word for hours in self.hours for word in hours] + [len(self.closed)]
        for day in sorted(self.closed):
            words += [(day - date(2000, 1, 1)).days, 0, 0, 0, 0]
        return " ".join(map(str, words))


class AroundTheClock:
    number = -1

    @staticmethod
    def elapsed(start, end):
        return end - start

    @staticmethod
    def deadline(start, budget):
        return start + budget


class Policy:
    """Benchmarks of one metric: the first counts where no other's priority is the ticket's."""

    def __init__(self, rng, calendars):
        self.metric = rng.choice(METRICS + ["next_response", "periodic_update"])
        self.stop_on = set(rng.sample(STATES[1:5], rng.randint(1, 3))) if rng.random() < 0.2 else set()
        self.start_on = set()
        by_message = self.metric in ("next_response", "periodic_update")
        if self.metric == "hold":
            self.stop_on = self.stop_on or {"resolved"}
        ends = self.stop_on or ({"closed"} if self.metric == "closure" else OVER)
        if self.metric == "hold" or (rng.random() < 0.15 and (self.stop_on or not by_message)):
            self.start_on = set(rng.sample(sorted(set(STATES[:5]) - ends), 1))
        self.ends = ends
        self.by_states = bool(self.stop_on) and (self.metric in ("periodic_update", "ownership") or
                                                 self.metric == "next_response" and bool(self.start_on))
        self.resume = rng.random() < 0.5
        self.hears_replies = not self.stop_on and (self.metric == "first_response" or by_message)
        priorities = rng.choice([[None], [None], [None, "urgent"], [None, "low", "urgent"]])
        # One that matches now and then: only where reopening means no cycle, so that the last match says all.
        self.unmatched = len(priorities) == 1 and not by_message and self.metric != "first_response" \
            and self.resume and not self.start_on and rng.random() < 0.5
        if self.unmatched:
            priorities = ["low"]
        self.benchmarks = [self.benchmark(rng, calendars, priority) for priority in priorities]

    def benchmark(self, rng, calendars, priority):
        calendar = rng.choice(calendars)
        days = calendar.number >= 0 and rng.random() < 0.3
        return {"calendar": calendar, "priority": priority,
                "target": 0 if days else rng.randint(1, 80) * HOUR // rng.choice([1, 4, 7]),
                "days": rng.randint(1, 5) if days else 0, "end_of_day": rng.random() < 0.5,
                "at_risk": rng.choice([250000, 750000, 333333, 1000000]),
                "pause_on": set(rng.sample(sorted(set(STATES[:5]) - self.ends - {"open"}), 1)) if
                rng.random() < 0.6 and set(STATES[1:5]) - self.ends else set()}

    def best(self, priority):
        fitting = [n for n, b in enumerate(self.benchmarks) if b["priority"] == priority and priority is not None]
        return fitting[0] if fitting else None if self.unmatched else 0

    def lines(self):
        for b in self.benchmarks:
            sets = [sum(1 << STATES.index(s) for s in states) for states in (self.start_on, self.stop_on, b["pause_on"])]
            yield " ".join(map(str, ["benchmark", b["calendar"].number, b["target"], b["days"], int(b["end_of_day"]),
                                     b["at_risk"], *sets, int(self.resume), b["priority"] or "-"]))


def history(rng):
    """Events as dicts, in order, an opening first; their times come at hours, at odd instants and all at once."""
    opened = usec(datetime(2026, 3, 1, tzinfo=timezone.utc)) + rng.randrange(40 * 24) * HOUR
    at, events = opened, []
    for number in range(rng.randint(0, 14)):
        step = rng.choice([0, 0, rng.randrange(1, 12) * HOUR, rng.randrange(1, 90) * HOUR, rng.randrange(30 * HOUR)])
        at += step if rng.random() < 0.95 else -5 * HOUR
        kind = rng.choice(["asked", "asked", "responded", "responded", "changed", "changed", "changed", "left"])
        event = {"kind": kind, "at": at, "number": number}
        if kind in ("changed", "left"):
            event.update(state="void" if kind == "left" else rng.choice(STATES[:5] * 2 + STATES),
                         owned=rng.random() < 0.5, priority=rng.choice([None, "low", "low", "urgent"]))
        events.append(event)
    events.sort(key=lambda e: (e["at"], RANK[e["kind"]], e["number"]))
    first = {"kind": "opened", "at": opened, "owned": rng.random() < 0.2,
             "state": rng.choice(["open"] * 8 + STATES), "priority": rng.choice([None, "low", "low", "urgent"])}
    return opened, [first] + events


def moments(opened, events):
    """What holds from each event on."""
    known, out = {}, []
    for event in events:
        if "state" in event:
            known = {name: event[name] for name in ("state", "owned", "priority")}
        out.append({**known, "kind": event["kind"], "at": max(event["at"], opened), "own_time": event["at"]})
    return out


# Which moments are open.  A cycle is (first moment, its open moments, the moment that ends it or None, cancelled).

def follow_states(policy, story):
    """Cycles of a clock that goes by the ticket's states, its owner or its first reply."""
    matched = [policy.best(m["priority"]) is not None for m in story]
    if not any(matched):
        return
    first_match = matched.index(True)
    reply = len(story)
    if policy.metric == "first_response" and policy.hears_replies:
        reply = next((n for n, m in enumerate(story) if m["kind"] == "responded"), reply)

    def over(n):
        owned = policy.metric == "ownership" and not policy.stop_on and story[n]["owned"]
        return story[n]["state"] in policy.ends or owned

    open_at, first = set(), None
    for n, m in enumerate(story):
        may = m["state"] != "void" and (n >= first_match and matched[n] or n < first_match)
        starts = not policy.start_on or m["state"] in policy.start_on
        going_on = n - 1 in open_at and n - 1 < reply
        if may and n <= reply and (going_on or starts) and first is None and n < reply and (not over(n) or m["kind"] == "opened"):
            first = n
        if may and not over(n) and n < reply and (going_on or starts):
            open_at.add(n)
    if first is None:
        return
    # A first response happens once: what ends it other than cancelling is the end of all.
    runs, n = [], first
    while n < len(story):
        run = []
        while n in open_at:
            run.append(n)
            n += 1
        if run or n == first:
            end = n if n < len(story) else None
            cancelled = end is not None and (story[end]["state"] == "void" or
                                             end >= first_match and not matched[end])
            runs.append((run, end, cancelled))
            if policy.metric == "first_response" and end is not None and not cancelled:
                break
        n += 1
    resume = policy.resume or policy.metric == "first_response"
    if policy.metric == "periodic_update" and not policy.start_on:
        resume = policy.resume
    cycle = None
    for run, end, cancelled in runs:
        if cycle is not None and not resume and not cycle[3]:
            yield tuple(cycle)
            cycle = None
        if cycle is None:
            cycle = [run[0] if run else first, [], None, False]
        cycle[1] = cycle[1] + run
        cycle[2:] = [end, cancelled]
    yield tuple(cycle)


def follow_exchanges(policy, story, opened):
    """From each message that nobody had answered to the reply, or to the end of the ticket."""
    answers = [n for n, m in enumerate(story)
               if m["kind"] == "responded" and policy.hears_replies or
               n > 0 and m["state"] in policy.ends and story[n - 1]["state"] not in policy.ends]
    after = 0
    for asked, m in enumerate(story):
        if m["kind"] != "asked" or m["own_time"] <= opened or asked < after:
            continue
        answer = next((n for n in answers if n > asked), None)
        after = len(story) if answer is None else answer
        waits = [n for n in range(asked, after) if story[n]["state"] not in policy.ends | {"void"}]
        if not waits:
            continue
        end = waits[-1] + 1
        yield waits[0], waits, end if end < len(story) else None, end < after


def follow_updates(policy, story):
    """From reply to reply, as long as the ticket is neither over nor void."""
    live = [n for n, m in enumerate(story) if m["state"] not in policy.ends | {"void"}]
    cycles = []
    for n in live:
        if cycles:
            last = cycles[-1][-1]
            between = story[last + 1:n]
            replied = story[n]["kind"] == "responded" and last == n - 1 and story[n]["at"] > story[cycles[-1][0]]["at"]
            ended = last < n - 1 and story[last + 1]["state"] in policy.ends
            updated = last < n - 1 and any(m["kind"] == "responded" for m in between)
        if not cycles or replied or ended or updated:
            cycles.append([])
        cycles[-1].append(n)
    for cycle, after in zip(cycles, cycles[1:] + [None]):
        end = cycle[-1] + 1
        if end == len(story):
            end = None
        yield cycle[0], cycle, end, end is not None and story[end]["state"] == "void"


# What they come to.

def used_up(calendar, stretches, budget, stays):
    """When a budget is used up by stretches of running, the last of which may go on."""
    counted = 0
    for number, (start, end) in enumerate(stretches):
        at = calendar.deadline(start, budget - counted) if calendar.number >= 0 else start + budget - counted
        if at <= end or stays and number == len(stretches) - 1:
            return at
        counted += calendar.elapsed(start, end)
    return None


def measure(policy, story, cycle):
    first, open_at, end, cancelled = cycle
    last = open_at[-1] if open_at else first
    touched = last if end is None else end
    which = policy.best(story[touched]["priority"])
    if which is None:
        which = 0
    b = policy.benchmarks[which]
    calendar, started = b["calendar"], story[first]["at"]
    target = calendar.working_days(started, b["days"], b["end_of_day"]) if b["days"] else b["target"]

    stretches, paused_at, counted_from = [], None, None
    for n in open_at:
        start = story[n]["at"]
        until = story[n + 1]["at"] if n + 1 < len(story) else start
        fresh = n - 1 not in open_at or n == first
        if story[n]["state"] in b["pause_on"]:
            if fresh:
                stretches.append([start, start])
            if fresh or counted_from is not None:
                paused_at, counted_from = start, None
        elif fresh or counted_from is None:
            stretches.append([start, until])
            counted_from, paused_at = start, None
        else:
            stretches[-1][1] = until
    if not open_at:
        stretches, counted_from = [[started, started]], started
    running = counted_from is not None
    elapsed = sum(calendar.elapsed(*s) for s in stretches)
    if end is None:
        state = "running" if running else "paused"
        upto = counted_from if running else paused_at
    else:
        nothing = policy.metric == "periodic_update" and not policy.by_states and story[end]["at"] == started
        state = "cancelled" if cancelled or nothing else "missed" if elapsed > target else "met"
        upto = story[end]["at"]
    if end is None and running:
        elapsed -= calendar.elapsed(*stretches[-1])
    due = used_up(calendar, stretches, target, running)
    risk = used_up(calendar, stretches, target * b["at_risk"] // 10**6, running)
    return (which, state, started, target, elapsed, calendar.elapsed(started, upto) - elapsed,
            counted_from if state == "running" else None, paused_at if state == "paused" else None,
            upto if end is not None else None, due, risk)


def clocks(policy, opened, events):
    story = moments(opened, events)
    if policy.metric == "next_response" and not policy.by_states:
        cycles = follow_exchanges(policy, story, opened)
    elif policy.metric == "periodic_update" and not policy.by_states:
        cycles = follow_updates(policy, story)
    else:
        cycles = follow_states(policy, story)
    return [measure(policy, story, cycle) for cycle in cycles]


def write_case(out, policy, opened, events):
    print("case", policy.metric, opened, len(policy.benchmarks), len(events), file=out)
    for line in policy.lines():
        print(line, file=out)
    for event in events:
        print("event", event["kind"], event["at"], STATES.index(event.get("state", "open")),
              int(event.get("owned", False)), event.get("priority") or "-", file=out)


def main():
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 2026)
    calendars = [Calendar(rng, number) for number in range(12)] + [AroundTheClock] * 2
    with open(sys.argv[1], "w") as cases, open(sys.argv[2], "w") as out:
        for calendar in calendars[:12]:
            print(calendar.line(), file=cases)
        for _ in range(int(sys.argv[4]) if len(sys.argv) > 4 else 6000):
            policy = Policy(rng, calendars)
            opened, events = history(rng)
            write_case(cases, policy, opened, events)
            print("case", file=out)
            for cycle, clock in enumerate(clocks(policy, opened, events), 1):
                print(cycle, *("-" if v is None else v for v in clock), file=out)


if __name__ == "__main__":
    main()
