"""What the operations share: the router's defaults, who asks, and the scan that is pinned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router

from forestall.text import Message, msg
from forestall.web.api import said
from forestall.web.api.shapes import Problem
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import actions as plan_actions
from forestall.web.plans import urls_plan  # noqa: F401 - it registers what a plan's key in an address is
from forestall.web.plans.desk import Desk
from forestall.web.plans.rules import RefusedError
from forestall.web.signals.pinned import Pinned, pinned

#: What any operation may answer, beside what it is asked for.
REFUSALS = frozenset({400, 401, 403, 404, 405, 409, 413, 422, 428, 503})
NOT_TAKEN = msg("“{value}” is nothing that {name} takes: leave it out, or use a word that the list itself shows")


def operation(router: Router, method: str, path: str, answers: Any, status: int = 200) -> Callable[..., Any]:
    """An operation by its function's name, with its sentence and every refusal."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        responses: Mapping[Any, Any] = {status: answers, REFUSALS: Problem}
        about = said.OPERATIONS[name].render("en")
        return router.api_operation([method], path, response=responses, operation_id=name, summary=about)(function)

    return mark


def trail(request: HttpRequest) -> Trail:
    return Trail.of(request)


def known(given: Mapping[str, str], wanted: Any) -> None:
    """:class:`RefusedError` where a program asks for a part of a list by a word that the list does not know: a page leaves
    such a word out and shows the filters as they are, and a program would take the whole list for the part."""
    unknown = [k for k, v in given.items() if v and getattr(wanted, k) != v]
    if unknown:
        raise RefusedError(*(Message(NOT_TAKEN.id, {"value": given[k][:60], "name": k}) for k in unknown))


def scan() -> Pinned:
    """The scan that the pages show; not found where none is recorded."""
    held = pinned()
    if held is None:
        raise Http404
    return held


def desk(request: HttpRequest, key: str, page: str) -> Desk:
    """A plan to read, by the way that the reader may; the log knows."""
    if not request.user.may(Permission.SEE_PLANS) and not request.user.may(Permission.SEE_SHARED_PLANS):
        raise Http404
    see = plan_actions.read_plan if request.user.may(Permission.SEE_PLANS) else plan_actions.read_shared_plan
    return Desk(see(key=key, page=f"api/{page}", trail=trail(request)), request.user)
