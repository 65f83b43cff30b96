"""Looking through plans. The log knows what was searched for."""

from __future__ import annotations

from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import listing


@action(Permission.SEE_PLANS)
def see_plans(*, wanted: listing.Wanted, trail: Trail) -> listing.Page:
    """A page of the plans that a person may open."""
    return _see(wanted, trail)


@action(Permission.SEE_SHARED_PLANS)
def see_shared_plans(*, wanted: listing.Wanted, trail: Trail) -> listing.Page:
    """A page of the plans that a partner's organisation is on."""
    return _see(wanted, trail)


def _see(wanted: listing.Wanted, trail: Trail) -> listing.Page:
    trail.record(Operation.CONSULTATION, "see-plans", "plans", wanted.to_json())
    return listing.page(trail.actor, wanted)
