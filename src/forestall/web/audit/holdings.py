"""What this app holds, for reviews and for who asks: the log of access, a calendar year at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Min
from django.utils import timezone

from forestall.results import Column, Table
from forestall.text import msg
from forestall.web.audit.models import Event
from forestall.web.retention.sources import KEEP, Held, Item, Source, Subject, register


def due(day: dt.date) -> Iterable[Item]:
    """The calendar years of the log that are past their time."""
    first = Event.objects.aggregate(at=Min("at"))["at"]
    years = range(timezone.localdate(first).year, day.year) if first else ()
    return [i for i in map(_item, years) if i.due <= day]


def one(record: str) -> Item | None:
    _, _, year = record.partition(":")
    if not (year.isdecimal() and 1970 <= int(year) <= 9998 and Event.objects.filter(at__year=int(year)).exists()):
        return None
    return _item(int(year))


def _item(year: int) -> Item:
    return Item(f"audit:{year}", "audit", msg("The log of {year}", year=str(year)), dt.date(year, 12, 31))


def _never(record: str, decision: str, review: Any) -> Mapping[str, Any]:
    raise TypeError(f"{record} is never changed from a page ({decision}, {review})")


def gather(subject: Subject) -> Iterable[Held]:
    """What the log says that the person did."""
    if subject.account is None:
        return
    columns = (
        Column("at", msg("When")),
        Column("act", msg("What")),
        Column("record", msg("Which record")),
        Column("address", msg("From where")),
    )
    events = Event.objects.filter(actor=subject.account).values_list("at", "act", "record", "address")
    rows = tuple((timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S"), *rest) for at, *rest in events)
    if rows:
        yield Held("log", msg("What the log of access says"), msg("somebody who uses the workplace"), Table(columns, rows))


register(
    Source(
        kind="audit",
        title=msg("The log of access"),
        due=due,
        one=one,
        decisions=(KEEP,),
        says=msg(
            "The log is never changed from a page. Record here why a year of it is kept longer; a year that is to go is "
            "taken out by the operator at the database, who leaves the seals."
        ),
        carry_out=_never,
        gather=gather,
    )
)
