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
    token = acts.add_parser("token", help="make a token by which a program acts for an account; prints it, once")
    token.add_argument("name", metavar="NAME")
    token.add_argument("--label", default="", metavar="TEXT", help="what will use it")
    token.add_argument("--days", type=int, default=90, metavar="N", help="how long it lasts (default: 90)")
    token.add_argument("--changes", action="store_true", help="it may change things too, as the person may")
    revoke = acts.add_parser("revoke-tokens", help="end every token of an account")
    revoke.add_argument("name", metavar="NAME")


def run(args: argparse.Namespace) -> int:
    from forestall.records.store import Store

    Store.open(args.store)
    from forestall.web import start

    start.configure(args.store, args.db)
    start.prepare()
    from forestall.web.audit.trail import Trail
    from forestall.web.people import actions

    if args.act in ("token", "revoke-tokens"):
        return _tokens(args)
    if args.act == "make":
        password = actions.make_account(
            username=args.name, role=args.role, organisation=args.organisation, trail=Trail.operator()
        )
        print(f"Account {args.name} ({args.role}), password {password}")
    else:
        actions.reset_second_factor(username=args.name, trail=Trail.operator())
        print(f"The second factor of {args.name} is gone, and every session with it: the next sign-in sets up a new one.")
    return 0


def _tokens(args: argparse.Namespace) -> int:
    from forestall.web.api import actions
    from forestall.web.audit.trail import Trail

    if args.act == "token":
        made = actions.make_token_for(
            username=args.name, name=args.label, days=args.days, reads_only=not args.changes, trail=Trail.operator()
        )
        print(f"Token of {args.name}, for {args.days} days: {made}")
    else:
        n = actions.revoke_tokens_of(username=args.name, trail=Trail.operator())
        print(f"{n} of the tokens of {args.name} worked until now.")
    return 0
