"""What the settings of a provider give its people here: an organisation, and roles that fit it."""

from __future__ import annotations

from forestall.errors import ForestallError
from forestall.web.people.fitting import may_hold
from forestall.web.people.models import Organisation
from forestall.web.provider import Client


def organisation(client: Client) -> Organisation | None:
    """The provider's organisation, None where the settings name none; :class:`ForestallError` where it is not there."""
    if not client.organisation:
        return None
    found = Organisation.objects.filter(slug=client.organisation).first()
    if found is None:
        there = ", ".join(Organisation.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none yet"
        raise ForestallError(
            f"FORESTALL_OIDC_ORGANISATION is {client.organisation!r}, no organisation's slug: there are {there}; "
            "name one of them, or leave the setting out until an administrator has added it"
        )
    return found


def check(client: Client) -> None:
    """:class:`ForestallError` where the settings name an organisation that is not there, or a role that does not fit it."""
    of = organisation(client)
    wrong = sorted({r for r in client.roles.values() if not may_hold(r, of, of)}) if of is not None else []
    if wrong:
        raise ForestallError(
            f"FORESTALL_OIDC_ROLES gives {', '.join(wrong)}, which nobody of {of} may hold: take it out, or name another "
            "organisation in FORESTALL_OIDC_ORGANISATION"
        )
