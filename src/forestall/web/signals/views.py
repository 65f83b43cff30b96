"""The pages of the problems: thin, in the order sentence, picture, numbers, doubt."""

from __future__ import annotations

import functools
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from forestall import catalogue
from forestall.results import Column, Finding, Scan, Signal, Table
from forestall.results.signal import PERSON_KINDS
from forestall.scan.ranking import OPENING, SORTS
from forestall.text import msg
from forestall.web.actions import allowed
from forestall.web.audit.trail import Trail
from forestall.web.explore.warm import warm
from forestall.web.people.models import User
from forestall.web.people.permissions import Permission
from forestall.web.plans import triage
from forestall.web.rooms import instead_of_home
from forestall.web.signals import actions, command, drawings, present, selectors
from forestall.web.signals.choice import Choice
from forestall.web.signals.pinned import Pinned, pinned

View = Callable[..., HttpResponse]


def with_scan(view: View) -> View:
    """Hands the view the pinned scan; where none is recorded yet, shows how to run one."""

    @functools.wraps(view)
    def found(request: HttpRequest, **arguments: str) -> HttpResponse:
        held = pinned()
        if held is None:
            return render(request, "no_scan.html", {"store": _store()})
        return view(request, held=held, **arguments)

    return require_safe(found)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    elsewhere = instead_of_home(request.user)
    return redirect(elsewhere) if elsewhere else _problems(request)


@with_scan
def _problems(request: HttpRequest, held: Pinned) -> HttpResponse:
    if not request.user.may(Permission.SEE_SIGNALS):
        return _summary(request, held)
    choice = Choice.of(request.GET, held.hubs)
    found = actions.see_signals(held=held, choice=choice, trail=Trail.of(request))
    signals, decisions = triage.shown(request.user, found, choice.decided == "dismissed")
    groups = present.grouped(signals, choice, OPENING)
    rows = tuple(r for g in groups for r in g.rows)
    context = {
        "held": held,
        "choice": choice,
        "answer": present.answer(signals, held.until),
        "aside": present.aside(signals),
        "groups": groups,
        "map_svg": drawings.force_map(held, rows, request.language, _href),
        "spark": functools.partial(drawings.sparkline, held, language=request.language),
        "events": selectors.events(request.user, held),
        "sorts": SORTS,
        "words": present,
        "kinds": {
            k: m for k, m in present.KIND.items() if k not in PERSON_KINDS or request.user.may(Permission.SEE_PERSONS)
        },
        "themes": catalogue.themes(),
        "categories": [c for c in catalogue.categories().values() if c.targets],
        "may_export": allowed("signals.export_signals", request.user),
        "harm_unit": catalogue.harm().unit,
        "decisions": decisions,
        "decided": triage.decided,
        "dismissed": 0 if choice.decided else len(found) - len(signals),
        "may_start": request.user.may(Permission.START_PLANS),
    }
    return render(request, "signals/home.html", context)


def _summary(request: HttpRequest, held: Pinned) -> HttpResponse:
    """A partner guest's home: how many problems, by theme and local authority, and nothing nearer."""
    total, counts = actions.see_summary(held=held, trail=Trail.of(request))
    hubs = [h for h in (*held.hubs, "") if any(key[1] == h for key in counts)]
    return render(
        request,
        "signals/summary.html",
        {"held": held, "counts": counts, "hubs": hubs, "themes": catalogue.themes(), "total": total},
    )


@with_scan
def signal(request: HttpRequest, held: Pinned, signal_id: str) -> HttpResponse:
    s = actions.read_signal(held=held, signal_id=signal_id, trail=Trail.of(request))
    stands = triage.decisions(request.user, [s]).get(s.id) if request.user.may(Permission.TRIAGE_SIGNALS) else None
    warm()  # its profile is a link away
    context = {
        "held": held,
        "s": s,
        "row": present.Row(1, s),
        "words": present,
        "interval": present.interval(f"{s.interval[0]:.2f}", f"{s.interval[1]:.2f}", present.open_ended(s)),
        "headline": present.headline(s),
        "limits": present.limits(held, s),
        "map_svg": drawings.signal_map(held, s.id, request.language),
        "chart_wide": drawings.series_chart(held, s.id, request.language, 700),
        "chart_narrow": drawings.series_chart(held, s.id, request.language, 340),
        "near": sorted(drawings.around(held, s)),
        "may_export": allowed("signals.export_series", request.user),
        "command": " ".join(("forestall", *command.words(held.scan, "STORE"))),
        "harm": catalogue.harm(),
        "tasking": _tasking(request.user, held, s),
        "may_start": request.user.may(Permission.START_PLANS),
        "may_decide": request.user.may(Permission.TRIAGE_SIGNALS),
        "stands": stands,
        "decided": triage.decided,
        "changes": triage.changes(stands, s) if stands else [],
    }
    return render(request, "signals/signal.html", context)


@with_scan
def signals_csv(request: HttpRequest, held: Pinned) -> HttpResponse:
    choice = Choice.of(request.GET, held.hubs)
    signals = actions.export_signals(held=held, choice=choice, trail=Trail.of(request))
    cut = Scan(signals, (), held.scan.provenance)
    return _csv(cut.table(), f"problems-{held.until}", request, held)


@with_scan
def series_csv(request: HttpRequest, held: Pinned, signal_id: str) -> HttpResponse:
    s = actions.export_series(held=held, signal_id=signal_id, trail=Trail.of(request))
    return _csv(s.table(), f"problem-{s.id}", request, held)


@with_scan
def events(request: HttpRequest, held: Pinned) -> HttpResponse:
    found = actions.see_events(held=held, trail=Trail.of(request))
    context = {
        "held": held,
        "events": [e for e in found if e.kind == "recording-event" and not e.areas],
        "local": [e for e in found if e.kind == "recording-event" and e.areas],
        "may_export": allowed("signals.export_events", request.user),
        "words": present,
        "category": catalogue.category,
    }
    return render(request, "signals/events.html", context)


@with_scan
def events_csv(request: HttpRequest, held: Pinned) -> HttpResponse:
    found = actions.export_events(held=held, trail=Trail.of(request))
    return _csv(events_table(found), f"recording-events-{held.until}", request, held)


@with_scan
def area_layer(request: HttpRequest, held: Pinned, level: str) -> HttpResponse:
    if level not in held.packed:
        raise Http404
    body = actions.see_map(held=held, level=level, trail=Trail.of(request))
    etag = quote_etag(f"{held.places.version}-{level}-{len(body)}")
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304)
    response = HttpResponse(body, content_type="application/geo+json")
    response.headers["Content-Encoding"] = "gzip"
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, max-age=0, must-revalidate"
    return response


def events_table(found: tuple[Finding, ...]) -> Table:
    columns = (
        Column("id", msg("Event")),
        Column("month", msg("From")),
        Column("until", msg("Until")),
        Column("category", msg("Category")),
        Column("areas", msg("Area codes")),
        Column("shape", msg("Kind")),
        Column("standing", msg("Standing")),
        Column("text", msg("What was seen")),
    )
    return Table(columns, tuple((e.id, e.month, e.until, e.category, e.areas, e.shape, e.standing, e.text) for e in found))


def _csv(table: Table, name: str, request: HttpRequest, held: Pinned, *, marking: str = "OFFICIAL") -> HttpResponse:
    """A table to take away. The file's name carries marking and snapshot, since a CSV has no header of its own."""
    mark = "SYNTHETIC" if held.synthetic else marking
    response = HttpResponse("\ufeff" + table.to_csv(request.language), content_type="text/csv; charset=utf-8")
    filename = f"{mark}-{name}-{held.scan.provenance.snapshot}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _tasking(user: User, held: Pinned, s: Signal) -> str:
    """The tasking list that a signal about a person stands in, of a local authority that the reader's role covers; ''
    without any."""
    if s.kind not in PERSON_KINDS or not user.may(Permission.SEE_TASKING):
        return ""
    mine = user.areas(Permission.SEE_TASKING)
    hub = next((h for a in s.areas if (h := held.hub_of.get(a)) and (mine is None or h in mine)), None)
    if hub is None and mine is not None:
        return ""
    return reverse("tasking") + (f"?hub={hub}" if hub else "") + f"#{s.kind}s"


def _href(s: Signal) -> str:
    return reverse("signal", args=[s.id])


def _store() -> str:
    from django.conf import settings

    return str(settings.STORE)
