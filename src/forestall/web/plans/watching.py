"""After a scan: whoever watches, works on or dismissed a signal hears what has changed in it, once for each scan. How many
problems came and went is told by the signals' own notices."""

from __future__ import annotations

from collections.abc import Iterator

from forestall import catalogue
from forestall.results import Scan, Signal
from forestall.results.signal import PERSON_KINDS
from forestall.text import Message, msg
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.plans import triage
from forestall.web.plans.models import Triage
from forestall.web.signals import selectors as signals
from forestall.web.signals.pinned import Pinned, pinned
from forestall.web.work import actions as work
from forestall.web.work.kinds import kind

CHANGED = kind("signal-changed", msg("A problem that you watch or work on has changed"))
BACK = kind("signal-back", msg("A problem that was dismissed has changed and is back"))


def after_scan(*, earlier: Scan | None, now: Scan, trail: Trail) -> None:
    """The hook of the nightly run. Idempotent: a notice's key names the scan. What stood when a decision was made is kept
    with it; what the ``earlier`` scan showed already was told after that one, and is not told again."""
    scan = pinned()
    if scan is None or scan.scan.provenance.snapshot != now.provenance.snapshot:
        return
    before = {s.id: s for s in earlier.signals} if earlier is not None else None
    _decided(scan, before, {s.id: s for s in now.signals}, trail)


def _decided(scan: Pinned, before: dict[str, Signal] | None, by_id: dict[str, Signal], trail: Trail) -> None:
    stands = Triage.objects.filter(current=True).select_related("by", "plan", "plan__owner")
    for t in stands.iterator():
        s = by_id.get(t.signal)
        if s is None and before is not None and t.signal not in before:
            continue  # it was gone before, and that was told
        for person, kind_, words, link in _told(scan, t, (before or {}).get(t.signal), s):
            if person.is_active:
                key = f"triage:{t.pk}:{scan.scan.provenance.snapshot}:{person.pk}"
                work.post_notice(person=person, kind=kind_, message=words, key=key, link=link, trail=trail)


def _told(scan: Pinned, t: Triage, before: Signal | None, s: Signal | None) -> Iterator[tuple[User, object, Message, str]]:
    person = t.plan.owner if t.plan is not None else t.by
    if s is None:
        if t.decision != Triage.Decision.DISMISSED:
            link = f"/plans/{t.plan.key}/" if t.plan else "/"
            yield person, CHANGED, msg("Problem {signal} is not in the newest scan any more", signal=t.signal), link
        return
    if not any(v.id == s.id for v in signals.visible(person, scan)):
        return
    changes = triage.news(t, before, s)
    if not changes:
        return
    kind_ = BACK if t.decision == Triage.Decision.DISMISSED else CHANGED
    title = catalogue.category(s.category).title
    where = msg("one person") if s.kind in PERSON_KINDS else s.place
    words = msg("{title}, {place}: {change}", title=title, place=where, change=changes[0])
    yield person, kind_, words, f"/signals/{s.id}/"
