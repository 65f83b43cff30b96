"""Sealing and checking the workplace's own log: for the command line and for every night."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from forestall.errors import ForestallError
from forestall.web.audit import actions, anchors, ledger, sealing, verify
from forestall.web.audit.trail import Trail
from forestall.web.audit.verify import Verification


def check(file: Path | None = None) -> Verification:
    """Checks the log of this workplace's database against its anchors, or against another ``file`` of them."""
    path = file or settings.AUDIT_ANCHORS
    book = ledger.of_django(connection)
    try:
        book.last_seal()
    except DatabaseError as error:
        raise ForestallError(
            f"the database has no sealed log that can be read ({str(error).splitlines()[0]}): start the workplace once, as "
            "the role that owns its tables"
        ) from error
    return verify.verify(book, lambda: anchors.read(path))


def seal() -> tuple[int, int, int]:
    """Seals what is left; how many events it sealed, how many are left, and how many seals are not anchored."""
    sealed = sealing.seal_pending()
    book = ledger.of_django(connection)
    last = book.last_seal()
    left, _ = book.tail(last.last if last else 0)
    return sealed, left, (last.number if last else 0) - len(book.anchored())


def every_night(trail: Trail) -> bool:
    """Seals what is left, checks everything and writes into the log what was found."""
    sealing.seal_pending()
    actions.record_check(found=check(), trail=trail)
    return True
