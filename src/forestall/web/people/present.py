"""What the pages of people and agreements show: names of roles, kinds and states, and rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from forestall.text import Message, Name, msg
from forestall.web.people import selectors
from forestall.web.people.models import Agreement, HeldRole, Organisation, Unit
from forestall.web.people.permissions import ROLES

ORGANISATION_KINDS = {
    Organisation.Kind.FORCE: msg("Police force"),
    Organisation.Kind.POLICING_BODY: msg("Local policing body"),
    Organisation.Kind.COUNCIL: msg("Council"),
    Organisation.Kind.HEALTH: msg("Health"),
    Organisation.Kind.HOUSING: msg("Housing"),
    Organisation.Kind.VOLUNTARY: msg("Voluntary body"),
    Organisation.Kind.OTHER: msg("Other organisation"),
}
UNIT_KINDS = {
    Unit.Kind.FORCE: msg("Whole force"),
    Unit.Kind.LOCAL_POLICING_AREA: msg("Local policing area"),
    Unit.Kind.NEIGHBOURHOOD_TEAM: msg("Neighbourhood team"),
    Unit.Kind.WARD: msg("Ward"),
    Unit.Kind.TEAM: msg("Team"),
}
AGREEMENT_KINDS = {
    Agreement.Kind.WASPI_ISP: msg("Information sharing protocol (WASPI)"),
    Agreement.Kind.DISCLOSURE: msg("Data disclosure agreement"),
    Agreement.Kind.JOINT_CONTROLLER: msg("Joint controller agreement"),
    Agreement.Kind.OTHER: msg("Other information sharing agreement"),
}
#: State of an agreement -> its words and whether something is to be done.
STATES = {
    "soon": (msg("Ends soon"), True),
    "review": (msg("Review due"), True),
    "over": (msg("Over: not to be used"), True),
    "withdrawn": (msg("Withdrawn: not to be used"), False),
    "coming": (msg("Not begun yet"), False),
    "in-force": (msg("In force"), False),
}


@dataclass(frozen=True)
class RoleRow:
    """A role as a page lists it. ``where``: '' everywhere. ``state``: now, later or over."""

    pk: int
    role: Message
    organisation: Name | None
    where: Name | str
    since: dt.date
    until: dt.date | None
    state: str


def role_rows(roles: Iterable[HeldRole]) -> list[RoleRow]:
    """The roles, those of now first."""
    now = timezone.now()
    rows = []
    for held in roles:
        over = held.until is not None and held.until <= now
        state = "over" if over else "later" if held.since > now else "now"
        last = timezone.localtime(held.until - dt.timedelta(seconds=1)).date() if held.until else None
        rows.append(
            RoleRow(
                pk=held.pk,
                role=ROLES[held.role].name if held.role in ROLES else msg("A role that is gone"),
                organisation=held.organisation.title if held.organisation else None,
                where=held.unit.title if held.unit else held.area,
                since=timezone.localtime(held.since).date(),
                until=last,
                state=state,
            )
        )
    return sorted(rows, key=lambda r: (("now", "later", "over").index(r.state), str(r.role)))


def state(agreement: Agreement, day: dt.date | None = None) -> str:
    """Where an agreement stands on a day (today): one of :data:`STATES`."""
    day = day or timezone.localdate()
    if agreement.withdrawn_on is not None and agreement.withdrawn_on <= day:
        return "withdrawn"
    if agreement.expires < day:
        return "over"
    if agreement.starts > day:
        return "coming"
    if agreement.expires <= day + dt.timedelta(days=selectors.SOON):
        return "soon"
    return "review" if agreement.review_on <= day else "in-force"


def tree(units: Iterable[Unit]) -> list[tuple[int, Unit]]:
    """Units with their depth, each below its parent, by name."""
    below: dict[int | None, list[Unit]] = {}
    for unit in sorted(units, key=lambda u: u.name):
        below.setdefault(unit.parent_id, []).append(unit)
    out: list[tuple[int, Unit]] = []

    def walk(parent: int | None, depth: int) -> None:
        for unit in below.get(parent, []):
            out.append((depth, unit))
            walk(unit.pk, depth + 1)

    walk(None, 0)
    return out
