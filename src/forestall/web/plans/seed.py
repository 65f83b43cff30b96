"""What a plan begins with: a signal, a point, occurrence numbers or somebody's words, and what the system knows of it."""

from __future__ import annotations

import dataclasses
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from forestall import catalogue
from forestall.records import months as mm
from forestall.records.records import Records
from forestall.records.store import Store
from forestall.results import Signal
from forestall.results.signal import PERSON_KINDS
from forestall.text import Message, Name, msg
from forestall.web.signals.pinned import Pinned

#: Characters of somebody's words that make a first title.
TITLE = 70


@dataclass(frozen=True)
class Seed:
    """``areas``: codes; () for the whole force. ``place``: its name, as a message's JSON. ``since``, ``until``: inclusive
    months. ``observed`` and ``expected``: counts of the window; ``monthly``: mean count of the last twelve usable months.
    ``words``: what a person said. ``point``: longitude and latitude. ``snapshot``: of the records that say so."""

    origin: str
    category: str = ""
    areas: tuple[str, ...] = ()
    place: Any = None
    why: Any = None
    kind: str = ""
    since: str = ""
    until: str = ""
    signal: str = ""
    snapshot: str = ""
    observed: int | None = None
    expected: float | None = None
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    monthly: float | None = None
    harm: float | None = None
    occurrences: tuple[str, ...] = ()
    point: tuple[float, float] | None = None
    words: str = ""
    about_people: bool = False

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> Seed:
        """A seed as a plan keeps it; what later versions added is left at its default."""
        known = {f.name for f in dataclasses.fields(Seed)}
        kept = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k in known}
        return Seed(**kept)

    @property
    def where(self) -> Message | None:
        return Message.from_json(self.place) if self.place else None

    def title(self, language: str) -> str:
        """A first title: what, where; else how the words begin."""
        what = catalogue.category(self.category).title.render(language) if self.category else ""
        where = self.where.render(language) if self.where else ""
        known = ", ".join(p for p in (what, where) if p)[:200]
        return known or textwrap.shorten(self.words, TITLE, placeholder="…")


def from_signal(held: Pinned, s: Signal) -> Seed:
    """What a signal knows."""
    usable = [
        o for o, m in zip(s.series.observed, s.series.masked or (False,) * len(s.series.observed), strict=True) if not m
    ]
    last = usable[-12:]
    return Seed(
        origin="signal",
        category=s.category,
        areas=() if s.kind == "force-wide" else tuple(s.areas),
        place=s.place.to_json(),
        why=s.why.to_json(),
        kind=s.kind,
        since=s.since,
        until=s.until,
        signal=s.id,
        snapshot=held.scan.provenance.snapshot,
        observed=s.observed,
        expected=s.expected,
        ratio=s.ratio,
        interval=s.interval,
        monthly=sum(last) / len(last) if last else None,
        harm=s.harm,
        about_people=s.kind in PERSON_KINDS,
    )


@dataclass(frozen=True)
class Named:
    """Occurrences that a person named: what they are about, and the numbers that the records don't have."""

    seed: Seed
    missing: tuple[str, ...]


def from_place(scan: Pinned, code: str, category: str = "", *, words: str = "", origin: str = "map") -> Seed:
    """What the records know of a place (a code of any level) and category over their last twelve months."""
    areas = tuple(a for a in scan.places.within(code) if a in set(scan.areas)) or (code,)
    until = scan.until
    since = mm.shift(until, -11)
    observed = None
    if category:
        rows = _records(scan).rows(areas=areas, category=category, since=since, until=until, force=scan.force or None)
        observed = int(rows.num_rows)
    name = Name(scan.places.name(code), scan.places.name(code, "cy"))
    return Seed(
        origin=origin,
        category=category,
        areas=areas,
        place=msg("{place}", place=name).to_json(),
        since=since if observed is not None else "",
        until=until if observed is not None else "",
        snapshot=scan.scan.provenance.snapshot,
        observed=observed,
        monthly=None if observed is None else observed / 12,
        harm=_harm(category, observed),
        words=words,
        kind="place",
    )


def from_occurrences(scan: Pinned, refs: Sequence[str]) -> Named:
    """What the records know of occurrences: their commonest category, their areas, their months."""
    rows = _records(scan).rows(refs=refs, force=scan.force or None).select(["source_ref", "category", "lsoa", "month"])
    found = rows.to_pylist()
    there = tuple(r for r in refs if r in {f["source_ref"] for f in found})
    categories = Counter(f["category"] for f in found if f["category"])
    category = categories.most_common(1)[0][0] if categories else ""
    areas = tuple(sorted({f["lsoa"] for f in found if f["lsoa"]}))
    months = sorted(f["month"] for f in found if f["month"])
    names = [Name(scan.places.name(a), scan.places.name(a, "cy")) for a in areas[:3]]
    seed = Seed(
        origin="occurrences",
        category=category,
        areas=areas,
        place=msg("{places:list}", places=names).to_json() if names else None,
        since=months[0] if months else "",
        until=months[-1] if months else "",
        snapshot=scan.scan.provenance.snapshot,
        observed=len(there) or None,
        harm=_harm(category, len(there)),
        occurrences=there,
        kind="occurrences",
    )
    return Named(seed, tuple(r for r in refs if r not in there))


def from_words(scan: Pinned | None, words: str, code: str = "", category: str = "") -> Seed:
    """What a councillor or resident said, with what the records know of the place where one is named."""
    if scan is not None and code:
        return from_place(scan, code, category, words=words, origin="complaint")
    return Seed(origin="complaint", category=category, words=words)


def area_at(scan: Pinned, longitude: float, latitude: float) -> str | None:
    """The code of the area that a point lies in; None outside of the force's area."""
    return scan.places.at(longitude, latitude, scan.areas)


def _harm(category: str, n: int | None) -> float | None:
    weight = catalogue.harm().weight(category) if category else None
    return weight * n if weight is not None and n else None


def _records(scan: Pinned) -> Records:
    return Store.open(Path(settings.STORE)).records(scan.scan.provenance.snapshot)


def fields_of(scan: Pinned) -> frozenset[str]:
    """The fields that the scanned records fill."""
    return _records(scan).filled()
