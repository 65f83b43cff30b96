"""What this app holds, for reviews and for who asks: answered requests, and the record store, for which it speaks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from forestall.results import Column, Table
from forestall.text import msg
from forestall.web.retention import present, store_holdings
from forestall.web.retention.models import Request
from forestall.web.retention.sources import ERASE, KEEP, Held, Item, Source, Subject, begun_by, register

#: What stands in place of what was erased.
ERASED = "[erased]"


def _answered() -> QuerySet[Request]:
    return Request.objects.filter(decided_at__isnull=False, erased_at=None)


def due(day: dt.date) -> Iterable[Item]:
    """Requests that were answered long enough ago."""
    items = (
        _item(r) for r in _answered().filter(decided_at__date__lte=begun_by("disclosure", day)).order_by("decided_at", "pk")
    )
    return (i for i in items if i.due <= day)


def one(record: str) -> Item | None:
    _, _, key = record.partition(":")
    found = _answered().filter(pk=int(key)).first() if key.isdecimal() and len(key) < 18 else None
    return None if found is None else _item(found)


def _item(request: Request) -> Item:
    label = msg("Request {number}", number=str(request.pk))
    return Item(f"disclosure:{request.pk}", "disclosure", label, timezone.localdate(request.decided_at))


def erase(record: str, decision: str, review: Any) -> Mapping[str, Any]:
    """Empties a request of who asked, about whom and to whom; days, decision and the files' hashes stay."""
    del decision, review
    request = _answered().select_for_update().get(pk=int(record.partition(":")[2]))
    request.asked_by, request.purpose, request.redactions, request.person_hash = ERASED, "", "", ""
    request.account, request.erased_at = None, timezone.now()
    request.save()
    return {"rows": 1 + request.disclosures.update(recipient=ERASED)}


def gather(subject: Subject) -> Iterable[Held]:
    """Requests about the person."""
    mine = Q(pk__in=[])
    if subject.account is not None:
        mine |= Q(account=subject.account)
    if subject.person_hash:
        mine |= Q(person_hash=subject.person_hash)
    rows = tuple(
        (r.received_on.isoformat(), present.KINDS[r.kind], present.ANSWERED.get(r.decision), r.disclosures.count())
        for r in Request.objects.filter(mine).order_by("pk")
    )
    if rows:
        columns = (
            Column("received_on", msg("Received")),
            Column("kind", msg("Kind")),
            Column("decision", msg("Decision")),
            Column("disclosures", msg("Files given"), numeric=True),
        )
        yield Held("requests", msg("Requests about the person"), msg("the person asked about"), Table(columns, rows))


register(store_holdings.SOURCE)
register(
    Source(
        kind="disclosure",
        title=msg("Requests for what is held"),
        due=due,
        one=one,
        decisions=(KEEP, ERASE),
        says=msg(
            "Erasing empties the request at once of who asked, about whom and to whom. Days, decision and hashes stay."
        ),
        carry_out=erase,
        gather=gather,
    )
)
