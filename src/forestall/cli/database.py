"""``forestall database``: the roles of a PostgreSQL database."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    roles = parts.add_parser(
        "roles",
        help="bring the tables to this version as the role that owns them, and make the role that the workplace runs as, "
        "which may only add to the log and read it; run it again after each upgrade",
    )
    roles.add_argument("--store", type=Path, required=True, metavar="DIR", help="the workplace's store")
    roles.add_argument("--app", default="forestall_app", metavar="ROLE", help="the role that the workplace runs as")
    roles.add_argument("--owner", default="", metavar="ROLE", help="the role that owns the tables (default: who connects)")


def run(args: argparse.Namespace) -> int:
    from forestall.web import start

    start.configure(args.store)
    from forestall.web.audit import roles

    given = os.environ.get("FORESTALL_APP_PASSWORD", "")
    made = roles.of_workplace(app=args.app, owner=args.owner, password=given)
    print(f"{made.owner} owns the tables; {made.app} may only add to the log and read it.")
    if made.password and not given:
        print(f"The password of {made.app} is {made.password}")
    return 0
