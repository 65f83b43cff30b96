"""``forestall erase``: take records out of every snapshot of a store, for good."""

from __future__ import annotations

import argparse
import datetime as dt
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from forestall.errors import ForestallError

if TYPE_CHECKING:
    from forestall.records.erasure import Erased, Rule
    from forestall.records.store import Store


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", required=True, type=Path, metavar="DIR", help="the store of records")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--record", nargs="+", metavar="ID", help="these records, by the ids that pages and tables show")
    which.add_argument(
        "--person",
        nargs="+",
        metavar="VALUE",
        help="every record of a person: the keyed hash, or what the extract says of the person, in the order of the "
        "mapping's columns; - reads those from standard input, one a line, so that no name stays in the shell's history",
    )
    which.add_argument("--source-ref", metavar="REF", help="the record with this number in its source")
    which.add_argument("--before", metavar="DATE", help="every record of what had happened before this day, YYYY-MM-DD")
    which.add_argument("--waiting", action="store_true", help="what was decided in the workplace and waits to be done")
    parser.add_argument("--source", metavar="NAME", help="with --source-ref: of this source, where others use it too")
    parser.add_argument("--kind", metavar="KIND", help="with --before: of one kind of record, such as call")
    parser.add_argument("--since", metavar="DATE", help="with --before: only of what had not happened before this day")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why; it stays, so it names nobody and quotes nothing")
    parser.add_argument("--by", metavar="NAME", default="", help="who decided")
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")
    parser.add_argument("--wait", type=float, default=60.0, metavar="SECONDS", help="wait for another writer (60)")
    parser.add_argument(
        "--db", type=Path, metavar="FILE", help="with --waiting: the workplace's database, as serve takes it"
    )


def run(args: argparse.Namespace) -> int:
    from forestall.records import erasure
    from forestall.records.store import Store

    store = Store.open(args.store)
    if args.waiting:
        return _waiting(args)
    rule = _rule(args, store)
    done = erasure.erase(store, rule, reason=args.reason, by=args.by, dry_run=args.dry_run, wait=args.wait)
    print("\n".join(summary(done, str(args.store))))
    return 0


def _rule(args: argparse.Namespace, store: Store) -> Rule:
    from forestall.records.erasure import Rule
    from forestall.records.schema import KINDS

    if args.kind is not None and args.kind not in KINDS:
        raise ForestallError(f"there is no kind of record {args.kind!r}: give one of {', '.join(KINDS)}")
    narrowed = {"source": args.source, "kind": args.kind, "since": _day("--since", args.since)}
    if args.person:
        return Rule(person=_person(args.person, args.reason, store), **narrowed)
    return Rule(
        records=tuple(args.record or ()), source_ref=args.source_ref, before=_day("--before", args.before), **narrowed
    )


def _day(option: str, text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise ForestallError(f"{option} {text} is no day: write it as 2015-04-01") from error
    if day > dt.date.today():
        raise ForestallError(f"{option} {text} lies in the future: give a day that is over")
    return day


def _person(values: list[str], reason: str, store: Store) -> str:
    """The keyed hash of the person, who was given by it or by the columns that the extract has."""
    from forestall.records.persons import hash_of

    if values == ["-"]:
        values = [line.rstrip("\n") for line in sys.stdin]
    if len(values) == 1 and re.fullmatch(r"[0-9a-f]{32}", values[0]):
        return values[0]
    if any(len(v.strip()) > 2 and v.strip().casefold() in reason.casefold() for v in values):
        raise ForestallError("the reason stays when the records are gone: say why without their numbers or names")
    return hash_of(store, values)


def summary(done: Erased, store: str) -> list[str]:
    """What went, or would go, in a few lines."""
    lines = [f"completed an erasure that had been broken off: {i}" for i in done.finished]
    stone = done.tombstone
    if stone is None:
        return [*lines, f"nothing there to erase; snapshot {done.snapshot} of {store}"]
    verb = "would erase" if done.dry_run else "erased"
    sources = ", ".join(f"{n:,} of {source}" for source, n in sorted(done.by_source.items()))
    lines.append(f"{verb} {_n(stone.rows, 'record')}{f' ({sources})' if sources else ''}")
    if stone.versions:
        lines.append(f"and {_n(stone.versions, 'earlier version')} that later files had replaced")
    if stone.rejects:
        lines.append(f"{_n(stone.rejects, 'refused row')} quoting them {'would be' if done.dry_run else 'were'} emptied")
    if stone.snapshots:
        would = "would no longer be" if done.dry_run else "is no longer"
        lines.append(f"from rows {would} read: snapshot {', '.join(stone.snapshots)}")
    if done.dry_run:
        return [*lines, f"nothing was changed; snapshot {done.snapshot} of {store}"]
    lines.append(f"tombstone {stone.id}, without their content; figures made earlier stay")
    lines.append(f"snapshot {done.snapshot} of {store}")
    lines.append("backups and the extracts that were ingested are yours to clean")
    return lines


def _n(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _waiting(args: argparse.Namespace) -> int:
    """Carries out the erasures that were decided in the workplace."""
    from forestall.web import start

    start.configure(args.store, args.db)
    start.prepare()
    from forestall.web.audit.trail import Trail
    from forestall.web.retention import work

    if args.dry_run:
        waiting = list(work.waiting())
        for each in waiting:
            print(f"would erase: {each.record}, decided by {each.decided_by} on {each.at:%Y-%m-%d}")
        if not waiting:
            print("no erasure waits")
        return 0
    done = work.carry_out(trail=Trail.operator())
    for each in done:
        print(f"{each.record}: erased, tombstone {each.trace.get('tombstone') or '-'}")
    print(f"{_n(len(done), 'erasure')} carried out" if done else "no erasure waits")
    return 0
