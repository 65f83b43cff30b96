"""Every reading of what is due and of what was asked, for those alone who may decide on it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from forestall.catalogue.retention import Kept, kept
from forestall.records.store import Store
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.retention.models import Request, Review
from forestall.web.retention.sources import ERASE, REDACT, SOURCES, Held, Item, Source, Subject, of


@dataclass(frozen=True)
class DueItem:
    """A record that waits for a decision. ``due``: the first review's day, or the one set by the last decision."""

    item: Item
    due: dt.date
    kept: Kept
    source: Source

    def overdue(self, today: dt.date) -> int:
        return (today - self.due).days


def waiting() -> QuerySet[Review]:
    """Erasures that were decided and wait to be carried out, oldest first."""
    return Review.objects.filter(decision__in=(ERASE, REDACT), done_at=None).order_by("at", "pk")


def warm() -> None:
    """Counts what takes a while to count, and keeps it: before a transaction, which would hold every writer up."""
    for source in SOURCES.values():
        source.warm()


def queue(user: User, today: dt.date | None = None) -> list[DueItem]:
    """What is due now, longest overdue first."""
    if not user.may(Permission.REVIEW_RETENTION):
        return []
    today = today or timezone.localdate()
    out = []
    for source in SOURCES.values():
        items = list(source.due(today))
        later = _later([i.record for i in items])
        for item in items:
            due = later.get(item.record, item.due)
            if due is not None and due <= today:
                out.append(DueItem(item, due, kept(item.kind), source))
    return sorted(out, key=lambda d: (d.due, d.item.record))


def _later(records: list[str]) -> dict[str, dt.date | None]:
    """The review day that the last decision set: of an erasure that was carried out the day after, because what is there
    now has come since. None where an erasure waits, and for good where a redaction left the record."""
    found: dict[str, dt.date | None] = {}
    for at in range(0, len(records), 500):
        some = Review.objects.filter(record__in=records[at : at + 500])
        for record, decision, done_at, next_due in some.values_list("record", "decision", "done_at", "next_due"):
            day = next_due
            if decision == ERASE and done_at is not None:
                day = timezone.localdate(done_at) + dt.timedelta(days=1)
            before = found.get(record, day)
            found[record] = None if day is None or before is None else max(before, day)
    return found


def due_item(user: User, record: str, today: dt.date | None = None) -> DueItem:
    """One record that is due. One that is not there and one that is not due answer alike: not found."""
    today = today or timezone.localdate()
    source = of(record) if user.may(Permission.REVIEW_RETENTION) else None
    item = source.one(record) if source else None
    if source is None or item is None or item.record != record:  # by its one name: a decision is made once for each
        raise Http404
    due = _later([record]).get(record, item.due)
    if due is None or due > today:
        raise Http404
    return DueItem(item, due, kept(item.kind), source)


def reviews(user: User) -> QuerySet[Review]:
    """Decisions, the last first."""
    found = Review.objects.select_related("decided_by")
    return found if user.may(Permission.REVIEW_RETENTION) else found.none()


def requests(user: User) -> QuerySet[Request]:
    found = Request.objects.select_related("account", "opened_by", "decided_by")
    return found if user.may(Permission.DISCLOSE) else found.none()


def request(user: User, pk: int) -> Request:
    found = requests(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def accounts(user: User) -> QuerySet[User]:
    """Accounts that a request may be about."""
    return User.objects.order_by("username") if user.may(Permission.DISCLOSE) else User.objects.none()


def synthetic() -> bool:
    """Whether the records are the sample's."""
    return any(p.source.startswith("sample") for p in Store.open(settings.STORE).manifest().parts)


def held(user: User, asked: Request) -> list[Held]:
    """Everything that the workplace and the record store hold about whom a request names, every app's part in turn."""
    if not user.may(Permission.DISCLOSE) or asked.erased_at is not None:
        return []
    subject = Subject(asked.account, asked.person_hash)
    return [h for source in SOURCES.values() for h in source.gather(subject)]
