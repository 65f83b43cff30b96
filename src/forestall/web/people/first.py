"""The first organisation of a workplace: the force of its records, so that the first analyst can begin at once."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q
from django.utils.text import slugify

from forestall.errors import ForestallError
from forestall.records.store import Store
from forestall.web.people.fitting import FITTING, fits
from forestall.web.people.models import Organisation


def organisation(named: str, role: str) -> Organisation | None:
    """The organisation of a name or slug; without one the only force, or one made after the records. None where the role is
    no force's or manages all organisations, where there are several forces, or where the records name none."""
    if named:
        found = Organisation.objects.filter(Q(slug=named) | Q(name__iexact=named) | Q(name_cy__iexact=named)).first()
        if found is None:
            there = ", ".join(Organisation.objects.order_by("name").values_list("name", flat=True)[:20]) or "none yet"
            raise ForestallError(
                f"there is no organisation named {named!r}: there are {there}; an administrator adds others"
            )
        return found
    if fits(role, None) or role not in FITTING[Organisation.Kind.FORCE]:
        return None
    forces = list(Organisation.objects.filter(kind=Organisation.Kind.FORCE)[:2])
    if forces:
        return forces[0] if len(forces) == 1 else None
    try:
        slugs = Store.open(settings.STORE).records().forces()
    except ForestallError:
        return None
    if not slugs:
        return None
    title = slugs[0].replace("-", " ").title()
    return Organisation.objects.create(
        slug=slugify(slugs[0])[:50], name=f"{title} Police", name_cy=f"Heddlu {title}", kind=Organisation.Kind.FORCE
    )
