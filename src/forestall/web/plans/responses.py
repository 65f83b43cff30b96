"""A response as a form holds it, and as it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from forestall.catalogue import plans as catalogue
from forestall.catalogue.practices import practices
from forestall.text import Message, msg
from forestall.web.people.models import Organisation, User
from forestall.web.plans import values
from forestall.web.plans.models import Response
from forestall.web.plans.saving import UnansweredError

FIELDS = {
    "action": msg("What will be done?"),
    "mechanism": msg("How is it meant to work?"),
    "side": msg("On which side of the triangle does it work?"),
    "technique": msg("Which technique is it?"),
    "tier-national": msg("Prevention tier, national strategy"),
    "tier-public-health": msg("Prevention tier, public health"),
    "driver": msg("Which driver of crime does it work on?"),
    "dose": msg("How much of it is planned?"),
    "dose_unit": msg("Of what?"),
    "delivered": msg("How much was done?"),
    "cost": msg("What does it cost, in pounds?"),
    "side_effect": msg("What could it make worse?"),
    "organisation": msg("Which organisation does it?"),
    "owner": msg("Who owns it?"),
    "due": msg("By when?"),
    "practice": msg("Which practice of the library does it rest on?"),
    "trial": msg("It is a trial: no practice of the library fits"),
    "shared": msg("Partners on this plan see it"),
    "standing": msg("How does it stand?"),
}
LONG = ("action", "mechanism", "side_effect")
NUMBERS = ("dose", "delivered", "cost")
LARGEST = Decimal("9999999999")


def raw(r: Response) -> dict[str, str]:
    """Its fields as a form holds them."""
    plain = {
        n: str(getattr(r, n) or "") for n in (*LONG, "side", "technique", "driver", "dose_unit", "practice", "standing")
    }
    numbers = {n: _number_shown(getattr(r, n)) for n in NUMBERS}
    return {
        **plain,
        **numbers,
        "tier-national": r.tiers.get("national", ""),
        "tier-public-health": r.tiers.get("public-health", ""),
        "organisation": str(r.organisation_id or ""),
        "owner": str(r.owner_id or ""),
        "due": f"{r.due.day}/{r.due.month}/{r.due.year}" if r.due else "",
        "trial": "yes" if r.trial else "",
        "shared": "yes" if r.shared else "",
    }


def _number_shown(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"


def clean(sent: Mapping[str, str], organisations: Sequence[Organisation], team: Sequence[User]) -> dict[str, Any]:
    """The fields of a form as the model keeps them; :class:`UnansweredError` says which are wrong. ``organisations``: those
    on the plan, its own first. ``team``: who may own a part."""
    given = {name: values.clean_text(sent.get(name, "")) for name in FIELDS}
    errors: dict[str, Message] = {}
    kept: dict[str, Any] = {}
    for name in LONG:
        kept[name] = given[name]
        if len(given[name]) > values.LONGEST["long"]:
            errors[name] = msg(
                "Say it in at most {n:count} characters: this has {m:count}", n=values.LONGEST["long"], m=len(given[name])
            )
    if not given["action"]:
        errors["action"] = msg("Say what will be done")
    kept["dose_unit"] = given["dose_unit"][:60]
    for name, slugs in _known().items():
        if given[name] and given[name] not in slugs:
            errors[name] = msg("Choose from the list")
        kept[name] = given[name]
    kept["tiers"] = {k: v for k in ("national", "public-health") if (v := kept.pop(f"tier-{k}"))}
    for name in NUMBERS:
        kept[name] = _number(given[name], name, errors)
    try:
        kept["due"] = values.day_or_none(given["due"])
    except values.InvalidAnswer as invalid:
        errors["due"] = invalid.words
    kept["trial"], kept["shared"] = given["trial"] == "yes", given["shared"] == "yes"
    kept["standing"] = given["standing"] or Response.Standing.PLANNED
    _who(given, kept, organisations, team, errors)
    if errors:
        raise UnansweredError(errors, {})
    return kept


def _known() -> dict[str, set[str]]:
    tiers = {g.slug: {o.slug for o in g.options} for g in catalogue.schemes()}
    return {
        "side": {o.slug for o in catalogue.choices("sides")},
        "technique": {o.slug for g in catalogue.techniques() for o in g.options},
        "driver": {o.slug for o in catalogue.choices("drivers")},
        "practice": {o.slug for o in practices()},
        "standing": set(Response.Standing.values),
        "tier-national": tiers.get("national", set()),
        "tier-public-health": tiers.get("public-health", set()),
    }


def _number(text: str, name: str, errors: dict[str, Message]) -> Decimal | None:
    if not text:
        return None
    try:
        number = Decimal(text.replace(",", "").lstrip("£").strip()).quantize(Decimal("0.01"))
    except InvalidOperation:
        errors[name] = msg("Enter a number, in digits")
        return None
    if not 0 <= number <= LARGEST:
        errors[name] = msg("Enter a number that is not negative")
    return number


def _who(
    given: Mapping[str, str],
    kept: dict[str, Any],
    organisations: Sequence[Organisation],
    team: Sequence[User],
    errors: dict[str, Message],
) -> None:
    own = {str(o.pk): o for o in organisations}
    people = {str(u.pk): u for u in team}
    kept["organisation"] = own.get(given["organisation"]) if given["organisation"] else organisations[0]
    kept["owner"] = people.get(given["owner"])
    if kept["organisation"] is None:
        errors["organisation"] = msg("Choose an organisation that is on the plan")
    elif given["owner"] and kept["owner"] is None:
        errors["owner"] = msg("Choose somebody who is on the plan")
    elif kept["owner"] is not None and kept["owner"].organisation_id != kept["organisation"].pk:
        errors["owner"] = msg(
            "{person} does not belong to {name}", person=str(kept["owner"]), name=kept["organisation"].title
        )
