"""Reading the log, for those who may. Newest first, a page at a time, by key and not by count: the last page of five
million events costs what the first does.

One of the chosen boxes drives: the one with an index that leaves least to look at. The others are looked for among the
events that it gives, at most :data:`BUDGET` of them a page; where that was not enough, the page says how far back it
looked, and goes on from there.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import Http404

from forestall.web.audit import ledger
from forestall.web.audit.choice import Choice
from forestall.web.audit.models import Event
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission

PAGE = 50
#: Events that one page looks through at most.
BUDGET = 20_000


@dataclass(frozen=True)
class Key:
    """A place in the log: events older than this follow."""

    at: dt.datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at:%Y%m%dT%H%M%S.%f}-{self.id}"

    @staticmethod
    def of(text: str) -> Key:
        """Raises ``Http404`` for what is no key."""
        try:
            at, _, number = text.partition("-")
            key = Key(dt.datetime.strptime(at, "%Y%m%dT%H%M%S.%f").replace(tzinfo=dt.UTC), int(number))
        except ValueError as error:
            raise Http404 from error
        if not 0 <= key.id < 2**63:
            raise Http404
        return key


@dataclass(frozen=True)
class Page:
    """``older``: where the next page begins, None at the end; ``looked_back``: how far this one looked where it did not
    look through all that it might have."""

    events: tuple[Event, ...]
    older: Key | None = None
    looked_back: dt.datetime | None = None


@dataclass(frozen=True)
class State:
    """The chain as the page shows it. ``checked``: the last check's event, its detail with it."""

    sealed_until: dt.datetime | None
    last_event: int
    unsealed: int
    unsealed_since: dt.datetime | None
    not_anchored: int
    checked: Event | None


def page(user: Any, choice: Choice, older_than: Key | None = None) -> Page:
    """One page of the events that fit a choice."""
    _may(user, Permission.SEE_AUDIT)
    drive, rest = _split(choice)
    found = _older(_between(drive, choice), older_than)
    if rest is None:
        rows = list(_newest(found)[: PAGE + 1])
        return Page(tuple(rows[:PAGE]), _key(rows[PAGE - 1]) if len(rows) > PAGE else None)
    floor = _newest(found).values_list("at", "id")[BUDGET - 1 : BUDGET + 1]
    bounds = [Key(*row) for row in floor]
    end = bounds[0] if len(bounds) == 2 else None
    near = found if end is None else found.filter(at__gte=end.at).exclude(at=end.at, id__lt=end.id)
    rows = list(_newest(_text_of(near).filter(rest))[: PAGE + 1])
    if len(rows) > PAGE:
        return Page(tuple(rows[:PAGE]), _key(rows[PAGE - 1]))
    return Page(tuple(rows), end, end.at if end else None)


def each(user: Any, choice: Choice, at_most: int | None = None, at_once: int = 2_000) -> Iterator[Event]:
    """Every event that fits a choice, newest first, read in pieces as they are taken; ``user`` None: the operator."""
    if user is not None:
        _may(user, Permission.EXPORT_AUDIT)
    drive, rest = _split(choice)
    found = _between(drive, choice)
    if rest is not None:
        found = _text_of(found).filter(rest)
    key, given = None, 0
    while at_most is None or given < at_most:
        size = at_once if at_most is None else min(at_once, at_most - given)
        rows = list(_newest(_older(found, key))[:size])
        yield from rows
        given += len(rows)
        if len(rows) < size:
            return
        key = _key(rows[-1])


def of_record(user: Any, record: str, at_most: int = PAGE) -> tuple[Event, ...]:
    """The newest events of one record, such as ``signal:0000000001``: who had to do with it."""
    return page(user, Choice(record=record)).events[:at_most]


def people(user: Any, text: str, at_most: int = 10) -> list[User]:
    """The accounts that a name in the search box may mean: the one with that user name alone where there is one."""
    _may(user, Permission.SEE_AUDIT)
    if not text:
        return []
    exact = list(User.objects.filter(username=text.lower()))
    return exact or list(
        User.objects.filter(Q(name__icontains=text) | Q(username__icontains=text)).order_by("username")[:at_most]
    )


def acts(user: Any) -> list[str]:
    """The acts that are in the log, each found by one look at the index and not by reading every event."""
    _may(user, Permission.SEE_AUDIT)
    sql = """
        WITH RECURSIVE found(act) AS (
            SELECT min(act) FROM audit_event
            UNION ALL SELECT (SELECT min(act) FROM audit_event WHERE act > found.act) FROM found WHERE found.act IS NOT NULL
        ) SELECT act FROM found WHERE act IS NOT NULL
    """
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return sorted(row[0] for row in cursor.fetchall())


def state(user: Any) -> State:
    """How the chain stands."""
    _may(user, Permission.SEE_AUDIT)
    book = ledger.of_django(connection)
    last = book.last_seal()
    unsealed, since = book.tail(last.last if last else 0)
    anchored = book.execute("SELECT max(seal_id) FROM audit_anchor", ())[0][0] or 0
    checked = _newest(Event.objects.filter(act="verify-log")).first()
    return State(
        _moment(last.at if last else None), last.last if last else 0, unsealed, _moment(since),
        (last.number if last else 0) - anchored, checked,
    )  # fmt: skip


def _may(user: Any, permission: Permission) -> None:
    if not user.may(permission):
        raise PermissionDenied


def _split(choice: Choice) -> tuple[QuerySet, Q | None]:
    """The events by the box that drives, and what is left to look for among them."""
    drive, rest = Event.objects.all(), []
    driven = False
    for name, value in (("record", choice.record), ("actor_name", choice.person), ("act", choice.act)):
        if not value:
            continue
        if name == "record" and value.endswith("*"):
            rest.append(Q(record__startswith=value[:-1]))
        elif driven:
            rest.append(Q(**{name: value}))
        else:
            drive, driven = drive.filter(**{name: value}), True
    if choice.operation:
        if driven:
            rest.append(Q(operation=choice.operation))
        else:
            drive = drive.filter(operation=choice.operation)
    if choice.text:
        rest.append(_words(choice.text))
    if not rest:
        return drive, None
    both = rest[0]
    for q in rest[1:]:
        both &= q
    return drive, both


def _words(text: str) -> Q:
    """Text in what is free text; in the detail also as SQLite's JSON writes letters beyond ASCII."""
    escaped = json.dumps(text)[1:-1]
    found = (
        Q(recipient__icontains=text)
        | Q(reason__icontains=text)
        | Q(address__icontains=text)
        | Q(detail_text__icontains=text)
    )
    return found | Q(record__icontains=text) | Q(detail_text__icontains=escaped)


def _text_of(events: QuerySet) -> QuerySet:
    return events.annotate(detail_text=Cast("detail", TextField()))


def _between(events: QuerySet, choice: Choice) -> QuerySet:
    after, before = choice.after(), choice.before()
    if after:
        events = events.filter(at__gte=after)
    return events.filter(at__lt=before) if before else events


def _older(events: QuerySet, key: Key | None) -> QuerySet:
    """A range of the index and not a choice of two, so that both databases walk it."""
    return events if key is None else events.filter(at__lte=key.at).exclude(at=key.at, id__gte=key.id)


def _newest(events: QuerySet) -> QuerySet:
    return events.select_related("actor").order_by("-at", "-id")


def _key(event: Event) -> Key:
    return Key(event.at.astimezone(dt.UTC), event.id)


def _moment(text: str | None) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(str(text)).replace(tzinfo=dt.UTC) if text else None
    except ValueError:
        return None
