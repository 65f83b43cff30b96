"""Changing an idea or a response: what it said before is kept; where two people change one, what joins by itself, and what
somebody must choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from forestall.web.plans.models import Earlier


class RevisionError(Exception):
    """Somebody else changed the same fields meanwhile. ``row``: what stands now. ``stands``: its fields as a form holds
    them. ``mine``: what was sent, joined with theirs where only one of both changed a field. ``fields``: to choose."""

    def __init__(self, row: Any, stands: Mapping[str, str], mine: Mapping[str, str], fields: list[str]) -> None:
        super().__init__("changed meanwhile: " + ", ".join(fields))
        self.row, self.stands, self.mine, self.fields = row, stands, mine, fields


def reconcile(
    row: Any, stands: Mapping[str, str], base: int, was: Mapping[str, str], sent: Mapping[str, str]
) -> dict[str, str]:
    """What is kept of a form that somebody sent. ``base``: the revision that they saw, ``was`` its fields. A field that
    only one of both changed is theirs who changed it; :class:`RevisionError` where both did."""
    if row.revision == base:
        return dict(sent)
    joined, fields = {}, []
    for name, value in sent.items():
        if name in was and value == was[name]:
            joined[name] = stands.get(name, value)
            continue
        joined[name] = value
        if value != stands.get(name) and was.get(name) != stands.get(name):
            fields.append(name)
    if fields:
        raise RevisionError(row, stands, joined, fields)
    return joined


def keep_earlier(row: Any, kind: Earlier.Kind, before: Mapping[str, str], after: Mapping[str, str], by: Any) -> None:
    """Makes of an idea or a response that is about to be saved its next revision, by ``by``, and keeps what it said until
    now. ``before`` and ``after``: its fields as a form holds them."""
    now = timezone.now()
    Earlier.objects.create(
        plan_id=row.plan_id, kind=kind, number=row.pk, revision=row.revision, fields=dict(before), by_id=row.by_id,
        at=row.at, changed=[name for name in before if before[name] != after.get(name)], changed_by=by, changed_at=now,
    )  # fmt: skip
    row.revision, row.by, row.at = row.revision + 1, by, now
