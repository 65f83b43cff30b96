"""What the first reader of a new scan would wait for, worked out before anybody asks: the methods' modules, the quality of
the snapshot's records, a first profile and the tasking lists of the whole force. A served workplace keeps at it."""

from __future__ import annotations

import logging
import threading
import time

from forestall.errors import ForestallError
from forestall.web.explore import warm
from forestall.web.plans import ward
from forestall.web.signals import profiles
from forestall.web.signals.pinned import Pinned, pinned
from forestall.web.tasking import selectors as tasking
from forestall.web.tasking.asked import Asked

#: Seconds between looks for a newer scan.
EVERY = 20.0

_begun = threading.Event()


def keep_ready() -> None:
    """Makes each new scan ready, in the background and once a process."""
    if not _begun.is_set():
        _begun.set()
        threading.Thread(target=_watch, name="ready", daemon=True).start()


def make_ready(held: Pinned) -> None:
    """Works out, and keeps, what the pages of this scan share. Raises ``ForestallError`` where the store cannot be read."""
    warm.warm()
    first = next((s for s in held.scan.signals if profiles.has_profile(s)), None)
    if first is not None:
        profiles.of(held, first, full=True)
    ward.year(held)
    for audience in ("force", "partner"):
        tasking.of(held, Asked("", audience))


def _watch() -> None:
    done = ""
    while True:
        try:
            held = pinned()
            if held is not None and held.key != done:
                done = held.key
                make_ready(held)
        except (ForestallError, OSError):
            logging.getLogger(__name__).warning("the scan could not be made ready ahead of its readers", exc_info=True)
        time.sleep(EVERY)
