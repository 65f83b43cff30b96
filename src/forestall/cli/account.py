"""``forestall account``: what only the machine's own operator does to an account of the workplace."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="the store that the workplace serves")
    parser.add_argument("--db", type=Path, metavar="FILE", help="its database (default: workplace.sqlite3 in the store)")
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    make = acts.add_parser("make", help="make an account, or give it a new password and the role; prints the password")
    make.add_argument("name", metavar="NAME")
    make.add_argument("--role", required=True, metavar="ROLE", help="the role, such as administrator or analyst")
    make.add_argument(
        "--organisation", default="", metavar="NAME", help="whose account it is (default: the force of the records)"
    )
    reset = acts.add_parser(
        "reset-second-factor", help="take an account's app and recovery codes away: its next sign-in sets up new ones"
    )
    reset.add_argument("name", metavar="NAME")


def run(args: argparse.Namespace) -> int:
    from forestall.records.store import Store

    Store.open(args.store)
    from forestall.web import start

    start.configure(args.store, args.db)
    start.prepare()
    from forestall.web.audit.trail import Trail
    from forestall.web.people import actions

    if args.act == "make":
        password = actions.make_account(
            username=args.name, role=args.role, organisation=args.organisation, trail=Trail.operator()
        )
        print(f"Account {args.name} ({args.role}), password {password}")
    else:
        actions.reset_second_factor(username=args.name, trail=Trail.operator())
        print(f"The second factor of {args.name} is gone, and every session with it: the next sign-in sets up a new one.")
    return 0
