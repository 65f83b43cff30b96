"""Every reading of signals, cut to what the reader may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.http import Http404

from forestall.results import Finding, Signal
from forestall.results.signal import PERSON_KINDS
from forestall.scan.ranking import order
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.signals.choice import Choice
from forestall.web.signals.pinned import Pinned


def visible(user: User, held: Pinned) -> tuple[Signal, ...]:
    """The signals that a person may see: all, or those that touch the areas of a local role. What concerns the whole
    force concerns every area; what is about one person is for those who may see that, there."""
    places = _within(user, Permission.SEE_SIGNALS, held, persons=False)
    persons = _within(user, Permission.SEE_PERSONS, held, persons=True)
    seen = {id(s) for s in (*places, *persons)}
    return tuple(s for s in held.scan.signals if id(s) in seen)


def _within(user: User, permission: Permission, held: Pinned, *, persons: bool) -> tuple[Signal, ...]:
    if not user.may(permission):
        return ()
    signals = tuple(s for s in held.scan.signals if (s.kind in PERSON_KINDS) is persons)
    codes = user.areas(permission)
    if codes is None:
        return signals
    inside = {a for code in codes for a in held.places.within(code)}
    return tuple(s for s in signals if s.kind == "force-wide" or inside & set(s.areas))


def chosen(signals: Sequence[Signal], choice: Choice, held: Pinned) -> tuple[Signal, ...]:
    """The signals that a choice keeps, in its order."""

    def fits(s: Signal) -> bool:
        return (
            (not choice.theme or s.theme == choice.theme)
            and (not choice.category or s.category == choice.category)
            and (not choice.kind or choice.kind in s.kinds)
            and (not choice.area or any(held.hub_of.get(a) == choice.area for a in s.areas))
        )

    return order([s for s in signals if fits(s)], choice.sort)


def one(user: User, held: Pinned, signal_id: str) -> Signal:
    """A signal by its id. One that is not there and one that is not for this reader answer alike: not found."""
    found = next((s for s in visible(user, held) if s.id == signal_id), None)
    if found is None:
        raise Http404
    return found


def events(user: User, held: Pinned) -> tuple[Finding, ...]:
    """The suspected recording events, force-wide ones first, then by month; a local role sees those of its areas and of the
    whole force."""
    if not user.may(Permission.SEE_EVENTS):
        return ()
    codes = user.areas(Permission.SEE_EVENTS)
    inside = None if codes is None else {a for code in codes for a in (code, *held.places.within(code))}
    seen = [e for e in held.scan.events if inside is None or not e.areas or inside & set(e.areas)]
    return tuple(sorted(seen, key=lambda e: (bool(e.areas), e.month or "", e.category or "", e.areas)))


def summary(user: User, held: Pinned) -> tuple[int, dict[tuple[str, str], int]]:
    """How many problems there are, and how many by theme and local authority ('' the whole force): all that a partner
    guest sees. A problem that lies in two authorities counts in both."""
    if not user.may(Permission.SEE_SUMMARY):
        return 0, {}
    total = 0
    counts: Counter[tuple[str, str]] = Counter()
    for s in held.scan.signals:
        if s.kind in PERSON_KINDS or s.kind == "falling" or (s.kind != "concentrated" and not s.established):
            continue
        total += 1
        hubs = {""} if s.kind == "force-wide" or not held.hubs else {held.hub_of.get(a) or "" for a in s.areas}
        counts.update((s.theme, hub) for hub in hubs)
    return total, dict(counts)
