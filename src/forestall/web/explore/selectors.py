"""Every reading of the records for an analysis, cut to what the reader may see, and kept for whoever asks the same next."""

from __future__ import annotations

import dataclasses
import functools
import threading
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import PermissionDenied

from forestall.analyse import bench
from forestall.analyse.bench import Analysis
from forestall.analyse.chosen import held_kinds
from forestall.analyse.method import Method
from forestall.analyse.refused import Refused
from forestall.places import Places
from forestall.records.records import Records
from forestall.records.store import Store
from forestall.results import AnalysisResult
from forestall.text import msg
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.signals.pinned import Pinned

#: Records that one analysis on a page may take; a method's own bound may be lower.
MOST = 500_000

#: As many analyses at a time: each takes a core, and a page must not wait for a dozen others.
_turns = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Offer:
    """What can be asked. ``categories``: kind of record -> its categories. ``lacking``: method -> why these records can't
    feed it, None where they can."""

    categories: dict[str, tuple[str, ...]]
    months: tuple[str, ...]
    methods: tuple[Method, ...]
    lacking: dict[str, Refused | None]


def permitted(user: User, held: Pinned, analysis: Analysis) -> Analysis:
    """The analysis as this person may make it: anywhere, or in the areas of a local role. Raises ``PermissionDenied``
    without the permission and ``Refused`` for areas beyond it."""
    if not user.may(Permission.EXPLORE):
        raise PermissionDenied
    mine = user.areas(Permission.EXPLORE)
    if mine is None:
        return analysis
    inside = {a for code in mine for a in (code, *held.places.within(code))}
    if not analysis.hub and not analysis.areas:
        return dataclasses.replace(analysis, areas=tuple(sorted(mine)))
    asked = {analysis.hub} if analysis.hub else set(analysis.areas)
    if not asked <= inside:
        names = [held.places.name(code) for code in sorted(mine)]
        raise Refused(msg("your role covers {areas:list} alone: choose an area inside", areas=names))
    return analysis


def hubs(user: User, held: Pinned) -> tuple[str, ...]:
    """The local authorities that a person may choose."""
    mine = user.areas(Permission.EXPLORE)
    return held.hubs if mine is None else tuple(h for h in held.hubs if h in mine)


def offer(user: User, held: Pinned) -> Offer:
    """What can be asked of these records."""
    if not user.may(Permission.EXPLORE):
        raise PermissionDenied
    return _offer(held)


def answer(user: User, held: Pinned, analysis: Analysis) -> AnalysisResult:
    """The answer to an analysis. Raises ``PermissionDenied`` or, for what a person can mend, ``Refused``."""
    cut = permitted(user, held, analysis)
    return _answer(held, cut.query(), bool(settings.HOTSPOT_FORECASTS))


def is_off(method: Method) -> bool:
    """Whether the method waits for the force's ethics body to switch it on."""
    return method.ethics and not settings.HOTSPOT_FORECASTS


@functools.lru_cache(maxsize=2)
def _ground(held: Pinned) -> tuple[Records, Places | None]:
    """The records of the pinned snapshot, and the places that were loaded with it."""
    records = Store.open(Path(settings.STORE)).records(held.scan.provenance.snapshot)
    return records, None if held.places.version == "none" else held.places


@functools.lru_cache(maxsize=2)
def _offer(held: Pinned) -> Offer:
    records, _ = _ground(held)
    known = bench.methods()
    force = held.force or records.forces()[0]
    return Offer(
        dict(held_kinds(records, force)), records.months(force), known, {m.slug: bench.lacking(m, records) for m in known}
    )


@functools.lru_cache(maxsize=48)
def _answer(held: Pinned, query: str, switched_on: bool) -> AnalysisResult:
    records, places = _ground(held)
    analysis = Analysis.of_query(query)
    if not analysis.force and held.force:
        analysis = dataclasses.replace(analysis, force=held.force)
    with _turns:
        return bench.run(analysis, records, places, most=MOST, switched_on=switched_on)
