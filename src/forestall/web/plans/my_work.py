"""What waits for one person: the first page of a phone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.plans import selectors
from forestall.web.plans.models import OPEN_TASKS, Handover, LevelChange, Plan, Task

SHOWN = 50
#: States in which a plan waits for somebody with authority.
WAITING = tuple({s for m in catalogue.moves().values() if m.who == "authority" for s in m.sources})


@dataclass(frozen=True)
class Desk:
    """``overdue``, ``soon`` (a fortnight) and ``later`` are a person's own tasks, ``unowned`` those of their organisation
    that nobody owns, ``asked`` what they wait for, ``offers`` the plans offered to them, ``agree`` those that wait for
    their authority, ``levels`` the changes of level that do."""

    overdue: tuple[Task, ...]
    soon: tuple[Task, ...]
    later: tuple[Task, ...]
    unowned: tuple[Task, ...]
    asked: tuple[Task, ...]
    plans: tuple[Plan, ...]
    offers: tuple[Handover, ...]
    agree: tuple[Plan, ...]
    levels: tuple[LevelChange, ...]

    @property
    def designs(self) -> tuple[Plan, ...]:
        """Own plans whose urgent response has no settled design yet."""
        return tuple(p for p in self.plans if p.urgent_at and not p.fixed_at)

    @property
    def named(self) -> Iterator[Plan]:
        """The plans of all that stands here."""
        yield from (*self.plans, *self.agree)
        for rows in (self.overdue, self.soon, self.later, self.unowned, self.asked, self.offers, self.levels):
            yield from (row.plan for row in rows)

    @property
    def waiting(self) -> int:
        """How many things wait for the person."""
        asked = (self.overdue, self.soon, self.unowned, self.offers, self.agree, self.levels, self.designs)
        return sum(map(len, asked))


def of(user: User, today: dt.date | None = None) -> Desk:
    """A person's desk; six queries, eight for who agrees to plans."""
    today = today or timezone.localdate()
    ahead = today + dt.timedelta(days=14)
    found = selectors.tasks(user).filter(standing__in=OPEN_TASKS)
    own = list(found.filter(owner=user).order_by("due", "id")[: 2 * SHOWN])
    unowned = found.filter(owner=None, organisation=user.organisation_id)
    if user.organisation is not None and user.organisation.kind == "force":
        unowned = unowned.filter(plan__owner=user)
    asked = found.filter(asked_by=user).exclude(owner=user).order_by("due", "id")
    mine = Q(owner=user) | Q(deputy=user)
    agree, levels = _for_authority(user) if user.may(Permission.AGREE_PLANS) else ((), ())
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
        agree=agree,
        levels=levels,
    )


def _for_authority(user: User) -> tuple[tuple[Plan, ...], tuple[LevelChange, ...]]:
    """What waits for those who agree to plans: longest first."""
    led = Plan.objects.filter(selectors.in_areas(user, Permission.AGREE_PLANS), closed_at=None)
    waiting = led.filter(state__in=WAITING).exclude(owner=user).exclude(deputy=user).select_related("owner")
    changes = LevelChange.objects.filter(plan__in=led, adopted=None).exclude(by=user).select_related("plan", "by")
    return tuple(waiting.order_by("state_since", "id")[:SHOWN]), tuple(changes.order_by("at", "id")[:SHOWN])
