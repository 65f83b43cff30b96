"""After a scan: whoever watches, works on or dismissed a signal hears what has changed, and whoever looks after a place
hears of a new one. Each is told once for each scan."""

from __future__ import annotations

from collections.abc import Iterator

from forestall import catalogue
from forestall.results import Scan, Signal
from forestall.results.signal import PERSON_KINDS
from forestall.text import Message, msg
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.plans import triage
from forestall.web.plans.models import Triage
from forestall.web.signals import selectors as signals
from forestall.web.signals.pinned import Pinned, pinned
from forestall.web.work import actions as work
from forestall.web.work.kinds import kind

CHANGED = kind("signal-changed", msg("A problem that you watch or work on has changed"))
BACK = kind("signal-back", msg("A problem that was dismissed has changed and is back"))
NEW = kind("signal-new", msg("There is a new problem in your area"), mailed=False)
#: As many new problems are told of at a time; the list has them all.
MOST_NEW = 5


def after_scan(*, earlier: Scan | None, now: Scan, trail: Trail) -> None:
    """The hook of the nightly run. Idempotent: a notice's key names the scan."""
    scan = pinned()
    if scan is None or scan.scan.provenance.snapshot != now.provenance.snapshot:
        return
    by_id = {s.id: s for s in now.signals}
    _decided(scan, by_id, trail)
    if earlier is not None:
        known = {s.id for s in earlier.signals}
        _new(scan, [s for s in now.signals if s.id not in known and s.established], trail)


def _decided(scan: Pinned, by_id: dict[str, Signal], trail: Trail) -> None:
    stands = Triage.objects.filter(current=True).select_related("by", "plan", "plan__owner")
    for t in stands.iterator():
        s = by_id.get(t.signal)
        for person, kind_, words, link in _told(scan, t, s):
            if person.is_active:
                key = f"triage:{t.pk}:{scan.scan.provenance.snapshot}:{person.pk}"
                work.post_notice(person=person, kind=kind_, message=words, key=key, link=link, trail=trail)


def _told(scan: Pinned, t: Triage, s: Signal | None) -> Iterator[tuple[User, object, Message, str]]:
    person = t.plan.owner if t.plan is not None else t.by
    if s is None:
        if t.decision != Triage.Decision.DISMISSED:
            link = f"/plans/{t.plan.key}/" if t.plan else "/"
            yield person, CHANGED, msg("Problem {signal} is not in the newest scan any more", signal=t.signal), link
        return
    if not any(v.id == s.id for v in signals.visible(person, scan)):
        return
    changes = triage.changes(t, s)
    if not changes:
        return
    kind_ = BACK if t.decision == Triage.Decision.DISMISSED else CHANGED
    title = catalogue.category(s.category).title
    where = msg("one person") if s.kind in PERSON_KINDS else s.place
    words = msg("{title}, {place}: {change}", title=title, place=where, change=changes[0])
    yield person, kind_, words, f"/signals/{s.id}/"


def _new(scan: Pinned, new: list[Signal], trail: Trail) -> None:
    """Tells the officers who look after a place of the new problems that touch it."""
    if not new:
        return
    people = User.objects.filter(is_active=True).select_related("unit", "organisation").prefetch_related("roles")
    for person in people:
        own = person.areas(Permission.TRIAGE_SIGNALS) if person.may(Permission.TRIAGE_SIGNALS) else frozenset()
        if own is None and person.unit is not None and person.unit.areas:
            own = frozenset(person.unit.areas)
        if not own:
            continue
        inside = {a for code in own for a in (code, *scan.places.within(code))}
        seen = {v.id for v in signals.visible(person, scan)}
        mine = [s for s in new if s.id in seen and inside & set(s.areas)]
        for s in mine[:MOST_NEW]:
            title = catalogue.category(s.category).title
            words = msg("New: {title}, {place}", title=title, place=s.place)
            key = f"new:{s.id}:{scan.scan.provenance.snapshot}"
            work.post_notice(person=person, kind=NEW, message=words, key=key, link=f"/signals/{s.id}/", trail=trail)
