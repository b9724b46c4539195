"""What the Python clients share: when things happened, and lines for ../run."""
import json
from datetime import datetime, timezone


def march(day, hour=10):
    return datetime(2026, 3, day, hour, tzinfo=timezone.utc)


IN_TIME = dict(delivered_at=march(1), asked_at=march(9))
LATE = dict(delivered_at=datetime(2026, 1, 10, 12, tzinfo=timezone.utc), asked_at=march(9))


def chain(error):
    while error:
        yield f"{type(error).__module__}.{type(error).__qualname__}"
        error = error.__cause__


def report(step, pid, error=None, **what):
    print(json.dumps(dict(step=step, pid=pid, error=" > ".join(chain(error)), **what)))
