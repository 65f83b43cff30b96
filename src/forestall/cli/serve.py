"""``forestall serve``: starts the workplace on a store."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from forestall.errors import ForestallError


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", type=Path, required=True, metavar="DIR", help="the store whose problems it shows")
    parser.add_argument("--db", type=Path, metavar="FILE", help="its database (default: workplace.sqlite3 in the store)")
    parser.add_argument("--port", type=int, default=8000, metavar="PORT")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default: here alone)")
    parser.add_argument(
        "--account", metavar="NAME", help="make an account, or give it a new password; prints the password, then serves"
    )
    parser.add_argument("--role", default="analyst", metavar="ROLE", help="the role of --account (default: analyst)")
    parser.add_argument(
        "--no-worker", action="store_true", help="start no worker: background work waits for forestall worker"
    )


def run(args: argparse.Namespace) -> int:
    from forestall.records.store import Store

    Store.open(args.store)
    listener = _listen(args.host, args.port)
    from forestall.web import start

    start.configure(args.store, args.db, args.host)
    start.prepare()
    start.need_front_end()
    if args.account:
        from forestall.web.audit.trail import Trail
        from forestall.web.people import actions

        password = actions.make_account(username=args.account, role=args.role, trail=Trail.operator())
        print(f"Account {args.account} ({args.role}), password {password}", flush=True)
    start.need_provider()
    if not start.has_accounts():
        print("No account yet: run this again with --account NAME to make one.", flush=True)
    if not start.is_local():
        print(
            "This address is reached from other machines: put a proxy that speaks TLS in front, and name its host in "
            "FORESTALL_HOSTS.",
            file=sys.stderr,
        )
    shown = f"[{args.host}]" if ":" in args.host else args.host
    print(f"Forestall is at http://{shown}:{listener.getsockname()[1]}/ (stop it with Ctrl+C)", flush=True)
    with contextlib.nullcontext() if args.no_worker else start.worker_beside(args.store, args.db):
        start.serve(listener)
    start.leave()
    return 0


def _listen(host: str, port: int):  # type: ignore[no-untyped-def]
    """The socket to serve on; :class:`ForestallError` where it is taken."""
    import socket

    if not 0 <= port <= 65535:
        raise ForestallError(f"{port} is no port: give one from 1 to 65535 with --port")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, OverflowError) as error:
        raise ForestallError(f"{host}:{port} is no address of this machine: give another with --host or --port") from error
    listener = socket.socket(family, kind, protocol)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        raise ForestallError(f"cannot listen on {host} port {port} ({reason}): give another with --port") from error
    return listener
