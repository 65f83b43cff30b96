"""The people of the demo: the sample's force with its units, its partners, what they agreed, and an account for each role.

The places give the names. Where a store has none, one council and no units are made."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from django.utils import timezone
from django.utils.text import slugify

from forestall.errors import ForestallError
from forestall.text import Name
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.models import Agreement, HeldRole, Organisation, Unit, User

if TYPE_CHECKING:
    from forestall.web.signals.pinned import Pinned

FILE = "sign-ins.json"
#: Wards that one neighbourhood team looks after.
WARDS = 8
Kind = Organisation.Kind


@dataclass(frozen=True)
class Account:
    role: str
    name: str
    organisation: str
    local: bool = False


#: username -> account. ``local``: in a neighbourhood team, with a role that is held in its local policing area. The role of
#: a council's person is held in the council's area.
ACCOUNTS = {
    "analyst": Account("analyst", "Alex Prosser", "force"),
    "officer": Account("officer", "Sam Bevan", "force", local=True),
    "supervisor": Account("supervisor", "Jo Hopkins", "force"),
    "chief": Account("chief-officer", "Chris Parry", "force"),
    "hub": Account("hub", "Rhian Griffiths", "force"),
    "partner": Account("partner", "Dee Morgan", "council"),
    "health": Account("partner", "Nia Rowlands", "health"),
    "housing": Account("partner", "Owen Pritchard", "housing"),
    "commissioner": Account("commissioner", "Lee Watkins", "policing-body"),
    "registrar": Account("registrar", "Mair Llewellyn", "force"),
    "dpo": Account("data-protection", "Huw Jenkins", "force"),
    "administrator": Account("administrator", "Kit Vaughan", "force"),
}
OTHERS = {
    "force": (Kind.FORCE, "{en} Police", "Heddlu {cy}"),
    "policing-body": (Kind.POLICING_BODY, "{en} Police and Crime Commissioner", "Comisiynydd Heddlu a Throseddu {cy}"),
    "health": (Kind.HEALTH, "{en} Health Board", "Bwrdd Iechyd {cy}"),
    "housing": (Kind.HOUSING, "{en} Homes", "Cartrefi {cy}"),
    "voluntary": (Kind.VOLUNTARY, "{en} Community Action", "Gweithredu Cymunedol {cy}"),
}


def make(folder: Path, trail: Trail) -> Mapping[str, str]:
    """Makes what is not there yet; returns username -> password."""
    from forestall.web.signals.pinned import pinned

    path = folder / FILE
    _refuse_real_accounts()
    passwords = _kept(path)
    if not _are_of_this_workplace(passwords):
        passwords = {}
    known = set(passwords)
    held = pinned()
    organisations = _organisations(held)
    team = _units(held, organisations["force"]) if held else None
    _agreements(organisations)
    for username, account in ACCOUNTS.items():
        password = passwords.setdefault(username, secrets.token_urlsafe(9))
        place = team if account.local else None
        organisation = organisations[account.organisation]
        area = next((code for code in held.hubs if organisations.get(code) == organisation), "") if held else ""
        _account(username, account, None if username in known else password, organisation, place, area, trail)
    _keep(path, passwords)
    return {username: passwords[username] for username in ACCOUNTS}


def _refuse_real_accounts() -> None:
    real = User.objects.filter(username__in=ACCOUNTS, is_demo=False).order_by("pk").first()
    if real is not None:
        raise ForestallError(
            f"this workplace has a real account named {real.username}: make the demo in a folder of its own with --dir"
        )


def _are_of_this_workplace(passwords: Mapping[str, str]) -> bool:
    """Whether kept passwords open this workplace's accounts. One is tried for all: they are made together, and each trial
    takes as long as a password's hash is meant to."""
    first = next((u for u in User.objects.filter(username__in=passwords).order_by("pk")), None)
    there = set(User.objects.values_list("username", flat=True))
    return first is not None and there >= set(passwords) and first.check_password(passwords[first.username])


def _account(
    username: str, account: Account, password: str | None, organisation: Organisation, team: Unit | None, area: str,
    trail: Trail,
) -> None:  # fmt: skip
    """The account as it should be; ``password``: a new one, None where the one it has stays. ``area``: where its role is
    held; '' everywhere, or in the team's local policing area."""
    user = User.objects.filter(username=username).first() or User(username=username, is_demo=True)
    if password is not None:
        user.set_password(password)
        user.name = account.name
        user.organisation, user.unit = organisation, team
        user.save()
        trail.record(Operation.ALTERATION, "make-demo-account", f"user:{user.pk}", {"role": account.role})
    elif (user.organisation_id, user.unit_id) != (organisation.pk, team.pk if team else None):
        user.organisation, user.unit = organisation, team
        user.save(update_fields=["organisation", "unit"])
    unit = team.parent if team else None
    role, _ = HeldRole.objects.get_or_create(user=user, role=account.role, area=area, organisation=None, unit=unit)
    user.roles.exclude(pk=role.pk).delete()


def _organisations(held: Pinned | None) -> dict[str, Organisation]:
    """The force and its partners by slug; ``council`` is the council where the first problem is."""
    force = held.force_name if held else Name("Sample", "Enghreifftiol")
    words = {"en": force.en, "cy": force.cy or force.en}
    made = {
        slug: _organisation(slug, kind, Name(en.format(**words), cy.format(**words)))
        for slug, (kind, en, cy) in OTHERS.items()
    }
    hubs = held.hubs if held else ()
    for code in hubs:
        name = Name(held.places.name(code), held.places.name(code, "cy"))
        council = Name(f"{name.en} Council", f"Cyngor {name.cy or name.en}")
        made[code] = _organisation(f"council-{slugify(code)}", Kind.COUNCIL, council)
    first = next((h for s in held.scan.signals for h in (held.hub_of.get(s.areas[0]),) if h), None) if held else None
    made["council"] = (
        made.get(first or "")
        or next(
            (made[code] for code in hubs),
            None,
        )
        or _organisation("council", Kind.COUNCIL, Name("Sample Council", "Cyngor Enghreifftiol"))
    )
    return made


def _organisation(slug: str, kind: str, name: Name) -> Organisation:
    return Organisation.objects.update_or_create(
        slug=f"sample-{slug}"[:50], defaults={"name": name.en, "name_cy": name.cy, "kind": kind}
    )[0]


def _units(held: Pinned, force: Organisation) -> Unit:
    """The force's tree of units; returns the neighbourhood team where the first problem is."""
    places = held.places
    top = _unit(force, None, Unit.Kind.FORCE, held.force_name, [held.force] if held.force else list(held.areas))
    first = held.scan.signals[0].areas[0] if held.scan.signals else held.areas[0]
    chosen = None
    level = "lpa" if "lpa" in places.levels else "lad"
    policing_areas = sorted({p for p in (places.parent(a, level) for a in held.areas) if p}, key=places.name)
    for code in policing_areas:
        named = Name(places.name(code), places.name(code, "cy"))
        area = _unit(force, top, Unit.Kind.LOCAL_POLICING_AREA, named, [code])
        for hub in [h for h in held.hubs if h == code or places.parent(h, level) == code]:
            for wards in _teams(held, hub):
                team = _team(force, area, held, hub, wards)
                if first in {a for c in team.areas for a in places.within(c)}:
                    chosen = team
    return chosen or _unit(force, top, Unit.Kind.NEIGHBOURHOOD_TEAM, Name("Neighbourhood team", "Tîm cymdogaeth"), [])


def _teams(held: Pinned, hub: str) -> list[list[str]]:
    """The wards of a local authority in groups that lie together, north to south; [] stands for a hub without wards."""
    if "ward" not in held.places.levels:
        return [[]]
    level = held.places.level("ward")
    wards = [c for c in level.codes if held.places.parent(c, "lad") == hub]
    wards.sort(key=lambda c: -float(np.nan_to_num(level.northing[level.index(c)])))
    count = max(1, round(len(wards) / WARDS))
    return [list(group) for group in np.array_split(np.array(wards, dtype=object), count) if len(group)] or [[]]


def _team(force: Organisation, area: Unit, held: Pinned, hub: str, wards: list[str]) -> Unit:
    places = held.places
    at = wards[0] if wards else hub
    en, cy = places.name(at), places.name(at, "cy") or places.name(at)
    team = _unit(
        force, area, Unit.Kind.NEIGHBOURHOOD_TEAM, Name(f"{en} neighbourhood team", f"Tîm cymdogaeth {cy}"), wards or [hub]
    )
    for ward in wards:
        _unit(force, team, Unit.Kind.WARD, Name(places.name(ward), places.name(ward, "cy")), [ward])
    return team


def _unit(force: Organisation, parent: Unit | None, kind: str, name: Name, areas: list[str]) -> Unit:
    slug = slugify(f"{kind} {'-'.join(areas[:1])} {name.en}")[:100]
    return Unit.objects.update_or_create(
        organisation=force, slug=slug,
        defaults={"parent": parent, "kind": kind, "name": name.en, "name_cy": name.cy, "areas": areas},
    )[0]  # fmt: skip


def _agreements(organisations: Mapping[str, Organisation]) -> None:
    """Three agreements: one for all partners, one that soon ends, and one that is over. All made up, as the force is."""
    today = timezone.localdate()
    councils = [o for o in organisations.values() if o.kind == Kind.COUNCIL]
    all_of = {o.pk: o for o in (*organisations.values(), *councils)}.values()
    days = dt.timedelta(days=1)
    for reference, title, kind, parties, starts, review, expires in (
        ("SAMPLE-ISP-1", "Community safety: problem solving in partnership", Agreement.Kind.WASPI_ISP, all_of,
         today - 200 * days, today + 100 * days, today + 165 * days),
        ("SAMPLE-DDA-2", "Ambulance and emergency department data on violence", Agreement.Kind.DISCLOSURE,
         (organisations["force"], organisations["health"]), today - 330 * days, today + 10 * days, today + 35 * days),
        ("SAMPLE-JCA-3", "Shared register of anti-social behaviour cases", Agreement.Kind.JOINT_CONTROLLER,
         (organisations["force"], organisations["housing"]), today - 500 * days, today - 200 * days, today - 135 * days),
    ):  # fmt: skip
        made, new = Agreement.objects.get_or_create(
            reference=reference,
            defaults={
                "title": title, "kind": kind, "starts": starts, "review_on": review, "expires": expires,
                "purpose": "To prevent crime and disorder at the places and for the people whom a problem plan names.",
                "legal_basis": "Crime and Disorder Act 1998, sections 17 and 115.",
            },
        )  # fmt: skip
        if new:
            made.parties.set(parties)


def _kept(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def _keep(path: Path, passwords: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as f:
        json.dump(dict(passwords), f, indent=1)
        f.write("\n")
