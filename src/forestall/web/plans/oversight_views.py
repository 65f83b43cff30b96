"""The pages of those who answer for plans: portfolio, coverage, quality, what is published, paper and data."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from forestall.catalogue import plans as catalogue
from forestall.report.pdf import pdf
from forestall.results import Table
from forestall.text import Message
from forestall.web.actions import allowed
from forestall.web.assessing import present as test_words
from forestall.web.assessing import selectors as tests
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import briefing, frame, oversight_actions, plan_present, portfolio, quality, selectors, values
from forestall.web.plans.models import Marking, Plan
from forestall.web.plans.portfolio import Wanted
from forestall.web.plans.rules import RefusedError
from forestall.web.signals.pinned import Pinned, pinned


@require_safe
def see_portfolio(request: HttpRequest) -> HttpResponse:
    """Which plans are good, late, duplicate or stuck."""
    if not request.user.may(Permission.SEE_PORTFOLIO):
        raise Http404
    scan = pinned()
    wanted = Wanted.of(request.GET, scan.hubs if scan else ())
    found, n = oversight_actions.see_portfolio(wanted=wanted, trail=Trail.of(request))
    context = {
        "held": scan,
        "words": plan_present,
        "wanted": wanted,
        "plans": found,
        "marking": Marking.highest(found),
        "n": n,
        "pages": -(-n // portfolio.PAGE),
        "late": portfolio.overdue([p.pk for p in found]),
        "verdicts": {k: test_words.verdict(v) for k, v in tests.verdicts([p.pk for p in found]).items()},
        "summary": portfolio.summary(request.user),
        "flags": portfolio.FLAGS,
        "sorts": portfolio.SORTS,
        "catalogue": catalogue,
        "day": lambda d: values.day_shown(d, request.language),
        "hubs": [(c, scan.places.name(c, request.language)) for c in scan.hubs] if scan else [],
    }
    return render(request, "plans/portfolio.html", context)


@require_safe
def portfolio_csv(request: HttpRequest) -> HttpResponse:
    scan = pinned()
    wanted = Wanted.of(request.GET, scan.hubs if scan else ())
    found = oversight_actions.export_portfolio(wanted=wanted, trail=Trail.of(request))
    table = portfolio.table(found, portfolio.overdue([p.pk for p in found]))
    return _csv(table, "portfolio", request, Marking.highest(found))


@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """Drivers by tiers, in both schemes."""
    if not request.user.may(Permission.SEE_PORTFOLIO):
        raise Http404
    found = oversight_actions.see_coverage(trail=Trail.of(request))
    return render(request, "plans/coverage.html", {"held": pinned(), "coverage": found, "catalogue": catalogue})


@require_safe
def coverage_csv(request: HttpRequest) -> HttpResponse:
    return _csv(oversight_actions.export_coverage(trail=Trail.of(request)).table(), "coverage", request, "OFFICIAL")


@require_safe
def plan_quality(request: HttpRequest, key: str) -> HttpResponse:
    """The rubric, criterion by criterion, with what would raise the plan."""
    return _quality(request, key)


def _quality(request: HttpRequest, key: str, errors: Sequence[Message] = ()) -> HttpResponse:
    desk = frame.read(request, key, "quality")
    if desk.partners_view:
        raise Http404
    shown = frame.context(
        desk,
        "quality",
        quality=quality.judge(desk.sheet),
        rubric=catalogue.rubric(),
        stages=catalogue.stages(),
        may_publish=desk.rights.authority and allowed("plans.publish_plan", request.user),
        errors=errors,
    )
    return frame.show(request, "quality", shown, status=422 if errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, key: str) -> HttpResponse:
    """Publishes a plan, or takes it back. Who comes back to this address, as after signing in again, is shown the form."""
    if request.method != "POST":
        return redirect("plan-quality", key=key)
    back = request.POST.get("act") == "withdraw"
    do = oversight_actions.withdraw_publication if back else oversight_actions.publish_plan
    try:
        do(key=key, trail=Trail.of(request))
    except RefusedError as refused:
        return _quality(request, key, refused.reasons)
    return redirect("plan-quality", key=key)


@require_safe
def plan_briefing(request: HttpRequest, key: str) -> HttpResponse:
    plan = oversight_actions.export_plan(key=key, kind="briefing", trail=Trail.of(request))
    return _pdf(briefing.two_pages(plan, request.language, synthetic=_synthetic(pinned())), plan, "briefing")


@require_safe
def plan_award(request: HttpRequest, key: str) -> HttpResponse:
    plan = oversight_actions.export_plan(key=key, kind="award", trail=Trail.of(request))
    return _pdf(
        pdf(briefing.award(plan, request.language, synthetic=_synthetic(pinned())), request.language), plan, "award"
    )


@require_safe
def plan_json(request: HttpRequest, key: str) -> HttpResponse:
    plan = oversight_actions.export_plan(key=key, kind="json", trail=Trail.of(request))
    body = json.dumps(briefing.as_json(plan), ensure_ascii=False, indent=1, allow_nan=False)
    return _file(body.encode(), "application/json", f"{plan.marking}-plan-{plan.key}.json")


@require_safe
def published(request: HttpRequest) -> HttpResponse:
    """Published plans and their verdicts."""
    if not request.user.may(Permission.SEE_PUBLISHED):
        raise Http404
    found = oversight_actions.see_published(trail=Trail.of(request))
    shown = [(p, selectors.public_answers(p)) for p in found]
    context = {"held": pinned(), "plans": shown, "questions": catalogue.questions(),
               "shown": values.shown}  # fmt: skip
    return render(request, "plans/published.html", context)


@require_safe
def published_plan(request: HttpRequest, key: str) -> HttpResponse:
    """One published plan."""
    if not request.user.may(Permission.SEE_PUBLISHED):
        raise Http404
    plan = oversight_actions.read_published(key=key, trail=Trail.of(request))
    context = {
        "held": pinned(),
        "plan": plan,
        "answers": selectors.public_answers(plan),
        "responses": selectors.public_responses(plan),
        "stages": catalogue.stages(),
        "shown": values.shown,
        "questions": catalogue.questions(),
        "day": lambda d: values.day_shown(d, request.language),
    }
    return render(request, "plans/published_plan.html", context)


@require_safe
def own_record(request: HttpRequest) -> HttpResponse:
    """A person's own problem solving."""
    if not request.user.may(Permission.WORK_ON_PLANS):
        raise Http404
    found = oversight_actions.see_own_record(trail=Trail.of(request))
    context = {
        "record": found,
        "marking": Marking.highest(w.plan for w in found.works),
        "day": lambda d: values.day_shown(d, request.language),
    }
    return render(request, "plans/own_record.html", context)


@require_safe
def own_record_csv(request: HttpRequest) -> HttpResponse:
    found = oversight_actions.export_own_record(trail=Trail.of(request))
    return _csv(found.table(), "my-record", request, Marking.highest(w.plan for w in found.works))


def _synthetic(scan: Pinned | None) -> bool:
    return scan is not None and scan.synthetic


def _csv(table: Table, name: str, request: HttpRequest, marking: str) -> HttpResponse:
    body = "\ufeff" + table.to_csv(request.language)
    return _file(body.encode(), "text/csv; charset=utf-8", f"{marking}-{name}.csv")


def _pdf(body: bytes, plan: Plan, kind: str) -> HttpResponse:
    return _file(body, "application/pdf", f"{plan.marking}-{kind}-{plan.key}.pdf")


def _file(body: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(body, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
