"""Every reading of the tasking lists, as the log knows it, with the permission that it needs.

The lists are worked out after the event is written and outside of its transaction;
:mod:`forestall.web.tasking.selectors` checks the permission again.
"""

from __future__ import annotations

from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.signals.pinned import Pinned
from forestall.web.tasking import selectors
from forestall.web.tasking.asked import Asked


@action(Permission.SEE_TASKING)
def see_lists(*, held: Pinned, asked: Asked, trail: Trail) -> Asked | None:
    """The lists to read: the local authority and the form that the reader gets."""
    cut = selectors.settled(trail.actor, held, asked)
    if cut is not None:
        trail.record(Operation.CONSULTATION, "see-tasking", _record(held), _detail(cut))
    return cut


@action(Permission.EXPORT_SIGNALS)
def export_lists(*, held: Pinned, asked: Asked, table: str, trail: Trail) -> Asked | None:
    """A table of the lists to take away."""
    cut = selectors.settled(trail.actor, held, asked)
    if cut is not None:
        trail.record(Operation.DISCLOSURE, "export-tasking", _record(held), {**_detail(cut), "table": table})
    return cut


def _record(held: Pinned) -> str:
    return f"snapshot:{held.scan.provenance.snapshot}"


def _detail(cut: Asked) -> dict[str, str]:
    return {"hub": cut.hub or "", "audience": cut.audience}
