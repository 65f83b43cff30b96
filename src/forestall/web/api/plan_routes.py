"""Plans, for programs: read, begun, answered, moved."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja import Query, Router, Status

from forestall.text import msg
from forestall.web.api import shapes, show
from forestall.web.api.common import desk, known, operation, scan, trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import actions, duplicates, list_actions, seed, selectors, values
from forestall.web.plans.listing import Wanted
from forestall.web.plans.rules import RefusedError
from forestall.web.signals import selectors as signals

router = Router(tags=["plans"])
LOOK = msg("Look first whether there is a plan for this problem already")


@operation(router, "GET", "/plans", shapes.Plans)
def list_plans(
    request: HttpRequest,
    state: str = Query("open"),
    area: str = Query(""),
    category: str = Query(""),
    words: str = Query(""),
    mine: bool = Query(False),
    after: str = Query(""),
) -> Any:
    given = {
        "state": state,
        "area": area,
        "category": category,
        "words": words,
        "mine": "1" if mine else "",
        "after": after,
    }
    wanted = Wanted.of(given)
    known({"state": state, "category": category}, wanted)
    own = request.user.may(Permission.SEE_PLANS)
    see = list_actions.see_plans if own else list_actions.see_shared_plans
    page = see(wanted=wanted, trail=trail(request))
    rows = [show.plan_row(p, whole=not selectors.shared_only(request.user, p)) for p in page.plans]
    return {"plans": rows, "after": page.after}


@operation(router, "POST", "/plans", shapes.PlanRow, 201)
def start_plan(request: HttpRequest, new: shapes.NewPlan) -> Any:
    if not request.user.may(Permission.START_PLANS):
        raise PermissionDenied
    held = scan()
    begins = seed.from_signal(held, signals.one(request.user, held, new.signal))
    found = duplicates.alike(request.user, begins, new.title)
    unseen = [f for f in found if f.plan.key not in new.seen]
    if unseen:
        raise RefusedError(LOOK, *(msg("{key}: {title}", key=f.plan.key, title=f.plan.title) for f in unseen))
    plan = actions.start_plan(
        seed=begins, scan=held, weight=new.weight, language=request.language, title=new.title,
        duplicates=[f.plan.key for f in found], trail=trail(request),
    )  # fmt: skip
    return Status(201, show.plan_row(plan, whole=True))


@operation(router, "GET", "/plans/{plan_key:key}", shapes.Plan)
def read_plan(request: HttpRequest, key: str) -> Any:
    return show.plan(desk(request, key, "plan"), request.language)


@operation(router, "PUT", "/plans/{plan_key:key}/answers/{slug:question}", shapes.Answer | None)
def answer(request: HttpRequest, key: str, question: str, new: shapes.NewAnswer) -> Any:
    kept = actions.answer(
        key=key, question=question, raw=typed(new.value), base=new.base, reason=new.reason, shared=new.shared,
        trail=trail(request),
    )  # fmt: skip
    return None if kept is None else show.answer(kept, request.language)


def typed(value: shapes.Value | bool) -> list[str]:
    """A value as a form sends it."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    return [("yes" if value else "no") if isinstance(value, bool) else str(value)]


@operation(router, "POST", "/plans/{plan_key:key}/moves", shapes.PlanRow)
def move_plan(request: HttpRequest, key: str, new: shapes.NewMove) -> Any:
    said = {"local_to_global": new.local_to_global, "global_to_local": new.global_to_local}
    plan = actions.move(
        key=key, move=new.move, reason=new.reason, other=values.clean_text(new.other),
        detail={k: v for k, v in said.items() if v}, trail=trail(request),
    )  # fmt: skip
    return show.plan_row(plan, whole=True)
