"""What fires of a chain and when, by counting minutes.

Independent of the extension: every minute of some months is open or not, and a level fires when so many of the open
ones have gone by.  All instants are whole minutes, so nothing falls between.

    escalation.py CASES FIRINGS [SEED [NUMBER]]    writes the cases for escalation.c, and what it should print
"""

import random
import sys
from bisect import bisect_left

from clock import DAY, HOUR, Calendar, usec, datetime, timezone

MINUTE = HOUR // 60
AT_SHARE, BY_DEADLINE, ON_REOPENED, ON_UNANSWERED = range(4)


class Minutes:
    """The minutes of a calendar, or all of them."""

    def __init__(self, calendar):
        self.number = calendar.number if calendar else -1
        self.next_opening = calendar.next_opening if calendar else False
        self.open = [m for opens, closes in calendar.openings for m in range(opens // MINUTE, closes // MINUTE)] if calendar else None
        self.is_open = set(self.open or ())

    def hours(self, at):
        """This minute, if it is open, or the next that is."""
        return at if at in self.is_open else self.open[bisect_left(self.open, at)]

    def after(self, start, count):
        """When so many open minutes have gone by since the start, or were still to come before it."""
        if self.open is None:
            return start + count
        here = bisect_left(self.open, start)
        if count > 0:
            end = self.open[here + count - 1] + 1
        elif count < 0:
            end = self.open[here + count]
        else:
            end = start
        return self.hours(end) if self.next_opening and count >= 0 else end


class Level:
    def __init__(self, rng, number):
        self.number = number
        self.trigger = rng.choice([AT_SHARE] * 4 + [BY_DEADLINE] * 4 + [ON_REOPENED, ON_UNANSWERED])
        self.share = rng.choice([10, 25, 50, 75, 100, 100, 150, 400])
        self.offset = rng.choice([-90, -30, -1, 0, 1, 45, 240, 3000])
        self.count = rng.randint(1, 4)
        self.around_the_clock = rng.random() < 0.4
        self.times = rng.choice([1, 1, 2, 5])
        self.every = rng.choice([1, 30, 60, 480, 1440])
        self.wait_for_hours = rng.random() < 0.4
        self.unless_acknowledged = rng.random() < 0.3

    def line(self):
        return " ".join(map(str, ("level", self.number, self.trigger, self.share * 10000, self.offset * MINUTE, self.count, int(self.around_the_clock),
                                  self.times, self.every * MINUTE, int(self.wait_for_hours), int(self.unless_acknowledged))))


class Case:
    def __init__(self, rng, minutes):
        self.minutes = minutes
        self.counted_from = usec(datetime(2026, 3, 1, tzinfo=timezone.utc)) // MINUTE + rng.randrange(40 * 1440)
        self.target = rng.choice([100, 200, 400, 1200])
        self.elapsed = rng.choice([0, 0, 50, 150, 500])
        self.due_at = minutes.after(self.counted_from, self.target - self.elapsed)
        self.imported_at = rng.choice([0, 0, 0, self.due_at, self.counted_from + 60])
        self.acknowledged = rng.random() < 0.3
        self.reopened, self.unanswered = rng.randrange(4), rng.randrange(4)
        self.reopened_at, self.unanswered_at = (self.counted_from + rng.randrange(600) for _ in range(2))
        numbers = sorted(rng.sample(range(1, 20), rng.randint(1, 5)))
        self.levels = [Level(rng, number) for number in numbers]

    def lines(self):
        instants = (self.minutes.number, self.counted_from * MINUTE, self.elapsed * MINUTE, self.target * MINUTE, self.due_at * MINUTE,
                    self.imported_at * MINUTE, int(self.acknowledged), self.reopened, self.reopened_at * MINUTE,
                    self.unanswered, self.unanswered_at * MINUTE, len(self.levels))
        yield " ".join(map(str, ("case",) + instants))
        yield from (level.line() for level in self.levels)

    def first(self, level):
        counted = {AT_SHARE: self.target * level.share // 100, BY_DEADLINE: self.target + level.offset}
        if level.trigger == BY_DEADLINE and level.around_the_clock:
            return self.due_at + level.offset
        if level.trigger in counted:
            return self.minutes.after(self.counted_from, counted[level.trigger] - self.elapsed)
        if level.trigger == ON_REOPENED:
            return self.reopened_at if self.reopened >= level.count else None
        return self.unanswered_at if self.unanswered >= level.count else None

    def times(self, level):
        """All the instants at which a level fires by itself."""
        at = self.first(level)
        if at is None or level.unless_acknowledged and self.acknowledged or self.imported_at and at < self.imported_at:
            return
        for occurrence in range(level.times):
            if occurrence:
                at = at + level.every if level.around_the_clock else self.minutes.after(at, level.every)
            if level.wait_for_hours and self.minutes.open is not None:
                at = self.minutes.hours(at)
            yield at

    def firings(self):
        """Climb: the earliest of what is left, of equals the lower, and never down."""
        left = [(at, level.number, n) for level in self.levels for n, at in enumerate(self.times(level), 1)]
        while left:
            at, number, n = min(entry for entry in left if entry[2] == min(other[2] for other in left if other[1] == entry[1]))
            yield number, n, at * MINUTE
            left = [entry for entry in left if entry[1] > number or entry[1] == number and entry[2] > n]


def main():
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 2026)
    calendars = [Calendar(rng, number) for number in range(12)]
    minutes = [Minutes(calendar) for calendar in calendars + [None]]
    with open(sys.argv[1], "w") as cases, open(sys.argv[2], "w") as out:
        for calendar in calendars:
            print(calendar.line(), file=cases)
        for _ in range(int(sys.argv[4]) if len(sys.argv) > 4 else 6000):
            case = Case(rng, rng.choice(minutes))
            print(*case.lines(), sep="\n", file=cases)
            print("case", file=out)
            for firing in case.firings():
                print(*firing, file=out)


if __name__ == "__main__":
    main()
