#!/usr/bin/env python3
"""What every clock of the incident log should say, computed from the raw events alone.

    oracle.py LOG CLOCKS [LIMIT]   writes the clocks to the CSV file CLOCKS and prints what it counted

It shares nothing with the extension but the policy and the calendars as they are written down: it lists
every opening of two years as an interval of UTC, and judges each incident when all its events are known,
sorted by time. Python's zone database and calendar arithmetic stand against PostgreSQL's.
"""
import csv
import json
import os
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import events

HERE = os.path.dirname(os.path.abspath(__file__))
ZONE = ZoneInfo("America/Sao_Paulo")
FIRST, LAST = date(2016, 1, 1), date(2018, 1, 1)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)

STATES = {"New": "open", "Active": "open", "Awaiting User Info": "pending", "Awaiting Problem": "on_hold",
          "Awaiting Vendor": "on_hold", "Awaiting Evidence": "on_hold", "Resolved": "resolved", "Closed": "closed"}
STOPS = {"first_response": {"resolved", "closed"}, "resolution": {"resolved", "closed"}, "closure": {"closed"}}
UNITS = {"minutes": 60, "hour": 3600, "hours": 3600}


def instant(local):
    """Microseconds of UTC of a local time; fold=0, and forward in a gap, as the design asks."""
    return (local.replace(tzinfo=ZONE, fold=0) - EPOCH) // MICROSECOND


def at_time(day, text):
    hours, minutes = map(int, text.split(":"))
    return instant(datetime.combine(day, datetime.min.time()) + timedelta(hours=hours, minutes=minutes))


def window(day, opens, closes):
    return at_time(day, opens), at_time(day if closes > opens else day + timedelta(days=1), closes)


def rows_of(name, calendar):
    with open(os.path.join(HERE, name), newline="") as file:
        return [row for row in csv.DictReader(file) if row["calendar"] == calendar]


class Calendar:
    """All openings of one calendar, as disjoint intervals in order, with the time open before each."""

    def __init__(self, name):
        weekly, dated = rows_of("hours.csv", name), rows_of("dates.csv", name)
        windows = []
        for day in (FIRST + timedelta(days=n) for n in range((LAST - FIRST).days)):
            # ISO dates compare as text; valid_to is the first day without.
            windows += [window(day, h["opens"], h["closes"]) for h in weekly
                        if int(h["weekday"]) == day.isoweekday()
                        and h["valid_from"] <= str(day) and (not h["valid_to"] or str(day) < h["valid_to"])]
        special = []
        for day in (FIRST + timedelta(days=n) for n in range((LAST - FIRST).days)):
            today = [d for d in dated if d["on_date"] == str(day)
                     or d["yearly"] == "true" and d["on_date"][5:] == str(day)[5:]]
            if today:
                windows = without(windows, window(day, "00:00", "24:00"))
                special += [window(day, d["opens"], d["closes"]) for d in today if d["opens"]]
        self.starts, self.ends, self.before = [], [], []
        open_so_far = 0
        for opens, closes in merged(windows + special):
            self.starts.append(opens)
            self.ends.append(closes)
            self.before.append(open_so_far)
            open_so_far += closes - opens

    def open_until(self, at):
        i = bisect_right(self.starts, at) - 1
        return 0 if i < 0 else self.before[i] + min(at, self.ends[i]) - self.starts[i]

    def elapsed(self, start, end):
        return self.open_until(end) - self.open_until(start)

    def deadline(self, start, budget):
        """The first instant by which the budget is used up."""
        needed = self.open_until(start) + budget
        i = bisect_left(self.before, needed) - 1
        return self.starts[i] + needed - self.before[i]

    @staticmethod
    def local_date(at):
        return (EPOCH + at * MICROSECOND).astimezone(ZONE).date()


class AroundTheClock:
    @staticmethod
    def elapsed(start, end):
        return end - start

    @staticmethod
    def deadline(start, budget):
        return start + budget

    @staticmethod
    def local_date(at):
        return (EPOCH + at * MICROSECOND).date()


def without(windows, hole):
    """The windows with what falls into the hole cut out."""
    kept = []
    for opens, closes in windows:
        kept += [(a, b) for a, b in ((opens, min(closes, hole[0])), (max(opens, hole[1]), closes)) if a < b]
    return kept


def merged(windows):
    out = []
    for opens, closes in sorted(windows):
        if closes <= opens:
            continue
        if out and opens <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], closes))
        else:
            out.append((opens, closes))
    return out


def best(benchmarks, metric, scenario):
    """Most conditions wins, then the earlier one: max() keeps the first of equals."""
    fitting = [b for b in benchmarks if b["metric"] == metric
               and all(scenario[name] in values for name, values in b.get("when", {}).items())]
    return max(fitting, key=lambda b: len(b.get("when", {})))


def history(rows, counts):
    """The states of one incident in order of time: (at, state, scenario), open from the opening on."""
    opened = instant(datetime.fromisoformat(rows[0]["opened_at"]))
    found, state, raw = [], "open", None
    for arrival, row in enumerate(rows, 1):
        scenario = {"priority": row["priority"][0], "channel": row["contact_type"], "category": row["category"],
                    "team": row["assignment_group"]}
        # A state that the map lacks is one issue, however often the row is written with it.
        if row["incident_state"] not in STATES and row["incident_state"] != raw:
            counts["unmapped_state"] += 1
        raw = row["incident_state"]
        state = STATES.get(row["incident_state"], state)
        at = instant(datetime.fromisoformat(row["sys_updated_at"]))
        if at < opened:
            counts["event_before_opening"] += 1
        if arrival == 1:
            found.append((opened, 0, "open", scenario))
        found.append((max(at, opened), arrival, state, scenario))
    found.sort(key=lambda event: event[:2])
    return [(at, state, scenario) for at, _, state, scenario in found]


def clocks(story, metric, benchmarks):
    """Each cycle of one metric: its benchmark and its part of the story.  All incidents end closed, so all stop."""
    cycles = []
    running = 0
    for now, (_, state, scenario) in enumerate(story):
        benchmark = best(benchmarks, metric, scenario)
        stops = benchmark.get("stop_on", STOPS[metric])
        if running is None and metric != "first_response" and state not in stops:
            # Reopened: another cycle starts, or the last one goes on.
            running = now if benchmark.get("reopen") == "new_cycle" else cycles.pop()[1]
        if running is not None and state in stops:
            cycles.append((benchmark, running, now))
            running = None
    return [(benchmark, story[first:last + 1]) for benchmark, first, last in cycles]


def measure(story, benchmark, calendar):
    """Elapsed and paused time, from state to state, and when the target is used up."""
    uncounted = set(benchmark.get("pause_on", ())) | STOPS[benchmark["metric"]]
    elapsed = paused = 0
    due, counting = None, True
    for (at, state, _), (until, _, _) in zip(story, story[1:]):
        counting = state not in uncounted
        spent = calendar.elapsed(at, until)
        if not counting:
            paused += spent
            continue
        if due is None and elapsed + spent >= target(benchmark):
            due = calendar.deadline(at, target(benchmark) - elapsed)
        elapsed += spent
    # One that stopped in time would have been due later, had it not; one that was paused, nobody knows when.
    if due is None and counting:
        due = calendar.deadline(story[-1][0], target(benchmark) - elapsed)
    return elapsed, paused, due


def target(benchmark):
    number, unit = benchmark["target"].split()
    return int(number) * UNITS[unit] * 1_000_000


def main():
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else None
    with open(os.path.join(HERE, "policy.json")) as file:
        benchmarks = json.load(file)["benchmarks"]
    calendars = {None: AroundTheClock, "desk": Calendar("desk"), "watch": Calendar("watch")}
    incidents, counts = {}, Counter()
    for row in events.read(sys.argv[1], limit):
        counts["events"] += 1
        incidents.setdefault(row["number"], []).append(row)
    counts["incidents"] = len(incidents)

    with open(sys.argv[2], "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow("number metric cycle benchmark outcome started started_on stopped stopped_on"
                     " elapsed paused due".split())
        for number, rows in incidents.items():
            story = history(rows, counts)
            states = [state for _, state, _ in story]
            counts["reopened"] += sum(a in STOPS["resolution"] and b not in STOPS["resolution"]
                                      for a, b in zip(states, states[1:]))
            for metric in STOPS:
                for cycle, (benchmark, part) in enumerate(clocks(story, metric, benchmarks), 1):
                    calendar = calendars[benchmark.get("calendar")]
                    elapsed, paused, due = measure(part, benchmark, calendar)
                    start, stop = part[0][0], part[-1][0]
                    outcome = "missed" if elapsed > target(benchmark) else "met"
                    counts[outcome] += 1
                    counts["paused"] += paused > 0
                    out.writerow([number, metric, cycle, benchmark["name"], outcome, start, calendar.local_date(start),
                                  stop, calendar.local_date(stop), elapsed, paused, due])
    print(", ".join(f"{counts[what]} {what}" for what in (
        "incidents", "events", "met", "missed", "paused", "reopened", "event_before_opening", "unmapped_state")))


if __name__ == "__main__":
    main()
