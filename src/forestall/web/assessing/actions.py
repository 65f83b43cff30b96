"""Every change of a plan's test: proposed, locked, evaluated, ruled on."""

from __future__ import annotations

import dataclasses

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from forestall.results import Design, Evaluation
from forestall.results.design import Lock
from forestall.text import msg
from forestall.web.actions import OPERATOR, action
from forestall.web.assessing import selectors, telling, working
from forestall.web.assessing.models import PlanDesign, PlanEvaluation, Ruling
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import rules
from forestall.web.plans import selectors as plan_selectors
from forestall.web.plans.models import Plan
from forestall.web.plans.rules import RefusedError, Rights


@action(Permission.WORK_ON_PLANS)
def propose_design(*, key: str, made: Design, trail: Trail, reason: str = "") -> PlanDesign:
    """Keeps a proposed design. ``reason``: why it takes the place of a locked one, which it needs then."""
    plan = rules.held_open(key, trail)
    if made.asked.plan != plan.key:
        raise RefusedError(msg("This is the design of another plan"))
    reason = rules.words(reason, 1000)
    stands = selectors.design(plan)
    was_locked = PlanDesign.objects.filter(plan=plan, locked_at__isnull=False).exists()
    if was_locked and not reason:
        raise RefusedError(msg("A design is locked: say why another takes its place"))
    PlanDesign.objects.filter(plan=plan, current=True).update(current=False)
    kept = PlanDesign.objects.create(
        plan=plan, revision=stands.revision + 1 if stands else 1, content=made.to_json(), hash=made.hash(),
        snapshot=made.snapshot, reason=reason if was_locked else "", by=trail.actor,
    )  # fmt: skip
    rules.touch(plan)
    trail.record(
        Operation.COLLECTION, "propose-design", plan.record,
        {"revision": kept.revision, "hash": kept.hash, "method": made.method, "overruled": bool(made.overruled)},
    )  # fmt: skip
    return kept


@action(Permission.WORK_ON_PLANS)
def lock_design(*, key: str, hash: str, trail: Trail) -> PlanDesign:
    """Locks the design that the person saw: ``hash``. After the response began it is locked all the same, and says so."""
    plan = rules.held_open(key, trail)
    if not selectors.may_lock(Rights(trail.actor, plan)):
        raise PermissionDenied
    kept = selectors.design(plan)
    if kept is None or kept.hash != hash:
        raise RefusedError(msg("The design was changed meanwhile: look at it again before you lock it"))
    if kept.locked_at is not None:
        raise RefusedError(msg("The design is locked already"))
    now = timezone.now()
    today = timezone.localdate(now)
    kept.late = working.late(kept.made, today)
    locked = dataclasses.replace(
        kept.made, lock=Lock(hash=hash, on=today.isoformat(), by=(f"account:{trail.actor.pk}",), late=kept.late)
    )
    kept.content, kept.locked_at, kept.locked_by = locked.to_json(), now, trail.actor
    kept.made = locked
    kept.save(update_fields=["content", "locked_at", "locked_by", "late"])
    rules.touch(plan)
    trail.record(Operation.ALTERATION, "lock-design", plan.record, {"hash": hash, "late": kept.late})
    return kept


@action(Permission.WORK_ON_PLANS)
def evaluate_design(*, key: str, made: Evaluation, trail: Trail) -> PlanEvaluation:
    """Keeps an evaluation that a person asked for."""
    plan = rules.held(key, trail)
    return _keep(plan, made, trail)


@action(OPERATOR)
def reassess_design(*, plan: Plan, made: Evaluation, trail: Trail) -> PlanEvaluation:
    """Keeps an evaluation that made itself when the records changed, and tells whose plan it is of a new verdict."""
    return _keep(plan, made, trail)


def _keep(plan: Plan, made: Evaluation, trail: Trail) -> PlanEvaluation:
    design = selectors.design(plan)
    if design is None or design.locked_at is None or design.hash != made.design.hash():
        raise RefusedError(msg("Only a locked design is evaluated: lock it first"))
    before = selectors.evaluation(plan)
    content = made.to_json()
    PlanEvaluation.objects.filter(plan=plan, current=True).update(current=False)
    kept = PlanEvaluation.objects.create(
        plan=plan, design=design, content=content, hash=working.content_hash(content), snapshot=made.snapshot,
        interim=made.interim, verdict=made.verdict, by=trail.actor,
    )  # fmt: skip
    trail.record(
        Operation.COMBINATION, "evaluate-design", plan.record,
        {"snapshot": made.snapshot, "hash": kept.hash, "verdict": made.verdict, "interim": made.interim},
    )  # fmt: skip
    if kept.verdict and (before is None or before.verdict != kept.verdict):
        telling.verdict(kept, before.verdict if before else "", trail)
    return kept


@action(Permission.WORK_ON_PLANS)
def decide_on_test(*, key: str, choice: str, reason: str, trail: Trail) -> Ruling:
    """What follows from the verdict: continue, adapt, stop or scale."""
    plan = rules.held_open(key, trail)
    found = selectors.evaluation(plan)
    if found is None or found.interim:
        raise RefusedError(msg("There is no verdict yet on which to decide"))
    if choice not in Ruling.Choice.values or choice == Ruling.Choice.NOT_EVALUABLE:
        raise RefusedError(msg("Choose what follows from it"))
    return _rule(plan, choice, reason, found, trail)


@action(Permission.AGREE_PLANS)
def rule_not_evaluable(*, key: str, reason: str, trail: Trail) -> Ruling:
    """Somebody above the owner says why the plan can't be evaluated, so that it can close."""
    plan = rules.held_open(key, trail)
    if not Rights(trail.actor, plan).authority:
        raise PermissionDenied
    return _rule(plan, Ruling.Choice.NOT_EVALUABLE, reason, None, trail)


def _rule(plan: Plan, choice: str, reason: str, found: PlanEvaluation | None, trail: Trail) -> Ruling:
    reason = rules.words(reason, 1000)
    if not reason:
        raise RefusedError(msg("Say why"))
    made = Ruling.objects.create(plan=plan, evaluation=found, choice=choice, reason=reason, by=trail.actor)
    rules.touch(plan)
    act = "rule-not-evaluable" if choice == Ruling.Choice.NOT_EVALUABLE else "decide-on-test"
    trail.record(Operation.ALTERATION, act, plan.record, {"choice": choice})
    return made


@action(Permission.EXPORT_PLANS)
def export_test(*, key: str, table: str, trail: Trail) -> Plan:
    """Takes a table of a plan's test away."""
    plan = plan_selectors.one(trail.actor, key)
    if plan_selectors.shared_only(trail.actor, plan):
        raise PermissionDenied
    trail.record(Operation.DISCLOSURE, "export-test", plan.record, {"table": table})
    return plan
