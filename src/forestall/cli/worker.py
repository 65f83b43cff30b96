"""``forestall worker``: does the workplace's background work."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="the store of the workplace")
    parser.add_argument("--db", type=Path, metavar="FILE", help="its database (default: workplace.sqlite3 in the store)")
    parser.add_argument(
        "--attached", action="store_true", help="end when standard input does: so forestall serve starts it"
    )


def run(args: argparse.Namespace) -> int:
    from forestall.records.store import Store

    Store.open(args.store)
    from forestall.web import start

    start.configure(args.store, args.db)
    start.prepare()
    if not args.attached:
        print("The worker runs (stop it with Ctrl+C)", flush=True)
    start.work(attached=args.attached)
    return 0
