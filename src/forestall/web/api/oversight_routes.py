"""Who asks, the portfolio, what is published, and notices, for programs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from ninja import Query, Router

from forestall.web.api import shapes, show
from forestall.web.api.common import known, operation, trail
from forestall.web.api.models import AccessToken
from forestall.web.people.permissions import Permission
from forestall.web.plans import oversight_actions, selectors
from forestall.web.plans import portfolio as overview
from forestall.web.signals.pinned import pinned
from forestall.web.work import actions as work

router = Router(tags=["oversight"])


@operation(router, "GET", "/me", shapes.Me)
def me(request: HttpRequest) -> Any:
    user = request.user
    return {
        "username": user.username,
        "name": str(user),
        "organisation": user.organisation.slug if user.organisation else None,
        "roles": sorted({r.role for r in user.held()}),
        "permissions": [p.value for p in Permission if user.may(p)],
        "csrf": None if isinstance(request.auth, AccessToken) else get_token(request),
    }


@operation(router, "GET", "/portfolio", shapes.Portfolio)
def portfolio(
    request: HttpRequest,
    area: str = Query(""),
    state: str = Query(""),
    driver: str = Query(""),
    tier: str = Query(""),
    level: str = Query(""),
    flag: str = Query(""),
    sort: str = Query("changed"),
    page: int = Query(1, ge=1, lt=10_000),
) -> Any:
    held = pinned()
    given = {
        "area": area, "state": state, "driver": driver, "tier": tier, "level": level, "flag": flag, "sort": sort,
        "page": str(page),
    }  # fmt: skip
    wanted = overview.Wanted.of(given, held.hubs if held else ())
    known({k: v for k, v in given.items() if k != "page"}, wanted)
    found, n = oversight_actions.see_portfolio(wanted=wanted, trail=trail(request))
    return show.portfolio_page(list(found), n, overview.summary(request.user))


@operation(router, "GET", "/published", shapes.Published)
def list_published(request: HttpRequest) -> Any:
    found = oversight_actions.see_published(trail=trail(request))
    return {"plans": [show.published_row(p, selectors.public_answers(p)) for p in found]}


@operation(router, "GET", "/published/{plan_key:key}", shapes.PublishedPlan)
def read_published(request: HttpRequest, key: str) -> Any:
    plan = oversight_actions.read_published(key=key, trail=trail(request))
    answers = selectors.public_answers(plan)
    responses = [r.action for r in selectors.public_responses(plan)]
    return {**show.published_row(plan, answers), "answers": answers, "responses": responses}


@operation(router, "GET", "/notices", shapes.Notices)
def list_notices(request: HttpRequest) -> Any:
    return {"notices": [show.notice(n, request.language) for n in work.see_notices(trail=trail(request))]}


@operation(router, "POST", "/notices/read", shapes.Marked)
def read_notices(request: HttpRequest, new: shapes.Read) -> Any:
    return {"marked": work.mark_read(notice=new.notice, trail=trail(request))}
