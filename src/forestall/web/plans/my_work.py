"""What waits for one person: the first page of a phone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from forestall.web.people.models import User
from forestall.web.plans import selectors
from forestall.web.plans.models import Handover, Plan, Task

OPEN = (Task.Standing.ASKED, Task.Standing.ACCEPTED)
SHOWN = 50


@dataclass(frozen=True)
class Desk:
    """``overdue``, ``soon`` (a fortnight) and ``later`` are a person's own tasks, ``unowned`` those of their organisation
    that nobody owns, ``asked`` what they wait for, ``offers`` the plans offered to them."""

    overdue: tuple[Task, ...]
    soon: tuple[Task, ...]
    later: tuple[Task, ...]
    unowned: tuple[Task, ...]
    asked: tuple[Task, ...]
    plans: tuple[Plan, ...]
    offers: tuple[Handover, ...]

    @property
    def waiting(self) -> int:
        """How many things wait for the person."""
        return len(self.overdue) + len(self.soon) + len(self.unowned) + len(self.offers)


def of(user: User, today: dt.date | None = None) -> Desk:
    """A person's desk; six queries."""
    today = today or timezone.localdate()
    ahead = today + dt.timedelta(days=14)
    found = selectors.tasks(user).filter(standing__in=OPEN)
    own = list(found.filter(owner=user).order_by("due", "id")[: 2 * SHOWN])
    unowned = found.filter(owner=None, organisation=user.organisation_id)
    if user.organisation is not None and user.organisation.kind == "force":
        unowned = unowned.filter(plan__owner=user)
    asked = found.filter(asked_by=user).exclude(owner=user).order_by("due", "id")
    mine = Q(owner=user) | Q(deputy=user)
    return Desk(
        overdue=tuple(t for t in own if t.due and t.due < today),
        soon=tuple(t for t in own if t.due and today <= t.due <= ahead),
        later=tuple(t for t in own if not t.due or t.due > ahead),
        unowned=tuple(unowned.order_by("due", "id")[:SHOWN]),
        asked=tuple(asked[:SHOWN]),
        plans=tuple(Plan.objects.filter(mine, closed_at=None).order_by("-changed_at")[:SHOWN]),
        offers=tuple(
            Handover.objects.filter(taker=user, accepted_at=None, declined_at=None).select_related("plan", "giver")
        ),
    )
