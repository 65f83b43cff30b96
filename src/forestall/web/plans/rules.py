"""The rules that every change of a plan keeps: who may make it, what it locks, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.text import Message, msg
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import quality, selectors, values
from forestall.web.plans.models import Answer, Plan


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


#: Why nothing can be changed in a plan that has ended.
NOT_OPEN = msg("The plan is not open any more: open it again to change it")


def held(key: str, trail: Trail) -> Plan:
    """A plan to change, its row locked. Not found where the reader may not see it, refused where they may only read."""
    plan = selectors.one(trail.actor, key)
    plan = Plan.objects.select_for_update().get(pk=plan.pk)
    if not selectors.may_work(trail.actor, plan):
        raise PermissionDenied
    return plan


def held_open(key: str, trail: Trail) -> Plan:
    """The same, of a plan on which work goes on."""
    plan = held(key, trail)
    if not plan.open:
        raise RefusedError(NOT_OPEN)
    return plan


def words(text: str, most: int) -> str:
    """What a person wrote, as it is kept; :class:`RefusedError` where it is longer than that: nothing of it is cut off."""
    clean = values.clean_text(text)
    if len(clean) > most:
        raise RefusedError(Message(values.TOO_LONG.id, {"n": most, "m": len(clean)}))
    return clean


def touch(plan: Plan, *fields: str) -> None:
    """Saves a plan's own fields and that it was changed now."""
    plan.changed_at = timezone.now()
    plan.save(update_fields=[*fields, "changed_at"])
    transaction.on_commit(partial(quality.keep, plan.pk))


def asked(plan: Plan, question: str) -> catalogue.Question:
    """A question that this plan is asked; :class:`RefusedError` where it is none."""
    q = catalogue.questions().get(question)
    if q is None or plan.weight not in q.weights:
        raise RefusedError(msg("This plan is not asked that"))
    return q


def needs_reason(plan: Plan, q: catalogue.Question, stands: Answer | None) -> bool:
    """Whether an answer was settled when the response began, so that changing it takes a reason."""
    return q.fixed and plan.fixed_at is not None and stands is not None


@dataclass
class Rights:
    """What one person may do with one plan, each asked of the database once."""

    person: Any
    plan: Plan

    @cached_property
    def own(self) -> bool:
        return self.person.pk in (self.plan.owner_id, self.plan.deputy_id)

    @cached_property
    def work(self) -> bool:
        return selectors.may_work(self.person, self.plan)

    @cached_property
    def authority(self) -> bool:
        """Authority is never the plan's own owner or deputy."""
        return not self.own and selectors.has_authority(self.person, self.plan)

    def may(self, step: catalogue.Move) -> bool:
        """Whether the person may take a step."""
        if not self.person.may(Permission(step.permission)):
            return False
        return {"owner": lambda: self.own, "team": lambda: self.work, "authority": lambda: self.authority}[step.who]()


def may_move(person: Any, plan: Plan, step: catalogue.Move) -> bool:
    """Whether a person may take a step with a plan."""
    return Rights(person, plan).may(step)
