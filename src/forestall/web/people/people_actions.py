"""People, their roles and their organisations: what an administrator changes. Nobody raises their own rights."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.text import slugify

from forestall.text import Name, msg
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people import invitations
from forestall.web.people.fitting import fits, manages, may_hold, misfits, standing
from forestall.web.people.leaving import left
from forestall.web.people.models import HeldRole, Organisation, Unit, User, new_stamp
from forestall.web.people.permissions import ROLES, Permission
from forestall.web.people.refusal import RefusedError


@action(Permission.MANAGE_PEOPLE)
def see_people(*, search: str, trail: Trail) -> None:
    """Notes that the list of people was read, and what was looked for."""
    trail.record(Operation.CONSULTATION, "see-people", "", {"searched": bool(search)})


@action(Permission.MANAGE_PEOPLE)
def add_person(
    *, username: str, name: str, email: str, organisation: Organisation, unit: Unit | None, trail: Trail
) -> tuple[User, str]:
    """A new account without a password; returns it with the random part of its invitation."""
    _reaches(trail, organisation)
    _one_of(unit, organisation)
    username = username.strip().lower()
    if User.objects.filter(username=username).exists():
        raise RefusedError(msg("There is an account named {username} already: choose another name", username=username))
    _only_email(email)
    user = User(username=username, name=name, email=email, organisation=organisation, unit=unit)
    user.set_unusable_password()
    user.save()
    trail.record(Operation.ALTERATION, "add-person", f"user:{user.pk}", {"organisation": organisation.slug})
    return user, invitations.invite(user)


@action(Permission.MANAGE_PEOPLE)
def change_person(
    *, person: User, name: str, email: str, organisation: Organisation, unit: Unit | None, trail: Trail
) -> None:
    """A person's name, e-mail address and place. Nobody takes a role along to an organisation that it does not fit."""
    _manages(trail, person)
    _reaches(trail, organisation)
    _one_of(unit, organisation)
    _only_email(email, but=person)
    wrong = misfits(standing(person), organisation)
    if wrong:
        raise RefusedError(
            msg(
                "Nobody of {organisation} may hold the role {roles:list}, which this person holds: end it first",
                organisation=organisation.title,
                roles=[ROLES[role].name for role in wrong],
            )
        )
    changed = [
        field
        for field, value in (("name", name), ("email", email), ("organisation", organisation), ("unit", unit))
        if getattr(person, field) != value
    ]
    person.name, person.email, person.organisation, person.unit = name, email, organisation, unit
    person.save(update_fields=["name", "email", "organisation", "unit"])
    trail.record(Operation.ALTERATION, "change-person", f"user:{person.pk}", {"changed": changed})


@action(Permission.MANAGE_PEOPLE)
def invite_again(*, person: User, trail: Trail) -> str:
    """A new invitation in place of earlier ones, for who lost the link or the password. The second factor stays."""
    _manages(trail, person)
    if not person.is_active:
        raise RefusedError(msg("The account is closed: open it again first"))
    trail.record(Operation.ALTERATION, "invite", f"user:{person.pk}")
    return invitations.invite(person)


@action(Permission.MANAGE_PEOPLE)
def give_role(
    *,
    person: User,
    role: str,
    organisation: Organisation | None,
    unit: Unit | None,
    area: str,
    since: dt.date | None,
    until: dt.date | None,
    trail: Trail,
) -> HeldRole:
    """A role for an organisation (None: all, where it manages them), in a unit's areas, in an area or everywhere, from a
    day to a day (both included). Nobody gives a role to themselves."""
    _manages(trail, person)
    _reaches(trail, organisation)
    if role not in ROLES or not fits(role, organisation) or not may_hold(role, organisation, person.organisation):
        raise RefusedError(msg("This role can't be held for that organisation: choose another of either"))
    if manages(role) and (unit is not None or area):
        raise RefusedError(msg("This role is held everywhere: choose no unit and no area"))
    _one_of(unit, organisation or person.organisation)
    begins, ends = _midnight(since) or timezone.now(), _midnight(until and until + dt.timedelta(days=1))
    if ends is not None and ends <= max(begins, timezone.now()):
        raise RefusedError(msg("The role would end before it begins: give a later last day"))
    held, _ = HeldRole.objects.update_or_create(
        user=person, role=role, area=area, organisation=organisation, unit=unit,
        defaults={"since": begins, "until": ends, "by_provider": False},
    )  # fmt: skip
    detail = {"role": role, "organisation": organisation.slug if organisation else "", "area": area}
    detail |= {"unit": unit.slug if unit else "", "until": until.isoformat() if until else ""}
    trail.record(Operation.ALTERATION, "give-role", f"user:{person.pk}", detail)
    return held


@action(Permission.MANAGE_PEOPLE)
def take_role(*, held: HeldRole, trail: Trail) -> None:
    """Ends a role now. The row stays as its history."""
    _manages(trail, held.user)
    _reaches(trail, held.organisation)
    HeldRole.objects.filter(pk=held.pk).update(until=timezone.now())
    trail.record(Operation.ALTERATION, "take-role", f"user:{held.user_id}", {"role": held.role, "area": held.area})


@action(Permission.MANAGE_PEOPLE)
def close_account(*, person: User, trail: Trail) -> None:
    """The person has left: no session, link or role works from now on, and whoever listens to
    :data:`~forestall.web.people.leaving.left` hears of it in the same transaction."""
    _manages(trail, person)
    now = timezone.now()
    User.objects.filter(pk=person.pk).update(is_active=False, left_at=now, session_stamp=new_stamp())
    HeldRole.objects.filter(user=person, until__isnull=True).update(until=now)
    HeldRole.objects.filter(user=person, until__gt=now).update(until=now)
    invitations.withdraw(person)
    person.is_active, person.left_at = False, now
    trail.record(Operation.ALTERATION, "close-account", f"user:{person.pk}")
    left.send(sender=User, person=person, trail=trail)


@action(Permission.MANAGE_PEOPLE)
def open_account(*, person: User, trail: Trail) -> str:
    """The person has come back: without roles, with a new invitation, whose random part is returned."""
    _manages(trail, person)
    User.objects.filter(pk=person.pk).update(is_active=True, left_at=None)
    trail.record(Operation.ALTERATION, "open-account", f"user:{person.pk}")
    return invitations.invite(person)


@action(Permission.MANAGE_PEOPLE)
def add_organisation(*, name: str, name_cy: str, kind: str, trail: Trail) -> Organisation:
    """A new organisation; only who manages all of them adds one."""
    _reaches(trail, None)
    slug = slugify(name)[:50]
    if not slug or Organisation.objects.filter(slug=slug).exists():
        raise RefusedError(
            msg("There is an organisation named {name} already, or its name has no letters: choose another", name=name)
        )
    made = Organisation.objects.create(slug=slug, name=name, name_cy=name_cy, kind=kind)
    trail.record(Operation.ALTERATION, "add-organisation", f"organisation:{made.pk}", {"kind": kind})
    return made


@action(Permission.MANAGE_PEOPLE)
def add_unit(
    *, organisation: Organisation, parent: Unit | None, kind: str, name: Name, areas: Sequence[str], trail: Trail
) -> Unit:
    """A part of an organisation, below another or at the top, with the codes of its areas."""
    _reaches(trail, organisation)
    _one_of(parent, organisation)
    slug = slugify(name.en)[:100]
    if not slug or Unit.objects.filter(organisation=organisation, slug=slug).exists():
        raise RefusedError(
            msg(
                "{organisation} has a unit named {name} already, or it has no letters: choose another",
                organisation=organisation.title,
                name=name,
            )
        )
    made = Unit.objects.create(
        organisation=organisation, parent=parent, kind=kind, slug=slug, name=name.en, name_cy=name.cy, areas=list(areas)
    )
    trail.record(Operation.ALTERATION, "add-unit", f"unit:{made.pk}", {"organisation": organisation.slug, "kind": kind})
    return made


def _manages(trail: Trail, person: User) -> None:
    """Nobody changes their own account or rights. Who manages some organisations changes their people only, and of these
    nobody who holds a role beyond them: a new link or a closed account would be power over the wider role."""
    if trail.actor is None or trail.actor.pk == person.pk:
        raise RefusedError(msg("Nobody changes their own rights: ask another administrator"))
    reach = trail.actor.reach(Permission.MANAGE_PEOPLE)
    if reach is None:
        return
    if person.organisation_id not in reach:
        raise PermissionDenied
    if any(not _within(held, reach) for held in standing(person)):
        raise RefusedError(
            msg("This person's roles reach further than yours: ask an administrator of all the organisations concerned")
        )


def _within(held: HeldRole, reach: frozenset[int]) -> bool:
    """Whether a role reaches no organisation but these. One that manages and names none reaches all."""
    if held.organisation_id is None:
        return not manages(held.role)
    return held.organisation_id in reach


def _reaches(trail: Trail, organisation: Organisation | None, permission: Permission = Permission.MANAGE_PEOPLE) -> None:
    reach = trail.actor.reach(permission)
    if reach is not None and (organisation is None or organisation.pk not in reach):
        raise PermissionDenied


def _one_of(unit: Unit | None, organisation: Organisation | None) -> None:
    if unit is not None and (organisation is None or unit.organisation_id != organisation.pk):
        raise RefusedError(msg("That unit is part of another organisation: choose one of this organisation's units"))


def _only_email(email: str, but: User | None = None) -> None:
    """An address belongs to one person: a provider may know people by it."""
    if email and User.objects.filter(email__iexact=email).exclude(pk=but.pk if but else None).exists():
        raise RefusedError(msg("The address {email} is another person's: give this person's own", email=email))


def _midnight(day: dt.date | None) -> dt.datetime | None:
    return timezone.make_aware(dt.datetime.combine(day, dt.time())) if day else None
