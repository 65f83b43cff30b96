"""Tells the people of an area how its problems changed with a new scan."""

from __future__ import annotations

from dataclasses import replace

from forestall.results import Scan
from forestall.text import Message, msg, msg_n
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.signals import selectors
from forestall.web.signals.pinned import Pinned, pinned
from forestall.web.work.actions import post_notice
from forestall.web.work.kinds import kind

CHANGED = kind("signals-changed", msg("The problems that were found have changed"))


def tell_of_changes(*, earlier: Scan | None, now: Scan, trail: Trail) -> int:
    """Posts a notice to everyone for whom problems came or went, counted among those that the person may see. Returns how
    many were told; nobody is at the first scan, which is all new."""
    held = pinned()
    if earlier is None or held is None:
        return 0
    before, after = replace(held, scan=earlier), replace(held, scan=now)
    told = 0
    for person in User.objects.filter(is_active=True).prefetch_related("roles__unit"):
        message = _changes(_seen(person, before), _seen(person, after))
        if message is not None:
            key = f"signals-changed:{now.provenance.snapshot}:{now.recipe.hash()}"
            told += post_notice(person=person, kind=CHANGED, message=message, key=key, link="/", trail=trail) is not None
    return told


def _seen(person: User, held: Pinned) -> set[str]:
    """Ids of the problems that a person may see and that stand on their own evidence."""
    return {
        s.id for s in selectors.visible(person, held) if s.kind != "falling" and (s.established or s.kind == "concentrated")
    }


def _changes(before: set[str], after: set[str]) -> Message | None:
    came, went = len(after - before), len(before - after)
    parts = []
    if came:
        parts.append(msg_n("{n:count} new problem", "{n:count} new problems", came))
    if went:
        parts.append(msg_n("{n:count} problem no longer found", "{n:count} problems no longer found", went))
    return msg("The records were scanned again: {changes:list}", changes=parts) if parts else None
