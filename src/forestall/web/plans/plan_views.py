"""The list of plans, one plan at a glance, and what happened on it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from forestall import catalogue
from forestall.catalogue import plans as stages
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import frame, list_actions, plan_present, progress
from forestall.web.plans import timeline as history
from forestall.web.plans.listing import Wanted
from forestall.web.plans.models import Marking
from forestall.web.signals.pinned import pinned

#: Events that the overview shows.
LATEST = 5


@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    wanted = Wanted.of(request.GET)
    own = request.user.may(Permission.SEE_PLANS)
    see = list_actions.see_plans if own else list_actions.see_shared_plans
    page = see(wanted=wanted, trail=Trail.of(request))
    context = {
        "held": pinned(),
        "wanted": wanted,
        "page": page,
        "marking": Marking.highest(page.plans),
        "states": stages.states().values(),
        "categories": list(catalogue.categories().values()),
        "category": catalogue.category,
        "words": plan_present,
        "own": own,
        "start": request.user.may(Permission.START_PLANS),
    }
    return frame.show(request, "list", context)


@require_safe
def plan(request: HttpRequest, key: str) -> HttpResponse:
    desk = frame.read(request, key, "overview")
    step, missing = (None, []) if desk.partners_view else frame.needed(desk)
    done = stages.moves().get(request.GET.get("done", ""))
    context = frame.context(
        desk,
        "overview",
        stages=[progress.progress(desk, s) for s in stages.stages()],
        step=step,
        missing=missing,
        moves=progress.legal_moves(desk),
        done=done if done is not None and done.target == desk.plan.state else None,
        failed=plan_present.cheers_failed(desk) if desk.plan.state in ("draft", "submitted") else [],
        history=history.history(desk, size=LATEST),
        category=catalogue.category,
    )
    return frame.show(request, "plan", context)


@require_safe
def timeline(request: HttpRequest, key: str) -> HttpResponse:
    desk = frame.read(request, key, "timeline")
    before = request.GET.get("before", "")
    return frame.show(request, "timeline", frame.context(desk, "timeline", history=history.history(desk, before)))
