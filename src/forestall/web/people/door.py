"""Between the password and the second factor: who stands in the door, kept in the session for ten minutes."""

from __future__ import annotations

import time

from django.contrib.auth import login
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from forestall.web.people.backend import LOCAL, LocalAccounts, admitted
from forestall.web.people.models import User

LASTS = 600
_KEY = "door"


def stand(request: HttpRequest, user: User) -> None:
    """Notes that a person's password was right. The session gets a new key: whoever knew the old one is not taken along."""
    request.session.flush()
    request.session[_KEY] = {"user": user.pk, "at": time.time(), "hash": user.get_session_auth_hash()}


def pending(request: HttpRequest) -> User | None:
    """Who has shown a password and no second factor yet; None after ten minutes, or when password or account changed."""
    kept = request.session.get(_KEY)
    if not kept or time.time() - kept["at"] > LASTS:
        return None
    user = LocalAccounts().get_user(kept["user"])
    if user is None or not constant_time_compare(kept["hash"], user.get_session_auth_hash()):
        return None
    return user if admitted(user, request) else None


def enter(request: HttpRequest, user: User, backend: str = LOCAL) -> None:
    """Signs a person in, with a new session."""
    request.session.pop(_KEY, None)
    login(request, user, backend=backend)
