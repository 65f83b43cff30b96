"""What a plan begins with: a signal, a point, occurrence numbers or somebody's words, and what the system knows of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from forestall import catalogue
from forestall.results import Signal
from forestall.results.signal import PERSON_KINDS
from forestall.text import Message
from forestall.web.signals.pinned import Pinned


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
        """A first title: what, where."""
        what = catalogue.category(self.category).title.render(language) if self.category else ""
        where = self.where.render(language) if self.where else ""
        return ", ".join(p for p in (what, where) if p)[:200]


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
