"""The first pages of a week: an officer's ward, a council's desk."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from forestall import catalogue
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import desk_actions, triage, values, ward
from forestall.web.plans.models import Marking
from forestall.web.signals import present, selectors
from forestall.web.signals.pinned import pinned


@require_safe
def my_ward(request: HttpRequest) -> HttpResponse:
    """One A4 for the place that a person looks after: since Monday."""
    if not request.user.may(Permission.SEE_PLANS):
        raise Http404
    scan = pinned()
    if scan is None:
        return render(request, "no_scan.html", {"store": ""})
    offered = ward.wards(request.user, scan)
    codes = [c for c, _ in offered]
    code = request.GET.get("area", "")
    if code not in codes:
        code = codes[0] if len(codes) == 1 else ""
    if code:
        ward.counted(scan, code)
    made = desk_actions.see_ward(scan=scan, code=code, trail=Trail.of(request)) if code else None
    context = {
        "held": scan,
        "offered": offered,
        "code": code,
        "ward": made,
        "marking": Marking.highest(made.named if made else ()),
        "title_of": lambda s: catalogue.category(s.category).title,
        "standing": present.standing,
        "decided": triage.decided,
        "day": lambda d: values.day_shown(d, request.language),
    }
    return render(request, "plans/ward.html", context)


@require_safe
def my_council(request: HttpRequest) -> HttpResponse:
    """What is asked of a partner's organisation, what is due, and what it may see."""
    if not request.user.may(Permission.SEE_SHARED_PLANS):
        raise Http404
    made = desk_actions.see_council(trail=Trail.of(request))
    scan = pinned()
    counts = {}
    if scan is not None:
        own = request.user.areas(Permission.SEE_SUMMARY)
        _, by_hub = selectors.summary(request.user, scan)
        for (theme, hub), n in by_hub.items():
            if own is None or hub in own:
                counts[theme] = counts.get(theme, 0) + n
    context = {
        "held": scan,
        "council": made,
        "marking": Marking.highest(made.named),
        "organisation": request.user.organisation,
        "counts": counts,
        "themes": catalogue.themes(),
        "day": lambda d: values.day_shown(d, request.language),
    }
    return render(request, "plans/council.html", context)
