"""The pages of the library: thin."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from forestall import catalogue, respond
from forestall.catalogue import library
from forestall.catalogue import plans as choices
from forestall.catalogue.practices import practices
from forestall.results import Table
from forestall.text import Message, msg
from forestall.web.actions import allowed
from forestall.web.audit.trail import Trail
from forestall.web.library import actions, present, selectors, suggesting
from forestall.web.library.models import LocalResult
from forestall.web.library.wanted import HERE, Wanted
from forestall.web.people.permissions import Permission
from forestall.web.plans import selectors as plans
from forestall.web.plans.rules import RefusedError
from forestall.web.signals import actions as signals
from forestall.web.signals import present as signal_words
from forestall.web.signals.pinned import Pinned, pinned
from forestall.web.signals.views import with_scan


def _enter(request: HttpRequest) -> None:
    if not request.user.may(Permission.SEE_LIBRARY):
        raise Http404


def _context(request: HttpRequest, here: str, **more: Any) -> dict[str, Any]:
    """``here``: the page's name in the room's own navigation."""
    pages = [
        ("library", msg("Practices"), reverse("library")),
        ("toolkits", msg("Toolkits"), reverse("library-toolkits")),
        ("local", msg("Results from here"), reverse("library-local")),
        ("trials", msg("Trials in progress"), reverse("library-trials")),
    ]
    if request.user.may(Permission.ANSWER_HELP):
        pages.append(("review", msg("Peer review"), reverse("library-review")))
    return {
        "held": pinned(),
        "here": here,
        "pages": pages,
        "words": present,
        "library": library,
        "choices": choices,
        **more,
    }


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The practices, with what is known of each nationally and here."""
    _enter(request)
    wanted = Wanted.of(request.GET)
    actions.see_library(wanted=wanted, trail=Trail.of(request))
    rows = _listed(request, wanted)
    return render(request, "library/index.html", _context(request, "library", wanted=wanted, rows=rows, **_lists()))


def _listed(request: HttpRequest, wanted: Wanted) -> list[present.Row]:
    return present.listed(wanted, selectors.counts(), selectors.trial_counts(request.user))


def _lists() -> dict[str, Any]:
    """What the forms choose from."""
    return {
        "categories": [(c.slug, c.title) for c in catalogue.categories().values()],
        "places": [(o.slug, o.title) for o in library.words("places")],
        "drivers": [(o.slug, o.title) for o in choices.choices("drivers")],
        "mechanisms": [(o.slug, o.title) for o in library.words("mechanisms")],
        "tiers": [
            (f"{s.slug}:{t.slug}", msg("{scheme}: {tier}", scheme=s.title, tier=t.title))
            for s in choices.schemes()
            for t in s.options
        ],
        "costs": [*((b.slug, b.title) for b in library.costs()), (library.UNKNOWN, msg("Not known"))],
        "standings": list(zip(HERE, present.here(HERE), strict=True)),
        "all_practices": [(p.slug, p.title) for p in practices()],
        "verdicts": [(o.slug, o.title) for o in library.words("verdicts")],
    }


@require_safe
def practice(request: HttpRequest, slug: str) -> HttpResponse:
    """One practice: EMMIE and the 5Is, national and local side by side."""
    _enter(request)
    found = actions.read_practice(slug=slug, trail=Trail.of(request))
    local, n = selectors.page(request.user, Wanted(practice=slug))
    counts = selectors.counts().get(slug, {})
    context = _context(
        request,
        "library",
        p=found,
        local=local[:10],
        n=n,
        counts=counts,
        row=present.Row(found, counts, 0),
        trials=selectors.trial_counts(request.user).get(slug, 0),
        five=present.five(found, local, counts),
    )
    return render(request, "library/practice.html", context)


@require_safe
def toolkits(request: HttpRequest) -> HttpResponse:
    """The categories, each with how much the library knows of it."""
    _enter(request)
    actions.see_library(wanted=Wanted(), trail=Trail.of(request))
    meant = {c: sum(c in p.categories for p in practices()) for c in catalogue.categories()}
    return render(request, "library/toolkits.html", _context(request, "toolkits", meant=meant, **_lists()))


@require_safe
def toolkit(request: HttpRequest, category: str) -> HttpResponse:
    """The library's view of one category of crime."""
    _enter(request)
    if category not in catalogue.categories():
        raise Http404
    actions.read_toolkit(category=category, trail=Trail.of(request))
    wanted = Wanted(category=category)
    local, n = selectors.page(request.user, wanted)
    context = _context(
        request,
        "toolkits",
        category=catalogue.category(category),
        wanted=wanted,
        local=local[:10],
        n=n,
        found=suggesting.of(request.user, respond.described(category=category)),
        trials=selectors.trials(request.user, wanted, most=10),
    )
    return render(request, "library/toolkit.html", context)


@with_scan
def suggestion(request: HttpRequest, held: Pinned, signal_id: str) -> HttpResponse:
    """What the library suggests for a signal."""
    s = signals.read_profile(held=held, signal_id=signal_id, trail=Trail.of(request))
    actions.see_suggestion(signal=signal_id, trail=Trail.of(request))
    problem = suggesting.of_signal(held, s, full=allowed("signals.export_profile", request.user))
    context = _context(
        request, "library", s=s, title=signal_words.headline(s), found=suggesting.of(request.user, problem), held=held
    )
    return render(request, "library/suggestion.html", context)


@require_safe
def local(request: HttpRequest) -> HttpResponse:
    """What plans here found, failures included."""
    _enter(request)
    wanted = Wanted.of(request.GET)
    rows, n = actions.see_local(wanted=wanted, trail=Trail.of(request))
    context = _context(request, "local", wanted=wanted, rows=rows, n=n, last=-(-n // selectors.PAGE), **_lists())
    return render(request, "library/local.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def result(request: HttpRequest, key: str) -> HttpResponse:
    """One result; a peer judges it here, and its owners put it right."""
    _enter(request)
    errors: list[Message] = []
    if request.method == "POST":
        try:
            _decide(request, key)
            return redirect("library-result", key=key)
        except RefusedError as refused:
            errors = list(refused.reasons)
    found = actions.read_local(key=key, trail=Trail.of(request))
    row = selectors.behind(key)
    judges = (
        row.review == LocalResult.Review.WAITING
        and allowed("library.review_result", request.user)
        and selectors.to_review(request.user).filter(pk=row.pk).exists()
    )
    mends = found.own and plans.may_work(request.user, row.plan)
    context = _context(
        request,
        "local",
        r=found,
        judges=judges,
        mends=mends,
        errors=errors,
        sent=request.POST,
        may_open=row.plan.marking == "OFFICIAL" and not row.plan.about_people,
        reviews=selectors.reviews(row) if found.own else [],
        reopened=row.plan.closed_at is None,
    )
    return render(request, "library/result.html", context, status=422 if errors else 200)


def _decide(request: HttpRequest, key: str) -> None:
    trail, post = Trail.of(request), request.POST
    if post.get("do") == "mend":
        actions.amend_result(key=key, lessons=post.get("lessons", ""), note=post.get("note", ""), trail=trail)
        return
    actions.review_result(
        key=key, decision=post.get("do", ""), note=post.get("note", ""), open_lessons=post.get("open") == "yes", trail=trail
    )


@require_safe
def trials(request: HttpRequest) -> HttpResponse:
    """What is being tried now."""
    _enter(request)
    wanted = Wanted.of(request.GET)
    rows = actions.see_trials(wanted=wanted, trail=Trail.of(request))
    return render(request, "library/trials.html", _context(request, "trials", wanted=wanted, rows=rows, **_lists()))


@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """What waits for a peer."""
    _enter(request)
    if not request.user.may(Permission.ANSWER_HELP):
        raise Http404
    return render(
        request, "library/review.html", _context(request, "review", rows=actions.see_reviews(trail=Trail.of(request)))
    )


@require_safe
def table_csv(request: HttpRequest, table: str) -> HttpResponse:
    """A table to take away: what its page shows this reader."""
    _enter(request)
    wanted = Wanted.of(request.GET)
    actions.export_library(table=table, wanted=wanted, trail=Trail.of(request))
    marking = "OFFICIAL"
    if table == "practices":
        made = present.practices_table(_listed(request, wanted))
    elif table == "trials":
        made = present.trials_table(selectors.trials(request.user, wanted))
    elif table == "toolkit":
        made = suggesting.of(request.user, respond.described(category=wanted.category)).table()
    else:
        rows = selectors.rows(request.user, selectors.chosen(wanted)[:5000])
        made = present.local_table(rows)
        marking = "OFFICIAL-SENSITIVE" if any(r.own for r in rows) else "OFFICIAL"
    return _csv(made, f"library-{table}", request, marking)


def _csv(table: Table, name: str, request: HttpRequest, marking: str) -> HttpResponse:
    response = HttpResponse("\ufeff" + table.to_csv(request.language), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{marking}-{name}.csv"'
    return response
