"""Starting the workplace from a program: settings, database, server. ``forestall serve`` and ``forestall demo`` use it."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from forestall.errors import ForestallError

#: Seconds after which a thread that works out a page lets another go on. A page asks the database ten times and waits after
#: each for its turn: at Python's usual 5 ms, pages at once cost one another most of their time.
SWITCH = 0.0005
#: Threads that make ready what the first reader would wait for.
BEFOREHAND = {"ready", "warm"}


def configure(store: Path, database: Path | None = None, host: str = "127.0.0.1") -> None:
    """Settles which store and database this process serves; once a process."""
    import django
    from django.core.exceptions import ImproperlyConfigured

    os.environ["FORESTALL_STORE"] = str(Path(store).resolve())
    os.environ["FORESTALL_BIND"] = host
    if database is not None:
        os.environ["FORESTALL_DB"] = str(Path(database).resolve())
    os.environ["DJANGO_SETTINGS_MODULE"] = "forestall.web.settings"
    try:
        django.setup()
    except ImproperlyConfigured as error:
        if "psycopg" not in str(error):
            raise
        raise ForestallError(
            "FORESTALL_DATABASE_URL names a PostgreSQL database, and its driver is missing: install psycopg[binary] in "
            "this environment, or leave the setting out to use a SQLite file"
        ) from error


def prepare() -> None:
    """Brings the database to this version; :class:`ForestallError` where it cannot be opened or written."""
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import call_command
    from django.db import DatabaseError, connection, transaction

    try:
        call_command("migrate", interactive=False, verbosity=0)
        with transaction.atomic():  # SQLite takes its write lock here: a disk for reading alone is told before a sign-in is
            pass
    except (DatabaseError, ImproperlyConfigured) as error:
        where = settings.DATABASES["default"]["NAME"]
        raise ForestallError(
            f"the workplace's database {where} cannot be opened ({str(error).splitlines()[0]}): check its folder and "
            "rights, or name another with --db or FORESTALL_DATABASE_URL; where roles share the tables of PostgreSQL, the "
            "one that owns them brings them to this version with forestall database roles"
        ) from error
    finally:
        connection.close()


def need_front_end() -> None:
    """:class:`ForestallError` where the pages' style sheet and scripts are not in this installation."""
    if not (Path(__file__).parent / "static" / "vendor" / "govuk-frontend.css").exists():
        raise ForestallError(
            "this installation lacks the style sheets and scripts of the pages, which a checkout gets from npm: run make "
            "setup in a checkout, and start .venv/bin/forestall there or install that checkout again"
        )


def need_provider() -> None:
    """:class:`ForestallError` where what the settings say of a provider does not fit the organisations that are there."""
    from django.conf import settings

    from forestall.web.people import provided

    if settings.OIDC is not None:
        provided.check(settings.OIDC)


def is_local() -> bool:
    """Whether only this machine can reach the server."""
    from django.conf import settings

    return bool(settings.LOOPBACK)


def has_accounts() -> bool:
    from forestall.web.people.models import User

    return User.objects.exists()


def demo_accounts(store: Path, folder: Path) -> Mapping[str, str]:
    """Makes the demo's accounts for a store; returns username -> password. Their passwords lie in ``folder``."""
    configure(store)
    prepare()
    from forestall.web.audit.trail import Trail
    from forestall.web.people import actions

    made: Mapping[str, str] = actions.make_demo_accounts(folder=folder, trail=Trail.operator())
    return made


def demo_plans() -> int:
    """Makes the plans with which a demo opens, once for a store; returns how many. After :func:`demo_accounts`."""
    from forestall.web.audit.trail import Trail
    from forestall.web.plans import demo_actions

    return int(demo_actions.make_demo_plans(trail=Trail.operator()))


def serve(listener: socket.socket) -> None:
    """Serves on a listening socket until interrupted."""
    import waitress

    from forestall.web.audit import sealing
    from forestall.web.ready import keep_ready
    from forestall.web.wsgi import application

    keep_ready()
    stop = threading.Event()
    sealer = threading.Thread(target=sealing.keep_sealing, args=(stop,), name="sealing", daemon=True)
    sealer.start()
    sys.setswitchinterval(SWITCH)
    try:
        waitress.serve(application, sockets=[listener], threads=8, ident="forestall", clear_untrusted_proxy_headers=False)
    finally:
        stop.set()
        sealer.join(10)


def leave() -> None:
    """Ends a process that has served, at once where something is still being made ready: that work sits in compiled code,
    which aborts where the interpreter is taken down under it, and what it makes is kept in memory alone."""
    if any(t.name in BEFOREHAND for t in threading.enumerate()):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def work(*, attached: bool = False) -> None:
    """Does background work in this process until it is told to stop."""
    from forestall.web.work import worker

    worker.run(attached=attached)


def nightly() -> list[str]:
    """The nightly run, in this process; returns which of its steps found something to do."""
    from forestall.web.audit.trail import Trail
    from forestall.web.work import nightly

    return list(nightly.run(trail=Trail.operator())["done"])


@contextlib.contextmanager
def worker_beside(store: Path, database: Path | None) -> Iterator[None]:
    """A worker as a process of its own for as long as the block runs. It ends with this process however that goes, because
    it watches the pipe between them; where it ends by itself, that is said."""
    words = ["worker", "--attached", "--store", str(store), *(["--db", str(database)] if database else [])]
    process = subprocess.Popen([sys.executable, "-m", "forestall", *words], stdin=subprocess.PIPE)
    ending = threading.Event()

    def watch() -> None:
        status = process.wait()
        if not ending.is_set():
            sys.stderr.write(
                f"The worker ended (status {status}): background work waits until forestall worker is started.\n"
            )

    threading.Thread(target=watch, name="watch", daemon=True).start()
    try:
        yield
    finally:
        ending.set()
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # its task goes back to the queue when its lease has run out
            process.kill()
            process.wait()
