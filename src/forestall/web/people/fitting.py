"""Which roles an organisation's people may hold for it: nobody gets the force's view by way of a council's account."""

from __future__ import annotations

from forestall.web.people.models import Organisation
from forestall.web.people.permissions import ROLES, Permission

Kind = Organisation.Kind
_FORCE = frozenset(ROLES) - {"partner", "commissioner"}
_PARTNER = frozenset({"partner", "administrator"})
FITTING = {
    Kind.FORCE: _FORCE,
    Kind.POLICING_BODY: frozenset({"commissioner", "partner", "data-protection", "administrator"}),
    Kind.COUNCIL: _PARTNER,
    Kind.HEALTH: _PARTNER,
    Kind.HOUSING: _PARTNER,
    Kind.VOLUNTARY: _PARTNER,
    Kind.OTHER: _PARTNER,
}


def fits(role: str, organisation: Organisation | None) -> bool:
    """Whether a role can be held for an organisation; for all of them together (None) only those that manage."""
    if organisation is None:
        return bool(ROLES[role].permissions & {Permission.MANAGE_PEOPLE, Permission.MANAGE_AGREEMENTS})
    return role in FITTING[Kind(organisation.kind)]
