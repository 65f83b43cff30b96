"""Beginning a plan: from a signal, a place, occurrence numbers or somebody's words; and deciding about a signal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from forestall import catalogue
from forestall.catalogue.plans import WEIGHTS
from forestall.results import Signal
from forestall.text import Message, msg
from forestall.web.audit.trail import Trail
from forestall.web.people.permissions import Permission
from forestall.web.plans import actions, duplicates, seed, triage, triage_actions, values
from forestall.web.plans.models import Marking
from forestall.web.plans.rules import RefusedError
from forestall.web.plans.seed import Seed
from forestall.web.signals import drawings, present
from forestall.web.signals import selectors as signals
from forestall.web.signals.pinned import Pinned, pinned

#: As many occurrence numbers are taken at a time.
MOST_REFS = 200
#: Characters of what somebody said that a plan begins with.
MOST_WORDS = 5000
WEIGHT_WORDS = {
    "quick": (msg("Quick"), msg("One place, two screens: days between events and what residents say.")),
    "standard": (msg("Standard"), msg("An area, with areas to compare it with.")),
    "full": (msg("Full"), msg("Several causes or partners: every question is asked.")),
}


@dataclass(frozen=True)
class Begun:
    """What a person begins from. ``fields``: what the form sends again. ``errors``: of what they typed, by field."""

    seed: Seed | None
    fields: dict[str, str]
    errors: dict[str, Message]
    missing: tuple[str, ...] = ()
    signal: Signal | None = None


def begun(request: HttpRequest, scan: Pinned | None, given: Mapping[str, str]) -> Begun:
    """Reads what is begun from in an address or a form. A signal that is not for this reader is not found."""
    if given.get("signal"):
        if scan is None:
            raise Http404
        s = signals.one(request.user, scan, given["signal"])
        return Begun(seed.from_signal(scan, s), {"signal": s.id}, {}, signal=s)
    category = given.get("category", "")
    category = category if category in catalogue.categories() else ""
    words = values.clean_text(given.get("words", ""))
    fields = {k: v for k, v in (("from", given.get("from", "")), ("category", category), ("words", words)) if v}
    code = _code(scan, given)
    if code:
        fields["area"] = code
    way = given.get("from", "")
    if way == "occurrences":
        refs = _refs(given.get("refs", ""))
        fields["refs"] = "\n".join(refs)
        if scan is None or not refs:
            return Begun(None, fields, {"refs": msg("Enter at least one occurrence number")})
        if len(refs) > MOST_REFS:
            return Begun(None, fields, {"refs": msg("Enter at most {n:count} occurrence numbers", n=MOST_REFS)})
        named = seed.from_occurrences(scan, refs)
        if not named.seed.occurrences:
            return Begun(None, fields, {"refs": msg("The records hold none of these numbers: check them")})
        return Begun(named.seed, fields, {}, named.missing)
    if way == "complaint":
        if not words:
            return Begun(None, fields, {"words": msg("Enter what was said")})
        if len(words) > MOST_WORDS:
            return Begun(None, fields, {"words": Message(values.TOO_LONG.id, {"n": MOST_WORDS, "m": len(words)})})
        return Begun(seed.from_words(scan, words, code, category), fields, {})
    if way == "map" or code:
        if scan is None or not code:
            return Begun(None, fields, {"area": msg("Choose a place")})
        return Begun(seed.from_place(scan, code, category), {**fields, "from": "map"}, {})
    return Begun(None, fields, {})


def _code(scan: Pinned | None, given: Mapping[str, str]) -> str:
    """The area that is named by its code or by a point in it; '' where none is, or none that this force has."""
    if scan is None:
        return ""
    code = given.get("area", "")
    if code and scan.places.find(code) is not None:
        return code
    try:
        longitude, latitude = float(given.get("lon", "")), float(given.get("lat", ""))
    except ValueError:
        return ""
    return seed.area_at(scan, longitude, latitude) or ""


def _refs(text: str) -> list[str]:
    return list(dict.fromkeys(r[:60] for r in re.split(r"[\s,;]+", values.clean_text(text)) if r))


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Shows what would be filled in and which plans may be the same, then begins."""
    if not request.user.may(Permission.START_PLANS):
        raise Http404
    scan = pinned()
    given = request.POST if request.method == "POST" else request.GET
    from_what = begun(request, scan, given)
    if from_what.seed is None:
        return _choose(request, scan, from_what, 422 if from_what.errors else 200)
    found = duplicates.alike(request.user, from_what.seed, given.get("title", ""))
    errors: list[Message] = []
    if request.method == "POST" and given.get("begin"):
        try:
            plan = actions.start_plan(
                seed=from_what.seed,
                scan=scan,
                weight=given.get("weight", ""),
                language=request.language,
                duplicates=[d.plan.key for d in found],
                title=given.get("title", ""),
                trail=Trail.of(request),
            )
        except RefusedError as refused:
            errors = list(refused.reasons)
        else:
            return redirect("plan", key=plan.key)
    context = {
        "held": scan,
        "begun": from_what,
        "seed": from_what.seed,
        "errors": errors,
        "found": found,
        "marking": Marking.highest(d.plan for d in found),
        "title": given.get("title") or from_what.seed.title(request.language),
        "weights": [(w, *WEIGHT_WORDS[w]) for w in WEIGHTS],
        "weight": given.get("weight") if given.get("weight") in WEIGHTS else proposed(from_what.seed),
        "headline": present.headline(from_what.signal) if from_what.signal else None,
        "category": catalogue.category(from_what.seed.category).title if from_what.seed.category else None,
    }
    return render(request, "plans/start.html", context, status=422 if errors else 200)


def proposed(seed: Seed) -> str:
    """The lightest weight that can answer the question: quick for one place or person, else standard."""
    return "quick" if seed.kind == "repeat-location" or seed.about_people or len(seed.areas) == 1 else "standard"


def _choose(request: HttpRequest, scan: Pinned | None, from_what: Begun, status: int) -> HttpResponse:
    """The ways to begin a plan that is not from a signal."""
    context = {
        "held": scan,
        "begun": from_what,
        "fields": {**from_what.fields, "refs": request.POST.get("refs", from_what.fields.get("refs", ""))},
        "errors": from_what.errors,
        "groups": place_choices(scan, request.language) if scan is not None else [],
        "categories": list(catalogue.categories().values()),
        "map_svg": drawings.force_map(scan, (), request.language, lambda _: "") if scan is not None else "",
        "numbers": scan is not None and "source_ref" in seed.fields_of(scan),
    }
    return render(request, "plans/start_from.html", context, status=status)


def place_choices(scan: Pinned, language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Places to choose from: the wards of each authority (or what is nearest to wards), by name."""
    level = next((n for n in ("ward", "msoa") if n in scan.places.levels), "")
    found: dict[str, dict[str, str]] = {}
    for area in scan.areas:
        code = (scan.places.parent(area, level) if level else area) or area
        hub = scan.hub_of.get(area) or ""
        found.setdefault(scan.places.name(hub, language) if hub else "", {})[code] = scan.places.name(code, language)
    return [(hub, sorted(((c, n) for c, n in codes.items()), key=lambda p: p[1])) for hub, codes in sorted(found.items())]


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, signal_id: str) -> HttpResponse:
    """Watch a signal, dismiss it with a reason, join it to a plan, or take a decision back."""
    scan = pinned()
    if scan is None or not request.user.may(Permission.TRIAGE_SIGNALS):
        raise Http404
    s = signals.one(request.user, scan, signal_id)
    errors: list[Message] = []
    choice = (request.POST if request.method == "POST" else request.GET).get("decision", "")
    if request.method == "POST":
        try:
            _take(request, scan, s, choice)
        except RefusedError as refused:
            errors = list(refused.reasons)
        else:
            return redirect("signal", signal_id=s.id)
    stands = triage.decisions(request.user, [s]).get(s.id)
    found = duplicates.alike(request.user, seed.from_signal(scan, s))
    context = {
        "held": scan,
        "s": s,
        "headline": present.headline(s),
        "choice": choice,
        "errors": errors,
        "reason": request.POST.get("reason", ""),
        "other": request.POST.get("key", ""),
        "stands": stands,
        "found": found,
        "marking": Marking.highest(d.plan for d in found),
        "decided": triage.decided,
    }
    return render(request, "plans/decide.html", context, status=422 if errors else 200)


def _take(request: HttpRequest, scan: Pinned, s: Signal, choice: str) -> None:
    trail = Trail.of(request)
    if choice == "watch":
        triage_actions.watch_signal(scan=scan, signal_id=s.id, trail=trail)
    elif choice == "dismiss":
        triage_actions.dismiss_signal(scan=scan, signal_id=s.id, reason=request.POST.get("reason", ""), trail=trail)
    elif choice == "join":
        triage_actions.join_signal(scan=scan, signal_id=s.id, key=request.POST.get("key", ""), trail=trail)
    elif choice == "undo":
        triage_actions.undo_decision(scan=scan, signal_id=s.id, trail=trail)
    else:
        raise RefusedError(msg("Choose what to do with it"))
