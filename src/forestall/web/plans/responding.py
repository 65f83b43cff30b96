"""Keeping a response, and the task by which its organisation is asked for it; for actions that have locked the plan."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from forestall.web.audit.models import Operation
from forestall.web.audit.trail import Trail
from forestall.web.plans import responses, task_actions
from forestall.web.plans.desk import Desk
from forestall.web.plans.models import Earlier, Plan, Response, Task
from forestall.web.plans.revision import keep_earlier, reconcile
from forestall.web.plans.rules import NOT_OPEN, RefusedError, touch

LIVE = (Response.Standing.PLANNED, Response.Standing.UNDER_WAY)


def keep(
    plan: Plan, row: Response | None, base: int, was: Mapping[str, str], sent: Mapping[str, str], trail: Trail
) -> Response:
    """Keeps a new or changed response and asks for it."""
    if not plan.open:
        raise RefusedError(NOT_OPEN)
    desk = Desk(plan, trail.actor)
    stands = {} if row is None else responses.raw(row)
    given = sent if row is None else reconcile(row, stands, base, was, sent)
    kept = responses.clean(given, desk.organisations, desk.team)
    new = row is None
    row = row or Response(plan=plan, by=trail.actor)
    if not new and all(getattr(row, name) == value for name, value in kept.items()):
        return row
    for name, value in kept.items():
        setattr(row, name, value)
    if not new:
        keep_earlier(row, Earlier.Kind.RESPONSE, stands, responses.raw(row), trail.actor)
    row.save()
    touch(plan)
    trail.record(Operation.ALTERATION, "keep-response", plan.record, {"response": row.pk, "revision": row.revision})
    ask(plan, row, trail)
    return row


def ask(plan: Plan, row: Response, trail: Trail) -> None:
    """Sees to it that the response's organisation has one task for it while it is live, and none when it was stopped."""
    tasks = list(Task.objects.filter(response=row).select_related("organisation"))
    waiting = [t for t in tasks if t.open]
    wanted = row.standing in LIVE
    for t in waiting:
        if (not wanted and row.standing == Response.Standing.STOPPED) or (
            wanted and t.organisation_id != row.organisation_id
        ):
            task_actions.cancel_task(key=t.key, trail=trail)
    mine = next((t for t in waiting if t.organisation_id == row.organisation_id), None)
    done = any(t.standing == Task.Standing.DONE and t.organisation_id == row.organisation_id for t in tasks)
    if not wanted or done:
        return
    if mine is None:
        due = row.due if row.due and row.due >= timezone.localdate() else None
        task_actions.ask_task(
            key=plan.key, title=row.action[:200], detail=row.mechanism[:5000], organisation=row.organisation,
            owner=row.owner, due=due, shared=row.shared, response=row, trail=trail,
        )  # fmt: skip
        return
    fresh = {
        "title": row.action[:200],
        "detail": row.mechanism[:5000],
        "due": row.due,
        "owner": row.owner or mine.owner,
        "shared": row.shared or row.organisation_id != plan.organisation_id,
    }
    changed = [name for name, value in fresh.items() if getattr(mine, name) != value]
    for name in changed:
        setattr(mine, name, fresh[name])
    if changed:
        mine.save(update_fields=changed)
        trail.record(Operation.ALTERATION, "change-task", plan.record, {"task": mine.key, "fields": changed})
