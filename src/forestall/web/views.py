"""Views that belong to no room: what a page needs to be public, and errors in plain words."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from forestall.text import Message, msg
from forestall.web.people.permissions import Permission

V = TypeVar("V", bound=Callable[..., HttpResponse])

NOT_ALLOWED = msg("Your role does not include this page")
NOT_FOUND = msg("There is no such page")
STALE = msg("This page was open for too long: go back, load it again and send it once more")
TOO_MUCH = msg("That is more than can be sent at once: go back, take some of it out, and send the rest by itself")
BROKEN = msg("Something went wrong on our side; nothing of yours was lost, and it has been written to the log")


def public(view: V) -> V:
    """A view that needs no account."""
    view.public = True  # type: ignore[attr-defined]
    return view


def needing(permission: Permission) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A view for those who hold a permission; everybody else is told that the page is not theirs."""

    def mark(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if not request.user.may(permission):
                raise PermissionDenied
            return view(request, **arguments)

        return guarded

    return mark


def _error(request: HttpRequest, sentence: Message, status: int) -> HttpResponse:
    return render(request, "sentence.html", {"words": sentence}, status=status)


def not_allowed(request: HttpRequest, exception: Any = None) -> HttpResponse:  # noqa: ARG001
    return _error(request, NOT_ALLOWED, 403)


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:  # noqa: ARG001
    return _error(request, NOT_FOUND, 404)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return _error(request, TOO_MUCH, 413)
    return _error(request, NOT_FOUND, 400)


def broken(request: HttpRequest) -> HttpResponse:
    return _error(request, BROKEN, 500)


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """A form without its token. What its own reader sent from an old page of this workplace can be sent again."""
    from forestall.web.people.views import stale

    return stale(request) or _error(request, STALE, 403)
