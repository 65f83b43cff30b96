"""The form's state, and cells of a table, as the page says them. Words only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from forestall import catalogue
from forestall.analyse import bench
from forestall.analyse.bench import PARTS, Analysis
from forestall.analyse.refused import Refused
from forestall.text import Message, month_name, msg, probability
from forestall.web.explore.selectors import Offer

KIND = {
    "crime": msg("Crime"),
    "asb": msg("Anti-social behaviour"),
    "call": msg("Calls"),
    "stop": msg("Stops"),
    "collision": msg("Collisions"),
    "missing": msg("Missing persons"),
    "fire": msg("Fire service"),
    "ambulance": msg("Ambulance service"),
    "emergency-department": msg("Emergency departments"),
    "council-complaint": msg("Complaints to the council"),
    "fly-tipping": msg("Fly-tipping"),
    "school-exclusion": msg("School exclusions"),
}


#: What each method's chart shows, and how to read it.
CHART = {
    "near-repeat": msg("Pairs over what chance gives, by distance and time (orange: more than chance)"),
    "local-statistics": msg("Each place against its neighbours (large points: flagged)"),
    "concentration": msg("Share of the records in the fullest places, against chance (dashed)"),
    "repeats": msg("How soon the same one is in the records again, against random (1), with intervals"),
    "hours": msg("Hour by hour through the week (darker: more; dashed: the busiest spell)"),
    "seasonality": msg("Each month against the yearly mean, with 95% intervals"),
    "calendar": msg("Each kind of day against days otherwise alike, with intervals (orange: clearly different)"),
    "control-chart": msg("Period by period, with limits (dotted) and the expected level (dashed)"),
    "change-point": msg("Period by period, with the level that fits best (dashed)"),
    "forecast": msg("What was recorded, and what is forecast (dashed) with its interval"),
    "rates": msg("Each place’s rate by its size, with limits (dotted); orange points lie outside"),
}
#: A month as records write it; a reader has its name.
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])$")
#: Columns of shares, which read better as per cent.
SHARES = ("share", "running", "even", "rate_share")


@dataclass(frozen=True)
class Asked:
    """What the address says: ``given`` as the form shows it again, ``analysis`` where it can be made one."""

    given: Mapping[str, str]
    analysis: Analysis | None

    def value(self, name: str) -> str:
        return self.given.get(name, "")

    def with_method(self, slug: str) -> str:
        """The address's query for another method on the same records."""
        kept = {p: self.given[p] for p in PARTS if p != "method" and self.given.get(p)}
        return "?" + urlencode({"method": slug, **kept})


def asked(query: Mapping[str, str]) -> Asked:
    """Reads an address. Settings that were shown for another method (``for``) are dropped with it. Raises ``Refused`` for
    a method or setting that is not known."""
    given = {k: v.strip() for k, v in query.items() if v.strip()}
    shown = given.pop("for", given.get("method", ""))
    if shown != given.get("method"):
        given = {k: v for k, v in given.items() if k in PARTS}
    if not given.get("method"):
        return Asked(given, None)
    return Asked(given, Analysis.of_query(given))


def fields(asked_: Asked) -> list[dict[str, Any]]:
    """The settings of the chosen method, each with its value as text."""
    try:
        method = bench.find(asked_.value("method"))
    except Refused:
        return []
    values = asked_.analysis.values() if asked_.analysis else None
    return [
        {"setting": s, "text": asked_.value(s.name) or s.text(s.default) if values is None else s.text(values[s.name])}
        for s in method.settings
    ]


def categories(offer: Offer) -> list[tuple[Message, list[tuple[str, Message]]]]:
    """Categories by kind of record, with their titles, crimes first."""
    order = sorted(offer.categories, key=lambda k: (k != "crime", k != "asb", k))
    return [(KIND.get(k, msg("Other")), [(c, catalogue.category(c).title) for c in offer.categories[k]]) for k in order]


def cell(column: Any, value: Any, language: str) -> str:
    """A figure as a reader takes it in."""
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, bool):
        return (msg("yes") if value else msg("no")).render(language)
    if column.is_chance and isinstance(value, float):
        return probability(value, language)
    if isinstance(value, Message):
        return value.render(language)
    if column.name in SHARES:
        return f"{value:.1%}"
    if isinstance(value, float):
        size = abs(value)
        if value.is_integer():
            return f"{value:,.0f}"
        return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, str) and MONTH.match(value):
        return month_name(value, language)
    return ", ".join(cell(column, v, language) for v in value) if isinstance(value, list | tuple) else str(value)


NO_METHOD = msg("No method is named: go to the explore page and choose one")
