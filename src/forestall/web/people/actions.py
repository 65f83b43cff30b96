"""The door: signing in and out, the second factor, what people change of their own account, and what the operator does."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import logout, update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from forestall.errors import ForestallError
from forestall.text import LANGUAGES
from forestall.web.actions import ANYONE, OPERATOR, action, oneself
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people import backend, demo, door, first, invitations, oidc, provided, second_factor
from forestall.web.people.backend import TooManyError
from forestall.web.people.fitting import manages, may_hold, misfits, standing
from forestall.web.people.models import (
    FailedSignIn,
    HeldRole,
    Identity,
    Organisation,
    SecondFactor,
    User,
    new_stamp,
)
from forestall.web.people.permissions import ROLES


@action(ANYONE)
def sign_in(*, request: HttpRequest, username: str, user: User | None, trail: Trail) -> User | None:
    """Signs in whom :func:`~forestall.web.people.backend.recognise` found, or lets them on to the second factor where one
    is needed (``request.user`` tells). None where it found nobody: the failure is noted; :class:`TooManyError` where others
    failed too often meanwhile. What has outlived its retention, of sessions and of failures, goes on this occasion."""
    now = timezone.now()
    request.session.clear_expired()
    FailedSignIn.objects.filter(at__lt=now - dt.timedelta(days=1)).delete()
    if backend.too_many(username, trail.address):
        raise TooManyError
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
    try:
        organisation = provided.organisation(client)
    except ForestallError as error:
        raise oidc.RefusedError(oidc.FAILED, str(error)) from error
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
    user = oneself(trail)
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
    user = oneself(trail)
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
    user = oneself(trail)
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


def _slow_down(user: User, trail: Trail) -> None:
    if backend.too_many(backend.code_of(user), trail.address, backend.PER_CODE):
        raise TooManyError


def _failed_code(user: User, trail: Trail) -> None:
    FailedSignIn.objects.create(name_hash=backend.name_hash(backend.code_of(user)), address=trail.address)
    trail.by(user).record(Operation.ACCESS, "second-factor-failed", f"user:{user.pk}")


def _follow_groups(
    user: User, groups: Any, roles: Mapping[str, str], organisation: Organisation | None, trail: Trail
) -> None:
    """Gives the roles of a person's groups that fit the person's organisation, and ends those that the provider gave and no
    longer says."""
    named = {groups} if isinstance(groups, str) else {g for g in groups or () if isinstance(g, str)}
    said = {role for group, role in roles.items() if group in named}
    now, wanted = timezone.now(), {role for role in said if may_hold(role, organisation, user.organisation)}
    for held in HeldRole.objects.filter(user=user, by_provider=True):
        ended = held.until is not None and held.until <= now
        right = held.role in wanted and held.organisation_id == (organisation.pk if organisation else None)
        if right and ended:
            HeldRole.objects.filter(pk=held.pk).update(since=now, until=None)
            trail.by(user).record(
                Operation.ALTERATION, "give-role", f"user:{user.pk}", {"role": held.role, "by": "provider"}
            )
        elif not right and not ended:
            HeldRole.objects.filter(pk=held.pk).update(until=now)
            trail.by(user).record(
                Operation.ALTERATION, "take-role", f"user:{user.pk}", {"role": held.role, "by": "provider"}
            )
        if right:
            wanted -= {held.role}
    for role in sorted(wanted):
        at = {"user": user, "role": role, "area": "", "unit": None, "organisation": organisation}
        _, made = HeldRole.objects.get_or_create(**at, defaults={"by_provider": True})
        if made:
            trail.by(user).record(Operation.ALTERATION, "give-role", f"user:{user.pk}", {"role": role, "by": "provider"})


@action(OPERATOR)
def make_account(*, username: str, role: str, trail: Trail, name: str = "", area: str = "", organisation: str = "") -> str:
    """Makes an account, or gives one that is there a new password and the role; returns the random password.

    ``organisation``: a name or slug of one that is there. Where none is given, a new account belongs to the force: the one
    that is there, or one named after the records where there is none yet. A role that ended is held again, and every
    session of the account ends. :class:`ForestallError` where the account is closed or a role does not fit the
    organisation."""
    username = username.strip().lower()
    if role not in ROLES:
        raise ForestallError(f"there is no role {role}: choose one of {', '.join(ROLES)}")
    if area and manages(role):
        raise ForestallError(f"the role {role} is held everywhere: leave the area out")
    if not username or len(username) > 150 or any(c.isspace() for c in username):
        raise ForestallError(f"an account's name is one word of at most 150 letters: {username!r} is not")
    password, now = secrets.token_urlsafe(15), timezone.now()
    user = User.objects.filter(username=username).first() or User(username=username, name=name)
    if not user.is_active:
        raise ForestallError(f"the account {username} is closed: open it again on the page of people, or name another")
    if organisation or user.organisation is None:
        user.organisation = first.organisation(organisation, role) or user.organisation
    if user.organisation is not None:
        there = [HeldRole(role=role), *(standing(user) if user.pk else ())]
        wrong = misfits(there, user.organisation)
        if wrong:
            raise ForestallError(
                f"nobody of {user.organisation} may hold the role {', '.join(wrong)}: choose another role or organisation"
            )
    user.set_password(password)
    user.session_stamp = new_stamp()
    user.save()
    HeldRole.objects.update_or_create(
        user=user, role=role, area=area, organisation=None, unit=None,
        defaults={"since": now, "until": None, "by_provider": False},
    )  # fmt: skip
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
