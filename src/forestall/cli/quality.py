"""``forestall quality``: what is wrong with a store's records, and the registrar's decisions on it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forestall.results.quality import QualityReport


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", required=True, metavar="DIR", help="the store of records")
    parser.add_argument("--force", metavar="NAME", help="one force only, such as gwent")
    parser.add_argument("--until", metavar="YYYY-MM", help="as the records stood: use nothing later than this month")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--language", choices=("en", "cy"), default="en")
    decide = parser.add_argument_group("the registrar's decision on a suspected recording event")
    choice = decide.add_mutually_exclusive_group()
    choice.add_argument("--confirm", metavar="ID", help="it was a change of recording")
    choice.add_argument("--reject", metavar="ID", help="it was none: its months count again")
    decide.add_argument("--by", metavar="NAME", default="", help="who decides")
    decide.add_argument("--reason", metavar="TEXT", default="", help="why")


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from forestall.errors import ForestallError
    from forestall.records import decisions, quality
    from forestall.records.store import Store

    if args.until is not None:
        import re

        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", args.until):
            raise ForestallError(f"--until {args.until} is no month: write it as 2022-06")
    records = Store.open(args.store).records()
    forces = records.forces()
    if args.force is not None and args.force not in forces:
        held = ", ".join(forces) or "none"
        raise ForestallError(f"there are no records of {args.force} in {args.store}: name one that it has ({held})")
    months = records.months(args.force)
    if args.until is not None and months and args.until < months[0]:
        raise ForestallError(
            f"--until {args.until} lies before the first month of the records, {months[0]}: name a later one"
        )
    wanted = args.confirm or args.reject
    if wanted:
        known = {f.id: f for f in quality.findings(records, args.force, args.until)}
        if wanted not in known:
            raise ForestallError(
                f"there is no finding {wanted} in {args.store}: list them with forestall quality --store {args.store}"
            )
        standing = "confirmed" if args.confirm else "rejected"
        made = decisions.decide(Path(args.store), known[wanted], standing, args.by, args.reason)
        print(f"{made.finding} {made.standing} by {made.by} at {made.at}: {made.reason}", file=sys.stderr)
    report = quality.report(records, args.force, args.until)
    if args.format == "json":
        print(json.dumps(report.to_json(args.language), ensure_ascii=False, indent=1))
    else:
        print(text(report, args.language), end="")
    return 0


def text(report: QualityReport, language: str = "en") -> str:
    """The report for a reader: counts first, then every finding in plain words."""
    import textwrap

    from forestall.text import msg

    lines = [*textwrap.wrap(report.explain(language), 100), ""]
    for reason, n in report.reasons.items():
        lines += textwrap.wrap(
            msg("{n:count} rejected: {reason}", n=n, reason=reason).render(language), 100, subsequent_indent="  "
        )
    if report.reasons:
        lines.append("")
    table = report.table()
    heads = [c.label.render(language) for c in table.columns]
    rows = [[f"{v:,}" if isinstance(v, int) else str(v or "-") for v in row] for row in table.rows]
    widths = [max(len(r[i]) for r in [heads, *rows]) for i in range(len(heads))]
    for row in [heads, *rows]:
        cells = [v.rjust(w) if c.numeric else v.ljust(w) for v, w, c in zip(row, widths, table.columns, strict=True)]
        lines.append("  ".join(cells).rstrip())
    lines.append("")
    standings = {
        "suspected": msg("suspected").render(language),
        "confirmed": msg("confirmed by the registrar").render(language),
        "rejected": msg("rejected by the registrar: its months count").render(language),
    }
    for f in report.findings:
        event = f"{f.id} ({standings[f.standing]}) " if f.kind == "recording-event" else ""
        lines += textwrap.wrap(f"{event}{f.text.render(language)}", 100, initial_indent="- ", subsequent_indent="  ")
    for check in report.checks:
        lines += textwrap.wrap(check.text.render(language), 100, initial_indent="- ", subsequent_indent="  ")
    return "\n".join(lines) + "\n"
