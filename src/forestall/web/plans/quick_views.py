"""A quick plan on two screens: what the problem is and who looks after the place; what is done and how it will show."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from forestall.catalogue import plans as catalogue
from forestall.text import Message
from forestall.web.audit.trail import Trail
from forestall.web.plans import frame, plan_present, responses, rows_form, stage_actions, suggestions
from forestall.web.plans.desk import Desk
from forestall.web.plans.response_views import blank
from forestall.web.plans.rules import RefusedError
from forestall.web.plans.saving import Saved, UnansweredError
from forestall.web.plans.stage_views import sent

SCREENS = {1: ("objective", "scanning", "analysis"), 2: ("response", "assessment")}
#: Of a response, what the second screen asks.
SHORT = ("action", "mechanism", "organisation", "due", "practice", "trial")


def asked(screen: int) -> list[catalogue.Question]:
    """The questions of a screen: those that a quick plan is asked before its response."""
    return [q for s in SCREENS[screen] for q in catalogue.stage(s).asked("quick") if not q.after]


@require_http_methods(["GET", "HEAD", "POST"])
def quick(request: HttpRequest, key: str, screen: int) -> HttpResponse:
    if screen not in SCREENS:
        raise Http404
    if request.method == "HEAD" or request.method == "GET":
        return _page(request, _desk(request, key, screen), screen)
    given = sent(request.POST, asked(screen))
    form = rows_form.given(request.POST, "r", responses.FIELDS) if "r-action" in request.POST else None
    problem: dict[str, dict[str, Message]] = {}
    try:
        saved = stage_actions.save_quick(key=key, sent=given, response=form.sent if form else None, trail=Trail.of(request))
        return _onward(saved, key, screen)
    except UnansweredError as unanswered:
        problem = {"errors": dict(unanswered.errors), "reasons": dict(unanswered.reasons)}
    except RefusedError as refused:
        problem = {"errors": {"": refused.reasons[0]}, "reasons": {}}
    return _page(request, _desk(request, key, screen), screen, given, form.sent if form else None, problem)


def _onward(saved: Saved, key: str, screen: int) -> HttpResponse:
    if saved.conflicts:
        stage = catalogue.questions()[saved.conflicts[0]].stage
        return redirect("plan-merge", key, stage, saved.conflicts[0])
    return redirect("plan-quick", key, 2) if screen == 1 else redirect("plan", key)


def _desk(request: HttpRequest, key: str, screen: int) -> Desk:
    desk = frame.to_change(request, key, f"quick-{screen}")
    if not desk.quick:
        raise Http404
    return desk


def _known(f: plan_present.Asked) -> bool:
    """Whether the system filled it in and nobody need look twice."""
    filled = f.answered and f.answer is not None and f.answer.source is not None
    return filled and f.error is None and f.reason_error is None and f.draft is None and f.text != "no"


def _groups(screen: int, fields: list[plan_present.Asked]) -> list[tuple[catalogue.Stage, list[plan_present.Asked]]]:
    found = [(catalogue.stage(s), [f for f in fields if f.question.stage == s]) for s in SCREENS[screen]]
    return [(stage, asked) for stage, asked in found if asked]


def _page(request, desk, screen, given=None, form=None, problem=None):  # type: ignore[no-untyped-def]
    problem = problem or {"errors": {}, "reasons": {}}
    fields = plan_present.asked(
        desk, asked(screen), use=request.GET.getlist("use"), sent=given, errors=problem["errors"],
        reasons=problem["reasons"],
    )  # fmt: skip
    live = [r for r in desk.responses if r.standing != "stopped"]
    summary = [
        (m, f"#q-{n}" if n in catalogue.questions() else (f"#{n}" if n else "")) for n, m in problem["errors"].items()
    ]
    summary += [(m, f"#reason-{n}") for n, m in problem["reasons"].items()]
    context = frame.context(
        desk, "quick", screen=screen, fields=fields,
        groups=_groups(screen, [f for f in fields if not _known(f)]),
        known=_groups(screen, [f for f in fields if _known(f)]),
        live=live, form=form or blank(desk.plan.organisation_id), ask_response=screen == 2 and not live,
        choices=rows_form.response_choices(desk), **suggestions.of(desk), row_fields=responses.FIELDS,
        errors=problem["errors"], summary=summary, others=sorted(set(responses.FIELDS) - set(SHORT)),
        failed=plan_present.cheers_failed(desk) if screen == 1 else [],
        next_address=reverse("plan-quick", args=[desk.plan.key, 2]) if screen == 1 else "",
    )  # fmt: skip
    return frame.show(request, "quick", context, status=422 if summary else 200)
