"""``forestall places``: load areas, populations and boundaries into a store, and show what is there."""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forestall.places import Places

LEVELS = ("lsoa", "msoa", "ward", "lad", "lpa", "force", "region", "nation")


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    text = "load boundary files (GeoJSON) and tables (CSV), plain or gzip; what they hold is told by their column names"
    add = verbs.add_parser("add", help=text, description=text[0].upper() + text[1:] + ".")
    add.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a GeoJSON or CSV file")
    add.add_argument("--store", required=True, type=Path, metavar="DIR", help="the store; made where there is none")
    add.add_argument("--level", choices=LEVELS, help="what the rows are, where no column name says so")
    add.add_argument("--vintage", choices=("2011", "2021"), help="which LSOAs, where no column name says so")
    add.add_argument(
        "--force", nargs="+", action="extend", default=[], metavar="SLUG", help="keep only the areas of these forces"
    )
    add.add_argument(
        "--columns", default="", metavar="FIELD=COLUMN,…", help="what columns hold, where their names do not say"
    )
    text = "show levels, counts, years and notes"
    show = verbs.add_parser("show", help=text, description=text[0].upper() + text[1:] + ".")
    show.add_argument("--store", required=True, type=Path, metavar="DIR")


def run(args: argparse.Namespace) -> int:
    return _add(args) if args.action == "add" else _show(args)


def _add(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from forestall.places.add import STEPS, add
    from forestall.places.columns import explicit
    from forestall.places.source import check_files
    from forestall.records.lock import writing
    from forestall.records.store import MARK, Store

    columns = explicit(args.columns)
    check_files(args.paths)
    # A new store is made only once the files turn out to be good; an old one has one writer at a time.
    new = not (args.store / MARK).exists()
    lock = nullcontext() if new else writing(Store.open(args.store).path / "LOCK", 60.0)
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console,
        disable=not sys.stderr.isatty(), transient=True,
    )  # fmt: skip
    with lock, bar:
        task = bar.add_task("reading", total=len(args.paths) + len(STEPS))

        def progress(step: str) -> None:
            bar.update(task, description=step, advance=1)

        places = add(
            args.store, args.paths, level=args.level, vintage=args.vintage, forces=args.force, columns=columns,
            progress=progress, prepare=lambda: Store.open(args.store, create=True),
        )  # fmt: skip
    _print(places)
    return 0


def _show(args: argparse.Namespace) -> int:
    from forestall.errors import ForestallError
    from forestall.places import Places
    from forestall.records.store import Store

    places = Places.open(Store.open(args.store).path)
    if places is None:
        raise ForestallError(
            f"the store {args.store} has no places: load boundaries and tables with forestall places add PATH --store "
            f"{args.store}"
        )
    _print(places)
    return 0


def _print(places: Places) -> None:
    print(f"Places, version {places.version}")
    for key, level in places.levels.items():
        if key == "lsoa" and "lsoa21" in places.levels:
            continue
        outlines = sum(p is not None for p in level.polygons or ())
        facts = [f"{len(level):,} areas", f"{outlines:,} with boundaries" if outlines else "no boundaries"]
        if any(level.names_cy):
            facts.append(f"{sum(map(bool, level.names_cy)):,} with a Welsh name of their own")
        for what, counts in (("population", level.population), ("households", level.households)):
            years = [f"{y} ({_total(v)})" for y, v in counts.items()]
            facts += [f"{what} {', '.join(years)}"] if years else []
        above = [k for k in LEVELS if k in level.parents]
        facts += [f"in {', '.join(above)}"] if above else []
        print(f"  {key:8}{'; '.join(facts)}")
    for note in places.notes:
        print(f"  note: {note}")


def _total(values: object) -> str:
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    missing = int(np.isnan(array).sum())
    return f"{np.nansum(array):,.0f}" + (f", {missing} areas not known" if missing else "")
