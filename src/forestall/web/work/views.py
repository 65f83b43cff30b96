"""The reader's own notices."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from forestall.web.audit.trail import Trail
from forestall.web.work import actions, present

#: Where a notice leads that speaks of a plan, whose title it names.
OF_PLANS = ("/plans/", "/tasks/")


@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    found = actions.see_notices(trail=Trail.of(request))
    context = {"days": present.by_day(found), "unread": present.unread(found), "words": present}
    context["sensitive"] = any(n.link.startswith(OF_PLANS) for n in found)
    return render(request, "work/notices.html", context)


@require_POST
def read(request: HttpRequest, notice: int | None = None) -> HttpResponse:
    actions.mark_read(notice=notice, trail=Trail.of(request))
    return redirect("notices")
