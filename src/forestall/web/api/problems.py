"""What is not done, as problem objects (RFC 9457), with the sentences that the pages say."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from forestall.catalogue import audit as policy
from forestall.errors import ForestallError
from forestall.text import Message, msg
from forestall.web.api.auth import ReadsOnlyError
from forestall.web.api.show import answer, response
from forestall.web.audit.middleware import NEEDED
from forestall.web.audit.trail import ReasonNeededError
from forestall.web.plans.revision import RevisionError
from forestall.web.plans.rules import ConflictError, RefusedError
from forestall.web.plans.saving import UnansweredError
from forestall.web.plans.values import InvalidAnswer
from forestall.web.views import BROKEN

TYPE = "application/problem+json"
NOT_FOUND = msg("There is nothing here that you may see")
NOT_ALLOWED = msg("Your role does not include this")
READS_ONLY = msg("This token reads and changes nothing: make another that may")
WHO = msg("Sign in, or send a token that works: make one on the page of your account")
CSRF = msg("Send the header X-CSRFToken with what you change in a session, or use a token")
UNREADABLE = msg("The body is no JSON")
MISSHAPEN = msg("What was sent is not as the description of the interface says")
TOO_MUCH = msg("The body is larger than the workplace takes: send less at once")
METHOD = msg("This address answers other methods: the header Allow names them")
REFUSED = msg("This is not allowed now")
CHANGED = msg("Somebody else changed it meanwhile: look at what stands now, and choose")


def problem(request: HttpRequest, status: int, words: Message | str, **more: Any) -> HttpResponse:
    """One problem object. ``more``: ``reasons``, ``errors`` by field, ``theirs``."""
    language = getattr(request, "language", "en")
    said = words.render(language) if isinstance(words, Message) else words
    body = {"type": "about:blank", "title": said, "status": status, **more}
    reply = HttpResponse(json.dumps(body, ensure_ascii=False, default=str), status=status, content_type=TYPE)
    if status == 401:
        reply.headers["WWW-Authenticate"] = "Bearer"
    return reply


def _said(request: HttpRequest, words: Sequence[Message]) -> list[str]:
    return [w.render(request.language) for w in words]


def _errors(request: HttpRequest, *errors: Mapping[str, Message]) -> dict[str, str]:
    return {k: w.render(request.language) for some in errors for k, w in some.items()}


def register(api: NinjaAPI) -> None:
    """Makes every error that an operation may raise a problem object."""

    @api.exception_handler(Http404)
    def not_found(request: HttpRequest, error: Http404) -> HttpResponse:  # noqa: ARG001
        return problem(request, 404, NOT_FOUND)

    @api.exception_handler(PermissionDenied)
    def denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
        return problem(request, 403, READS_ONLY if isinstance(error, ReadsOnlyError) else NOT_ALLOWED)

    @api.exception_handler(AuthenticationError)
    def unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:  # noqa: ARG001
        return problem(request, 401, WHO)

    @api.exception_handler(HttpError)
    def other(request: HttpRequest, error: HttpError) -> HttpResponse:
        return problem(request, error.status_code, CSRF if error.status_code == 403 else UNREADABLE)

    @api.exception_handler(RequestDataTooBig)
    def too_much(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:  # noqa: ARG001
        return problem(request, 413, TOO_MUCH)

    @api.exception_handler(ValidationError)
    def misshapen(request: HttpRequest, error: ValidationError) -> HttpResponse:
        errors = {".".join(str(part) for part in e["loc"]): str(e["msg"]) for e in error.errors}
        return problem(request, 422, MISSHAPEN, errors=errors)

    @api.exception_handler(RefusedError)
    def refused(request: HttpRequest, error: RefusedError) -> HttpResponse:
        return problem(request, 422, REFUSED, reasons=_said(request, error.reasons))

    @api.exception_handler(ReasonNeededError)
    def needed(request: HttpRequest, error: ReasonNeededError) -> HttpResponse:
        why = msg(
            "Your force asks for a reason for this ({act}) and nothing was done: send it again with the header X-Reason",
            act=policy.policy().title(error.act),
        )
        return problem(request, NEEDED, why)

    @api.exception_handler(InvalidAnswer)
    def invalid(request: HttpRequest, error: InvalidAnswer) -> HttpResponse:
        return problem(request, 422, REFUSED, reasons=_said(request, [error.words]))

    @api.exception_handler(UnansweredError)
    def unanswered(request: HttpRequest, error: UnansweredError) -> HttpResponse:
        return problem(request, 422, REFUSED, errors=_errors(request, error.errors, error.reasons))

    @api.exception_handler(ConflictError)
    def conflict(request: HttpRequest, error: ConflictError) -> HttpResponse:
        theirs = None if error.theirs is None else answer(error.theirs, request.language)
        return problem(request, 409, CHANGED, theirs=theirs)

    @api.exception_handler(RevisionError)
    def revised(request: HttpRequest, error: RevisionError) -> HttpResponse:
        return problem(request, 409, CHANGED, theirs=response(error.row), fields=error.fields)

    @api.exception_handler(ForestallError)
    def unavailable(request: HttpRequest, error: ForestallError) -> HttpResponse:
        return problem(request, 503, str(error))

    @api.exception_handler(Exception)
    def broken(request: HttpRequest, error: Exception) -> HttpResponse:
        logging.getLogger("django.request").error("the interface broke", exc_info=error)
        return problem(request, 500, BROKEN)
