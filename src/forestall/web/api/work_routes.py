"""Responses and tasks, for programs: planned and asked on a plan, taken on and done by those who were asked."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja import Router, Status

from forestall.text import msg
from forestall.web.api import shapes, show
from forestall.web.api.common import desk, operation, trail
from forestall.web.people.models import Organisation, User
from forestall.web.people.permissions import Permission
from forestall.web.plans import my_work, response_actions, selectors, task_actions
from forestall.web.plans.desk import Desk
from forestall.web.plans.rules import RefusedError

router = Router(tags=["work"])


@operation(router, "GET", "/plans/{plan_key:key}/tasks", list[shapes.Task])
def list_plan_tasks(request: HttpRequest, key: str) -> Any:
    plan = desk(request, key, "tasks").plan
    return [show.task(t) for t in selectors.tasks(request.user).filter(plan=plan).order_by("standing", "due", "id")]


@operation(router, "POST", "/plans/{plan_key:key}/tasks", shapes.Task, 201)
def ask_task(request: HttpRequest, key: str, new: shapes.NewTask) -> Any:
    found = _to_change(request, key)
    organisation = _organisation(found, new.organisation)
    people = User.objects.filter(is_active=True, organisation=organisation)
    task = task_actions.ask_task(
        key=key, title=new.title, detail=new.detail, organisation=organisation, owner=_person(people, new.owner),
        due=new.due, asks=new.asks, trail=trail(request),
    )  # fmt: skip
    return Status(201, show.task(task))


@operation(router, "GET", "/plans/{plan_key:key}/responses", list[shapes.Response])
def list_responses(request: HttpRequest, key: str) -> Any:
    return [show.response(r) for r in desk(request, key, "responses").responses]


@operation(router, "POST", "/plans/{plan_key:key}/responses", shapes.Response, 201)
def add_response(request: HttpRequest, key: str, new: shapes.NewResponse) -> Any:
    fields = _form(_to_change(request, key), new)
    made = response_actions.keep_response(key=key, number=None, base=0, was={}, sent=fields, trail=trail(request))
    return Status(201, show.response(made))


@operation(router, "PUT", "/plans/{plan_key:key}/responses/{int:number}", shapes.Response)
def change_response(request: HttpRequest, key: str, number: int, new: shapes.ChangedResponse) -> Any:
    fields = _form(_to_change(request, key), new)
    made = response_actions.keep_response(key=key, number=number, base=new.base, was={}, sent=fields, trail=trail(request))
    return show.response(made)


def _to_change(request: HttpRequest, key: str) -> Desk:
    """A plan that the reader works on; what the action checks again, once it is locked."""
    found = Desk(selectors.one(request.user, key), request.user)
    if not found.rights.work:
        raise PermissionDenied
    return found


def _organisation(found: Desk, slug: str | None) -> Organisation:
    chosen = next((o for o in found.organisations if slug in (None, o.slug)), None)
    if chosen is None:
        raise RefusedError(msg("Choose an organisation that is on the plan"))
    return chosen


def _person(people: Any, username: str | None) -> User | None:
    if username is None:
        return None
    chosen = next((u for u in people if u.username == username), None)
    if chosen is None:
        raise RefusedError(msg("Choose somebody who is on the plan"))
    return chosen


def _form(found: Desk, new: shapes.NewResponse) -> dict[str, str]:
    """A response as the pages' form sends it."""
    plain = new.dict(include={
        "action", "mechanism", "side", "technique", "driver", "dose", "dose_unit", "delivered", "cost", "side_effect",
        "practice", "standing",
    })  # fmt: skip
    owner = _person(found.team, new.owner)
    return {
        **plain,
        "tier-national": new.tier_national,
        "tier-public-health": new.tier_public_health,
        "organisation": str(_organisation(found, new.organisation).pk),
        "owner": str(owner.pk) if owner else "",
        "due": f"{new.due.day}/{new.due.month}/{new.due.year}" if new.due else "",
        "trial": "yes" if new.trial else "",
        "shared": "yes" if new.shared else "",
    }


@operation(router, "GET", "/tasks", shapes.Work)
def list_tasks(request: HttpRequest) -> Any:
    if not request.user.may(Permission.DO_TASKS):
        raise PermissionDenied
    found = my_work.of(request.user)
    parts = {n: getattr(found, n) for n in ("overdue", "soon", "later", "unowned", "asked")}
    return {name: [show.task(t) for t in tasks] for name, tasks in parts.items()}


@operation(router, "GET", "/tasks/{plan_key:key}", shapes.Task)
def read_task(request: HttpRequest, key: str) -> Any:
    return show.task(task_actions.read_task(key=key, trail=trail(request)))


@operation(router, "POST", "/tasks/{plan_key:key}/accept", shapes.Task)
def accept_task(request: HttpRequest, key: str) -> Any:
    return show.task(task_actions.accept_task(key=key, trail=trail(request)))


@operation(router, "POST", "/tasks/{plan_key:key}/decline", shapes.Task)
def decline_task(request: HttpRequest, key: str, new: shapes.Words) -> Any:
    return show.task(task_actions.decline_task(key=key, reason=new.outcome, trail=trail(request)))


@operation(router, "POST", "/tasks/{plan_key:key}/finish", shapes.Task)
def finish_task(request: HttpRequest, key: str, new: shapes.Words) -> Any:
    return show.task(task_actions.finish_task(key=key, outcome=new.outcome, trail=trail(request)))
