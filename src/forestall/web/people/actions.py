"""Everything that changes people: signing in and out, choosing a language, making accounts."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest
from django.utils import timezone

from forestall.errors import ForestallError
from forestall.text import LANGUAGES
from forestall.web.actions import ANYONE, OPERATOR, action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people import backend
from forestall.web.people.models import FailedSignIn, HeldRole, Organisation, User
from forestall.web.people.permissions import ROLES

#: username -> role, name and organisation of the accounts that ``forestall demo`` makes.
DEMO = {
    "analyst": ("analyst", "Alex Prosser", "force"),
    "officer": ("officer", "Sam Bevan", "force"),
    "supervisor": ("supervisor", "Jo Hopkins", "force"),
    "chief": ("chief-officer", "Chris Parry", "force"),
    "partner": ("partner", "Dee Morgan", "council"),
    "commissioner": ("commissioner", "Lee Watkins", "policing-body"),
}
DEMO_ORGANISATIONS = {
    "force": ("Sample Police", "Heddlu Enghreifftiol", Organisation.Kind.FORCE),
    "council": ("Sample Council", "Cyngor Enghreifftiol", Organisation.Kind.COUNCIL),
    "policing-body": (
        "Sample Police and Crime Commissioner",
        "Comisiynydd Heddlu a Throseddu Enghreifftiol",
        Organisation.Kind.POLICING_BODY,
    ),
}
DEMO_FILE = "sign-ins.json"


class TooManyError(Exception):
    """Too many failed attempts: the answer was not read."""


@action(ANYONE)
def sign_in(*, request: HttpRequest, username: str, password: str, trail: Trail) -> User | None:
    """Signs a person in, or returns None where name and password do not belong together; :class:`TooManyError` where there
    were too many failures. What has outlived its retention, of sessions and of failures, goes on this occasion."""
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
    login(request, user)
    trail.by(user).record(Operation.ACCESS, "sign-in", f"user:{user.pk}")
    return user


@action(ANYONE)
def sign_out(*, request: HttpRequest, trail: Trail) -> None:
    """Ends the session."""
    if trail.actor is not None:
        trail.record(Operation.ACCESS, "sign-out", f"user:{trail.actor.pk}")
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
    HeldRole.objects.get_or_create(user=user, role=role, area=area)
    trail.record(Operation.ALTERATION, "make-account", f"user:{user.pk}", {"role": role, "area": area})
    return password


@action(OPERATOR)
def make_demo_accounts(*, folder: Path, trail: Trail) -> Mapping[str, str]:
    """Makes the demo's accounts with passwords that are random on this machine, kept in ``folder/sign-ins.json`` with
    mode 600; a second run finds them as they are. Returns username -> password. They work on loopback only."""
    path = Path(folder) / DEMO_FILE
    passwords = _kept(path)
    made = {slug: _organisation(slug) for slug in DEMO_ORGANISATIONS}
    for username, (role, name, organisation) in DEMO.items():
        password = passwords.setdefault(username, secrets.token_urlsafe(9))
        user = User.objects.filter(username=username).first()
        if user is not None and not user.is_demo:
            raise ForestallError(
                f"this workplace has a real account named {username}: make the demo in a folder of its own with --dir"
            )
        if user is None or not user.check_password(password):
            user = user or User(username=username, is_demo=True)
            user.name, user.organisation = name, made[organisation]
            user.set_password(password)
            user.save()
            trail.record(Operation.ALTERATION, "make-demo-account", f"user:{user.pk}", {"role": role})
        HeldRole.objects.get_or_create(user=user, role=role, area="")
    _keep(path, passwords)
    return {username: passwords[username] for username in DEMO}


def _organisation(slug: str) -> Organisation:
    name, name_cy, kind = DEMO_ORGANISATIONS[slug]
    return Organisation.objects.get_or_create(
        slug=f"sample-{slug}", defaults={"name": name, "name_cy": name_cy, "kind": kind}
    )[0]


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
