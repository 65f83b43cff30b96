"""Readings of designs and evaluations of a plan that the reader was let into already."""

from __future__ import annotations

from collections.abc import Sequence

from forestall.web.assessing.models import PlanDesign, PlanEvaluation, Ruling
from forestall.web.plans.holdings import REDACTED
from forestall.web.plans.models import Plan
from forestall.web.plans.rules import Rights


def design(plan: Plan) -> PlanDesign | None:
    """The design that stands."""
    return PlanDesign.objects.filter(plan=plan, current=True).select_related("by", "locked_by").first()


def locked_before(plan: Plan) -> list[PlanDesign]:
    """Designs that were locked and replaced, newest first."""
    return list(PlanDesign.objects.filter(plan=plan, current=False, locked_at__isnull=False).select_related("locked_by"))


def evaluation(plan: Plan) -> PlanEvaluation | None:
    """The evaluation that stands."""
    return PlanEvaluation.objects.filter(plan=plan, current=True).select_related("by", "design").first()


def may_lock(rights: Rights) -> bool:
    """The owner or deputy locks a test, and who may agree to the plan."""
    return rights.own or rights.authority


def rulings(plan: Plan) -> list[Ruling]:
    return list(Ruling.objects.filter(plan=plan).select_related("by"))


def verdicts(plans: Sequence[int]) -> dict[int, str]:
    """Plan id -> verdict, '' where interim; of those that have an evaluation."""
    return dict(PlanEvaluation.objects.filter(plan__in=plans, current=True).values_list("plan", "verdict"))


def waiting(snapshot: str) -> list[PlanDesign]:
    """Locked designs not yet evaluated on a snapshot; of a redacted plan nothing further is worked out."""
    found = PlanDesign.objects.filter(current=True, locked_at__isnull=False).exclude(
        evaluations__current=True, evaluations__snapshot=snapshot
    )
    found = found.exclude(plan__state__in=("joined", "withdrawn", "routed")).exclude(plan__title=REDACTED)
    return list(found.select_related("plan", "plan__owner"))
