"""The review queue: thin."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from forestall.web.actions import allowed
from forestall.web.audit.trail import Trail
from forestall.web.retention import actions, present, rules, selectors
from forestall.web.retention.rules import RefusedError

PAGE = 50


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    if allowed("retention.see_queue", request.user):
        selectors.warm()
    due = actions.see_queue(trail=Trail.of(request))
    page = Paginator(due, PAGE).get_page(request.GET.get("page"))
    context = {
        "answer": present.answer(due),
        "page": page,
        "groups": present.by_source(list(page)),
        "waiting": selectors.waiting(),
        "lately": selectors.reviews(request.user)[:10],
        "words": present,
    }
    return render(request, "retention/queue.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, record: str) -> HttpResponse:
    if not allowed("retention.decide", request.user):
        raise PermissionDenied
    one = selectors.due_item(request.user, record)
    given = request.POST
    errors = {}
    if request.method == "POST":
        try:
            actions.decide(
                record=record, decision=given.get("decision", ""), reason=given.get("reason", ""),
                next_due=rules.day_of(given.get("next_due", "")), trail=Trail.of(request),
            )  # fmt: skip
            return redirect("retention")
        except RefusedError as refused:
            errors[refused.field] = refused.told
    context = {
        "one": one, "words": present, "errors": errors, "decision": given.get("decision", ""),
        "reason": given.get("reason", ""),
        "next_due": given.get("next_due") or present.next_review(one).isoformat(),
        "before": selectors.reviews(request.user).filter(record=record),
    }  # fmt: skip
    return render(request, "retention/decide.html", context, status=422 if errors else 200)


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    found = actions.see_history(trail=Trail.of(request))
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "retention/history.html", {"page": page, "words": present})
