"""The page of a signal's profile: its sentences, pictures and tables, in the workplace's frame."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from forestall.report import html
from forestall.report import profile as page
from forestall.results import Profile
from forestall.web.actions import allowed
from forestall.web.audit.trail import Trail
from forestall.web.signals import actions, present, profiles, selectors
from forestall.web.signals.pinned import Pinned
from forestall.web.signals.views import _csv, with_scan

#: The part of the page that the report's style sheet is for.
SCOPE = ".f-profile"


@with_scan
def profile(request: HttpRequest, held: Pinned, signal_id: str) -> HttpResponse:
    s = actions.read_profile(held=held, signal_id=signal_id, trail=Trail.of(request))
    may_export = allowed("signals.export_profile", request.user)
    made = profiles.of(held, s, full=may_export)
    context = {"held": held, "s": s, "title": present.headline(s), "sentences": profiles.SENTENCES}
    if not isinstance(made, Profile):
        return render(request, "signals/profile.html", {**context, "refusal": made})
    context |= {
        "headline": made.headline,
        "about": page.document(made).about,
        "body": profiles.written(held, made, s, request.language, may_export),
        "may_export": may_export,
    }
    return render(request, "signals/profile.html", context)


@with_scan
def profile_csv(request: HttpRequest, held: Pinned, signal_id: str, name: str) -> HttpResponse:
    if not allowed("signals.export_profile", request.user):
        raise PermissionDenied
    made = profiles.of(held, selectors.one(request.user, held, signal_id), full=True)
    table = profiles.tables(made).get(name) if isinstance(made, Profile) else None
    if table is None:
        raise Http404
    actions.export_profile(held=held, signal_id=signal_id, table=name, trail=Trail.of(request))
    return _csv(table, f"problem-{signal_id}-{name}", request, held)


@require_safe
def style(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The report's style sheet, for its part of the page alone."""
    response = HttpResponse(html.style_within(SCOPE), content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "private, max-age=600"
    return response
