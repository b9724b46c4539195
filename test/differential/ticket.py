"""Tickets that live through random histories, and the clocks that the tables should hold: clock.py, through a server.

    ticket.py SQL CLOCKS [SEED]    writes SQL that loads calendars and policies, attaches tables and writes their rows in
    the order in which things happen; and the clocks, a line each, as ticket.sql selects them
"""

import json
import random
import sys

from clock import EPOCH, HOUR, METRICS, STATES, USEC, AroundTheClock, Calendar, Policy, clocks, history

DESKS, TICKETS = 4, 90


def literal(value):
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def at(usec):
    return literal((EPOCH + usec * USEC).strftime("%Y-%m-%d %H:%M:%S.%f+00"))


def time_of_day(usec):
    return "%02d:%02d" % (usec // HOUR % 24, usec % HOUR // (HOUR // 60))


def load_calendar(out, calendar):
    name = f"c{calendar.number}"
    print(f"INSERT INTO service_policy.calendar (name, time_zone, deadline_at_close) VALUES ({literal(name)}, "
          f"{literal(calendar.zone.key)}, '{'next_opening' if calendar.next_opening else 'closing'}');", file=out)
    for weekday, opens, closes in calendar.hours:
        print(f"INSERT INTO service_policy.calendar_hours (calendar, weekday, opens, closes) VALUES "
              f"({literal(name)}, {weekday}, '{time_of_day(opens)}', '{time_of_day(closes)}');", file=out)
    for day in sorted(calendar.closed):
        print(f"INSERT INTO service_policy.calendar_date (calendar, on_date) VALUES ({literal(name)}, '{day}');", file=out)


def benchmark(policy, number):
    b = policy.benchmarks[number]
    entry = {"name": f"{policy.metric}_{number}", "metric": policy.metric, "at_risk": b["at_risk"] / 10**6}
    if b["days"]:
        entry.update(target=f"{b['days']} working days", landing="end_of_day" if b["end_of_day"] else "same_time")
    else:
        entry["target"] = "%d:%02d:%02d.%06d" % (b["target"] // HOUR, b["target"] // (HOUR // 60) % 60,
                                                 b["target"] // 10**6 % 60, b["target"] % 10**6)
    if b["calendar"].number >= 0:
        entry["calendar"] = f"c{b['calendar'].number}"
    if b["priority"]:
        entry["when"] = {"priority": [b["priority"]]}
    for key, states in (("start_on", policy.start_on), ("stop_on", policy.stop_on), ("pause_on", b["pause_on"])):
        if states:
            entry[key] = sorted(states)
    if policy.by_states or policy.metric not in ("next_response", "periodic_update"):
        entry["reopen"] = "resume" if policy.resume else "new_cycle"
    return entry


def policies(rng, calendars):
    """One for each metric."""
    found = {}
    while len(found) < len(METRICS):
        policy = Policy(rng, calendars)
        if policy.metric == "periodic_update" and policy.by_states and not policy.start_on:
            policy.resume = False
        found.setdefault(policy.metric, policy)
    return found


def row(event):
    return [literal(event["state"]), literal("ana" if event["owned"] else None), literal(event["priority"])]


def statements(rng, desk, ticket, events):
    for event in events:
        if event["kind"] == "opened":
            yield (f"INSERT INTO ticket{desk} VALUES ({ticket}, {', '.join(row(event))}, "
                   f"{at(event['at'])}, {at(event['at'])});")
        elif event["kind"] == "changed":
            state, agent, priority = row(event)
            yield (f"UPDATE ticket{desk} SET status = {state}, agent = {agent}, priority = {priority}, "
                   f"updated_at = {at(event['at'])} WHERE id = {ticket};")
        else:
            author = "customer" if event["kind"] == "asked" else "agent"
            yield f"INSERT INTO message{desk} VALUES ({ticket}, {literal(author)}, true, {at(event['at'])});"
        if rng.random() < 0.2:
            author, public = rng.choice([("agent", "false"), ("customer", "false"), ("system", "true")])
            yield f"INSERT INTO message{desk} VALUES ({ticket}, {literal(author)}, {public}, {at(event['at'])});"


def main():
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 2027)
    calendars = [Calendar(rng, number) for number in range(8)]
    with open(sys.argv[1], "w") as out, open(sys.argv[2], "w") as expected:
        for calendar in calendars:
            load_calendar(out, calendar)
        for desk in range(DESKS):
            by_metric = policies(rng, calendars + [AroundTheClock])
            document = {"policy": f"desk{desk}", "benchmarks": [
                benchmark(p, n) for p in by_metric.values() for n in range(len(p.benchmarks))]}
            print(f"SELECT create_desk({desk}, {literal(json.dumps(document))});", file=out)
            for ticket in range(TICKETS):
                opened, events = history(rng)
                events[0]["state"] = "open"
                for event in events:
                    if event["kind"] == "left":
                        event["kind"] = "changed"
                lines = list(statements(rng, desk, ticket, events))
                if rng.random() < 0.3:
                    lines = ["BEGIN;", *lines, "COMMIT;"]
                print(*lines, sep="\n", file=out)
                for metric, policy in sorted(by_metric.items()):
                    for cycle, (which, *values) in enumerate(clocks(policy, opened, events), 1):
                        print(desk, ticket, metric, cycle, f"{metric}_{which}",
                              *("-" if v is None else v for v in values), file=expected)


if __name__ == "__main__":
    assert set(STATES) == {"open", "pending", "on_hold", "resolved", "closed", "void"}
    main()
