"""``forestall profile``: one problem of a store on one page."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

FORMATS = ("text", "html", "pdf", "json", "csv")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", required=True, metavar="DIR", help="the store that forestall ingest made")
    what = parser.add_argument_group("what it is about")
    what.add_argument("--signal", metavar="ID", help="a signal of the scan recorded last")
    what.add_argument("--areas", metavar="CODES", help="area codes with commas between, of the records or of loaded places")
    what.add_argument("--category", metavar="SLUG", help="the category, such as burglary (with --areas)")
    what.add_argument("--since", metavar="YYYY-MM", help="first month (default: the signal's, or a year before the last)")
    what.add_argument("--until", metavar="YYYY-MM", help="last month (default: the signal's, or the records' last)")
    what.add_argument("--force", metavar="NAME", help="the force's slug (default: the store's largest)")
    parser.add_argument(
        "--public", action="store_true", help="leave out small numbers, persons, methods and places finer than areas"
    )
    parser.add_argument("--harm", default="cambridge-2026", metavar="SCHEME", help="harm scheme of the catalogue")
    parser.add_argument("--costs", default="home-office-2018", metavar="SCHEME", help="unit costs of the catalogue")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the chance curves (default 1)")
    parser.add_argument("--format", choices=FORMATS, default="text", help="text, a page, a PDF, JSON, or a folder of CSV")
    parser.add_argument("--out", metavar="FILE", help="where it goes (default: standard output; needed for pdf and csv)")
    parser.add_argument("--language", choices=("en", "cy"), default="en", help="language of the sentences")


def run(args: argparse.Namespace) -> int:
    from forestall import analyse, catalogue
    from forestall.catalogue import analysis
    from forestall.cli.progress import steps
    from forestall.errors import ForestallError
    from forestall.places import Places
    from forestall.records.store import Store

    if args.seed < 0:
        raise ForestallError(f"--seed must be 0 or more, not {args.seed}")
    if args.signal and (args.areas or args.category):
        raise ForestallError("give --signal, or --areas and --category, and not both")
    if not args.signal and not (args.areas and args.category):
        raise ForestallError("say what the profile is about: --signal ID, or --areas CODES and --category SLUG")
    if args.format in ("pdf", "csv") and not args.out:
        raise ForestallError(
            f"--format {args.format} needs --out: {'a folder' if args.format == 'csv' else 'a file'} to write"
        )
    store = Store.open(args.store)
    signal = _signal(args.store, args.signal) if args.signal else None
    with steps("profiling") as progress:
        made = analyse.profile(
            store.records(),
            Places.open(args.store),
            signal=signal,
            areas=[a.strip() for a in args.areas.split(",") if a.strip()] if args.areas else None,
            category=args.category,
            since=args.since,
            until=args.until,
            force=args.force,
            public=args.public,
            harm=catalogue.harm(args.harm),
            costs=analysis.costs(args.costs),
            seed=args.seed,
            progress=progress,
        )
    _put(made, args)
    return 0


def _signal(store: str, name: str) -> Any:
    from forestall.errors import ForestallError
    from forestall.results import Scan, Shelf

    try:
        last = Shelf(store).latest("scan")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ForestallError(
            f"the scan recorded last in {store} can't be read ({error}): make it again with forestall scan --record"
        ) from error
    if not isinstance(last, Scan):
        raise ForestallError(f"no scan is recorded in {store}: make one with forestall scan --store {store} --record")
    found = [s for s in last.signals if s.id.startswith(name)]
    if len(found) != 1:
        some = ", ".join(s.id for s in last.signals[:5])
        many = "several signals begin with" if found else "there is no signal"
        raise ForestallError(f"{many} {name!r} in the scan recorded last; it holds {some} … (forestall scan lists them)")
    return found[0]


def _put(made: Any, args: argparse.Namespace) -> None:
    """Prints or writes the profile in the form asked for."""
    if args.format == "csv":
        _tables(made, Path(args.out), args.language)
        return
    if args.format == "pdf":
        from forestall.report.pdf import pdf

        _write(Path(args.out), pdf(_document(made, args), args.language))
        return
    if args.format == "json":
        text = json.dumps(made.to_json(), indent=1, ensure_ascii=False)
    elif args.format == "html":
        from forestall.report.html import page

        text = page(_document(made, args), args.language)
    else:
        text = plain(made, args.language)
    if args.out:
        _write(Path(args.out), (text.rstrip("\n") + "\n").encode())
    else:
        print(text)


def _document(made: Any, args: argparse.Namespace) -> Any:
    from forestall.report.profile import document

    return document(made, command=command(args))


def command(args: argparse.Namespace) -> str:
    """The command that makes it again, with the store's name alone: where it lies is nobody's business."""
    words = ["forestall", "profile", "--store", Path(args.store).resolve().name]
    for option in ("signal", "areas", "category", "since", "until", "force"):
        value = getattr(args, option)
        words += [f"--{option}", value] if value else []
    words += ["--public"] if args.public else []
    words += ["--seed", str(args.seed)] if args.seed != 1 else []
    return " ".join(f'"{w}"' if " " in w else w for w in words)


def plain(made: Any, language: str) -> str:
    """The profile as lines of text."""
    from forestall.results.profile import standing_words
    from forestall.text import msg

    def say(m: Any) -> str:
        return str(m.render(language))

    lines = [say(made.headline), ""]
    for title, part in zip(_titles(), made.parts, strict=True):
        lines += [say(title), f"  {say(part.headline)}"]
        lines += [f"  - {say(f)}" for f in part.facts if f != part.headline]
        lines += [f"  ({say(m)})" for m in part.missing if m != part.headline]
    lines.append(say(msg("Ideas to test")))
    for idea in made.ideas:
        lines.append(f"  {say(standing_words(idea.standing))}: {say(idea.title)}")
        lines += [f"      + {say(m)}" for m in idea.evidence_for]
        lines += [f"      - {say(m)}" for m in idea.evidence_against]
    lines.append(say(msg("What can’t be told")))
    lines += [f"  - {say(m)}" for m in made.limits]
    p = made.provenance
    lines.append(say(msg("Snapshot {snapshot}, {method} {version}, seed {seed}.",
                         snapshot=p.snapshot, method=p.method, version=p.version, seed=p.seed)))  # fmt: skip
    return "\n".join(lines)


def _titles() -> tuple[Any, ...]:
    from forestall.text import msg

    return (
        msg("What"), msg("Where"), msg("When"), msg("Who"), msg("How"), msg("How this place differs"),
        msg("Harm, cost and demand"), msg("Data quality"),
    )  # fmt: skip


def _tables(made: Any, folder: Path, language: str) -> None:
    """Every table as a file of its own in a folder."""
    from forestall.errors import ForestallError

    if folder.exists() and not folder.is_dir():
        raise ForestallError(f"--out {folder} is a file: give a folder for the tables")
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"profile": made.table(), **{e.name: e.table for p in made.parts for e in p.exhibits}}
    for name, table in tables.items():
        _write(folder / f"{name}.csv", table.to_csv(language).encode())
    print(f"{len(tables)} tables in {folder}", file=sys.stderr)


def _write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    import os

    from forestall.errors import ForestallError, remedy

    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ForestallError(f"--out {path} can't be written: {remedy(error)}") from error
