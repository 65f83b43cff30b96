"""Ideas why a problem goes on, the analysis filled in from the profile, and what nobody knows yet asked of somebody."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from forestall.catalogue import plans as catalogue
from forestall.results import Profile
from forestall.text import Message, msg
from forestall.web.audit.trail import Trail
from forestall.web.plans import analysis_actions, frame, ideas, rows_form, task_actions, values
from forestall.web.plans.models import Task
from forestall.web.plans.revision import RevisionError
from forestall.web.plans.rules import RefusedError
from forestall.web.plans.saving import UnansweredError
from forestall.web.signals import profiles
from forestall.web.signals import selectors as signals
from forestall.web.signals.pinned import pinned

PAGES = require_http_methods(["GET", "HEAD", "POST"])


@PAGES
def hypothesis(request: HttpRequest, key: str, number: int | None = None) -> HttpResponse:
    """An idea to write down, or one to change."""
    problem: dict[str, Message] = {}
    form = None
    if request.method == "POST":
        form = rows_form.given(request.POST, "h", ideas.FIELDS)
        try:
            if not form.unchosen:
                analysis_actions.keep_hypothesis(
                    key=key, number=number, base=form.base, was=form.was, sent=form.sent, trail=Trail.of(request)
                )
                return redirect(f"{reverse('plan-stage', args=[key, 'analysis'])}#ideas")
            names, theirs, mine = list(request.POST.getlist("choose")), form.was, form.sent
            theirs = {**form.was, **{n: request.POST.get(f"theirs-{n}", "") for n in names}}
            return _merge(request, key, names, theirs, mine, form.base, form.unchosen)
        except RevisionError as conflict:
            return _merge(request, key, conflict.fields, conflict.stands, conflict.mine, conflict.row.revision, ())
        except UnansweredError as unanswered:
            problem = dict(unanswered.errors)
        except RefusedError as refused:
            problem = {"": refused.reasons[0]}
    desk = frame.to_change(request, key, "hypothesis")
    row = next((h for h in desk.hypotheses if h.pk == number), None)
    if number is not None and row is None:
        raise Http404
    shown = ideas.raw(row) if row else {**dict.fromkeys(ideas.FIELDS, ""), "standing": "open"}
    context = frame.context(
        desk, "analysis", row=row, number=number, fields=ideas.FIELDS, choices=rows_form.idea_choices(),
        given=form.sent if form else shown, base=form.base if form else (row.revision if row else 0),
        was=rows_form.packed(form.was if form else shown), errors=problem,
        summary=[(m, f"#h-{n}" if n else "") for n, m in problem.items()],
    )  # fmt: skip
    return frame.show(request, "hypothesis", context, status=422 if problem else 200)


def _merge(request, key, names, theirs, mine, base, unchosen) -> HttpResponse:  # type: ignore[no-untyped-def]
    desk = frame.to_change(request, key, "hypothesis-merge")
    found = rows_form.differing(ideas.FIELDS, ideas.LONG, rows_form.idea_choices(), names, theirs, mine, unchosen)
    context = frame.context(
        desk, "analysis", prefix="h", differing=found, mine=mine, base=base, was=rows_form.packed(theirs),
        back=reverse("plan-stage", args=[key, "analysis"]), back_title=catalogue.stage("analysis").title,
    )  # fmt: skip
    return frame.show(request, "merge_row", context, status=422 if unchosen else 409)


@require_POST
def fill(request: HttpRequest, key: str) -> HttpResponse:
    """Fills the analysis in from the profile; it is worked out before anything is locked."""
    desk = frame.to_change(request, key, "fill-analysis")
    scan = pinned()
    if scan is None or not desk.plan.signal:
        raise Http404
    here = reverse("plan-stage", args=[key, "analysis"])
    found = next((s for s in signals.visible(request.user, scan) if s.id == desk.plan.signal), None)
    made = profiles.of(scan, found, full=True) if found is not None else None
    if not isinstance(made, Profile):
        return redirect(f"{here}?filled=none")
    try:
        done = analysis_actions.fill_analysis(key=key, made=made, language=request.language, trail=Trail.of(request))
    except RefusedError:
        return redirect(f"{here}?filled=none")
    return redirect(f"{here}?filled={done.answers}-{done.ideas}")


@PAGES
def gap(request: HttpRequest, key: str) -> HttpResponse:
    """What nobody on the plan knows, asked of an organisation that may."""
    q = catalogue.questions().get(request.GET.get("question", ""))
    desk = frame.to_change(request, key, "gap")
    sent = {n: request.POST.get(n, "") for n in ("title", "detail", "organisation", "due")}
    problem: dict[str, Message] = {}
    if request.method == "POST":
        due = None
        try:
            due = values.day_or_none(sent["due"])
        except values.InvalidAnswer as invalid:
            problem["due"] = invalid.words
        organisation = next((o for o in desk.organisations if str(o.pk) == sent["organisation"]), None)
        if organisation is None:
            problem["organisation"] = msg("Choose an organisation that is on the plan")
        if not values.clean_text(sent["title"]):
            problem["title"] = msg("Say what is asked")
        if not problem:
            try:
                task_actions.ask_task(
                    key=key, title=sent["title"], detail=sent["detail"], organisation=organisation, due=due,
                    asks=Task.Asks.FIND_OUT, trail=Trail.of(request),
                )  # fmt: skip
                return redirect(f"{reverse('plan-stage', args=[key, 'analysis'])}#gaps")
            except RefusedError as refused:
                problem["due" if due else "title"] = refused.reasons[0]
    elif q is not None:
        sent["title"] = q.asks.render(request.language)
    context = frame.context(
        desk, "analysis", sent=sent, errors=problem, summary=[(m, f"#{n}") for n, m in problem.items()], question=q
    )
    return frame.show(request, "gap", context, status=422 if problem else 200)
