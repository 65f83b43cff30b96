"""Every reading of plans, cut in SQL to what the reader may see: by organisation, area, membership and marking."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from forestall.web.people.models import Agreement, User
from forestall.web.people.permissions import Permission
from forestall.web.plans.models import HelpRequest, Marking, Member, Plan, PlanArea, Response, Task


def in_force(today: dt.date | None = None) -> QuerySet[Member]:
    """The memberships that hold on a day (today): not ended, not over, and under an agreement that is in force; colleagues
    of the plan's own organisation need none."""
    today = today or timezone.localdate()
    lawful = Q(agreement__in=Agreement.objects.in_force(today)) | Q(organisation=F("plan__organisation"))
    return Member.objects.filter(lawful, until__gte=today, ended_at=None)


def memberships(user: User, today: dt.date | None = None) -> QuerySet[Member]:
    """Those that hold for a person: the person's own, and those of the whole organisation."""
    return in_force(today).filter(Q(user=user) | Q(user=None), organisation=user.organisation_id)


def _team(user: User) -> Q:
    return Q(owner=user) | Q(deputy=user) | Q(supervisor=user)


def in_areas(user: User, permission: Permission) -> Q:
    """Plans of the organisations and areas in which a permission holds."""
    if not user.may(permission):
        return Q(pk__in=[])
    mine = Q(organisation__in=user.organisations(permission))
    codes = user.areas(permission)
    if codes is None:
        return mine
    named = PlanArea.objects.filter(plan=OuterRef("pk"))
    return mine & (Q(Exists(named.filter(code__in=codes))) | ~Q(Exists(named)))


def visible(user: User) -> QuerySet[Plan]:
    """The plans that a person may open. One that is marked sensitive is for those on it, and for those who agree to plans
    there."""
    on_it = Q(pk__in=memberships(user).values("plan"))
    if not user.may(Permission.SEE_PLANS):
        return Plan.objects.filter(on_it) if user.may(Permission.SEE_SHARED_PLANS) else Plan.objects.none()
    ordinary = in_areas(user, Permission.SEE_PLANS) & Q(marking=Marking.OFFICIAL)
    return Plan.objects.filter(ordinary | in_areas(user, Permission.AGREE_PLANS) | _team(user) | on_it)


def one(user: User, key: str) -> Plan:
    """A plan by its key. One that is not there and one that is not for this reader answer alike: not found."""
    found = (
        visible(user).filter(key=key).select_related("owner", "deputy", "supervisor", "organisation", "joined_to").first()
    )
    if found is None:
        raise Http404
    return found


def shared_only(user: User, plan: Plan) -> bool:
    """Whether this reader sees only what is marked for partners."""
    return not user.may(Permission.SEE_PLANS) or plan.organisation_id not in user.organisations(Permission.SEE_PLANS)


def may_work(user: User, plan: Plan) -> bool:
    """Whether a person may change a plan: its owner, deputy and supervisor, a colleague named on it, and those who agree to
    plans there."""
    if not user.may(Permission.WORK_ON_PLANS) or shared_only(user, plan):
        return False
    if user.pk in (plan.owner_id, plan.deputy_id, plan.supervisor_id):
        return True
    if memberships(user).filter(plan=plan, user=user).exists():
        return True
    return has_authority(user, plan)


def has_authority(user: User, plan: Plan) -> bool:
    """Whether a person may agree to plans of this organisation and area."""
    return Plan.objects.filter(in_areas(user, Permission.AGREE_PLANS), pk=plan.pk).exists()


def published() -> QuerySet[Plan]:
    """Plans that were published, newest first."""
    return Plan.objects.filter(published_at__isnull=False).order_by("-published_at")


def public_answers(plan: Plan) -> dict[str, object]:
    """What a published plan shows of its answers, by question: those that are marked for sharing."""
    return {a.question: a.value for a in plan.answers.all() if a.current and a.shared}


def public_responses(plan: Plan) -> QuerySet[Response]:
    """The responses that a published plan shows: those marked for sharing, unless they were stopped."""
    return plan.responses.filter(shared=True).exclude(standing="stopped").select_related("organisation")


def partners(plan: Plan) -> QuerySet[Member]:
    """The organisations, or persons of them, that are on a plan today under an agreement in force."""
    found = in_force().filter(plan=plan).exclude(organisation=plan.organisation_id)
    return found.select_related("organisation", "user", "agreement")


def tasks(user: User) -> QuerySet[Task]:
    """The tasks that a person may open: those of plans that they see; a partner those marked for partners alone."""
    found = Task.objects.filter(plan__in=visible(user)).select_related("plan", "organisation", "owner", "asked_by")
    if user.may(Permission.SEE_PLANS):
        own = Q(plan__organisation__in=user.organisations(Permission.SEE_PLANS))
        return found.filter(own | Q(shared=True))
    return found.filter(shared=True)


def task(user: User, key: str) -> Task:
    """A task by its key; one that is not for this reader is not found."""
    found = tasks(user).filter(key=key).first()
    if found is None:
        raise Http404
    return found


def help_queue(user: User) -> QuerySet[HelpRequest]:
    """Calls for help on plans of the organisations and areas for which a person answers them."""
    seen = Plan.objects.filter(in_areas(user, Permission.ANSWER_HELP))
    return HelpRequest.objects.filter(plan__in=seen).select_related("plan", "by", "taken_by")
