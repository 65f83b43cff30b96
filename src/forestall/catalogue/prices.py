"""What a pound of one year is worth in another, and how later years count: ``deflators/*.yaml`` and
``appraisal.yaml``, checked."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from forestall.catalogue import load, path
from forestall.errors import ForestallError
from forestall.text import Message

#: A financial year, such as 2015/16.
YEAR = re.compile(r"(\d{4})/(\d{2})")


@dataclass(frozen=True)
class Deflators:
    """``index``: level of prices by financial year (``2015/16``), in any unit. ``released``: the day of the release."""

    slug: str
    title: Message
    source: str
    released: str
    note: Message
    index: Mapping[str, Decimal]

    def factor(self, since: str, until: str) -> Decimal:
        """What a pound in prices of year ``since`` is in prices of year ``until``. ForestallError for a year not in the
        table."""
        for year in (since, until):
            if year not in self.index:
                first, last = min(self.index), max(self.index)
                raise ForestallError(
                    f"there is no deflator for {year!r} in {self.slug}, which runs from {first} to {last}: give a "
                    f"financial "
                    "year there, or a newer table"
                )
        return self.index[until] / self.index[since]


@dataclass(frozen=True)
class Appraisal:
    """``discount_rate``: a year, in real terms, for costs and benefits up to ``up_to_years`` after the first."""

    discount_rate: Decimal
    up_to_years: int
    source: str
    verified: bool


@functools.cache
def deflators(name: str = "gdp-2025-06") -> Deflators:
    """A table of deflators. ForestallError where the file lacks something, or a year or level can't be."""
    file = f"deflators/{name}"
    data = load(file)
    _needs(file, data, {"title", "source", "released", "note", "years"})
    index = {}
    for year, levels in data["years"].items():
        found = YEAR.fullmatch(str(year))
        if not found or (int(found[1]) + 1) % 100 != int(found[2]):
            raise ForestallError(f"{path(file)}: {year!r} is no financial year; write it like 2015/16")
        given = [_number(file, year, v) for v in (levels if isinstance(levels, list) else [levels])]
        if len(given) not in (1, 4) or not all(v > 0 for v in given):
            raise ForestallError(f"{path(file)}: {year} needs one level above 0, or four quarters of it")
        index[str(year)] = sum(given, Decimal(0)) / len(given)
    if not index:
        raise ForestallError(f"{path(file)} has no years: give at least one")
    return Deflators(name, data["title"], data["source"], str(data["released"]), data["note"], index)


@functools.cache
def appraisal() -> Appraisal:
    """How later years count. ForestallError where the file lacks something or the rate can't be."""
    data = load("appraisal")
    _needs("appraisal", data, {"discount_rate", "up_to_years", "source", "verified"})
    rate = _number("appraisal", "discount_rate", data["discount_rate"])
    if not 0 <= rate < 1:
        raise ForestallError(f"{path('appraisal')}: discount_rate must be a share such as 0.035, not {rate}")
    return Appraisal(rate, int(data["up_to_years"]), data["source"], bool(data["verified"]))


def _number(file: str, what: str, value: Any) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation as error:
        raise ForestallError(f"{path(file)}: {what} must be a number, not {value!r}") from error
    if not found.is_finite():
        raise ForestallError(f"{path(file)}: {what} must be a number, not {value!r}")
    return found


def _needs(file: str, data: Any, names: set[str]) -> None:
    missing = names - set(data) if isinstance(data, Mapping) else names
    if missing:
        raise ForestallError(f"{path(file)} lacks {', '.join(sorted(missing))}")
