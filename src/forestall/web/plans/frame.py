"""What every page of one plan starts from: the plan read, and the read logged; and the context that they share."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from forestall.catalogue import plans as catalogue
from forestall.text import Message, msg
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import actions, plan_present, progress
from forestall.web.plans.desk import Desk
from forestall.web.signals.pinned import pinned


def read(request: HttpRequest, key: str, page: str) -> Desk:
    """The plan, or not found; the log knows who read which page."""
    if not request.user.may(Permission.SEE_PLANS) and not request.user.may(Permission.SEE_SHARED_PLANS):
        raise Http404
    seen = actions.read_plan if request.user.may(Permission.SEE_PLANS) else actions.read_shared_plan
    return Desk(seen(key=key, page=page, trail=Trail.of(request)), request.user)


def to_change(request: HttpRequest, key: str, page: str) -> Desk:
    """The plan for a page that changes it; refused to those who may only read."""
    desk = read(request, key, page)
    if not desk.rights.work:
        raise PermissionDenied
    return desk


def context(desk: Desk, here: str, **more: Any) -> dict[str, Any]:
    """``here``: the page's name in the plan's own navigation."""
    return {
        "held": pinned(),
        "desk": desk,
        "plan": desk.plan,
        "here": here,
        "words": plan_present,
        "navigation": navigation(desk),
        "caveats": [o.title for o in catalogue.choices("caveats") if o.slug in desk.plan.caveats],
        **more,
    }


def navigation(desk: Desk) -> list[tuple[str, Message, str, bool]]:
    """Name, title, address and whether it is a stage or reached from one, of the plan's own pages."""
    key = desk.plan.key
    out = [("overview", msg("Overview"), reverse("plan", args=[key]), False)]
    out += [(s.slug, s.title, reverse("plan-stage", args=[key, s.slug]), True) for s in catalogue.stages()]
    own = "" if desk.partners_view else key
    out += [
        ("test", msg("Fair test"), own and reverse("plan-test", args=[key]), True),
        ("evaluation", msg("Evaluation"), own and reverse("plan-evaluation", args=[key]), True),
        ("tasks", msg("Tasks"), reverse("plan-tasks", args=[key]), False),
        ("people", msg("People"), "" if desk.partners_view else reverse("plan-people", args=[key]), False),
        ("quality", msg("Quality"), "" if desk.partners_view else reverse("plan-quality", args=[key]), False),
        ("timeline", msg("Timeline"), reverse("plan-timeline", args=[key]), False),
    ]
    return [n for n in out if n[2]]


def show(request: HttpRequest, template: str, shown: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, f"plans/{template}.html", shown, status=status)


def needed(desk: Desk) -> tuple[catalogue.Move | None, list[tuple[Message, str]]]:
    """The step that the plan is on its way to, and what keeps it from there: words and address."""
    step = progress.next_move(desk)
    if step is None:
        return None, []
    return step, [(o.words, plan_present.address(desk, o)) for o in progress.obstacles(desk, step)]
