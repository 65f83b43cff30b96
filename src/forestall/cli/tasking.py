"""``forestall tasking``: the four tasking lists of a local-authority hub."""

from __future__ import annotations

import argparse
import json
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", required=True, metavar="DIR", help="the store that forestall ingest made")
    parser.add_argument("--hub", metavar="CODE|NAME", help="a local authority (default: the whole force)")
    parser.add_argument("--force", metavar="NAME", help="the force's slug, such as gwent (default: the store's largest)")
    parser.add_argument("--until", metavar="YYYY-MM", help="last month of the year listed (default: the records' last)")
    parser.add_argument(
        "--audience",
        choices=("force", "partner"),
        default="partner",
        help="force: with occurrence numbers; partner: without these and without restricted records (default partner)",
    )
    parser.add_argument("--listed", type=int, default=10, metavar="N", help="rows of each list (default 10)")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="how to print them")
    parser.add_argument("--language", choices=("en", "cy"), default="en", help="language of the sentences")


def run(args: argparse.Namespace) -> int:
    from forestall import scan
    from forestall.cli.progress import steps
    from forestall.places import Places
    from forestall.records.store import Store

    store = Store.open(args.store)
    with steps("reading the records"):
        found = scan.tasking(
            store.records(), Places.open(args.store), hub=args.hub, force=args.force, until=args.until,
            audience=args.audience, listed=args.listed,
        )  # fmt: skip
    print(show(found, args.format, args.language))
    return 0


def show(found: Any, form: str, language: str) -> str:
    if form == "json":
        return json.dumps(found.to_json(language), indent=1, ensure_ascii=False)
    if form == "csv":
        return str(found.table().to_csv(language)).rstrip("\n")
    return _table(found, language)


def _table(found: Any, language: str) -> str:
    from forestall import catalogue
    from forestall.text import msg

    lines = [found.explain(language)]
    for part in found.lists:
        lines += ["", part.title.render(language), f"  {part.summary.render(language)}"]
        for r in part.rows:
            where = r.place.render(language) + (f", {r.location}" if r.location else "")
            kinds = ", ".join(f"{catalogue.category(c).title.render(language)} {n:,}" for c, n in r.categories)
            lines.append(f"{r.rank:3d}{'*' if r.established else ' '} {r.records:5,}  {where}; {r.first} - {r.last}")
            lines.append(f"           {kinds}")
            if r.occurrences:
                shown = " ".join(r.occurrences[:8]) + (" …" if len(r.occurrences) > 8 else "")
                lines.append(f"           {shown}")
        lines += [f"  {n.render(language)}" for n in part.notes]
        if part.apart:
            count = sum(part.apart.values())
            lines.append(
                "  " + msg("Set apart, as premises of many records by their nature: {n:count}.", n=count).render(language)
            )
    p = found.provenance
    lines += [
        "",
        msg("* more than chance gives to anybody if all were alike").render(language),
        msg("Snapshot {snapshot}, {method} {version}.", snapshot=p.snapshot, method=p.method, version=p.version).render(
            language
        ),
    ]
    return "\n".join(lines)
