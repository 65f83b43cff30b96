"""Tasks across organisations: asked, taken on or declined, done, cancelled."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from forestall.text import msg
from forestall.web.actions import action
from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.people.models import Organisation, User
from forestall.web.people.permissions import Permission
from forestall.web.plans import selectors, telling
from forestall.web.plans.models import Response, Task
from forestall.web.plans.rules import RefusedError, held, held_open, touch, words


@action(Permission.WORK_ON_PLANS)
def ask_task(
    *, key: str, title: str, organisation: Organisation, due: dt.date | None, trail: Trail, detail: str = "",
    owner: User | None = None, shared: bool = True, response: Response | None = None, asks: str = Task.Asks.DO,
) -> Task:  # fmt: skip
    """Asks an organisation on the plan, or one person of it, to do something or to find something out."""
    plan = held_open(key, trail)
    title = words(title, 200)
    if not title:
        raise RefusedError(msg("Say what is asked"))
    own = organisation.pk == plan.organisation_id
    if not own and not selectors.partners(plan).filter(organisation=organisation).exists():
        raise RefusedError(msg("{name} is not on this plan: bring them to it first", name=organisation.title))
    if owner is not None and owner.organisation_id != organisation.pk:
        raise RefusedError(msg("{person} does not belong to {name}", person=str(owner), name=organisation.title))
    if due is not None and due < timezone.localdate():
        raise RefusedError(msg("Choose a date that is still to come"))
    task = Task.objects.create(
        plan=plan, response=response, asks=asks, title=title, detail=words(detail, 5000),
        organisation=organisation, owner=owner, due=due, shared=shared or not own, asked_by=trail.actor,
    )  # fmt: skip
    if owner is not None and owner.pk == trail.actor.pk:
        task.standing, task.answered_at = Task.Standing.ACCEPTED, timezone.now()
        task.save(update_fields=["standing", "answered_at"])
    touch(plan)
    trail.record(Operation.ALTERATION, "ask-task", plan.record, {"task": task.key, "organisation": organisation.slug})
    telling.task_asked(task, trail)
    return task


@action(Permission.DO_TASKS)
def read_task(*, key: str, trail: Trail) -> Task:
    """One task, to read."""
    task = selectors.task(trail.actor, key)
    trail.record(Operation.CONSULTATION, "read-task", task.plan.record, {"task": task.key})
    return task


@action(Permission.DO_TASKS)
def accept_task(*, key: str, trail: Trail) -> Task:
    """Takes a task on, for the person's organisation and as its owner where it had none."""
    task = _mine(key, trail, Task.Standing.ASKED)
    task.standing, task.answered_at = Task.Standing.ACCEPTED, timezone.now()
    task.owner = task.owner or trail.actor
    return _keep(task, trail, "accept-task")


@action(Permission.DO_TASKS)
def decline_task(*, key: str, reason: str, trail: Trail) -> Task:
    """Declines a task with a reason, which its asker hears."""
    task = _mine(key, trail, Task.Standing.ASKED, Task.Standing.ACCEPTED)
    reason = words(reason, 2000)
    if not reason:
        raise RefusedError(msg("Say why it can't be done"))
    task.standing, task.outcome, task.answered_at = Task.Standing.DECLINED, reason, timezone.now()
    return _keep(task, trail, "decline-task")


@action(Permission.DO_TASKS)
def finish_task(*, key: str, outcome: str, trail: Trail) -> Task:
    """Marks a task as done, with what came of it."""
    task = _mine(key, trail, Task.Standing.ASKED, Task.Standing.ACCEPTED)
    outcome = words(outcome, 5000)
    if task.asks == Task.Asks.FIND_OUT and not outcome:
        raise RefusedError(msg("Write down what was found out"))
    now = timezone.now()
    task.standing, task.outcome, task.done_at = Task.Standing.DONE, outcome, now
    task.answered_at, task.owner = task.answered_at or now, task.owner or trail.actor
    return _keep(task, trail, "finish-task")


@action(Permission.DO_TASKS)
def give_task(*, key: str, owner: User, trail: Trail) -> Task:
    """Hands a task to a colleague of the organisation that was asked."""
    task = _mine(key, trail, Task.Standing.ASKED, Task.Standing.ACCEPTED)
    if owner.organisation_id != task.organisation_id or not owner.is_active:
        raise RefusedError(msg("{person} does not belong to {name}", person=str(owner), name=task.organisation.title))
    task.owner = owner
    kept = _keep(task, trail, "give-task")
    telling.task_asked(task, trail)
    return kept


@action(Permission.WORK_ON_PLANS)
def cancel_task(*, key: str, trail: Trail) -> Task:
    """Takes a task back that is not done."""
    task = selectors.task(trail.actor, key)
    held(task.plan.key, trail)
    if not task.open:
        raise RefusedError(msg("The task is not open any more"))
    task.standing = Task.Standing.CANCELLED
    return _keep(task, trail, "cancel-task")


def _mine(key: str, trail: Trail, *standings: str) -> Task:
    """A task of the person's organisation, its row locked; refused where it is another's or no longer open."""
    task = selectors.task(trail.actor, key)
    task = Task.objects.select_for_update().select_related("plan").get(pk=task.pk)
    if task.organisation_id != trail.actor.organisation_id:
        raise PermissionDenied
    if task.standing not in standings:
        raise RefusedError(msg("The task is not open any more"))
    return task


def _keep(task: Task, trail: Trail, act: str) -> Task:
    task.save()
    touch(task.plan)
    trail.record(Operation.ALTERATION, act, task.plan.record, {"task": task.key})
    telling.task_answered(task, trail)
    return task
