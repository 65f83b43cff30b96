"""The data protection officer's page of the log: thin."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from forestall.text import msg
from forestall.web.actions import allowed
from forestall.web.audit import actions, middleware, present, selectors
from forestall.web.audit.choice import Choice
from forestall.web.audit.models import Operation
from forestall.web.audit.selectors import Key, Page
from forestall.web.audit.trail import Trail
from forestall.web.people.views import next_of

NO_RECORD = msg("Name the record whose readers you want to see")


@require_safe
def log(request: HttpRequest) -> HttpResponse:
    choice = Choice.of(request.GET)
    before = request.GET.get("before", "")
    meant = _meant(request, choice)
    if choice.errors or len(meant) > 1:
        if not allowed("audit.search_log", request.user):
            raise PermissionDenied
        found = Page(())
    else:
        if meant:
            choice = Choice.of({**choice.chosen, "person": meant[0].username})
        found = actions.search_log(choice=choice, older_than=Key.of(before) if before else None, trail=Trail.of(request))
    state = selectors.state(request.user)
    context = {
        "choice": choice,
        "found": found,
        "meant": meant if len(meant) > 1 else [],
        "state": state,
        "words": present,
        "operations": [(o.value, present.OPERATION[o]) for o in Operation],
        "acts": selectors.acts(request.user),
        "may_export": allowed("audit.export_log", request.user),
        "most": actions.MOST,
        "paged": bool(before),
    }
    return render(request, "audit/log.html", context, status=400 if choice.errors else 200)


def _meant(request: HttpRequest, choice: Choice) -> list[object]:
    """The accounts that the box for a person may mean; none where it is an account that is gone."""
    return selectors.people(request.user, choice.person) if choice.person else []


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    choice = Choice.of(request.POST)
    if choice.errors:
        return render(request, "sentence.html", {"words": next(iter(choice.errors.values()))}, status=400)
    events = actions.export_log(choice=choice, trail=Trail.of(request))
    response = StreamingHttpResponse(present.csv_lines(events), content_type="text/csv; charset=utf-8")
    name = f"OFFICIAL-SENSITIVE-audit-log-{timezone.localtime():%Y-%m-%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
def record(request: HttpRequest) -> HttpResponse:
    """Who had to do with one record: where the link on a record's page leads."""
    wanted = Choice.of(request.GET).record
    if not wanted:
        return render(request, "sentence.html", {"words": NO_RECORD}, status=400)
    events = actions.read_record_log(record=wanted, trail=Trail.of(request))
    context = {"record": wanted, "found": Page(events), "words": present, "choice": Choice(record=wanted)}
    return render(request, "audit/record.html", context)


@require_POST
def reason(request: HttpRequest) -> HttpResponse:
    onwards, text = next_of(request), request.POST.get("reason", "").strip()
    if not text:
        return render(
            request, "audit/reason.html", {"again": [], "sent": False, "next": onwards, "act": "", "missing": True},
            status=middleware.NEEDED,
        )  # fmt: skip
    actions.give_reason(request=request, path=onwards, text=text, trail=Trail.of(request))
    return redirect(onwards)
