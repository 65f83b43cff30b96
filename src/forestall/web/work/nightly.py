"""The nightly run: scans again where records have arrived, has people told what changed, and puts the house in order.

Whatever is done at night is asked for here: an app adds a function to :data:`BEFORE_SCAN`, :data:`AFTER_SCAN` or
:data:`EVERY_NIGHT` when it is loaded. A step that fails stops no other; the run has then failed as a whole, and says which.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, TimeoutExpired
from typing import Any, Protocol

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from forestall.errors import ForestallError
from forestall.records.store import Store
from forestall.results import Scan, Shelf
from forestall.web.audit.trail import Trail
from forestall.web.people.models import FailedSignIn
from forestall.web.signals import command
from forestall.web.work import bookmarks
from forestall.web.work.models import Notice

log = logging.getLogger("forestall.work")

#: Set where this process was told to stop: long work looks at it, and ends.
stopping = threading.Event()


class StoppedError(Exception):
    """The work was told to stop before it was done; it can be begun anew."""


class AfterScan(Protocol):
    """``earlier``: the scan of which this hook was told last; None at its first time, or where that scan is gone."""

    def __call__(self, *, earlier: Scan | None, now: Scan, trail: Trail) -> object: ...


#: Called every night before the scan, with the worker's trail: what changes the records; idempotent.
BEFORE_SCAN: list[Callable[[Trail], object]] = []
#: Called once for each newly recorded scan, whoever recorded it, each in a transaction of its own.
AFTER_SCAN: list[AfterScan] = []
#: Called every night with the worker's trail; idempotent.
EVERY_NIGHT: list[Callable[[Trail], object]] = []


def run(*, trail: Trail) -> dict[str, Any]:
    """One nightly run; returns which steps did something. :class:`ForestallError` with the steps that failed."""
    steps: list[tuple[str, Callable[[], object]]] = [(_name(s), lambda s=s: s(trail)) for s in BEFORE_SCAN]
    steps += [("scan", scan)]
    steps += [(_name(hook), lambda hook=hook: tell(hook, trail)) for hook in AFTER_SCAN]
    steps += [(_name(step), lambda step=step: step(trail)) for step in EVERY_NIGHT]
    done, failed = [], []
    for name, step in [*steps, ("prune", prune)]:
        try:
            if step():
                done.append(name)
        except StoppedError:
            raise
        except Exception as error:
            log.exception("nightly run: %s failed", name)
            failed.append(f"{name} ({error})")
    if failed:
        raise ForestallError(f"the nightly run did everything but: {'; '.join(failed)}")
    return {"done": done}


def _name(function: Any) -> str:
    return f"{function.__module__.removeprefix('forestall.web.')}.{function.__qualname__}"


def scan_is_due() -> Scan | None:
    """The scan recorded last where the store has newer records than it saw. None where there is nothing to do, or no scan
    yet to repeat: which force and which months is for an analyst to say first."""
    last = Shelf(settings.STORE).latest(Scan.type_name)
    if not isinstance(last, Scan) or Store.open(settings.STORE).current == last.provenance.snapshot:
        return None
    return last


def scan() -> bool:
    """Scans again, as the last recorded scan was made but to the records' newest month, in a process of its own. Killed
    half-way it has recorded nothing; done twice it records the same. Returns whether a scan was due."""
    last = scan_is_due()
    if last is None:
        return False
    words = [*command.words(last, str(settings.STORE), until=False), "--record", "--format", "json"]
    process = Popen(
        [sys.executable, "-m", "forestall", *words], stdin=DEVNULL, stdout=DEVNULL,
        stderr=PIPE, text=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    try:
        while True:
            try:
                _, said = process.communicate(timeout=0.5)
                break
            except TimeoutExpired:
                if stopping.is_set():
                    raise StoppedError from None
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate()
    if stopping.is_set() and process.returncode:
        raise StoppedError
    if process.returncode:
        last_line = (said.strip().splitlines() or [f"status {process.returncode}"])[-1]
        raise ForestallError(f"the scan did not finish: {last_line}")
    return True


def tell(hook: AfterScan, trail: Trail) -> bool:
    """Calls a hook for the scan recorded last, unless it was called for that one before; returns whether it was."""
    shelf, name = Shelf(settings.STORE), f"after-scan:{_name(hook)}"
    now = shelf.latest(Scan.type_name)
    if not isinstance(now, Scan):
        return False
    path = shelf.path(now).relative_to(shelf.root).as_posix()
    with transaction.atomic():
        before = bookmarks.at(name)
        if not bookmarks.move(name, path):
            return False
        hook(earlier=_scan(shelf, before), now=now, trail=trail)
    return True


def _scan(shelf: Shelf, path: str) -> Scan | None:
    snapshot, _, file = path.partition("/")
    try:
        found = shelf.get(snapshot, Path(file).stem) if file else None
    except (OSError, ValueError, KeyError):
        return None
    return found if isinstance(found, Scan) else None


def prune() -> int:
    """Removes what has outlived its retention: sessions, failed sign-ins, notices, traces of tasks. Returns how many."""
    from forestall.web.work import schedule

    now = timezone.now()
    gone = Session.objects.filter(expire_date__lt=now).delete()[0]
    gone += FailedSignIn.objects.filter(at__lt=now - dt.timedelta(days=1)).delete()[0]
    gone += Notice.objects.filter(read_at__lt=now - dt.timedelta(days=90)).delete()[0]
    gone += Notice.objects.filter(made_at__lt=now - dt.timedelta(days=365)).delete()[0]
    return gone + schedule.prune(now)
