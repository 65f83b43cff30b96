"""Which roles an organisation's people may hold, and where: nobody gets the force's view by way of a council's account."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone

from forestall.web.people.models import HeldRole, Organisation, User
from forestall.web.people.permissions import ROLES, Permission

Kind = Organisation.Kind
_FORCE = frozenset(ROLES) - {"partner", "commissioner"}
_PARTNER = frozenset({"partner", "administrator"})
#: The log of access is the force's as a whole: who reads it is of the force, so the policing body has no such role.
FITTING = {
    Kind.FORCE: _FORCE,
    Kind.POLICING_BODY: frozenset({"commissioner", "partner", "administrator"}),
    Kind.COUNCIL: _PARTNER,
    Kind.HEALTH: _PARTNER,
    Kind.HOUSING: _PARTNER,
    Kind.VOLUNTARY: _PARTNER,
    Kind.OTHER: _PARTNER,
}
_MANAGING = frozenset({Permission.MANAGE_PEOPLE, Permission.MANAGE_AGREEMENTS})


def manages(role: str) -> bool:
    """Whether a role is over organisations: held for none it reaches all of them, and no area confines it."""
    return role in ROLES and bool(ROLES[role].permissions & _MANAGING)


def fits(role: str, organisation: Organisation | None) -> bool:
    """Whether a role can be held for an organisation; for all of them together (None) only those that manage."""
    return manages(role) if organisation is None else role in FITTING[Kind(organisation.kind)]


def may_hold(role: str, organisation: Organisation | None, home: Organisation | None) -> bool:
    """Whether a person of an organisation (``home``; None: of none) may hold a role for one (None: for their own, and for
    all where it manages): it must fit both."""
    known = [o for o in (organisation, home) if o is not None]
    return all(fits(role, o) for o in known) if known else manages(role)


def standing(person: User) -> QuerySet[HeldRole]:
    """The roles that a person holds or will hold: all that are not over."""
    over = Q(until__isnull=False, until__lte=timezone.now())
    return person.roles.exclude(over).select_related("user", "organisation")


def misfits(roles: Iterable[HeldRole], home: Organisation) -> list[str]:
    """Those of a person's roles that nobody of an organisation may hold."""
    return sorted({r.role for r in roles if r.role in ROLES and not may_hold(r.role, r.organisation, home)})
