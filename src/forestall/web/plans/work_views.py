"""My work, a task, the tasks of a plan and the people on it, and the hub's queue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from forestall.catalogue import plans as catalogue
from forestall.text import Message, msg
from forestall.web.actions import allowed
from forestall.web.audit.trail import Trail
from forestall.web.people.models import Agreement, Organisation, User
from forestall.web.people.permissions import Permission
from forestall.web.people.selectors import agreements_in_force
from forestall.web.plans import (
    frame,
    people_actions,
    plan_present,
    selectors,
    task_actions,
    values,
)
from forestall.web.plans.models import HelpRequest, Marking, Plan, Task, Weight
from forestall.web.plans.my_work import of as desk_of
from forestall.web.plans.rules import RefusedError

#: What a form of these pages does: its name -> a function of request and plan.
Act = Callable[[HttpRequest, Plan], object]


def day_of(request: HttpRequest, name: str) -> dt.date | None:
    """A day that a form sent; None where it is empty. :class:`RefusedError` where it is none."""
    try:
        return values.day_or_none(request.POST.get(name, ""))
    except values.InvalidAnswer as wrong:
        raise RefusedError(wrong.words) from None


def chosen(request: HttpRequest, name: str, among: Any) -> Any:
    """The row of ``among`` that a form chose by its key; None where none was chosen. :class:`RefusedError` for others."""
    raw = request.POST.get(name, "")
    if not raw:
        return None
    found = among.filter(pk=int(raw)).first() if raw.isdecimal() and len(raw) < 12 else None
    if found is None:
        raise RefusedError(msg("Choose from the list"))
    return found


@require_safe
def my_work(request: HttpRequest) -> HttpResponse:
    """What waits for this person: tasks by date, plans of their own, offers, and what they asked of others."""
    if not request.user.may(Permission.DO_TASKS):
        raise Http404
    desk = desk_of(request.user)
    context = {
        "desk": desk,
        "marking": Marking.highest(desk.named),
        "day": lambda d: values.day_shown(d, request.language),
        "late": lambda p: p.design_late(),
        "may_start": request.user.may(Permission.START_PLANS),
    }
    return render(request, "plans/work.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, key: str) -> HttpResponse:
    """One task: what is asked, and what this person may do with it."""
    if not request.user.may(Permission.DO_TASKS):
        raise Http404
    trail = Trail.of(request)
    errors: list[Message] = []
    if request.method == "POST":
        try:
            _do(request, key, trail)
        except RefusedError as refused:
            errors = list(refused.reasons)
        else:
            return redirect("task", key=key)
    found = task_actions.read_task(key=key, trail=trail)
    mine = found.organisation_id == request.user.organisation_id
    context = {
        "plan": found.plan,
        "task": found,
        "errors": errors,
        "mine": mine,
        "may_cancel": found.open and selectors.may_work(request.user, found.plan),
        "colleagues": colleagues(found.organisation_id) if mine else [],
        "sent": request.POST,
        "day": lambda d: values.day_shown(d, request.language),
        "words": plan_present,
    }
    return render(request, "plans/task.html", context, status=422 if errors else 200)


def _do(request: HttpRequest, key: str, trail: Trail) -> None:
    act, outcome = request.POST.get("act"), request.POST.get("outcome", "")
    if act == "accept":
        task_actions.accept_task(key=key, trail=trail)
    elif act == "decline":
        task_actions.decline_task(key=key, reason=outcome, trail=trail)
    elif act == "finish":
        task_actions.finish_task(key=key, outcome=outcome, trail=trail)
    elif act == "cancel":
        task_actions.cancel_task(key=key, trail=trail)
    elif act == "give":
        found = selectors.task(trail.actor, key)
        owner = chosen(request, "owner", User.objects.filter(organisation=found.organisation_id, is_active=True))
        if owner is None:
            raise RefusedError(msg("Choose from the list"))
        task_actions.give_task(key=key, owner=owner, trail=trail)
    else:
        raise RefusedError(msg("Choose what to do with it"))


def colleagues(organisation: int | None) -> list[User]:
    """The people of an organisation, by name."""
    return list(User.objects.filter(organisation=organisation, is_active=True).order_by("name", "username")[:500])


@require_http_methods(["GET", "HEAD", "POST"])
def plan_tasks(request: HttpRequest, key: str) -> HttpResponse:
    """The tasks of a plan, and a form to ask another."""
    errors: list[Message] = []
    if request.method == "POST":
        try:
            made = _ask(request, key)
        except RefusedError as refused:
            errors = list(refused.reasons)
        else:
            return redirect("task", key=made.key)
    plan_desk = frame.read(request, key, "tasks")
    plan = plan_desk.plan
    on_it = {m.organisation for m in selectors.partners(plan)}
    context = {
        **frame.context(plan_desk, "tasks"),
        "tasks": selectors.tasks(request.user).filter(plan=plan).order_by("standing", "due", "id"),
        "may_work": selectors.may_work(request.user, plan),
        "organisations": [plan.organisation, *sorted(on_it, key=lambda o: o.name)],
        "people": colleagues(plan.organisation_id),
        "errors": errors,
        "sent": request.POST,
        "day": lambda d: values.day_shown(d, request.language),
    }
    return render(request, "plans/tasks.html", context, status=422 if errors else 200)


def _ask(request: HttpRequest, key: str) -> Task:
    plan = selectors.one(request.user, key)
    organisation = chosen(request, "organisation", Organisation.objects.all())
    owner = chosen(request, "owner", User.objects.filter(is_active=True, organisation=plan.organisation_id))
    asks = request.POST.get("asks")
    return task_actions.ask_task(
        key=key,
        title=request.POST.get("title", ""),
        detail=request.POST.get("detail", ""),
        organisation=organisation or (owner.organisation if owner else plan.organisation),
        owner=owner,
        due=day_of(request, "due"),
        asks=asks if asks in Task.Asks.values else Task.Asks.DO,
        trail=Trail.of(request),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def plan_people(request: HttpRequest, key: str) -> HttpResponse:
    """Who is on a plan and how, its level, marking and weight, ethics and help; each changed by a form of its own."""
    errors: list[Message] = []
    if request.method == "POST":
        act = ACTS.get(request.POST.get("act", ""))
        plan = selectors.one(request.user, key)
        if act is None or not allowed_act(request.user, request.POST["act"]):
            raise PermissionDenied
        try:
            act(request, plan)
        except RefusedError as refused:
            errors = list(refused.reasons)
        else:
            back = selectors.visible(request.user).filter(pk=plan.pk).exists()
            here = reverse("plan-people", args=[key])
            return redirect(f"{here}?done={request.POST['act']}") if back else redirect("my-work")
    plan_desk = frame.read(request, key, "people")
    plan = plan_desk.plan
    if plan_desk.partners_view:
        raise Http404
    offer = plan.handovers.filter(accepted_at=None, declined_at=None).select_related("taker", "giver").first()
    context = {
        **frame.context(plan_desk, "people"),
        "errors": errors,
        "done": None if errors else DONE.get(request.GET.get("done", "")),
        "sent": request.POST,
        "may_work": selectors.may_work(request.user, plan),
        "authority": selectors.has_authority(request.user, plan),
        "may_decide_ethics": request.user.may(Permission.DECIDE_ETHICS),
        "members": plan.members.filter(ended_at=None).select_related("organisation", "user", "agreement"),
        "live": {m.pk for m in selectors.partners(plan)},
        "offer": offer,
        "handovers": plan.handovers.exclude(accepted_at=None).select_related("taker", "giver"),
        "change": plan.level_changes.filter(adopted=None).select_related("by").first(),
        "referrals": plan.referrals.select_related("by", "decided_by"),
        "helps": plan.help_requests.select_related("by", "taken_by"),
        "people": colleagues(plan.organisation_id),
        "organisations": Organisation.objects.exclude(pk=plan.organisation_id).order_by("name"),
        "agreements": agreements_in_force(plan.organisation).order_by("reference"),
        "catalogue": catalogue,
        "markings": Marking.values,
        "weights": Weight.values,
        "day": lambda d: values.day_shown(d, request.language),
    }
    return render(request, "plans/people.html", context, status=422 if errors else 200)


def _share(request: HttpRequest, plan: Plan) -> object:
    organisation = chosen(request, "organisation", Organisation.objects.all())
    if organisation is None:
        raise RefusedError(msg("Choose the organisation"))
    agreement = chosen(request, "agreement", Agreement.objects.all())
    return people_actions.share_plan(
        key=plan.key, organisation=organisation, purpose=request.POST.get("purpose", ""),
        basis=request.POST.get("basis", ""), agreement=agreement, until=day_of(request, "until"), trail=Trail.of(request),
    )  # fmt: skip


def _colleague(request: HttpRequest, plan: Plan, name: str = "person") -> User:
    found = chosen(request, name, User.objects.filter(organisation=plan.organisation_id, is_active=True))
    if found is None:
        raise RefusedError(msg("Choose a colleague"))
    return found


def _optional(request: HttpRequest, plan: Plan, name: str) -> User | None:
    return _colleague(request, plan, name) if request.POST.get(name) else None


def _number(request: HttpRequest, name: str) -> int:
    raw = request.POST.get(name, "")
    if not raw.isdecimal() or len(raw) > 12:
        raise Http404
    return int(raw)


def _answer_offer(request: HttpRequest, plan: Plan) -> object:
    del plan
    return people_actions.answer_handover(
        handover=_number(request, "handover"), accept=request.POST.get("accept") == "yes",
        answer=request.POST.get("answer", ""), trail=Trail.of(request),
    )  # fmt: skip


ACTS: dict[str, Act] = {
    "share": _share,
    "add-colleague": lambda r, p: people_actions.add_colleague(key=p.key, user=_colleague(r, p), trail=Trail.of(r)),
    "end": lambda r, p: people_actions.end_membership(key=p.key, member=_number(r, "member"), trail=Trail.of(r)),
    "offer": lambda r, p: people_actions.offer_handover(
        key=p.key, taker=_colleague(r, p), note=r.POST.get("note", ""), trail=Trail.of(r)
    ),
    "answer-offer": _answer_offer,
    "assign": lambda r, p: people_actions.assign_owner(
        key=p.key, owner=_colleague(r, p), reason=r.POST.get("reason", ""), trail=Trail.of(r)
    ),
    "helpers": lambda r, p: people_actions.name_helpers(
        key=p.key, deputy=_optional(r, p, "deputy"), supervisor=_optional(r, p, "supervisor"), trail=Trail.of(r)
    ),
    "level": lambda r, p: people_actions.propose_level(
        key=p.key, level=_number(r, "level"), reason=r.POST.get("reason", ""), trail=Trail.of(r)
    ),
    "answer-level": lambda r, p: people_actions.answer_level(
        key=p.key, adopt=r.POST.get("adopt") == "yes", answer=r.POST.get("answer", ""), trail=Trail.of(r)
    ),
    "mark": lambda r, p: people_actions.mark_plan(
        key=p.key, marking=r.POST.get("marking", ""), caveats=r.POST.getlist("caveats"),
        about_people=r.POST.get("about_people") == "yes", trail=Trail.of(r),
    ),
    "weigh": lambda r, p: people_actions.weigh_plan(key=p.key, weight=r.POST.get("weight", ""), trail=Trail.of(r)),
    "refer": lambda r, p: people_actions.refer_to_ethics(key=p.key, question=r.POST.get("question", ""), trail=Trail.of(r)),
    "decide": lambda r, p: people_actions.decide_ethics(
        key=p.key, referral=_number(r, "referral"), allowed=r.POST.get("allowed") == "yes",
        decision=r.POST.get("decision", ""), trail=Trail.of(r),
    ),
    "help": lambda r, p: people_actions.ask_for_help(
        key=p.key, kind=r.POST.get("kind", ""), stage=r.POST.get("stage", ""), text=r.POST.get("text", ""),
        trail=Trail.of(r),
    ),
}  # fmt: skip
#: What the page says when a form's work is done.
DONE = {
    "share": msg("The partner is on this plan now, and sees what is marked for partners."),
    "add-colleague": msg("Your colleague may work on this plan now."),
    "end": msg("They are taken off this plan and see it no more on its account."),
    "offer": msg("The plan is offered. It stays with its owner until the other accepts."),
    "answer-offer": msg("Your answer to the offer is written down."),
    "assign": msg("The plan has a new owner."),
    "helpers": msg("Deputy and supervisor are written down."),
    "level": msg("The change of level waits for somebody with authority."),
    "answer-level": msg("The decision about the level is written down."),
    "mark": msg("The marking is written down."),
    "weigh": msg("The weight is written down."),
    "refer": msg("The ethics body is asked."),
    "decide": msg("The ethics body's decision is written down."),
    "help": msg("The problem-solving hub is asked. Its answer will stand here."),
}
#: The action behind each form.
BEHIND = {
    "share": "share_plan", "add-colleague": "add_colleague", "end": "end_membership", "offer": "offer_handover",
    "answer-offer": "answer_handover", "assign": "assign_owner", "helpers": "name_helpers", "level": "propose_level",
    "answer-level": "answer_level", "mark": "mark_plan", "weigh": "weigh_plan", "refer": "refer_to_ethics",
    "decide": "decide_ethics", "help": "ask_for_help",
}  # fmt: skip


def allowed_act(user: Any, act: str) -> bool:
    """Whether a person's role allows what a form does."""
    return allowed(f"plans.{BEHIND[act]}", user)


@require_http_methods(["GET", "HEAD", "POST"])
def help_queue(request: HttpRequest) -> HttpResponse:
    """The hub's queue of calls for help: oldest first, those that wait before those that were answered."""
    if not request.user.may(Permission.ANSWER_HELP):
        raise Http404
    errors: list[Message] = []
    if request.method == "POST":
        try:
            if request.POST.get("act") == "take":
                people_actions.take_help(request=_number(request, "request"), trail=Trail.of(request))
            else:
                people_actions.answer_help(
                    request=_number(request, "request"), answer=request.POST.get("answer", ""), trail=Trail.of(request)
                )
        except RefusedError as refused:
            errors = list(refused.reasons)
        else:
            return redirect("help")
    calls = selectors.help_queue(request.user)
    waiting = list(calls.filter(answered_at=None).order_by("at")[:100])
    answered = list(calls.exclude(answered_at=None).order_by("-answered_at")[:20])
    context = {
        "waiting": waiting,
        "answered": answered,
        "marking": Marking.highest(h.plan for h in (*waiting, *answered)),
        "stages": {s.slug: s.title for s in catalogue.stages()},
        "kinds": {HelpRequest.Kind.ADVICE: msg("Advice"), HelpRequest.Kind.REVIEW: msg("Review by a peer")},
        "errors": errors,
        "sent": request.POST,
        "day": lambda d: values.day_shown(d, request.language),
    }
    return render(request, "plans/help.html", context, status=422 if errors else 200)
