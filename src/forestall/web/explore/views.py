"""The explore page: a form that is an address, and the answer below it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from forestall.analyse.refused import Refused
from forestall.report import analysis_page
from forestall.text import msg
from forestall.web.audit.trail import Trail
from forestall.web.explore import actions, drawings, present, selectors
from forestall.web.explore.warm import warm
from forestall.web.signals.pinned import Pinned
from forestall.web.signals.views import _csv, with_scan

#: Rows of a table on the page; the CSV has them all.
ROWS = 25


@with_scan
def explore(request: HttpRequest, held: Pinned) -> HttpResponse:
    offer = selectors.offer(request.user, held)
    warm()
    context = {
        "held": held,
        "offer": offer,
        "hubs": selectors.hubs(request.user, held),
        "categories": present.categories(offer),
        "is_off": selectors.is_off,
        "cell": present.cell,
    }
    refusal = None
    try:
        asked = present.asked(request.GET)
        if asked.analysis is not None:
            analysis = actions.see_analysis(held=held, analysis=asked.analysis, trail=Trail.of(request))
            context |= _answer(request, held, analysis)
    except Refused as reason:
        refusal = reason
        asked = present.Asked({k: v.strip() for k, v in request.GET.items()}, _still(request))
    context |= {"asked": asked, "fields": present.fields(asked), "refusal": refusal}
    return render(request, "explore/explore.html", context, status=400 if refusal and asked.analysis is None else 200)


def _still(request: HttpRequest) -> object:
    """The analysis of a refused address where it is one, so that the form keeps its settings."""
    try:
        return present.asked(request.GET).analysis
    except Refused:
        return None


def _answer(request: HttpRequest, held: Pinned, analysis: object) -> dict[str, object]:
    result = selectors.answer(request.user, held, analysis)
    query = f"?{analysis.query()}"
    table = result.table()
    headline, said = analysis_page.headline(tuple(m.render(request.language) for m in analysis_page.explained(result)))
    return {
        "result": result,
        "drawn": drawings.drawn(result, request.language),
        "headline": headline,
        "pictured": present.CHART.get(result.method),
        "said": said,
        "beware": analysis_page.beware(result.all_checks),
        "counted": msg("{n:count} records", n=result.records),
        "table": analysis_page.first_rows(table, ROWS),
        "rows": len(table.rows),
        "link": request.build_absolute_uri(reverse("explore") + query),
        "csv": reverse("explore-csv") + query,
        "command": analysis.command(),
    }


@with_scan
def explore_csv(request: HttpRequest, held: Pinned) -> HttpResponse:
    try:
        asked = present.asked(request.GET)
        if asked.analysis is None:
            raise Refused(present.NO_METHOD)
        analysis = actions.export_analysis(held=held, analysis=asked.analysis, trail=Trail.of(request))
        result = selectors.answer(request.user, held, analysis)
    except Refused as reason:
        return render(request, "sentence.html", {"words": reason.message, "english": reason.english}, status=400)
    return _csv(result.table(), f"{result.method}-{held.until}", request, held)
