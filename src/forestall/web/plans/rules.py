"""The rules that every change of a plan keeps: who may make it, what it locks, and what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.text import Message, msg
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import selectors
from forestall.web.plans.models import Answer, Plan

#: How long after an urgent start the design must be settled.
DESIGN_DAYS = 14


class RefusedError(Exception):
    """Something that the plan's rules don't allow now; ``reasons`` says why, each in a sentence."""

    def __init__(self, *reasons: Message) -> None:
        super().__init__("; ".join(str(r) for r in reasons))
        self.reasons = reasons


class ConflictError(Exception):
    """Somebody else answered meanwhile: ``theirs`` is what stands now."""

    def __init__(self, theirs: Answer | None) -> None:
        super().__init__("answered meanwhile")
        self.theirs = theirs


def held(key: str, trail: Trail, *, work: bool = True) -> Plan:
    """A plan to change, its row locked. Not found where the reader may not see it, refused where they may only read."""
    plan = selectors.one(trail.actor, key)
    plan = Plan.objects.select_for_update().get(pk=plan.pk)
    if work and not selectors.may_work(trail.actor, plan):
        raise PermissionDenied
    return plan


def touch(plan: Plan, *fields: str) -> None:
    """Saves a plan's own fields and that it was changed now."""
    plan.changed_at = timezone.now()
    plan.save(update_fields=[*fields, "changed_at"])


def asked(plan: Plan, question: str) -> catalogue.Question:
    """A question that this plan is asked; :class:`RefusedError` where it is none."""
    q = catalogue.questions().get(question)
    if q is None or plan.weight not in q.weights:
        raise RefusedError(msg("This plan is not asked that"))
    return q


def may_move(person: Any, plan: Plan, step: catalogue.Move) -> bool:
    """Whether a person may take a step: authority is never the plan's own owner or deputy."""
    if not person.may(Permission(step.permission)):
        return False
    own = person.pk in (plan.owner_id, plan.deputy_id)
    if step.who == "authority":
        return not own and selectors.has_authority(person, plan)
    if step.who == "owner":
        return own
    return selectors.may_work(person, plan)


def design_due(plan: Plan) -> dt.date | None:
    """When the design of an urgent response must be settled; None where the response was not urgent."""
    return plan.urgent_at.date() + dt.timedelta(days=DESIGN_DAYS) if plan.urgent_at else None


def design_late(plan: Plan, today: dt.date | None = None) -> bool:
    """Whether the design of an urgent response is, or was settled, late."""
    due = design_due(plan)
    return due is not None and (plan.fixed_at.date() if plan.fixed_at else today or timezone.localdate()) > due
