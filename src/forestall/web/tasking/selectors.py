"""Every reading of the tasking lists, cut to the areas and to the form that the reader may see."""

from __future__ import annotations

import functools
import threading
from pathlib import Path

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404

from forestall import scan
from forestall.records.store import Store
from forestall.results.tasking import TaskingLists
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.signals.pinned import Pinned
from forestall.web.tasking.asked import Asked

#: Rows of each list.
LISTED = 20

_turn = threading.Lock()


def hubs(user: User, held: Pinned) -> tuple[str, ...]:
    """What a person may choose: the local authorities, and '' for the whole force where the role holds everywhere."""
    mine = user.areas(Permission.SEE_TASKING) if user.may(Permission.SEE_TASKING) else frozenset()
    return ("", *held.hubs) if mine is None else tuple(h for h in held.hubs if h in mine)


def full(user: User, hub: str) -> bool:
    """Whether a person sees the force's own form there, with occurrence numbers."""
    if not user.may(Permission.SEE_PERSONS):
        return False
    mine = user.areas(Permission.SEE_PERSONS)
    return mine is None or hub in mine


def settled(user: User, held: Pinned, asked: Asked) -> Asked | None:
    """What a person gets for what was asked; None where the role covers no whole local authority. A place that is not there
    and one beyond the role answer alike: not found."""
    if not user.may(Permission.SEE_TASKING):
        raise PermissionDenied
    mine = hubs(user, held)
    if not mine:
        return None
    hub = mine[0] if asked.hub is None else asked.hub
    if hub not in mine:
        raise Http404
    return Asked(hub, "force" if full(user, hub) and asked.audience != "partner" else "partner")


def lists(user: User, held: Pinned, asked: Asked) -> TaskingLists:
    """The lists; raises as :func:`settled` does, and ``Http404`` where there is nothing to choose."""
    cut = settled(user, held, asked)
    if cut is None:
        raise Http404
    return of(held, cut)


@functools.lru_cache(maxsize=32)
def of(held: Pinned, asked: Asked) -> TaskingLists:
    """The lists of a scan's records, worked out once. One at a time: a page must not take every core."""
    with _turn:
        return _made(held, asked.hub or None, asked.audience)


def _made(held: Pinned, hub: str | None, audience: str) -> TaskingLists:
    records = Store.open(Path(settings.STORE)).records(held.scan.provenance.snapshot)
    places = None if held.places.version == "none" else held.places
    found: TaskingLists = scan.tasking(
        records, places, hub=hub, force=held.force or None, until=held.until or None, audience=audience, listed=LISTED
    )
    return found
