"""Everything that changes people: how they sign in, their accounts and roles, their organisations, and what these agreed."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, logout, update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import slugify

from forestall.errors import ForestallError
from forestall.text import LANGUAGES, Name
from forestall.web.actions import ANYONE, OPERATOR, action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people import backend, demo, door, invitations, oidc, second_factor
from forestall.web.people.fitting import fits
from forestall.web.people.leaving import left
from forestall.web.people.models import (
    Agreement,
    FailedSignIn,
    HeldRole,
    Identity,
    Invitation,
    Organisation,
    SecondFactor,
    Unit,
    User,
    new_stamp,
)
from forestall.web.people.permissions import ROLES, Permission


class TooManyError(Exception):
    """Too many failed attempts: the answer was not read."""


# --- the door -------------------------------------------------------------------------------------------------------


@action(ANYONE)
def sign_in(*, request: HttpRequest, username: str, password: str, trail: Trail) -> User | None:
    """Signs a person in, or lets them on to the second factor where one is needed (``request.user`` tells). None where name
    and password do not belong together; :class:`TooManyError` where there were too many failures. What has outlived its
    retention, of sessions and of failures, goes on this occasion."""
    now = timezone.now()
    request.session.clear_expired()
    FailedSignIn.objects.filter(at__lt=now - dt.timedelta(days=1)).delete()
    if backend.too_many(username, trail.address):
        raise TooManyError
    user = authenticate(request, username=username, password=password)
    if user is None:
        FailedSignIn.objects.create(name_hash=backend.name_hash(username), address=trail.address, at=now)
        known = User.objects.filter(username=username.strip().lower()).first()
        trail.record(Operation.ACCESS, "sign-in-failed", f"user:{known.pk}" if known else "")
        return None
    if second_factor.needed(user):
        door.stand(request, user)
        if not second_factor.confirmed(user):
            second_factor.fresh(user)
        trail.by(user).record(Operation.ACCESS, "password-accepted", f"user:{user.pk}")
    else:
        _enter(request, user, trail, "password")
    return user


@action(ANYONE)
def give_code(*, request: HttpRequest, code: str, trail: Trail) -> User | None:
    """The second factor of the person in the door: a code of the app, or a recovery code. Signs in, or returns None."""
    user = _in_the_door(request, trail)
    factor = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()
    if factor is None:
        raise PermissionDenied
    if second_factor.take(factor, code):
        _enter(request, user, trail, "app")
    elif second_factor.take_recovery_code(user, code, timezone.now()):
        _enter(request, user, trail, "recovery-code")
    else:
        _failed_code(user, trail)
        return None
    return user


@action(ANYONE)
def confirm_second_factor(*, request: HttpRequest, code: str, trail: Trail) -> list[str] | None:
    """A first code shows that the app of the person in the door has the secret. Signs in and returns the recovery codes,
    which nobody sees again; None where the code is wrong."""
    user = _in_the_door(request, trail)
    factor = SecondFactor.objects.filter(user=user, confirmed_at__isnull=True).first()
    if factor is None:
        raise PermissionDenied
    if not second_factor.take(factor, code):
        _failed_code(user, trail)
        return None
    SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=timezone.now())
    codes = second_factor.new_recovery_codes(user)
    trail.by(user).record(Operation.ALTERATION, "confirm-second-factor", f"user:{user.pk}")
    _enter(request, user, trail, "app")
    return codes


@action(ANYONE)
def sign_in_by_organisation(*, request: HttpRequest, user: User, trail: Trail) -> User:
    """Signs in whom :class:`~forestall.web.people.oidc.OrganisationAccounts` recognised (``user.claims`` say as whom), and
    makes the account first where that is allowed. The provider is answerable for its second factor."""
    client, claims = settings.OIDC, user.claims
    organisation = Organisation.objects.filter(slug=client.organisation).first() if client.organisation else None
    if user.pk is None:
        user.organisation = organisation
        user.save()
        trail.by(user).record(Operation.ALTERATION, "make-account", f"user:{user.pk}", {"by": "provider"})
    _, linked = Identity.objects.get_or_create(issuer=client.issuer, subject=claims["sub"], defaults={"user": user})
    if linked:
        trail.by(user).record(Operation.ALTERATION, "link-identity", f"user:{user.pk}", {"issuer": client.issuer})
    if client.role_claim:
        _follow_groups(user, claims.get(client.role_claim), client.roles, organisation, trail)
    _enter(request, user, trail, "organisation", oidc.BACKEND)
    return user


@action(ANYONE)
def refuse_organisation(*, why: str, trail: Trail) -> None:
    """Notes that a sign-in by way of a provider was refused."""
    trail.record(Operation.ACCESS, "sign-in-failed", "", {"with": "organisation", "why": why})


@action(ANYONE)
def accept_invitation(*, request: HttpRequest, token: str, password: str, trail: Trail) -> User:
    """Uses an invitation: the password is the person's from now on, and the second factor comes next."""
    invitation = invitations.find(token)
    if invitation is None or not invitations.use(invitation):
        raise PermissionDenied
    user = invitation.user
    user.set_password(password)
    user.session_stamp = new_stamp()
    user.save(update_fields=["password", "session_stamp"])
    trail.by(user).record(Operation.ALTERATION, "accept-invitation", f"user:{user.pk}")
    door.stand(request, user)
    if not second_factor.confirmed(user):
        second_factor.fresh(user)
    return user


@action(ANYONE)
def sign_out(*, request: HttpRequest, trail: Trail) -> None:
    """Ends the session."""
    if trail.actor is not None:
        trail.record(Operation.ACCESS, "sign-out", f"user:{trail.actor.pk}")
    logout(request)


@action(ANYONE)
def sign_out_everywhere(*, request: HttpRequest, trail: Trail) -> None:
    """Ends every session of the person who asks."""
    user = _oneself(trail)
    User.objects.filter(pk=user.pk).update(session_stamp=new_stamp())
    trail.record(Operation.ACCESS, "sign-out-everywhere", f"user:{user.pk}")
    logout(request)


@action(ANYONE)
def choose_language(*, language: str, trail: Trail) -> str:
    """Keeps the language with the account where someone is signed in; the view keeps it in a cookie too. Returns the
    language, English where there is no such one."""
    language = language if language in LANGUAGES else "en"
    if trail.actor is not None and trail.actor.language != language:
        User.objects.filter(pk=trail.actor.pk).update(language=language)
        trail.record(Operation.ALTERATION, "choose-language", f"user:{trail.actor.pk}", {"language": language})
    return language


@action(ANYONE)
def change_password(*, request: HttpRequest, old: str, new: str, trail: Trail) -> bool:
    """A person's own new password; every other session ends. False where the old one is wrong."""
    user = _oneself(trail)
    _slow_down(user, trail)
    if not user.check_password(old):
        _failed_code(user, trail)
        return False
    user.set_password(new)
    user.session_stamp = new_stamp()
    user.save(update_fields=["password", "session_stamp"])
    update_session_auth_hash(request, user)
    trail.record(Operation.ALTERATION, "change-password", f"user:{user.pk}")
    return True


@action(ANYONE)
def renew_recovery_codes(*, code: str, trail: Trail) -> list[str] | None:
    """Ten new recovery codes for a person who shows a code of the app; None where it is wrong."""
    user = _oneself(trail)
    _slow_down(user, trail)
    factor = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()
    if factor is None or not second_factor.take(factor, code):
        _failed_code(user, trail)
        return None
    trail.record(Operation.ALTERATION, "renew-recovery-codes", f"user:{user.pk}")
    return second_factor.new_recovery_codes(user)


def _enter(request: HttpRequest, user: User, trail: Trail, by: str, way: str = backend.LOCAL) -> None:
    door.enter(request, user, way)
    trail.by(user).record(Operation.ACCESS, "sign-in", f"user:{user.pk}", {"with": by})


def _in_the_door(request: HttpRequest, trail: Trail) -> User:
    user = door.pending(request)
    if user is None:
        raise PermissionDenied
    _slow_down(user, trail)
    return user


def _oneself(trail: Trail) -> User:
    if trail.actor is None:
        raise PermissionDenied
    return trail.actor


def _slow_down(user: User, trail: Trail) -> None:
    if backend.too_many(backend.code_of(user), trail.address, backend.PER_CODE):
        raise TooManyError


def _failed_code(user: User, trail: Trail) -> None:
    FailedSignIn.objects.create(name_hash=backend.name_hash(backend.code_of(user)), address=trail.address)
    trail.by(user).record(Operation.ACCESS, "second-factor-failed", f"user:{user.pk}")


def _follow_groups(
    user: User, groups: Any, roles: Mapping[str, str], organisation: Organisation | None, trail: Trail
) -> None:
    """Gives the roles of a person's groups and ends those that the provider gave and no longer says."""
    named = {groups} if isinstance(groups, str) else {g for g in groups or () if isinstance(g, str)}
    now, wanted = timezone.now(), {role for group, role in roles.items() if group in named}
    for held in HeldRole.objects.filter(user=user, by_provider=True):
        ended = held.until is not None and held.until <= now
        if held.role in wanted and ended:
            HeldRole.objects.filter(pk=held.pk).update(since=now, until=None)
            trail.by(user).record(Operation.ALTERATION, "give-role", f"user:{user.pk}", {"role": held.role, "by": "provider"})
        elif held.role not in wanted and not ended:
            HeldRole.objects.filter(pk=held.pk).update(until=now)
            trail.by(user).record(Operation.ALTERATION, "take-role", f"user:{user.pk}", {"role": held.role, "by": "provider"})
        wanted -= {held.role}
    for role in sorted(wanted):
        at = {"user": user, "role": role, "area": "", "unit": None, "organisation": organisation}
        _, made = HeldRole.objects.get_or_create(**at, defaults={"by_provider": True})
        if made:
            trail.by(user).record(Operation.ALTERATION, "give-role", f"user:{user.pk}", {"role": role, "by": "provider"})


# --- the operator ---------------------------------------------------------------------------------------------------


@action(OPERATOR)
def make_account(*, username: str, role: str, trail: Trail, name: str = "", area: str = "") -> str:
    """Makes an account, or gives one that is there a new password and the role; returns the random password."""
    username = username.strip().lower()
    if role not in ROLES:
        raise ForestallError(f"there is no role {role}: choose one of {', '.join(ROLES)}")
    if not username or len(username) > 150 or any(c.isspace() for c in username):
        raise ForestallError(f"an account's name is one word of at most 150 letters: {username!r} is not")
    password = secrets.token_urlsafe(15)
    user = User.objects.filter(username=username).first() or User(username=username, name=name)
    user.set_password(password)
    user.save()
    HeldRole.objects.get_or_create(user=user, role=role, area=area, organisation=None, unit=None)
    trail.record(Operation.ALTERATION, "make-account", f"user:{user.pk}", {"role": role, "area": area})
    return password


@action(OPERATOR)
def make_demo_accounts(*, folder: Path, trail: Trail) -> Mapping[str, str]:
    """Makes the demo's organisations, agreements and accounts with passwords that are random on this machine, kept in
    ``folder/sign-ins.json`` with mode 600; a second run finds them as they are. Returns username -> password. The accounts
    work on loopback only."""
    return demo.make(Path(folder), trail)


@action(OPERATOR)
def reset_second_factor(*, username: str, trail: Trail) -> None:
    """Takes a person's app and recovery codes away and signs them out: the next sign-in sets up anew."""
    user = User.objects.filter(username=username.strip().lower()).first()
    if user is None:
        raise ForestallError(f"there is no account named {username}: check the name at the page of people")
    SecondFactor.objects.filter(user=user).delete()
    user.recovery_codes.all().delete()
    User.objects.filter(pk=user.pk).update(session_stamp=new_stamp())
    trail.record(Operation.ALTERATION, "reset-second-factor", f"user:{user.pk}")


# --- people ---------------------------------------------------------------------------------------------------------


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
        raise ForestallError(f"there is an account named {username} already: choose another name")
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
    """A person's name, e-mail address and place."""
    _manages(trail, person)
    _reaches(trail, organisation)
    _one_of(unit, organisation)
    _only_email(email, but=person)
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
        raise ForestallError("the account is closed: open it again first")
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
    """A role for an organisation (None: all, where it manages them), in a unit's areas, in an area or everywhere, from a day
    to a day (both included). Nobody gives a role to themselves."""
    _manages(trail, person)
    _reaches(trail, organisation)
    if role not in ROLES or not fits(role, organisation):
        raise ForestallError("this role can't be held for that organisation: choose another of either")
    _one_of(unit, organisation or person.organisation)
    begins, ends = _midnight(since) or timezone.now(), _midnight(until and until + dt.timedelta(days=1))
    if ends is not None and ends <= max(begins, timezone.now()):
        raise ForestallError("the role would end before it begins: give a later last day")
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
    Invitation.objects.filter(user=person, used_at__isnull=True).delete()
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
        raise ForestallError(f"there is an organisation named {name} already, or its name has no letters: choose another")
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
        raise ForestallError(f"{organisation.name} has a unit named {name.en} already, or it has no letters: choose another")
    made = Unit.objects.create(
        organisation=organisation, parent=parent, kind=kind, slug=slug, name=name.en, name_cy=name.cy, areas=list(areas)
    )
    trail.record(Operation.ALTERATION, "add-unit", f"unit:{made.pk}", {"organisation": organisation.slug, "kind": kind})
    return made


def _manages(trail: Trail, person: User) -> None:
    """Nobody changes their own account or rights, and who manages some organisations changes their people only."""
    if trail.actor is None or trail.actor.pk == person.pk:
        raise ForestallError("nobody changes their own rights: ask another administrator")
    reach = trail.actor.reach(Permission.MANAGE_PEOPLE)
    if reach is not None and person.organisation_id not in reach:
        raise PermissionDenied


def _reaches(trail: Trail, organisation: Organisation | None, permission: Permission = Permission.MANAGE_PEOPLE) -> None:
    reach = trail.actor.reach(permission)
    if reach is not None and (organisation is None or organisation.pk not in reach):
        raise PermissionDenied


def _one_of(unit: Unit | None, organisation: Organisation | None) -> None:
    if unit is not None and (organisation is None or unit.organisation_id != organisation.pk):
        raise ForestallError("that unit is part of another organisation: choose one of this organisation's units")


def _only_email(email: str, but: User | None = None) -> None:
    """An address belongs to one person: a provider may know people by it."""
    if email and User.objects.filter(email__iexact=email).exclude(pk=but.pk if but else None).exists():
        raise ForestallError(f"the address {email} is another person's: give this person's own")


def _midnight(day: dt.date | None) -> dt.datetime | None:
    return timezone.make_aware(dt.datetime.combine(day, dt.time())) if day else None


# --- agreements -----------------------------------------------------------------------------------------------------


@action(Permission.MANAGE_AGREEMENTS)
def add_agreement(
    *,
    reference: str,
    title: str,
    kind: str,
    parties: Sequence[Organisation],
    purpose: str,
    legal_basis: str,
    starts: dt.date,
    expires: dt.date,
    review_on: dt.date,
    trail: Trail,
) -> Agreement:
    """Enters an agreement: at least two parties, one of them the manager's where that manages some organisations only."""
    reach = trail.actor.reach(Permission.MANAGE_AGREEMENTS)
    if reach is not None and not any(p.pk in reach for p in parties):
        raise PermissionDenied
    if len({p.pk for p in parties}) < 2:
        raise ForestallError("an agreement has at least two parties: choose them")
    if Agreement.objects.filter(reference=reference).exists():
        raise ForestallError(f"there is an agreement with the reference {reference} already: renew that, or give another")
    _in_order(starts, review_on, expires)
    made = Agreement.objects.create(
        reference=reference, title=title, kind=kind, purpose=purpose, legal_basis=legal_basis, starts=starts,
        expires=expires, review_on=review_on,
    )  # fmt: skip
    made.parties.set(parties)
    trail.record(
        Operation.ALTERATION, "add-agreement", f"agreement:{made.pk}",
        {"reference": reference, "kind": kind, "parties": sorted(p.slug for p in parties), "expires": expires.isoformat()},
    )  # fmt: skip
    return made


@action(Permission.MANAGE_AGREEMENTS)
def renew_agreement(*, agreement: Agreement, expires: dt.date, review_on: dt.date, trail: Trail) -> None:
    """A later end, after a review. What was shared on it before stays as it was."""
    _keeps(trail, agreement)
    if agreement.withdrawn_on is not None:
        raise ForestallError("this agreement was withdrawn: enter a new one")
    if expires <= agreement.expires:
        raise ForestallError("a renewed agreement ends later than before: give a later date")
    _in_order(timezone.localdate(), review_on, expires)
    detail = {"from": agreement.expires.isoformat(), "to": expires.isoformat(), "review": review_on.isoformat()}
    agreement.expires, agreement.review_on = expires, review_on
    agreement.save(update_fields=["expires", "review_on"])
    trail.record(Operation.ALTERATION, "renew-agreement", f"agreement:{agreement.pk}", detail)


@action(Permission.MANAGE_AGREEMENTS)
def withdraw_agreement(*, agreement: Agreement, on: dt.date, trail: Trail) -> None:
    """A party has withdrawn: nothing is shared on it from that day, which is not in the past."""
    _keeps(trail, agreement)
    if on < timezone.localdate():
        raise ForestallError("an agreement is withdrawn from today or later: give that day")
    agreement.withdrawn_on = on
    agreement.save(update_fields=["withdrawn_on"])
    trail.record(Operation.ALTERATION, "withdraw-agreement", f"agreement:{agreement.pk}", {"on": on.isoformat()})


def _keeps(trail: Trail, agreement: Agreement) -> None:
    reach = trail.actor.reach(Permission.MANAGE_AGREEMENTS)
    if reach is not None and not agreement.parties.filter(pk__in=reach).exists():
        raise PermissionDenied


def _in_order(starts: dt.date, review_on: dt.date, expires: dt.date) -> None:
    if not starts <= review_on <= expires:
        raise ForestallError("an agreement is reviewed between its first and its last day: mend the dates")
