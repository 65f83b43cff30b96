"""What the audit log costs: writing an event with and without the chain, searching a long log, checking it.

    python benchmarks/audit.py [--rows 5000000] [--seconds 2] [--write]

Writing is measured turn about in one process: an event with the chain, the same without it, and the least that any log
could do, a row without indexes or guards, each in a transaction of its own. Searching gives each page's time on the long
log over the same on a hundredth of it. On SQLite, or on the PostgreSQL of FORESTALL_DATABASE_URL. ``--write`` puts the
result into ``docs/benchmarks/audit.md``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
#: Most that the chain may add to an event, as a ratio of the events a second without and with it.
LIMIT = 1.5
#: An act in the middle of a page's request: many people read much, few take away.
FILL = """
    INSERT INTO audit_event (at, actor_name, operation, act, record, recipient, reason, detail, address)
    WITH RECURSIVE n(i) AS (SELECT {start} UNION ALL SELECT i + 1 FROM n WHERE i < {end})
    SELECT {at}, 'user' || (i * 7919 % 4000),
        CASE i % 50 WHEN 0 THEN 'disclosure' WHEN 1 THEN 'alteration' ELSE 'consultation' END,
        CASE i % 50 WHEN 0 THEN 'export-signals' WHEN 1 THEN 'choose-language' ELSE 'read-signal' END,
        'signal:' || (i * 104729 % 60000), '', CASE i WHEN 17 THEN 'the needle' ELSE '' END, '{{"snapshot": "7f3a"}}',
        '10.0.0.1'
    FROM n
"""
AT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 1700000000 + i * 12, 'unixepoch') || '000'",
    "postgresql": "to_timestamp(1700000000 + i::bigint * 12)",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        from forestall.web import start

        start.configure(Path(scratch))
        start.prepare()
        text, ratio = measure(args.rows, args.seconds)
    print(text)
    if args.write:
        (ROOT / "docs" / "benchmarks" / "audit.md").write_text(page(text), encoding="utf-8")
    return 0 if ratio <= LIMIT else 1


def measure(rows: int, seconds: float) -> tuple[str, float]:
    """The tables as Markdown, and how many times slower an event is with the chain."""
    written, ratio = writing(seconds)
    checked = checking()
    few, many = searching(rows // 100), searching(rows)
    found = [f"| page of 50 | log of {rows // 100:,}, ms | log of {rows:,}, ms | ratio |", "|---|---|---|---|"]
    found += [f"| {name} | {few[name]:.1f} | {many[name]:.1f} | {many[name] / few[name]:.2f} |" for name in many]
    return "\n\n".join([written, checked, "\n".join(found)]), ratio


def writing(seconds: float, rounds: int = 7) -> tuple[str, float]:
    from django.db import connection, transaction

    from forestall.web.audit import sealing
    from forestall.web.audit.models import Operation
    from forestall.web.audit.trail import Trail

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bare (at text, who text, act text, record text, detail text)")
    trail, sealed = Trail.operator(), sealing.after_commit

    def event() -> None:
        with transaction.atomic():
            trail.record(Operation.CONSULTATION, "read-signal", "signal:0000000001", {"snapshot": "7f3a"})

    def bare() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO bare VALUES (%s, %s, %s, %s, %s)",
                ["2026-01-01 00:00:00", "operator", "read-signal", "signal:0000000001", '{"snapshot": "7f3a"}'],
            )

    def chained() -> None:
        sealing.after_commit = sealed
        event()

    def unchained() -> None:
        sealing.after_commit = lambda: None
        event()

    kinds = {"with the chain": chained, "without the chain": unchained, "a bare row": bare}
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, act in kinds.items():
            rates[name].append(rate(act, seconds / rounds))
        sealing.after_commit = sealed
        sealing.seal_pending()
    middle = {name: statistics.median(r) for name, r in rates.items()}
    ratios = [b / a for a, b in zip(rates["with the chain"], rates["without the chain"], strict=True)]
    lines = ["| an event in a transaction of its own | events a second | over a bare row |", "|---|---|---|"]
    lines += [f"| {name} | {r:,.0f} | {middle['a bare row'] / r:.2f} |" for name, r in middle.items()]
    ratio = statistics.median(ratios)
    lines += ["", f"The chain makes an event **{ratio:.2f}** times as slow (median of pairs; the limit is {LIMIT})."]
    return "\n".join(lines), ratio


def rate(act: Callable[[], None], seconds: float) -> float:
    """Calls a second."""
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        act()
        done += 1
    return done / (time.perf_counter() - started)


def checking(rows: int = 200_000) -> str:
    """Sealing and checking, beside reading the same rows and hashing them each alone."""
    import hashlib

    from django.db import connection

    from forestall.web.audit import checking, ledger, sealing

    fill(1, rows)
    sealed = taken(sealing.seal_pending)
    checked = taken(checking.check)

    def alone() -> None:
        for row in ledger.of_django(connection).events(0, 2**62):
            hashlib.sha256(repr(row).encode()).digest()

    peer = taken(alone)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_event")
        n = cursor.fetchone()[0]
    return (
        f"Sealing {rows:,} events that waited took {sealed:.1f} s. Checking {n:,} took {checked:.1f} s, "
        f"{n / checked:,.0f} a second: **{checked / peer:.2f}** times what reading the same rows and hashing each alone "
        "takes."
    )


def taken(act: Callable[[], Any]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def fill(start: int, end: int) -> None:
    """Events ``start`` to ``end``, twelve seconds apart, without the chain."""
    from django.db import connection, transaction

    for first in range(start, end + 1, 500_000):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FILL.format(start=first, end=min(end, first + 499_999), at=AT[connection.vendor]))


def searching(rows: int, repeats: int = 9) -> dict[str, float]:
    """name -> milliseconds of one page's queries, on a log of ``rows`` events."""
    from django.db import connection

    from forestall.web.audit import guards, selectors
    from forestall.web.audit.choice import Choice
    from forestall.web.audit.models import Event

    guards.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_anchor")
        cursor.execute("DELETE FROM audit_seal")
        cursor.execute("DELETE FROM audit_event")
    fill(1, rows)
    guards.install(connection)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    class Officer:
        def may(self, _: Any) -> bool:
            return True

    middle = Event.objects.order_by("-at", "-id")[rows // 2]
    key = selectors.Key(middle.at, middle.id)
    day = f"{middle.at:%Y-%m-%d}"
    pages: dict[str, tuple[dict[str, str], Any]] = {
        "the newest": ({}, None),
        "from the middle on": ({}, key),
        "of a person": ({"person": "user42"}, None),
        "of a person, from the middle on": ({"person": "user42"}, key),
        "of a record": ({"record": "signal:42"}, None),
        "of an act": ({"act": "choose-language"}, None),
        "of an operation, a day": ({"operation": "disclosure", "since": day, "until": day}, None),
        "of a person who did something rare": ({"person": "user50", "act": "export-signals"}, None),
        "words that are nowhere near": ({"text": "the needle"}, None),
        "words, and a record's beginning": ({"text": "7f3a", "record": "signal:4*"}, None),
    }
    out = {}
    for name, (boxes, older) in pages.items():
        choice = Choice.of(boxes)
        times = [taken(lambda c=choice, o=older: selectors.page(Officer(), c, o)) for _ in range(repeats)]  # type: ignore[misc]
        out[name] = statistics.median(times) * 1000
    out["the acts to choose from"] = (
        statistics.median(taken(lambda: selectors.acts(Officer())) for _ in range(repeats)) * 1000
    )
    return out


def page(tables: str) -> str:
    """The page of the documentation."""
    import sqlite3

    from django.db import connection

    engine = f"SQLite {sqlite3.sqlite_version}" if connection.vendor == "sqlite" else "PostgreSQL"
    return f"""# The audit log

What the log of who did what costs. An event is one row with five indexes, written in its act's transaction; the chain
adds a seal over each batch and a line in the file of anchors, forced to disk. Each page of the log is found by key through
an index that fits what was asked; what no index answers is looked for among at most 20,000 events a page, and the page
says how far back it looked.

{tables}

{engine}, Python {sys.version.split()[0]}, {os.cpu_count()} processors. Made by `python benchmarks/audit.py --write`.
"""


if __name__ == "__main__":
    sys.exit(main())
