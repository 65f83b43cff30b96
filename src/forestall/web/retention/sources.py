"""What the workplace holds, by kind: each app registers its own in ``holdings.py``.

from forestall.web.retention.sources import Item, Source, register

register(Source(kind="account", …))
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from forestall.catalogue import retention as catalogue
from forestall.results import Table
from forestall.text import Message, Name

KEEP, ERASE, REDACT = "keep", "erase", "redact"


@dataclass(frozen=True)
class Item:
    """One record that is due. ``record``: as the log names it (``account:12``). ``kind``: its entry in the catalogue.
    ``since``: the day from which the clock runs."""

    record: str
    kind: str
    label: Message | Name
    since: dt.date

    @property
    def due(self) -> dt.date:
        """The day of the first review; a decision may have set a later one since."""
        return years_after(self.since, catalogue.kept(self.kind).group.years)


@dataclass(frozen=True)
class Subject:
    """Whom a request is about: a person with an account, or one whom the records name by a keyed hash, or both."""

    account: Any = None
    person_hash: str = ""


@dataclass(frozen=True)
class Held:
    """Something held about a person: ``role`` keeps apart who the person is in it (suspect, victim …), as section 38 of the
    Data Protection Act 2018 asks. ``free_text``: a table's column that a person must read before it leaves, or ''."""

    name: str
    title: Message
    role: Message
    table: Table
    free_text: str = ""


Due = Callable[[dt.date], Iterable[Item]]


@dataclass(frozen=True)
class Source:
    """``due(day)``: the records whose first review is due by then, cut in SQL where there are many. ``one(record)``: the
    item of a record, None where there is none. ``decisions``: what may be decided. ``says``: what erasing or redacting does
    here. ``carry_out(record, decision, review)``: does it within the caller's transaction, leaving a redacted trace, and
    returns what the trace says; where ``quick`` is false it takes a while, commits by itself and runs in the background,
    never in a request, and doing it twice does it once. ``gather(subject)``: what it holds about a person. ``warm()``: has
    ready what ``due`` and ``one`` take long to find."""

    kind: str
    title: Message
    due: Due
    one: Callable[[str], Item | None]
    decisions: tuple[str, ...]
    says: Message
    carry_out: Callable[[str, str, Any], Mapping[str, Any]]
    gather: Callable[[Subject], Iterable[Held]] = lambda _: ()
    quick: bool = True
    warm: Callable[[], object] = lambda: None


SOURCES: dict[str, Source] = {}


def register(source: Source) -> None:
    """Adds what an app holds; a second registration of a kind replaces the first."""
    SOURCES[source.kind] = source


def of(record: str) -> Source | None:
    """The source of a record, by the first part of its name."""
    return SOURCES.get(record.split(":", 1)[0])


def begun_by(kind: str, day: dt.date) -> dt.date:
    """A day after which no clock of a kind began whose first review is due by ``day``: to cut in SQL, and :attr:`Item.due`
    says the rest (a clock that began on 29 February is due on the 28th)."""
    return years_after(day, -catalogue.kept(kind).group.years) + dt.timedelta(days=1)


def years_after(day: dt.date, years: int) -> dt.date:
    """The same day so many years later; of 29 February the 28th where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
