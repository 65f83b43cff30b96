"""The words of the library, from the catalogue: mechanisms, EMMIE and the 5Is, kinds of place, verdicts, bands of cost
(``catalogue/library.yaml``)."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from decimal import Decimal

from forestall.catalogue import load, path
from forestall.catalogue.plans import Option, options
from forestall.errors import ForestallError
from forestall.text import Message

UNKNOWN = "unknown"
LISTS = ("mechanisms", "dimensions", "five", "directions", "qualities", "kinds", "places", "verdicts", "units")


@dataclass(frozen=True)
class Band(Option):
    """A band of cost. ``below``: pounds, None for the highest."""

    below: Decimal | None


@functools.cache
def words(name: str) -> tuple[Option, ...]:
    """One of :data:`LISTS`. :class:`ForestallError` where the file lacks it."""
    data, file = load("library"), str(path("library"))
    if not isinstance(data, dict) or name not in data:
        raise ForestallError(f"{file} must hold a list named {name}")
    return options(data[name], file)


def title(name: str, slug: str) -> Message | str:
    """The title of a slug in a list; the slug itself where the catalogue no longer has it."""
    return next((o.title for o in words(name) if o.slug == slug), slug)


@functools.cache
def costs() -> tuple[Band, ...]:
    """The bands of cost, lowest first."""
    file = str(path("library"))
    entries = load("library").get("costs") or []
    made = tuple(
        Band(o.slug, o.title, None if e.get("below") is None else Decimal(str(e["below"])))
        for o, e in zip(options(entries, file), entries, strict=True)
    )
    limits = [b.below for b in made[:-1]]
    if not made or made[-1].below is not None or None in limits or limits != sorted(limits):  # type: ignore[type-var]
        raise ForestallError(f"{file}: bands of costs go from low to high by their below, and the last has null")
    return made


def band(cost: Decimal | None) -> str:
    """The band in which a cost lies; ``unknown`` where there is none."""
    if cost is None:
        return UNKNOWN
    return next(b.slug for b in costs() if b.below is None or cost < b.below)
