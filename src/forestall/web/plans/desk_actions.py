"""Readings of the first pages of a week, which the log must know of."""

from __future__ import annotations

from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import ward
from forestall.web.signals.pinned import Pinned


@action(Permission.SEE_PLANS)
def see_ward(*, scan: Pinned, code: str, trail: Trail) -> ward.Ward:
    """One place since Monday."""
    made = ward.ward(trail.actor, scan, code)
    trail.record(Operation.CONSULTATION, "see-ward", f"area:{code}", {"snapshot": scan.scan.provenance.snapshot})
    return made


@action(Permission.SEE_SHARED_PLANS)
def see_council(*, trail: Trail) -> ward.Council:
    """A partner organisation's desk."""
    made = ward.council(trail.actor)
    trail.record(Operation.CONSULTATION, "see-council", f"organisation:{trail.actor.organisation_id}")
    return made
