"""Problems of the scan, for programs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from forestall.web.api import shapes, show
from forestall.web.api.common import known, operation, scan, trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import duplicates, seed, triage
from forestall.web.signals import actions
from forestall.web.signals.choice import Choice

router = Router(tags=["signals"])


@operation(router, "GET", "/signals", shapes.Signals)
def list_signals(
    request: HttpRequest,
    area: str = Query(""),
    theme: str = Query(""),
    category: str = Query(""),
    kind: str = Query(""),
    sort: str = Query("themes"),
    decided: str = Query(""),
) -> Any:
    held = scan()
    given = {"area": area, "theme": theme, "category": category, "kind": kind, "sort": sort, "decided": decided}
    choice = Choice.of(given, held.hubs)
    known(given, choice)
    found = actions.see_signals(held=held, choice=choice, trail=trail(request))
    shown, stands = triage.shown(request.user, found, choice.decided == "dismissed")
    return {
        "source": show.source(held),
        "signals": [show.signal(s, stands.get(s.id), request.language) for s in shown],
    }


@operation(router, "GET", "/signals/{slug:signal_id}", shapes.Signal)
def read_signal(request: HttpRequest, signal_id: str) -> Any:
    held = scan()
    s = actions.read_signal(held=held, signal_id=signal_id, trail=trail(request))
    stands = triage.decisions(request.user, [s]) if request.user.may(Permission.TRIAGE_SIGNALS) else {}
    may_start = request.user.may(Permission.START_PLANS)
    same = duplicates.alike(request.user, seed.from_signal(held, s)) if may_start else []
    return {
        **show.signal(s, stands.get(s.id), request.language),
        "source": show.source(held),
        "series": show.series(s),
        "alike": [show.alike(f, request.language) for f in same],
    }
