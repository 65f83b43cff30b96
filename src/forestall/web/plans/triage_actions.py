"""Deciding about a signal: watch it, dismiss it, join it to a plan, or think again. Adopting it is starting a plan."""

from __future__ import annotations

from forestall.text import msg
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import selectors as plans
from forestall.web.plans import triage
from forestall.web.plans.models import Plan, PlanArea, Triage
from forestall.web.plans.rules import RefusedError, held, touch, words
from forestall.web.signals import selectors as signals
from forestall.web.signals.pinned import Pinned


@action(Permission.TRIAGE_SIGNALS)
def watch_signal(*, scan: Pinned, signal_id: str, trail: Trail) -> Triage:
    """Keeps an eye on a signal: whoever watches hears when it changes."""
    return _decide(scan, signal_id, Triage.Decision.WATCHED, trail)


@action(Permission.TRIAGE_SIGNALS)
def dismiss_signal(*, scan: Pinned, signal_id: str, reason: str, trail: Trail) -> Triage:
    """Sets a signal aside with a reason; it stays so while nothing changes."""
    reason = words(reason, 1000)
    if not reason:
        raise RefusedError(msg("Say why it is no problem to work on"))
    return _decide(scan, signal_id, Triage.Decision.DISMISSED, trail, reason=reason)


@action(Permission.TRIAGE_SIGNALS)
def join_signal(*, scan: Pinned, signal_id: str, key: str, trail: Trail) -> Triage:
    """Makes a signal part of a plan that is there already; the plan gains its areas."""
    s = signals.one(trail.actor, scan, signal_id)
    found = plans.visible(trail.actor).filter(key=key.strip().upper()).first()
    if found is None:
        raise RefusedError(msg("There is no plan {key} that you may see: check the letters", key=key.strip().upper()[:8]))
    plan = held(found.key, trail)
    if not plan.open:
        raise RefusedError(msg("Plan {key} is not open: open it again first", key=plan.key))
    areas = () if s.kind == "force-wide" else s.areas
    there = set(plan.areas.filter(own=True).values_list("code", flat=True))
    for code in areas:
        if code not in there:
            PlanArea.objects.update_or_create(plan=plan, code=code, defaults={"own": True})
    touch(plan)
    return _decide(scan, signal_id, Triage.Decision.JOINED, trail, plan=plan)


@action(Permission.TRIAGE_SIGNALS)
def undo_decision(*, scan: Pinned, signal_id: str, trail: Trail) -> None:
    """Takes back a decision to watch or dismiss; a plan keeps its signal."""
    s = signals.one(trail.actor, scan, signal_id)
    stands = Triage.objects.filter(organisation=trail.actor.organisation_id, signal=s.id, current=True, plan=None)
    for t in stands.select_for_update():
        t.current = False
        t.save(update_fields=["current"])
        trail.record(Operation.ALTERATION, "undo-decision", f"signal:{s.id}", {"decision": t.decision})


def _decide(
    scan: Pinned, signal_id: str, decision: str, trail: Trail, *, plan: Plan | None = None, reason: str = ""
) -> Triage:
    s = signals.one(trail.actor, scan, signal_id)
    if trail.actor.organisation_id is None:
        raise RefusedError(msg("Your account belongs to no organisation: ask the administrator to enter it"))
    return triage.record(s, decision, trail, scan.scan.provenance.snapshot, plan=plan, reason=reason)
