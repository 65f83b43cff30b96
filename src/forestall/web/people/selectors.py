"""Every reading of organisations, people and agreements, cut to what the reader may see."""

from __future__ import annotations

from django.db.models import QuerySet

from forestall.web.people.models import Agreement, Organisation


def agreements_in_force(organisation: Organisation | None = None) -> QuerySet[Agreement]:
    """The agreements that may be relied on today; those of an organisation where one is given."""
    found = Agreement.objects.in_force()
    return found if organisation is None else found.filter(parties=organisation)
