"""What was decided about the signals, and whether a decision still stands now that there are new figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from forestall.results import Signal
from forestall.text import Message, msg
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.plans.models import Plan, Triage

#: A signal is about other places than before where more of its areas than this share are new.
MOVED = 0.5
GREW = msg("it is {now:ratio} times what is expected now, and was {then:ratio}")


def seen(s: Signal) -> dict[str, Any]:
    """A signal's figures, as a decision keeps them."""
    return {
        "kinds": list(s.kinds),
        "established": s.established,
        "ratio": s.ratio,
        "interval": list(s.interval),
        "observed": s.observed,
        "areas": list(s.areas),
        "until": s.until,
    }


def changes(decision: Triage, s: Signal) -> list[Message]:
    """What has changed in a signal since it was decided about, as far as it matters; [] where nothing has."""
    before, out = decision.seen, []
    if s.established and not before.get("established"):
        out.append(msg("it could have been chance then, and is established now"))
    interval = before.get("interval")
    if interval and s.ratio > interval[1]:
        out.append(Message(GREW.id, {"now": s.ratio, "then": before["ratio"]}))
    new = set(s.kinds) - set(before.get("kinds", s.kinds))
    if new:
        out.append(msg("there are further reasons now"))
    old = set(before.get("areas", s.areas))
    if s.areas and len(set(s.areas) - old) > MOVED * len(s.areas):
        out.append(msg("more than half of its areas are new"))
    return out


def news(decision: Triage, before: Signal | None, s: Signal) -> list[Message]:
    """What has changed since the decision and had not yet in the scan ``before`` (None: there was none that showed it). One
    that grew already counts again where it grew beyond what that scan gave it."""
    if before is None:
        return changes(decision, s)
    known = {m.id for m in changes(decision, before)}
    return [m for m in changes(decision, s) if m.id not in known or (m.id == GREW.id and s.ratio > before.interval[1])]


def decisions(user: User, signals: Iterable[Signal]) -> dict[str, Triage]:
    """signal id -> the decision that stands in this person's organisation; one query."""
    ids = [s.id for s in signals]
    rows = Triage.objects.filter(organisation=user.organisation_id, current=True, signal__in=ids)
    return {t.signal: t for t in rows.select_related("plan", "by")}


def set_aside(decision: Triage | None, s: Signal) -> bool:
    """Whether a signal stays out of the list: it was dismissed and nothing has changed since."""
    return decision is not None and decision.decision == Triage.Decision.DISMISSED and not changes(decision, s)


def shown(user: User, signals: Sequence[Signal], dismissed: bool) -> tuple[tuple[Signal, ...], dict[str, Triage]]:
    """The signals that a person's list shows (those set aside where ``dismissed``), and what was decided of them."""
    stands = decisions(user, signals) if user.may(Permission.TRIAGE_SIGNALS) else {}
    aside = {s.id for s in signals if set_aside(stands.get(s.id), s)}
    return tuple(s for s in signals if (s.id in aside) is dismissed), stands


def record(s: Signal, decision: str, trail: Trail, snapshot: str, *, plan: Plan | None = None, reason: str = "") -> Triage:
    """Keeps a decision about a signal in place of the one that stood."""
    earlier = Triage.objects.select_for_update().filter(organisation=trail.actor.organisation_id, signal=s.id, current=True)
    for t in earlier:
        t.current = False
        t.save(update_fields=["current"])
    made = Triage.objects.create(
        signal=s.id,
        organisation_id=trail.actor.organisation_id,
        decision=decision,
        plan=plan,
        reason=reason,
        snapshot=snapshot,
        seen=seen(s),
        by=trail.actor,
    )
    trail.record(Operation.ALTERATION, "decide-signal", f"signal:{s.id}", {"decision": decision})
    return made


DECIDED = {
    Triage.Decision.ADOPTED: msg("A plan was started by {who}."),
    Triage.Decision.JOINED: msg("Joined to a plan by {who}."),
    Triage.Decision.WATCHED: msg("Watched by {who}."),
    Triage.Decision.DISMISSED: msg("Dismissed by {who}."),
}


def decided(t: Triage) -> Message:
    """What was decided, by whom."""
    return Message(DECIDED[Triage.Decision(t.decision)].id, {"who": str(t.by)})
