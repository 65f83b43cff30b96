"""Overseeing plans: the portfolio, what is published, what is taken away on paper or as data, one's own record."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404
from django.utils import timezone

from forestall.text import msg
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import own_record, portfolio, selectors
from forestall.web.plans.models import Answer, Marking, Plan
from forestall.web.plans.own_record import OwnRecord
from forestall.web.plans.portfolio import Wanted
from forestall.web.plans.rules import RefusedError, held, touch

#: What of a plan may be taken away.
KINDS = ("briefing", "award", "json")


@action(Permission.SEE_PORTFOLIO)
def see_portfolio(*, wanted: Wanted, trail: Trail) -> tuple[Sequence[Plan], int]:
    """A page of the portfolio, and how many plans fit."""
    found = portfolio.chosen(trail.actor, wanted)
    n = found.order_by().count()
    start = (wanted.page - 1) * portfolio.PAGE
    trail.record(Operation.CONSULTATION, "see-portfolio", detail=wanted.to_json())
    return list(found[start : start + portfolio.PAGE]), n


@action(Permission.SEE_PORTFOLIO)
def export_portfolio(*, wanted: Wanted, trail: Trail) -> Sequence[Plan]:
    """The portfolio's plans, to take away."""
    trail.record(Operation.DISCLOSURE, "export-portfolio", detail=wanted.to_json())
    return list(portfolio.chosen(trail.actor, wanted)[: portfolio.MOST])


@action(Permission.SEE_PORTFOLIO)
def see_coverage(*, trail: Trail) -> portfolio.Coverage:
    """Which drivers and tiers the open plans work on."""
    trail.record(Operation.CONSULTATION, "see-coverage")
    return portfolio.coverage(trail.actor)


@action(Permission.SEE_PORTFOLIO)
def export_coverage(*, trail: Trail) -> portfolio.Coverage:
    """Coverage by driver and tier, to take away."""
    trail.record(Operation.DISCLOSURE, "export-coverage")
    return portfolio.coverage(trail.actor)


@action(Permission.EXPORT_PLANS)
def export_plan(*, key: str, kind: str, trail: Trail) -> Plan:
    """A plan to take away: a briefing, an award entry, or as data. Only where the whole of it may be read."""
    if kind not in KINDS:
        raise Http404
    plan = selectors.one(trail.actor, key)
    if selectors.shared_only(trail.actor, plan):
        raise PermissionDenied
    trail.record(Operation.DISCLOSURE, "export-plan", plan.record, {"kind": kind, "marking": plan.marking})
    return plan


@action(Permission.PUBLISH_PLANS)
def publish_plan(*, key: str, trail: Trail) -> Plan:
    """Publishes what is marked for partners of a plan, with its verdict, to those who hold the force to account."""
    plan = held(key, trail)
    if not selectors.has_authority(trail.actor, plan):
        raise PermissionDenied
    if plan.marking != Marking.OFFICIAL or plan.about_people:
        raise RefusedError(msg("A plan that is OFFICIAL-SENSITIVE, or about particular people, is not published"))
    if plan.state not in ("responding", "assessing", "closing", "closed"):
        raise RefusedError(msg("A plan is published once its response has begun"))
    plan.published_at = plan.published_at or timezone.now()
    touch(plan, "published_at")
    trail.record(Operation.DISCLOSURE, "publish-plan", plan.record)
    return plan


@action(Permission.PUBLISH_PLANS)
def withdraw_publication(*, key: str, trail: Trail) -> Plan:
    """Takes a plan back from the published ones."""
    plan = held(key, trail)
    if not selectors.has_authority(trail.actor, plan):
        raise PermissionDenied
    plan.published_at = None
    touch(plan, "published_at")
    trail.record(Operation.ALTERATION, "withdraw-publication", plan.record)
    return plan


@action(Permission.SEE_PUBLISHED)
def see_published(*, trail: Trail) -> Sequence[Plan]:
    """The published plans, newest first; of their answers only the verdict comes with them."""
    trail.record(Operation.CONSULTATION, "see-published")
    shared = Prefetch("answers", Answer.objects.filter(current=True, shared=True, question="verdict"))
    return list(selectors.published().select_related("organisation").prefetch_related(shared)[:200])


@action(Permission.SEE_PUBLISHED)
def read_published(*, key: str, trail: Trail) -> Plan:
    """One published plan, as far as it is published."""
    plan = selectors.published().filter(key=key).select_related("organisation").first()
    if plan is None:
        raise Http404
    trail.record(Operation.CONSULTATION, "read-published", plan.record)
    return plan


@action(Permission.WORK_ON_PLANS)
def see_own_record(*, trail: Trail) -> OwnRecord:
    """A person's own problem solving, for appraisal and professional development."""
    trail.record(Operation.CONSULTATION, "see-own-record", f"user:{trail.actor.pk}")
    return own_record.of(trail.actor)


@action(Permission.WORK_ON_PLANS)
def export_own_record(*, trail: Trail) -> OwnRecord:
    """The same, to take away."""
    trail.record(Operation.DISCLOSURE, "export-own-record", f"user:{trail.actor.pk}")
    return own_record.of(trail.actor)
