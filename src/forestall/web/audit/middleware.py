"""Asks for the reason that an act lacks, and loses nothing of what was sent."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from forestall.catalogue import audit as policy
from forestall.web.audit import reasons
from forestall.web.audit.trail import ReasonNeededError

Next = Callable[[HttpRequest], HttpResponse]

#: "Precondition required": the same request with a reason is answered.
NEEDED = 428


class Reasons:
    """A :class:`ReasonNeededError` becomes a page with a box; the act was rolled back."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, ReasonNeededError):
            return None
        if request.headers.get("HX-Request") and request.method == "GET":  # a part of a page can't ask: the whole page does
            return HttpResponse(status=204, headers={"HX-Redirect": request.get_full_path()})
        return ask(request, error.act, sent=request.method == "POST")


def ask(request: HttpRequest, act: str, *, sent: bool) -> HttpResponse:
    """The page with the box. ``sent``: what the form held goes along, hidden, and is sent again with the reason."""
    skip = {reasons.FIELD, "csrfmiddlewaretoken"}
    again = [(k, v) for k, values in request.POST.lists() if k not in skip for v in values] if sent else []
    context = {
        "act": policy.policy().title(act),
        "again": again,
        "sent": sent,
        "next": request.get_full_path(),
        "slug": act,
    }
    return render(request, "audit/reason.html", context, status=NEEDED)
