"""Signing in with a local account, and what guards it."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from django.utils import timezone

from forestall.web.environment import is_loopback
from forestall.web.people.models import FailedSignIn, User

#: Failures within the period, after which an answer is refused unread: by one address for one name, by one address for
#: any name, and for one name from anywhere. The last is high, so that nobody locks out a colleague easily.
PERIOD = dt.timedelta(minutes=15)
PER_PAIR, PER_ADDRESS, PER_NAME = 5, 30, 50
#: Of wrong codes of one person from anywhere: whoever sends them knows the password, and a code has six digits only.
PER_CODE = 10
LOCAL = "forestall.web.people.backend.LocalAccounts"


class TooManyError(Exception):
    """Too many failed attempts: the answer was not read."""


class LocalAccounts(BaseBackend):
    """Name and password. Demo accounts work only where the server is bound to loopback and asked from this machine."""

    def authenticate(self, request: HttpRequest | None, username: str, password: str) -> User | None:
        user = User.objects.filter(username=username.strip().lower()).first()
        if user is None:
            User().set_password(password)  # takes as long as for a name that exists
            return None
        return user if user.check_password(password) and admitted(user, request) else None

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("organisation", "unit").filter(pk=user_id, is_active=True).first()
        return user if user and (settings.LOOPBACK or not user.is_demo) else None


def admitted(user: User, request: HttpRequest | None) -> bool:
    """Whether an account may be used at all, from here."""
    if not user.is_active:
        return False
    if not user.is_demo:
        return True
    return settings.LOOPBACK and request is not None and is_loopback(request.META.get("REMOTE_ADDR", ""))


def recognise(request: HttpRequest, username: str, password: str, address: str) -> User | None:
    """Whose name and password belong together; :class:`TooManyError` where there were too many failures. It stands before
    the action that signs in and its transaction: a password's hash takes long to work out, as it is meant to, and nobody
    else could write meanwhile on SQLite."""
    if too_many(username, address):
        raise TooManyError
    return authenticate(request, username=username, password=password)


def name_hash(username: str) -> str:
    """A name as the attempts keep it: a password typed into the wrong box must not stand in a table."""
    return hmac.new(settings.SECRET_KEY.encode(), username.strip().lower().encode(), hashlib.sha256).hexdigest()


def code_of(user: User) -> str:
    """What wrong codes of a person are counted under: no name can be this, for names have no spaces."""
    return f"code of {user.pk}"


def too_many(username: str, address: str, per_name: int = PER_NAME) -> bool:
    """Whether there were too many failures for this name, from this address, or both."""
    recent = FailedSignIn.objects.filter(at__gt=timezone.now() - PERIOD)
    by_name, by_address = recent.filter(name_hash=name_hash(username)), recent.filter(address=address)
    return (
        by_name.filter(address=address).count() >= PER_PAIR
        or by_address.count() >= PER_ADDRESS
        or by_name.count() >= per_name
    )
