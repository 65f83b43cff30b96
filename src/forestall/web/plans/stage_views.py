"""A stage of a plan: all its questions at a desk, one a screen on a phone; drafts; and the choice where two wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from forestall.catalogue import plans as catalogue
from forestall.text import Message, msg, msg_n
from forestall.web.audit.trail import Trail
from forestall.web.plans import actions, frame, plan_present, progress, rows_form, stage_actions
from forestall.web.plans.desk import Desk
from forestall.web.plans.models import Answer, Task
from forestall.web.plans.rules import RefusedError
from forestall.web.plans.saving import Sent, UnansweredError
from forestall.web.plans.values import is_empty, revision

PAGES = require_http_methods(["GET", "HEAD", "POST"])


def sent(post: QueryDict, questions: Sequence[catalogue.Question]) -> dict[str, Sent]:
    """The questions that a form held, as it sent them."""
    out = {}
    for q in questions:
        base = post.get(f"base-{q.slug}")
        if base is None:
            continue
        shared = post.get(f"shared-{q.slug}") == "yes" if f"asks-shared-{q.slug}" in post else None
        out[q.slug] = Sent(
            [r for r in post.getlist(f"q-{q.slug}") if q.kind != "choices" or r],
            revision(base),
            post.get(f"reason-{q.slug}", ""),
            shared,
        )
    return out


@PAGES
def stage(request: HttpRequest, key: str, stage: str) -> HttpResponse:
    if request.method == "POST":
        return _save(request, key, catalogue.stage(stage), None)
    return _stage_page(request, frame.read(request, key, stage), catalogue.stage(stage))


@PAGES
def question(request: HttpRequest, key: str, stage: str, question: str) -> HttpResponse:
    q = _one(stage, question)
    if request.method == "POST":
        return _save(request, key, catalogue.stage(stage), q)
    return _question_page(request, frame.read(request, key, f"{stage}/{question}"), q)


def _one(stage: str, question: str) -> catalogue.Question:
    q = catalogue.questions().get(question)
    if q is None or q.stage != stage:
        raise Http404
    return q


def _save(request: HttpRequest, key: str, stage: catalogue.Stage, q: catalogue.Question | None) -> HttpResponse:
    given = sent(request.POST, stage.questions if q is None else [q])
    problem: dict[str, Any] = {}
    try:
        saved = stage_actions.answer_stage(key=key, sent=given, trail=Trail.of(request))
    except UnansweredError as unanswered:
        problem = {"errors": unanswered.errors, "reasons": unanswered.reasons}
    except RefusedError as refused:
        problem = {"refused": refused.reasons}
    if problem:
        desk = frame.read(request, key, stage.slug)
        page = (
            _stage_page(request, desk, stage, given, problem)
            if q is None
            else _question_page(request, desk, q, given, problem)
        )
        page.status_code = 422
        return page
    if saved.conflicts:
        return redirect("plan-merge", key, stage.slug, saved.conflicts[0])
    here = reverse("plan-stage", args=[key, stage.slug])
    if q is None:
        return redirect(f"{here}?saved={len(saved.changed)}")
    if q.cheers and given[q.slug].raw[-1:] == ["no"]:
        return redirect(here)
    after = following(saved.plan.weight, q)
    return redirect("plan-question", key, stage.slug, after.slug) if after else redirect(f"{here}?saved=1")


def following(weight: str, q: catalogue.Question) -> catalogue.Question | None:
    """The question after one in its stage; None after the last."""
    asked = catalogue.stage(q.stage).asked(weight)
    slugs = [a.slug for a in asked]
    at = slugs.index(q.slug) + 1 if q.slug in slugs else len(slugs)
    return asked[at] if at < len(slugs) else None


def _stage_page(
    request: HttpRequest,
    desk: Desk,
    stage: catalogue.Stage,
    given: dict[str, Sent] | None = None,
    problem: dict[str, Any] | None = None,
) -> HttpResponse:
    problem = problem or {}
    questions = desk.stage(stage.slug)
    fields = plan_present.asked(
        desk, questions, use=request.GET.getlist("use"), sent=given, errors=problem.get("errors"),
        reasons=problem.get("reasons"),
    )  # fmt: skip
    number = request.GET.get("saved", "")
    context = frame.context(
        desk,
        stage.slug,
        stage=stage,
        progress=progress.progress(desk, stage),
        fields=fields,
        by_slug={f.question.slug: f for f in fields},
        now=[f for f in fields if desk.begun or not f.question.after],
        later=[f for f in fields if f.question.after and not desk.begun],
        summary=_summary(fields, problem),
        saved=int(number) if number.isascii() and number.isdigit() and len(number) < 4 else None,
        failed=plan_present.cheers_failed(desk) if stage.slug == "scanning" else [],
        first=_first(desk, fields),
        next_stage=_next_stage(stage),
        filled=_filled(request.GET.get("filled", "")) if stage.slug == "analysis" else None,
        gaps_=[t for t in desk.tasks if t.asks == Task.Asks.FIND_OUT] if stage.slug == "analysis" else [],
        titles={**rows_form.response_choices(desk), "schemes": catalogue.schemes()} if stage.slug == "response" else {},
        horizons={o.slug: o.title for o in catalogue.choices("horizons")},
    )
    return frame.show(request, "stage", context)


def _filled(text: str) -> Message | None:
    """What came of filling in from the profile, as the address says it."""
    if text == "none":
        return msg("There is no profile to fill in from: the scan no longer holds this problem, or it has none.")
    found = re.fullmatch(r"(\d{1,3})-(\d{1,3})", text, re.ASCII)
    if not found:
        return None
    answers, fresh = int(found[1]), int(found[2])
    return msg(
        "{answers} and {ideas} were filled in from the profile. What people wrote was left as it is.",
        answers=msg_n("{n:count} answer", "{n:count} answers", n=answers),
        ideas=msg_n("{n:count} idea", "{n:count} ideas", n=fresh),
    )


def _first(desk: Desk, fields: Sequence[plan_present.Asked]) -> plan_present.Asked | None:
    """The question to begin with on a phone: a needed one without an answer, else one without, else the first."""
    now = [f for f in fields if desk.begun or not f.question.after]
    empty = [f for f in now if not f.answered]
    needed = [f for f in empty if desk.plan.weight in f.question.needed]
    return next(iter([*needed, *empty, *now]), None)


def _next_stage(stage: catalogue.Stage) -> catalogue.Stage | None:
    order = catalogue.stages()
    at = order.index(stage) + 1
    return order[at] if at < len(order) else None


def _summary(fields: Sequence[plan_present.Asked], problem: dict[str, Any]) -> list[tuple[Message, str]]:
    """What is wrong and the field where it is put right."""
    out = [(r, "") for r in problem.get("refused", ())]
    for f in fields:
        out += [(f.error, f"#q-{f.question.slug}")] if f.error else []
        out += [(f.reason_error, f"#reason-{f.question.slug}")] if f.reason_error else []
    return out


def _question_page(
    request: HttpRequest,
    desk: Desk,
    q: catalogue.Question,
    given: dict[str, Sent] | None = None,
    problem: dict[str, Any] | None = None,
) -> HttpResponse:
    if q not in desk.stage(q.stage):
        raise Http404
    problem = problem or {}
    [field] = plan_present.asked(
        desk, [q], use=request.GET.getlist("use"), sent=given, errors=problem.get("errors"), reasons=problem.get("reasons")
    )
    order = desk.stage(q.stage)
    context = frame.context(
        desk,
        q.stage,
        stage=catalogue.stage(q.stage),
        asked=field,
        number=order.index(q) + 1,
        count=len(order),
        following=following(desk.plan.weight, q),
        revisions=desk.history(q.slug) if field.answer else [],
        summary=_summary([field], problem),
    )
    return frame.show(request, "question", context)


@require_POST
def draft(request: HttpRequest, key: str, stage: str, question: str) -> HttpResponse:
    """Keeps what is being typed, or throws it away. The page's script asks in the background; a form may ask too."""
    q = _one(stage, question)
    trail = Trail.of(request)
    if request.POST.get("do") == "drop":
        stage_actions.drop_draft(key=key, question=q.slug, trail=trail)
        return redirect("plan-question", key, stage, question)
    given = sent(request.POST, [q]).get(q.slug)
    if given is None:
        raise Http404
    try:
        actions.keep_draft(key=key, question=q.slug, raw=given.raw, base=given.base, trail=trail)
    except RefusedError:
        raise Http404 from None
    return JsonResponse({"kept": True})


@PAGES
def merge(request: HttpRequest, key: str, stage: str, question: str) -> HttpResponse:
    """Two people wrote: theirs, mine, or both joined by hand."""
    q = _one(stage, question)
    error, status = None, 200
    typed = request.POST.getlist("both")
    if request.method == "POST":
        base = request.POST.get("base", "")
        try:
            settled = stage_actions.merge_answer(
                key=key, question=q.slug, choice=request.POST.get("choice", ""), raw=typed,
                base=revision(base),
                reason=request.POST.get("reason", ""), trail=Trail.of(request),
            )  # fmt: skip
            return _after_merge(request, key, stage) if settled else redirect("plan-merge", key, stage, question)
        except RefusedError as refused:
            error, status = refused.reasons[0], 422
        except UnansweredError as unanswered:
            error, status = (*unanswered.errors.values(), *unanswered.reasons.values())[0], 422
    desk = frame.to_change(request, key, f"{stage}/{question}/merge")
    kept = desk.drafts.get(q.slug)
    if kept is None:
        return redirect("plan-question", key, stage, question)
    theirs = desk.answers.get(q.slug)
    context = frame.context(
        desk, stage, stage=catalogue.stage(stage), question=q, theirs=theirs, mine=plan_present.draft_raw(kept),
        joined=typed or _joined(q, theirs, plan_present.draft_raw(kept)), error=error,
        choice=request.POST.get("choice", ""), takes_reason=q.fixed and desk.plan.fixed_at is not None,
        reason=request.POST.get("reason", ""),
    )  # fmt: skip
    return frame.show(request, "merge", context, status=status)


def _joined(q: catalogue.Question, theirs: Answer | None, mine: list[str]) -> list[str]:
    """Both answers in one, to begin with: lines one after the other, choices together, else mine."""
    stands = plan_present.form_value(q, theirs.value) if theirs is not None and not is_empty(theirs.value) else []
    if q.kind == "choices":
        return list(dict.fromkeys([*stands, *mine]))
    if q.kind in ("text", "long"):
        return ["\n".join(dict.fromkeys(t for t in (*stands, *mine) if t))]
    return mine or stands


def _after_merge(request: HttpRequest, key: str, stage: str) -> HttpResponse:
    """On to the next answer of the stage in which two people differ, else to the stage."""
    desk = frame.to_change(request, key, stage)
    for field in plan_present.asked(desk, catalogue.stage(stage).asked(desk.plan.weight)):
        if field.differs:
            return redirect("plan-merge", key, stage, field.question.slug)
    return redirect("plan-stage", key, stage)
