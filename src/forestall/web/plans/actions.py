"""Every change of a plan, and every reading of one that the log must know of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from forestall.catalogue import plans as catalogue
from forestall.text import msg
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import analysis, answering, closing, fill, gates, selectors, telling, triage, values
from forestall.web.plans.models import Answer, Move, Occurrence, Plan, PlanArea, Triage, Weight
from forestall.web.plans.rules import RefusedError, asked, held, may_move, touch, words
from forestall.web.plans.seed import Seed
from forestall.web.signals import profiles
from forestall.web.signals import selectors as signals
from forestall.web.signals.pinned import Pinned

#: Levels of areas above the ones that a plan names, by which reads are cut.
ABOVE = ("msoa", "ward", "lad", "lpa", "force")


@action(Permission.START_PLANS)
def start_plan(
    *, seed: Seed, scan: Pinned | None, weight: str, language: str, duplicates: Sequence[str], trail: Trail, title: str = ""
) -> Plan:
    """Begins a plan with all that the seed knows. ``duplicates``: keys of the plans that were shown as perhaps the same."""
    person = trail.actor
    if person.organisation_id is None:
        raise RefusedError(msg("Your account belongs to no organisation: ask the administrator to enter it"))
    name = words(title, 200) or seed.title(language)
    if not name:
        raise RefusedError(msg("Give the plan a title"))
    now = timezone.now()
    plan = Plan.objects.create(
        title=name[:200],
        weight=weight if weight in Weight.values else Weight.STANDARD,
        organisation_id=person.organisation_id,
        owner=person,
        origin=seed.origin,
        seed={**seed.to_json(), "duplicates": list(duplicates)},
        signal=seed.signal,
        category=seed.category,
        about_people=seed.about_people,
        words=seed.words,
        made_by=person,
        made_at=now,
    )
    above = {} if scan is None else _above(scan, seed.areas)
    PlanArea.objects.bulk_create(
        [PlanArea(plan=plan, code=c, own=True) for c in dict.fromkeys(seed.areas)]
        + [PlanArea(plan=plan, code=c, own=False) for c in above if c not in seed.areas]
    )
    Occurrence.objects.bulk_create([Occurrence(plan=plan, ref=r[:60]) for r in dict.fromkeys(seed.occurrences)])
    known = []
    for stage in catalogue.stages():
        for q in stage.asked(plan.weight):
            found = fill.filled(q, seed, language, now.date())
            if found is not None:
                known.append(
                    Answer(plan=plan, question=q.slug, value=found.value, source=found.source.to_json(), shared=q.shared,
                           by=person, at=now)
                )  # fmt: skip
    Answer.objects.bulk_create(known)
    if scan is not None and seed.signal:
        s = signals.one(person, scan, seed.signal)
        triage.record(s, Triage.Decision.ADOPTED, trail, seed.snapshot, plan=plan)
        made = profiles.at_hand(scan, s, full=True)
        if made is not None:
            analysis.fill(plan, made, language, person, now)
    trail.record(Operation.COLLECTION, "start-plan", plan.record, {"origin": seed.origin, "signal": seed.signal})
    return plan


def _above(held: Pinned, areas: Sequence[str]) -> dict[str, None]:
    levels = [n for n in ABOVE if n in held.places.levels]
    codes = (held.places.parent(a, level) for a in areas for level in levels)
    return dict.fromkeys(c for c in codes if c)


@action(Permission.SEE_PLANS)
def read_plan(*, key: str, page: str, trail: Trail) -> Plan:
    """A plan, to read. ``page``: which of its pages."""
    plan = selectors.one(trail.actor, key)
    trail.record(Operation.CONSULTATION, "read-plan", plan.record, {"page": page})
    return plan


@action(Permission.SEE_SHARED_PLANS)
def read_shared_plan(*, key: str, page: str, trail: Trail) -> Plan:
    """A plan that a partner's organisation is on, to read what is marked for partners."""
    plan = selectors.one(trail.actor, key)
    trail.record(Operation.CONSULTATION, "read-plan", plan.record, {"page": page, "shared": True})
    return plan


@action(Permission.WORK_ON_PLANS)
def answer(
    *, key: str, question: str, raw: Sequence[str], base: int, trail: Trail, reason: str = "", shared: bool | None = None
) -> Answer | None:
    """Keeps an answer as a new revision. ``base``: the revision that the person saw. :class:`ConflictError` where a newer
    one stands that says something else: the person chooses, and nothing is overwritten."""
    plan = held(key, trail)
    q = asked(plan, question)
    kept, new = answering.keep(plan, q, values.clean(q, raw), base, trail, reason=reason, shared=shared)
    if new:
        touch(plan)
    return kept


@action(Permission.WORK_ON_PLANS)
def keep_draft(*, key: str, question: str, raw: Sequence[str], base: int, trail: Trail) -> None:
    """Keeps what a person is typing, for that person alone, until it is saved."""
    plan = held(key, trail)
    answering.keep_typed(plan, asked(plan, question), raw, base, trail)
    trail.record(Operation.ALTERATION, "keep-draft", plan.record, {"question": question})


@action(Permission.WORK_ON_PLANS)
def move(
    *, key: str, move: str, trail: Trail, reason: str = "", detail: Mapping[str, Any] | None = None, other: str = ""
) -> Plan:
    """Takes a plan a step further, where the step is legal, its checks hold and the person may take it. ``other``: the key
    of the plan that it is joined to."""
    plan = held(key, trail)
    step = catalogue.moves().get(move)
    if step is None or plan.state not in step.sources:
        raise RefusedError(msg("The plan can't go that way from where it stands"))
    if not may_move(trail.actor, plan, step):
        raise PermissionDenied
    reason = words(reason, 1000)
    said = {k: words(str(v), 1000) for k, v in (detail or {}).items()}
    missing = gates.obstacles(step, gates.Sheet(plan, said))
    if step.reason and not reason:
        missing.append(msg("Say why"))
    target = None
    if step.names:
        target = selectors.visible(trail.actor).filter(key=other.strip().upper()).exclude(pk=plan.pk).first()
        if target is None or not target.open or target.organisation_id != plan.organisation_id:
            missing.append(msg("Name an open plan that it is joined to"))
    if missing:
        raise RefusedError(*missing)
    now, source = timezone.now(), plan.state
    plan.state, plan.joined_to = step.target, target or plan.joined_to
    if step.fixes:
        plan.fixed_at = plan.fixed_at or now
    if step.urgent:
        plan.urgent_at = plan.urgent_at or now
    plan.closed_at = None if plan.open else now
    ownerless = plan.open and not plan.owner.is_active and plan.owner_left_at is None
    if ownerless:  # they left while it was closed
        plan.owner_left_at = now
    if source != plan.state:
        plan.state_since = now
    touch(plan, "state", "joined_to", "fixed_at", "urgent_at", "closed_at", "state_since", "owner_left_at")
    Move.objects.create(
        plan=plan, move=step.slug, source=source, target=step.target, by=trail.actor, at=now, reason=reason, detail=said
    )
    trail.record(Operation.ALTERATION, "move-plan", plan.record, {"move": step.slug, "from": source, "to": step.target})
    if plan.state == "closed" and source != "closed":
        closing.tell(plan, trail)
    if ownerless:
        telling.owner_left(plan, trail)
    return plan
