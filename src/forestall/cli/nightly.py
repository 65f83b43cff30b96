"""``forestall nightly``: the nightly run, now."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="the store of the workplace")
    parser.add_argument("--db", type=Path, metavar="FILE", help="its database (default: workplace.sqlite3 in the store)")


def run(args: argparse.Namespace) -> int:
    from forestall.cli.progress import steps
    from forestall.records.store import Store

    Store.open(args.store)
    from forestall.web import start

    start.configure(args.store, args.db)
    start.prepare()
    with steps("the nightly run"):
        done = start.nightly()
    print(f"The nightly run is done: {', '.join(done) or 'nothing was due'}")
    return 0
