"""The page on which a plan is taken a step further: what it means, what is missing, and why it is done."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from forestall.catalogue import plans as catalogue
from forestall.text import Message, msg
from forestall.web.audit.trail import Trail
from forestall.web.plans import actions, frame, plan_present, progress
from forestall.web.plans.desk import Desk
from forestall.web.plans.rules import RefusedError


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, key: str, move: str) -> HttpResponse:
    step = catalogue.moves().get(move)
    if step is None:
        raise Http404
    if request.method == "POST":
        return _take(request, key, step)
    desk = frame.read(request, key, f"move-{step.slug}")
    said = {"reason": request.GET.get("reason", ""), "other": request.GET.get("other", "")}
    return _page(request, desk, step, said)


def _take(request: HttpRequest, key: str, step: catalogue.Move) -> HttpResponse:
    said = {name: request.POST.get(name, "") for name in ("reason", "other", *(n for n, _ in plan_present.TASKING))}
    detail = {n: said[n] for n, _ in plan_present.TASKING} if _asks(step) else {}
    try:
        actions.move(
            key=key, move=step.slug, reason=said["reason"], detail=detail, other=said["other"], trail=Trail.of(request)
        )
    except RefusedError as refused:
        return _page(request, frame.read(request, key, f"move-{step.slug}"), step, said, refused)
    return redirect(f"{reverse('plan', args=[key])}?done={step.slug}")


def _asks(step: catalogue.Move) -> bool:
    return "tasking_questions" in step.checks


def _page(
    request: HttpRequest, desk: Desk, step: catalogue.Move, said: dict[str, str], refused: RefusedError | None = None
) -> HttpResponse:
    if not desk.rights.may(step):
        raise PermissionDenied
    legal = desk.plan.state in step.sources
    missing = [(o.words, plan_present.address(desk, o)) for o in progress.obstacles(desk, step)] if legal else []
    context = frame.context(
        desk,
        "move",
        step=step,
        legal=legal,
        missing=missing,
        said=said,
        asks=plan_present.TASKING if _asks(step) else (),
        errors=_errors(step, said, missing, refused) if refused else {},
        other_plans=desk.plan.seed.get("duplicates", []) if step.names else [],
    )
    return frame.show(request, "move", context, status=422 if refused else 200)


def _errors(step: catalogue.Move, said: dict[str, str], missing: list[Any], refused: RefusedError) -> dict[str, Message]:
    """What is wrong, by the field where it is put right; what no field can is under the list of what is missing."""
    errors = {}
    if step.reason and not said["reason"].strip():
        errors["reason"] = msg("Say why")
    for name, asks in plan_present.TASKING if _asks(step) else ():
        if not said[name].strip():
            errors[name] = msg("Answer: {question}", question=asks)
    if step.names and any(r.id == "Name an open plan that it is joined to" for r in refused.reasons):
        errors["other"] = msg("Name an open plan that it is joined to")
    if missing or not errors:
        errors["missing"] = refused.reasons[0] if not missing else msg("Something is missing first")
    return errors
