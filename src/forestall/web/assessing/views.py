"""A plan's Assessment room and its evaluation."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from forestall.errors import ForestallError
from forestall.text import Message, msg
from forestall.web.assessing import actions, present, selectors, working
from forestall.web.assessing.models import Ruling
from forestall.web.audit.trail import Trail
from forestall.web.plans import frame
from forestall.web.plans.desk import Desk
from forestall.web.plans.models import PlanArea
from forestall.web.plans.rules import RefusedError
from forestall.web.signals.pinned import Pinned, pinned

FIELDS = tuple(f.name for f in dataclasses.fields(working.Form))
Wrong = tuple[Message | str, ...]


def _desk(request: HttpRequest, key: str, page: str) -> tuple[Desk, Pinned]:
    """The plan for its own force's people, and the scan; not found for partners and where nothing was scanned yet."""
    desk, held = frame.read(request, key, page), pinned()
    if desk.partners_view or held is None:
        raise Http404
    return desk, held


@require_http_methods(["GET", "HEAD", "POST"])
def room(request: HttpRequest, key: str) -> HttpResponse:
    """Proposes a design, shows it, lets it be overruled and locked."""
    if request.method != "POST":
        desk, held = _desk(request, key, "test")
        return _room(request, desk, held)
    desk = frame.to_change(request, key, "test")
    held = pinned()
    if desk.partners_view or held is None:
        raise Http404
    try:
        if request.POST.get("do") == "lock":
            actions.lock_design(key=key, hash=request.POST.get("hash", ""), trail=Trail.of(request))
        else:
            form = working.Form(**{name: request.POST.get(name, "")[:40] for name in FIELDS})
            made = working.proposed(
                desk.plan, held, form, method=request.POST.get("method", "")[:40],
                comparison=request.POST.get("comparison", "").replace(",", " ").split()[:500],
                reason=request.POST.get("reason", "")[:1000],
            )  # fmt: skip
            actions.propose_design(key=key, made=made, reason=request.POST.get("reason", ""), trail=Trail.of(request))
    except RefusedError as refused:
        return _room(request, desk, held, refused.reasons)
    except ForestallError as error:
        return _room(request, desk, held, (str(error),))
    return redirect("plan-test", key=key)


def _room(request: HttpRequest, desk: Desk, held: Pinned, wrong: Wrong = ()) -> HttpResponse:
    kept = selectors.design(desk.plan)
    form = working.filled(desk.plan, held)
    if kept is not None:
        asked = kept.made.asked
        form = working.Form(
            category=(asked.outcome.categories or ("",))[0], kind=asked.outcome.kind, starts=asked.starts,
            months=str(asked.months), before=str(asked.before),
            hoped="" if asked.hoped is None else f"{100 * asked.hoped:g}",
        )  # fmt: skip
    if request.method == "POST" and request.POST.get("do") != "lock":
        form = working.Form(**{name: request.POST.get(name, "")[:40] for name in FIELDS})
    shown: dict[str, Any] = {"kept": kept, "form": form, "wrong": wrong, "show": present, "kinds": present.KINDS}
    shown["categories"] = working.categories()
    shown["areas"] = PlanArea.objects.filter(plan=desk.plan, own=True).count()
    shown["said"] = {n: request.POST.get(n, "") for n in ("method", "comparison", "reason")}
    shown["was_locked"] = selectors.locked_before(desk.plan)
    if kept is not None:
        made, language = kept.made, request.language
        compared = tuple(c for c, _ in made.comparison)
        shown |= {
            "made": made,
            "map_svg": present.design_map(held, made.asked.treated, made.ring, compared, language),
            "charts": [present.chart(made, language, w) for w in (700, 340)],
            "comparison": present.comparison(made, held, language),
            "may_lock": desk.writes and selectors.may_lock(desk.rights),
            "found": selectors.evaluation(desk.plan),
        }
    return render(request, "assessing/room.html", frame.context(desk, "test", **shown), status=422 if wrong else 200)


@require_safe
def table_csv(request: HttpRequest, key: str, table: str) -> HttpResponse:
    """A table of the test: the comparison, the months before, or the evaluation's."""
    plan = actions.export_test(key=key, table=table, trail=Trail.of(request))
    kept, found = selectors.design(plan), selectors.evaluation(plan)
    tables = {}
    if kept is not None:
        tables |= {"comparison": kept.made.comparison_table, "before": kept.made.table}
    if found is not None:
        tables["evaluation"] = found.made.table
    if table not in tables:
        raise Http404
    response = HttpResponse("\ufeff" + tables[table]().to_csv(request.language), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{plan.marking}-{table}-{plan.key}.csv"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def evaluation(request: HttpRequest, key: str) -> HttpResponse:
    """What the test found, and what is decided after it."""
    if request.method != "POST":
        desk, _ = _desk(request, key, "evaluation")
        return _evaluation(request, desk)
    desk = frame.to_change(request, key, "evaluation")
    held, trail, do = pinned(), Trail.of(request), request.POST.get("do", "")
    if desk.partners_view or held is None:
        raise Http404
    reason = request.POST.get("reason", "")
    try:
        if do == "evaluate":
            kept = selectors.design(desk.plan)
            if kept is None or kept.locked_at is None:
                raise RefusedError(msg("Only a locked design is evaluated: lock it first"))
            made = working.evaluated(desk.plan, kept, held, selectors.evaluation(desk.plan))
            actions.evaluate_design(key=key, made=made, trail=trail)
        elif do == "not-evaluable":
            actions.rule_not_evaluable(key=key, reason=reason, trail=trail)
        else:
            actions.decide_on_test(key=key, choice=request.POST.get("choice", ""), reason=reason, trail=trail)
    except RefusedError as refused:
        return _evaluation(request, desk, refused.reasons)
    except ForestallError as error:
        return _evaluation(request, desk, (str(error),))
    return redirect("plan-evaluation", key=key)


def _evaluation(request: HttpRequest, desk: Desk, wrong: Wrong = ()) -> HttpResponse:
    found = selectors.evaluation(desk.plan)
    shown: dict[str, Any] = {
        "kept": selectors.design(desk.plan), "found": found, "wrong": wrong, "show": present,
        "rulings": selectors.rulings(desk.plan), "authority": desk.rights.authority and desk.plan.open,
        "choices": [(c, present.CHOICES[c]) for c in Ruling.Choice if c != Ruling.Choice.NOT_EVALUABLE],
    }  # fmt: skip
    if found is not None:
        made = found.made
        shown |= {
            "made": made, "local": made.effect(), "ring": made.effect("ring"), "rows": present.rows(made),
            "money": present.money(made), "charts": [present.chart(made, request.language, w) for w in (700, 340)],
        }  # fmt: skip
    context = frame.context(desk, "evaluation", **shown)
    return render(request, "assessing/evaluation.html", context, status=422 if wrong else 200)
