"""Whom the plans tell of what: at once where something is asked of them, and by reminders while it waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q
from django.utils import timezone

from forestall.text import msg, msg_n
from forestall.web.audit.trail import Trail
from forestall.web.people.models import User
from forestall.web.people.permissions import ROLES, Permission
from forestall.web.plans.models import OPEN_TASKS, Answer, Handover, HelpRequest, Member, Plan, Task
from forestall.web.work import actions as work
from forestall.web.work.kinds import kind
from forestall.web.work.reminders import Reminder, source

ASKED = kind("task-asked", msg("Something is asked of you in a plan"))
ANSWERED = kind("task-answered", msg("A task that you asked for was answered"), mailed=False)
DUE = kind("task-due", msg("A task of yours is due"))
OFFERED = kind("handover-offered", msg("A plan is offered to you"))
HANDED = kind("handover-answered", msg("The offer of a plan was answered"))
OWNERLESS = kind("owner-left", msg("The owner of a plan has left"))
HELP = kind("help-answered", msg("Your call for help was answered"))
PLAN_DUE = kind("plan-due", msg("Something in a plan of yours is due"))
#: A task that nobody owns yet is told to as many people of its organisation.
MOST = 20
#: Days before a date, on it and after it on which people are reminded.
BEFORE, AFTER = (7, 1, 0), (1, 7, 14, 28)


def task_asked(task: Task, trail: Trail) -> None:
    """Tells the owner of a task, or those of the organisation who may take it on."""
    for person in doers(task):
        if trail.actor is None or person.pk != trail.actor.pk:
            words = msg("{task}, for plan {key}", task=task.title, key=task.plan.key)
            work.post_notice(
                person=person, kind=ASKED, message=words, key=f"task:{task.key}:asked:{person.pk}", link=link(task),
                reference=task.plan.key, trail=trail,
            )  # fmt: skip


def doers(task: Task) -> list[User]:
    """Who is told of a task."""
    if task.owner is not None:
        return [task.owner]
    roles = [slug for slug, role in ROLES.items() if Permission.DO_TASKS in role.permissions]
    people = User.objects.filter(organisation=task.organisation_id, is_active=True, roles__role__in=roles).distinct()
    if task.organisation_id == task.plan.organisation_id:
        people = people.filter(Q(pk=task.plan.owner_id))
    else:
        on_it = Member.objects.filter(plan=task.plan, organisation=task.organisation_id, ended_at=None)
        named = [m.user_id for m in on_it if m.user_id]
        if named and not any(m.user_id is None for m in on_it):
            people = people.filter(pk__in=named)
    return list(people.order_by("pk")[:MOST])


def task_answered(task: Task, trail: Trail) -> None:
    """Tells who asked for a task, and the plan's owner, how it stands."""
    standing = {
        Task.Standing.ACCEPTED: msg("accepted"),
        Task.Standing.DECLINED: msg("declined"),
        Task.Standing.DONE: msg("done"),
        Task.Standing.CANCELLED: msg("cancelled"),
        Task.Standing.ASKED: msg("asked"),
    }[Task.Standing(task.standing)]
    for person in {task.asked_by_id: task.asked_by, task.plan.owner_id: task.plan.owner}.values():
        if trail.actor is None or person.pk != trail.actor.pk:
            words = msg("{task}: {standing}", task=task.title, standing=standing)
            work.post_notice(
                person=person, kind=ANSWERED, message=words, key=f"task:{task.key}:{task.standing}:{person.pk}",
                link=link(task), reference=task.plan.key, trail=trail,
            )  # fmt: skip


def handover_offered(h: Handover, trail: Trail) -> None:
    words = msg("{giver} offers you plan {key}: {title}", giver=str(h.giver), key=h.plan.key, title=h.plan.title)
    work.post_notice(
        person=h.taker, kind=OFFERED, message=words, key=f"handover:{h.pk}", link=f"/plans/{h.plan.key}/people/",
        reference=h.plan.key, trail=trail,
    )  # fmt: skip


def handover_answered(h: Handover, trail: Trail) -> None:
    words = (
        msg("{taker} accepted plan {key}", taker=str(h.taker), key=h.plan.key)
        if h.accepted_at
        else msg("{taker} declined plan {key}: {answer}", taker=str(h.taker), key=h.plan.key, answer=h.answer)
    )
    work.post_notice(
        person=h.giver, kind=HANDED, message=words, key=f"handover:{h.pk}:answer", link=f"/plans/{h.plan.key}/people/",
        reference=h.plan.key, trail=trail,
    )  # fmt: skip


def owner_left(plan: Plan, trail: Trail) -> None:
    """Tells the deputy and the supervisor, or those who may agree to plans there, that a plan has lost its owner."""
    people = [p for p in (plan.deputy, plan.supervisor) if p is not None and p.is_active]
    if not people:
        roles = [slug for slug, role in ROLES.items() if Permission.AGREE_PLANS in role.permissions]
        people = list(
            User.objects.filter(organisation=plan.organisation_id, is_active=True, roles__role__in=roles).distinct()[:MOST]
        )
    for person in people:
        words = msg("The owner of plan {key} has left: {title}", key=plan.key, title=plan.title)
        work.post_notice(
            person=person, kind=OWNERLESS, message=words, key=f"plan:{plan.key}:owner-left:{plan.owner_id}:{person.pk}",
            link=f"/plans/{plan.key}/people/", reference=plan.key, trail=trail,
        )  # fmt: skip


def help_answered(h: HelpRequest, trail: Trail) -> None:
    words = msg("{who} answered your question on plan {key}", who=str(h.taken_by), key=h.plan.key)
    work.post_notice(
        person=h.by, kind=HELP, message=words, key=f"help:{h.pk}", link=f"/plans/{h.plan.key}/people/",
        reference=h.plan.key, trail=trail,
    )  # fmt: skip


def link(task: Task) -> str:
    return f"/tasks/{task.key}/"


def _days(due: dt.date, today: dt.date) -> int | None:
    """Days until a date, where today is one of reminding; None else."""
    left = (due - today).days
    return left if left in BEFORE or -left in AFTER else None


@source
def tasks_due(now: dt.datetime) -> Iterator[Reminder]:
    """Open tasks whose date is near or past."""
    today = timezone.localdate(now)
    days = [today + dt.timedelta(days=d) for d in BEFORE] + [today - dt.timedelta(days=d) for d in AFTER]
    found = Task.objects.filter(standing__in=OPEN_TASKS, due__in=days).select_related("plan", "owner")
    for task in found:
        left = _days(task.due, today)
        words = (
            msg_n("{task} is due in {n:count} day", "{task} is due in {n:count} days", n=left, task=task.title)
            if left > 0
            else msg("{task} is due today", task=task.title)
            if left == 0
            else msg_n("{task} was due {n:count} day ago", "{task} was due {n:count} days ago", n=-left, task=task.title)
        )
        for person in doers(task):
            key = f"task:{task.key}:due:{task.due}:{left}"
            yield Reminder(person=person, kind=DUE, message=words, key=key, link=link(task), reference=task.plan.key)


@source
def designs_due(now: dt.datetime) -> Iterator[Reminder]:
    """Urgent responses whose design is not settled."""
    today = timezone.localdate(now)
    found = Plan.objects.filter(urgent_at__isnull=False, fixed_at=None, closed_at=None).select_related("owner")
    for plan in found:
        due = plan.design_due
        if due is not None and _days(due, today) is not None:
            words = msg("The design of plan {key} is due on {day:day}", key=plan.key, day=due.isoformat())
            yield Reminder(
                person=plan.owner, kind=PLAN_DUE, message=words, key=f"design:{plan.key}:{due}:{(due - today).days}",
                link=f"/plans/{plan.key}/", reference=plan.key,
            )  # fmt: skip


@source
def assessments_due(now: dt.datetime) -> Iterator[Reminder]:
    """Plans in response or assessment whose outcome is to be looked at."""
    today = timezone.localdate(now)
    days = [(today + dt.timedelta(days=d)).isoformat() for d in BEFORE]
    days += [(today - dt.timedelta(days=d)).isoformat() for d in AFTER]
    found = Answer.objects.filter(
        question="outcome-date", current=True, value__in=days, plan__state__in=("responding", "assessing")
    )
    for a in found.select_related("plan", "plan__owner"):
        words = msg("Plan {key}: its outcome is to be looked at on {day:day}", key=a.plan.key, day=str(a.value))
        yield Reminder(
            person=a.plan.owner, kind=PLAN_DUE, message=words, key=f"outcome:{a.plan.key}:{a.value}:{today}",
            link=f"/plans/{a.plan.key}/assessment/", reference=a.plan.key,
        )  # fmt: skip


@source
def handovers_waiting(now: dt.datetime) -> Iterator[Reminder]:
    """Offers of a plan that nobody has answered for a week."""
    waited = now - dt.timedelta(days=7)
    found = Handover.objects.filter(accepted_at=None, declined_at=None, offered_at__lt=waited)
    for h in found.select_related("plan", "taker", "giver"):
        words = msg("Plan {key} still waits for your answer", key=h.plan.key)
        yield Reminder(
            person=h.taker, kind=OFFERED, message=words, key=f"handover:{h.pk}:week", link=f"/plans/{h.plan.key}/people/",
            reference=h.plan.key,
        )  # fmt: skip


@source
def memberships_ending(now: dt.datetime) -> Iterator[Reminder]:
    """Partners whose time on an open plan, or whose agreement, ends within a fortnight."""
    today = timezone.localdate(now)
    soon = today + dt.timedelta(days=14)
    found = Member.objects.filter(ended_at=None, plan__closed_at=None, until__range=(today, soon))
    for m in found.select_related("plan", "plan__owner", "organisation"):
        words = msg(
            "{name} is on plan {key} until {day:day}", name=m.organisation.title, key=m.plan.key, day=m.until.isoformat()
        )
        yield Reminder(
            person=m.plan.owner, kind=PLAN_DUE, message=words, key=f"member:{m.pk}:{m.until}",
            link=f"/plans/{m.plan.key}/people/", reference=m.plan.key,
        )  # fmt: skip
