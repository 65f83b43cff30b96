"""Responses: planned, changed, stopped."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from forestall.catalogue import plans as catalogue
from forestall.catalogue.practices import practices
from forestall.text import Message
from forestall.web.audit.trail import Trail
from forestall.web.plans import frame, response_actions, responses, rows_form, suggestions
from forestall.web.plans.revision import RevisionError
from forestall.web.plans.rules import RefusedError
from forestall.web.plans.saving import UnansweredError


@require_http_methods(["GET", "HEAD", "POST"])
def response(request: HttpRequest, key: str, number: int | None = None) -> HttpResponse:
    """A response to plan, or one to change."""
    problem: dict[str, Message] = {}
    form = None
    if request.method == "POST" and request.POST.get("do") == "stop" and number is not None:
        try:
            response_actions.stop_response(key=key, number=number, trail=Trail.of(request))
            return redirect(_here(key))
        except RefusedError as refused:
            problem = {"": refused.reasons[0]}
    elif request.method == "POST":
        form = rows_form.given(request.POST, "r", responses.FIELDS)
        try:
            if form.unchosen:
                names = request.POST.getlist("choose")
                theirs = {**form.was, **{n: request.POST.get(f"theirs-{n}", "") for n in names}}
                return _merge(request, key, names, theirs, form.sent, form.base, form.unchosen)
            response_actions.keep_response(
                key=key, number=number, base=form.base, was=form.was, sent=form.sent, trail=Trail.of(request)
            )
            return redirect(_here(key))
        except RevisionError as conflict:
            return _merge(request, key, conflict.fields, conflict.stands, conflict.mine, conflict.row.revision, ())
        except UnansweredError as unanswered:
            problem = dict(unanswered.errors)
        except RefusedError as refused:
            problem = {"": refused.reasons[0]}
    desk = frame.to_change(request, key, "response-form")
    row = next((r for r in desk.responses if r.pk == number), None)
    if number is not None and row is None:
        raise Http404
    shown = responses.raw(row) if row else blank(desk.plan.organisation_id)
    context = frame.context(
        desk, "response", row=row, number=number, fields=responses.FIELDS, choices=rows_form.response_choices(desk),
        given=form.sent if form else shown, base=form.base if form else (row.revision if row else 0),
        was=rows_form.packed(form.was if form else shown), errors=problem,
        summary=[(m, f"#r-{n}" if n else "") for n, m in problem.items()],
        techniques=catalogue.techniques(), schemes=catalogue.schemes(), **suggestions.of(desk),
    )  # fmt: skip
    return frame.show(request, "response", context, status=422 if problem else 200)


def blank(organisation: int) -> dict[str, str]:
    """A response that nobody has written yet: the plan's own organisation does it, partners see it."""
    empty = dict.fromkeys(responses.FIELDS, "")
    return {**empty, "organisation": str(organisation), "shared": "yes", "standing": "planned", "trial": _trial()}


def _trial() -> str:
    """Where the library holds no practice, every response is a trial."""
    return "" if practices() else "yes"


def _here(key: str) -> str:
    return f"{reverse('plan-stage', args=[key, 'response'])}#responses"


def _merge(request, key, names, theirs, mine, base, unchosen) -> HttpResponse:  # type: ignore[no-untyped-def]
    desk = frame.to_change(request, key, "response-merge")
    choices = rows_form.response_choices(desk)
    found = rows_form.differing(responses.FIELDS, responses.LONG, choices, names, theirs, mine, unchosen)
    context = frame.context(
        desk, "response", prefix="r", differing=found, mine=mine, base=base, was=rows_form.packed(theirs),
        back=reverse("plan-stage", args=[key, "response"]), back_title=catalogue.stage("response").title,
    )  # fmt: skip
    return frame.show(request, "merge_row", context, status=422 if unchosen else 409)
