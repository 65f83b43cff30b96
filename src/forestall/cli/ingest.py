"""``forestall ingest``: read records into a store."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forestall.records.store import IngestReport


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, .gz or the monthly .zip as downloaded")
    parser.add_argument("--store", required=True, metavar="DIR", help="the store; made where there is none")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--source", choices=["police-uk"], help="police.uk street files (the default)")
    how.add_argument("--mapping", metavar="FILE", help="a YAML file that says which column of an extract is what")
    parser.add_argument("--skip-bad-files", action="store_true", help="leave out files that can't be read, and go on")
    parser.add_argument("--wait", type=float, default=60.0, metavar="SECONDS", help="wait for another writer (60)")


def run(args: argparse.Namespace) -> int:
    from forestall.records.store import Store

    fresh = not Path(args.store).exists()
    store = Store.open(args.store, create=True)
    try:
        with _bar() as progress:
            report = store.ingest(
                args.paths,
                source=args.source,
                mapping=args.mapping,
                skip_bad_files=args.skip_bad_files,
                wait=args.wait,
                progress=progress,
            )
    except BaseException:
        if fresh:
            store.remove_if_empty()
        raise
    for _, sentence in report.bad:
        print(f"left out: {sentence}", file=sys.stderr)
    print("\n".join(summary(report, args.store)))
    for both in store.records().overlaps() if report.changed else []:
        print(
            f"caution: {both['kind']} of {both['force']} comes from {' and '.join(both['sources'])} in "
            f"{_n(both['months'], 'month')}: counts take both, so a record that is in both counts twice"
        )
    return 0


def summary(report: IngestReport, store: str) -> list[str]:
    """What happened, in a few lines."""
    from forestall.records.intake import names

    lines = []
    if report.read:
        months = report.months
        span = f", {months[0]} to {months[-1]}" if len(months) > 1 else (f", {months[0]}" if months else "")
        lines.append(f"read {_n(len(report.read), 'file')}: {_n(report.rows, 'row')}{span}")
        if report.rejects:
            lines.append(f"rejected {_n(report.rejects, 'row')}, kept in the store with file, line and reason:")
            most = Counter(report.reject_reasons).most_common(5)
            lines += [f"  {count:,} × {reason}" for reason, count in most]
            if len(report.reject_reasons) > len(most):
                more = len(report.reject_reasons) - len(most)
                lines.append(f"  and {more:,} other reasons: forestall quality --store {store}")
    if report.superseded:
        lines.append(f"replaced {_n(len(report.superseded), 'earlier file')}: {names([p.file for p in report.superseded])}")
    if report.unchanged:
        lines.append(f"already there, unchanged: {_n(len(report.unchanged), 'file')}")
    if report.erased_before:
        lines.append(f"erased before, and left out again: {_n(report.erased_before, 'row')}")
    if report.bad:
        lines.append(f"left out because they can't be read: {_n(len(report.bad), 'file')} (named above)")
    for reason, left in report.left.items():
        lines.append(f"not read: {_n(len(left), 'file')} ({reason}): {names(left)}")
    state = "snapshot" if report.changed else "nothing changed; snapshot"
    lines.append(f"{state} {report.snapshot} of {store}")
    return lines


def _n(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@contextmanager
def _bar() -> Iterator[Callable[[int, int, str], None] | None]:
    """A progress bar on a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TextColumn("files"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda done, total, _: bar.update(task, completed=done, total=total)
