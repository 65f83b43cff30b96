"""What people are reminded of. An app registers a source; the worker asks all of them once a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from forestall.text import Message
from forestall.web.people.models import User
from forestall.web.work.kinds import Kind


@dataclass(frozen=True)
class Reminder:
    """A notice that is due. ``key`` names the occasion (``task:12:due:2026-05-01``): it is posted once."""

    person: User
    kind: Kind
    message: Message
    key: str
    link: str = ""
    reference: str = ""

    def arguments(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


Source = Callable[[dt.datetime], Iterable[Reminder]]
SOURCES: list[Source] = []


def source(function: Source) -> Source:
    """Registers a source: what is due at a time, whether or not it was posted before."""
    SOURCES.append(function)
    return function


def due(now: dt.datetime) -> Iterator[Reminder]:
    """Every reminder that is due, of all sources."""
    for reminders in SOURCES:
        yield from reminders(now)
