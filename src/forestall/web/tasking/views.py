"""The page of the tasking lists: thin."""

from __future__ import annotations

import shlex

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from forestall.results.tasking import TaskingLists
from forestall.text import msg
from forestall.web.actions import allowed
from forestall.web.audit.trail import Trail
from forestall.web.signals.pinned import Pinned
from forestall.web.signals.views import _csv, with_scan
from forestall.web.tasking import actions, drawings, present, selectors
from forestall.web.tasking.asked import Asked

NO_HUB = msg("Your role covers no whole local authority, and these lists are made for those")
#: Of each form.
MARKING = {"force": "OFFICIAL-SENSITIVE", "partner": "OFFICIAL"}
#: Tables that can be taken away.
TABLES = {"lists": lambda found: found.table(), "concentration": present.curves}


@with_scan
def tasking(request: HttpRequest, held: Pinned) -> HttpResponse:
    asked = actions.see_lists(held=held, asked=Asked.of(request.GET), trail=Trail.of(request))
    if asked is None:
        return render(request, "sentence.html", {"words": NO_HUB, "held": held})
    found = selectors.lists(request.user, held, asked)
    context = {
        "held": held,
        "asked": asked,
        "found": found,
        "hubs": selectors.hubs(request.user, held),
        "full": selectors.full(request.user, asked.hub or ""),
        "drawn": drawings.drawn(held, asked, request.language),
        "words": present,
        "command": _command(asked, found),
        "marking": MARKING[asked.audience],
        "curves": present.curves(found),
        "may_export": allowed("tasking.export_lists", request.user),
    }
    return render(request, "tasking/tasking.html", context)


@with_scan
def tasking_csv(request: HttpRequest, held: Pinned, table: str) -> HttpResponse:
    if not allowed("tasking.export_lists", request.user):
        raise PermissionDenied
    if table not in TABLES:
        raise Http404
    asked = actions.export_lists(held=held, asked=Asked.of(request.GET), table=table, trail=Trail.of(request))
    if asked is None:
        raise Http404
    found = selectors.lists(request.user, held, asked)
    where = asked.hub or held.force or "force"
    name = f"tasking-{table}-{asked.audience}-{where}-{held.until}"
    return _csv(TABLES[table](found), name, request, held, marking=MARKING[asked.audience])


def _command(asked: Asked, found: TaskingLists) -> str:
    """The command that makes the lists again; STORE stands for where the store lies."""
    hub = ["--hub", asked.hub] if asked.hub else []
    force = found.provenance.parameters.get("force")
    more = ["--force", str(force)] if force else []
    words = ["forestall", "tasking", "--store", "STORE", *hub, *more, "--until", found.until, "--audience", asked.audience]
    return shlex.join([*words, "--listed", str(selectors.LISTED)])
