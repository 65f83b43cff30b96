"""Ownership never lapses: whoever leaves flags every plan that they own."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.plans import telling
from forestall.web.plans.models import Plan


def flag_plans(*, person: User, trail: Trail, **_: Any) -> int:
    """Flags the open plans of a person who left, and tells who must find each an owner; returns how many. It is part of the
    act that closes the account, whose permission was checked there."""
    plans = Plan.objects.select_for_update(of=("self",)).filter(owner=person, closed_at=None, owner_left_at=None)
    n = 0
    for plan in plans.select_related("deputy", "supervisor"):
        plan.owner_left_at = timezone.now()
        plan.save(update_fields=["owner_left_at"])
        trail.record(Operation.ALTERATION, "owner-left", plan.record)
        telling.owner_left(plan, trail)
        n += 1
    return n
