"""``forestall audit``: seals, checks and takes away the workplace's log of who did what."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from forestall.errors import ForestallError

if TYPE_CHECKING:
    from forestall.web.audit.verify import Verification


def configure(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    verify = parts.add_parser("verify", help="check the whole log; exit status 1 where it was tampered with")
    _where(verify)
    verify.add_argument("--anchors", type=Path, metavar="FILE", help="the file of anchors (default: the workplace's own)")
    verify.add_argument("--record", action="store_true", help="write into the log what the check found")
    verify.add_argument("--format", choices=("text", "json"), default="text", help="how to say it")
    seal = parts.add_parser("seal", help="seal the events that no seal covers yet")
    _where(seal)
    export = parts.add_parser("export", help="take the log away; this is itself put in the log, as a disclosure")
    _where(export)
    export.add_argument("--to", required=True, metavar="WHOM", help="who receives it")
    export.add_argument("--reason", default="", metavar="WORDS", help="why, where the policy asks for it")
    export.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="JSON lines or CSV")
    export.add_argument("--out", type=Path, metavar="FILE", help="where to write it (default: standard output)")
    for name, what in (
        ("person", "an account's name"),
        ("act", "an act, such as read-signal"),
        ("operation", "one of the operations, such as disclosure"),
        ("since", "first day, YYYY-MM-DD"),
        ("until", "last day, YYYY-MM-DD"),
        ("text", "words in what the event says"),
    ):
        export.add_argument(f"--{name}", default="", metavar=name.upper(), help=f"only: {what}")
    export.add_argument(
        "--of-record", dest="record", default="", metavar="RECORD", help="only: a record, such as signal:00f3…"
    )


def _where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="the workplace's store")
    parser.add_argument("--db", type=Path, metavar="FILE", help="its database (default: workplace.sqlite3 in the store)")


def run(args: argparse.Namespace) -> int:
    return {"verify": _verify, "seal": _seal, "export": _export}[args.part](args)


def _verify(args: argparse.Namespace) -> int:
    if args.anchors is not None and not args.anchors.is_file():
        raise ForestallError(f"there is no file of anchors {args.anchors}: name it with --anchors, or leave that out")
    found = _check(args)
    print(json.dumps(_as_json(found), indent=1) if args.format == "json" else _as_text(found))
    if args.record:
        _start(args)
        from forestall.web.audit import actions
        from forestall.web.audit.trail import Trail

        actions.record_check(found=found, trail=Trail.operator())
    return 0 if found.sound else 1


def _check(args: argparse.Namespace) -> Verification:
    """Reads a SQLite file without starting the workplace, so that nothing is written beside what is checked."""
    from forestall.web.audit import anchors, ledger, verify

    if os.environ.get("FORESTALL_DATABASE_URL") and args.db is None:
        from forestall.web import start

        start.configure(args.store)
        from forestall.web.audit import checking

        return checking.check(args.anchors)
    database = args.db or Path(os.environ.get("FORESTALL_DB") or args.store / "workplace.sqlite3")
    own = os.environ.get("FORESTALL_AUDIT_ANCHORS")
    path = args.anchors or (Path(own) if own else database.with_name("audit-anchors.jsonl"))
    with ledger.of_file(database) as book:
        return verify.verify(book, lambda: anchors.read(path))


def _as_text(found: Verification) -> str:
    lines = []
    if found.seals:
        lines.append(
            f"{found.events:,} events under {found.seals:,} seals, sealed up to {str(found.sealed_until)[:19]} UTC."
        )
    else:
        lines.append("No event is sealed.")
    lines += [f"Note: {note}." for note in found.notes]
    if found.sound:
        lines.append("No sign of tampering.")
    else:
        lines += ["The log was tampered with:", *(f"  - {finding}" for finding in found.findings)]
    return "\n".join(lines)


def _as_json(found: Verification) -> dict[str, object]:
    return {
        "sound": found.sound,
        "seals": found.seals,
        "events": found.events,
        "sealed_until": found.sealed_until,
        "last_event": found.last_event,
        "unsealed": found.unsealed,
        "unsealed_since": found.unsealed_since,
        "findings": [str(m) for m in found.findings],
        "notes": [str(m) for m in found.notes],
    }


def _seal(args: argparse.Namespace) -> int:
    _start(args)
    from forestall.web.audit import checking

    sealed, left, not_anchored = checking.seal()
    print(f"{sealed:,} events sealed, {left:,} left.")
    if not_anchored:
        print(
            f"{not_anchored:,} seals could not be anchored: see that the file of anchors can be written.", file=sys.stderr
        )
        return 2
    return 0


def _export(args: argparse.Namespace) -> int:
    _start(args)
    from forestall.web.audit import actions, present
    from forestall.web.audit.choice import NAMES, Choice
    from forestall.web.audit.models import Operation
    from forestall.web.audit.trail import Trail

    if args.operation and args.operation not in Operation.values:
        raise ForestallError(f"there is no operation {args.operation}: choose one of {', '.join(Operation.values)}")
    choice = Choice.of({name: getattr(args, name) for name in NAMES})
    for message in choice.errors.values():
        raise ForestallError(str(message))
    if not args.to.strip():
        raise ForestallError("a disclosure is logged with who receives it: say whom with --to")
    events = actions.export_whole_log(choice=choice, to=args.to, form=args.format, trail=Trail.operator(args.reason))
    _write((present.json_lines if args.format == "jsonl" else present.csv_lines)(events), args.out)
    return 0


def _write(lines: Iterable[str], out: Path | None) -> None:
    """To standard output, or whole into a file: a stopped export leaves no part of one."""
    if out is None:
        for line in lines:
            sys.stdout.write(line)
        return
    part = out.with_name(out.name + ".part")
    try:
        with os.fdopen(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
        ) as file:
            file.writelines(lines)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _start(args: argparse.Namespace) -> None:
    """The workplace's own connection; a database is brought to this version, and never made."""
    from forestall.web import start

    database = args.db or Path(os.environ.get("FORESTALL_DB") or args.store / "workplace.sqlite3")
    if not (os.environ.get("FORESTALL_DATABASE_URL") and args.db is None) and not database.is_file():
        raise ForestallError(f"there is no database {database}: name the workplace's SQLite file with --db")
    start.configure(args.store, args.db)
    start.prepare()
