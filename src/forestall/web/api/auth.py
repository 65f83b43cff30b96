"""Who asks: a person by their session, as the pages know them, or a program by its person's token."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import translation
from ninja.errors import AuthenticationError, HttpError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from forestall.web.api import actions, tokens
from forestall.web.api.language import language_of
from forestall.web.audit.trail import Trail
from forestall.web.people.backend import admitted

SAFE = ("GET", "HEAD", "OPTIONS")


class Token(HttpBearer):
    """``Authorization: Bearer …``. One that is there and does not work is refused, whatever session comes with it."""

    def __call__(self, request: HttpRequest) -> Any:
        if "Authorization" not in request.headers:
            return None
        found = super().__call__(request)
        if found is None:
            raise AuthenticationError
        return found

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        found = tokens.find(token.strip())
        if found is None or not admitted(found.user, request):
            return None
        request.user = found.user
        request.language = language_of(request)
        translation.activate(request.language)  # until the view's own door puts back what was before
        if found.reads_only and request.method not in SAFE:
            raise ReadsOnlyError
        if not found.used_today:  # an action takes the write lock of SQLite, and reading needs none
            actions.note_use(token=found, trail=Trail.of(request))
        return found


class Session(APIKeyCookie):
    """The session of the pages. What changes something needs the pages' own token against forged requests too, in the
    header ``X-CSRFToken``."""

    param_name = "forestall_session"

    def __call__(self, request: HttpRequest) -> Any:
        return self.authenticate(request, None)

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:  # noqa: ARG002 - Django has read it
        if not request.user.is_authenticated:
            return None
        if request.method not in SAFE and check_csrf(request):
            raise HttpError(403, "csrf")
        return request.user


class ReadsOnlyError(PermissionDenied):
    """The token may read and change nothing."""
