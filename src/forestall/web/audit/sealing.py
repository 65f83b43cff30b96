"""Sealing: after commits, in short batches, by whichever process comes first.

Events are written without waiting for a seal. :func:`after_commit` seals when this process has written enough of them or
the last seal is some seconds old; the worker, ``forestall serve`` and ``forestall audit seal`` call :func:`seal_pending`
for what is left.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from forestall.catalogue import audit as policy
from forestall.web.audit import anchors, chain, guards, ledger
from forestall.web.audit.ledger import Ledger, SealRow
from forestall.web.audit.models import Anchor, Seal

log = logging.getLogger("forestall.audit")

#: At most so many events under one seal, so that a long tail is sealed, and checked, in pieces.
BATCH = 10_000


class _Waiting:
    """What this process has written since it last sealed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.events = 0
        self.sealed_at = float("-inf")

    def due(self) -> bool:
        """Counts one more event; whether it is time to seal, and then begins to count anew."""
        rule = policy.sealing()
        with self.lock:
            self.events += 1
            if self.events < rule.events and time.monotonic() - self.sealed_at < rule.seconds:
                return False
            self._begin()
            return True

    def sealed(self) -> None:
        """Begins to count anew, whoever had it sealed."""
        with self.lock:
            self._begin()

    def _begin(self) -> None:
        self.events, self.sealed_at = 0, time.monotonic()


_waiting = _Waiting()


def after_commit() -> None:
    """Called once an event stands."""
    if _waiting.due():
        seal_pending()


def seal_pending() -> int:
    """Seals every event that no seal covers and that no earlier one can still precede; then anchors what is not anchored.
    Returns how many events it sealed: 0 too where another process was quicker."""
    if connection.in_atomic_block:
        raise RuntimeError("events are sealed when they stand, and not inside a transaction")
    _waiting.sealed()  # before it looks: what is written meanwhile counts towards the next
    book = ledger.of_django(connection)
    until = _settled(book)
    sealed = 0
    while True:
        done = _seal_one(book, until) if until else 0
        if not done:
            break
        sealed += done
    anchor_pending()
    return sealed


def _seal_one(book: Ledger, until: int) -> int:
    """One seal over at most :data:`BATCH` events; how many they are. What it reads is settled, so that it takes a lock for
    its one insert alone; where another process has inserted that number, it leaves it at that."""
    before = book.last_seal()
    after, number, link = (before.last, before.number + 1, before.hash) if before else (0, 1, chain.NOTHING)
    rows = []
    for row in book.events(after, until, at_once=BATCH):
        rows.append(row)
        if len(rows) == BATCH:
            break
    if not rows:
        return 0
    at = timezone.now()
    found: dict[str, Any] = {"number": number, "first": rows[0][0], "last": rows[-1][0], "count": len(rows)}
    seal_hash = chain.link(link, **found, at=f"{at:%Y-%m-%d %H:%M:%S.%f}", events=map(chain.canonical, rows))
    try:
        with transaction.atomic():
            Seal.objects.create(**found, at=at, hash=seal_hash)
    except IntegrityError:
        return 0
    return len(rows)


def anchor_pending() -> int:
    """Puts every seal that is not known to be anchored into the file, and then says so in the database. Returns how many;
    where the file cannot be written, says so in the program's log and leaves them for the next time."""
    last = Anchor.objects.order_by("-seal").values_list("seal_id", flat=True).first() or 0
    waiting: list[SealRow] = list(ledger.of_django(connection).seals(after=last))
    if not waiting:
        return 0
    try:
        anchors.add(settings.AUDIT_ANCHORS, waiting)
    except OSError as error:
        log.error(
            "the audit log's anchors cannot be written to %s (%s): mend it, seals wait", settings.AUDIT_ANCHORS, error
        )
        return 0
    try:
        with transaction.atomic():
            Anchor.objects.bulk_create([Anchor(seal_id=s.number) for s in waiting])
    except IntegrityError:  # another process anchored them too; both wrote the same lines
        return 0
    return len(waiting)


def _settled(book: Ledger, tries: int = 20, pause: float = 0.02) -> int:
    """The highest id below which no event can still turn up; 0 where that can't be said just now.

    SQLite has one writer, whose ids stand in the order of its commits. On PostgreSQL a transaction may hold a low id and
    commit late: each that writes an event shares a lock until it ends, and takes it before it draws an id. Who does not
    hold it after the highest id was read, or has let go of it since, can bring nothing lower.
    """
    highest = book.last_event()
    if book.vendor != "postgresql" or not highest:
        return highest
    holders = _holders(book)
    for _ in range(tries):
        if not holders:
            return highest
        time.sleep(pause)
        holders &= _holders(book)
    return 0


def _holders(book: Ledger) -> set[Any]:
    sql = """
        SELECT virtualtransaction FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = 2
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()
    """
    return {row[0] for row in book.execute(sql, guards.LOCK)}


def keep_sealing(stop: threading.Event, every: float | None = None) -> None:
    """Seals what is left every few seconds until told to stop: what a server's own thread does while nobody acts."""
    while not stop.wait(every or policy.sealing().seconds):
        try:
            seal_pending()
        except Exception:  # the next round tries again; the tail is reported meanwhile
            log.exception("the audit log could not be sealed")
        finally:
            connection.close()
