"""Every reading of organisations, people and agreements, cut to what the reader may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404

from forestall.web.people.models import Agreement, HeldRole, Organisation, Unit, User
from forestall.web.people.permissions import Permission
from forestall.web.provider import Client

#: Days before its end from which an agreement is shown as one to renew.
SOON = 60


def agreements_in_force(organisation: Organisation | None = None) -> QuerySet[Agreement]:
    """The agreements that may be relied on today; those of an organisation where one is given."""
    found = Agreement.objects.in_force()
    return found if organisation is None else found.filter(parties=organisation)


def agreements(reader: User) -> QuerySet[Agreement]:
    """The agreements that a person keeps: all, or those of the organisations that the person manages."""
    reach = reader.reach(Permission.MANAGE_AGREEMENTS)
    found = Agreement.objects.prefetch_related("parties")
    return found if reach is None else found.filter(parties__in=reach).distinct()


def agreement(reader: User, pk: int) -> Agreement:
    return _one(agreements(reader), pk)


def organisations(reader: User, permission: Permission = Permission.MANAGE_PEOPLE) -> QuerySet[Organisation]:
    """The organisations that a person manages, by name."""
    reach = reader.reach(permission)
    found = Organisation.objects.order_by("name")
    return found if reach is None else found.filter(pk__in=reach)


def organisation(reader: User, pk: int) -> Organisation:
    return _one(organisations(reader), pk)


def units(reader: User) -> QuerySet[Unit]:
    """The units of the organisations that a person manages."""
    return Unit.objects.filter(organisation__in=organisations(reader)).select_related("organisation").order_by("name")


def people(reader: User, search: str = "", *, closed: bool = False) -> QuerySet[User]:
    """The people of the organisations that a person manages, by name; ``closed``: those who left in place of the others."""
    reach = reader.reach(Permission.MANAGE_PEOPLE)
    roles = Prefetch("roles", HeldRole.objects.select_related("organisation", "unit"))
    found = User.objects.filter(is_active=not closed).select_related("organisation", "unit").prefetch_related(roles)
    if reach is not None:
        found = found.filter(organisation__in=reach)
    for word in search.split():
        found = found.filter(
            Q(name__icontains=word) | Q(username__icontains=word) | Q(email__icontains=word)
            | Q(organisation__name__icontains=word)
        )  # fmt: skip
    return found.order_by("name", "username")


def person(reader: User, pk: int) -> User:
    """A person of the organisations that the reader manages. One that is not there and one of another organisation answer
    alike: not found."""
    reach = reader.reach(Permission.MANAGE_PEOPLE)
    found = User.objects.select_related("organisation", "unit")
    return _one(found if reach is None else found.filter(organisation__in=reach), pk)


def role(reader: User, pk: int) -> HeldRole:
    """A role of a person whom the reader manages."""
    held = _one(HeldRole.objects.select_related("user", "organisation", "unit"), pk)
    person(reader, held.user_id)
    return held


def claimed(client: Client, claims: Mapping[str, Any]) -> User | None:
    """The person whom a provider vouches for: known by its own name for the person, and before that is known by the e-mail
    address where the provider has verified it and it is one person's."""
    usable = User.objects.filter(is_active=True, is_demo=False)
    known = User.objects.filter(identities__issuer=client.issuer, identities__subject=claims["sub"]).first()
    if known is not None:
        return known if known.is_active and not known.is_demo else None
    email = vouched_email(client, claims)
    if not email:
        return None
    found = list(usable.filter(email__iexact=email).exclude(identities__issuer=client.issuer)[:2])
    return found[0] if len(found) == 1 else None


def vouched_email(client: Client, claims: Mapping[str, Any]) -> str:
    """The address that a provider answers for; '' where it names none, or has not verified it."""
    sure = client.trust_email or claims.get("email_verified") is True
    return str(claims.get("email") or "") if sure else ""


def is_taken(client: Client, claims: Mapping[str, Any]) -> bool:
    """Whether the provider's name for a person, or the address that it answers for, stands at an account already, a closed
    one or the demo's too: whoever was shut out gets no second account."""
    taken = Q(identities__issuer=client.issuer, identities__subject=claims["sub"])
    email = vouched_email(client, claims)
    return User.objects.filter(taken | Q(email__iexact=email) if email else taken).exists()


def _one(found: QuerySet[Any], pk: int) -> Any:
    one = found.filter(pk=pk).first()
    if one is None:
        raise Http404
    return one
