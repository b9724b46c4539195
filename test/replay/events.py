#!/usr/bin/env python3
"""The UCI incident event log: read it, or print it as the statements that an application would make.

    events.py LOG [LIMIT]    an EXECUTE for each event, for prepare.sql; in transactions of 100
"""
import csv
import lzma
import sys


def read(path, limit=None):
    """The rows of the log in the order of event_no, empty values as None; limit counts incidents."""
    with lzma.open(path, "rt", encoding="utf-8", newline="") as log:
        rows = [{k: v or None for k, v in row.items()} for row in csv.DictReader(log)]
    rows.sort(key=lambda row: int(row["event_no"]))
    if limit is not None:
        kept = set(sorted({row["number"] for row in rows})[:limit])
        rows = [row for row in rows if row["number"] in kept]
    return rows


def literal(value):
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def statement(row, is_first):
    changing = ["incident_state", "sys_updated_at", "priority", "contact_type", "category",
                "assignment_group", "assigned_to", "caller_id"]
    columns = ["number"] + (["opened_at"] if is_first else []) + changing
    name = "open_incident" if is_first else "change_incident"
    return f"EXECUTE {name}({', '.join(literal(row[c]) for c in columns)});"


def main():
    limit = int(sys.argv[2]) if len(sys.argv) > 2 else None
    seen = set()
    print("BEGIN;")
    for done, row in enumerate(read(sys.argv[1], limit), 1):
        print(statement(row, row["number"] not in seen))
        seen.add(row["number"])
        if done % 100 == 0:
            print("COMMIT; BEGIN;")
    print("COMMIT;")


if __name__ == "__main__":
    main()
