"""What the pages of a plan's test show."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

from forestall.assess.cost_benefit import CostBenefit
from forestall.report import charts, maps
from forestall.results import Design, Effect, Evaluation
from forestall.results.design import METHODS, VERDICTS
from forestall.text import Message, msg
from forestall.web.assessing.models import Ruling
from forestall.web.signals.pinned import Pinned

WEIGHTS = {
    "quick": msg("quick: before and after, and people's own words"),
    "standard": msg("standard: with comparison areas"),
    "full": msg("full: many areas or a weighted comparison"),
}
KINDS = {
    "count": msg("Recorded events"),
    "harm": msg("Harm of recorded events"),
    "rate": msg("Recorded events, shown by residents"),
}
PARTS = {
    "local": msg("Treated areas"),
    "treated": msg("Treated areas"),
    "ring": msg("Ring around them"),
    "total": msg("Both together"),
    "compared": msg("Comparison areas"),
}
CHOICES = {
    Ruling.Choice.CONTINUE: msg("Continue as it is"),
    Ruling.Choice.ADAPT: msg("Adapt it"),
    Ruling.Choice.STOP: msg("Stop it"),
    Ruling.Choice.SCALE: msg("Do it in more places"),
    Ruling.Choice.NOT_EVALUABLE: msg("Can't be evaluated"),
}
INTERIM = msg("Interim: no verdict yet")
HELP = (
    msg("Look at it for longer: ask for more months after the start."),
    msg("Treat a larger area, or a commoner outcome that the same response should move."),
    msg("Pool it with a sister plan that does the same elsewhere."),
    msg("Draw lots for the order in which places get it."),
)


def verdict(slug: str) -> Message:
    return VERDICTS.get(slug, INTERIM)


def method(slug: str) -> Message:
    return METHODS[slug] if slug in METHODS else msg("No comparison can be trusted here")


def weak(made: Design) -> bool:
    """Whether the design would probably not show what is hoped for, so that what would help is said."""
    p = made.power
    if p is None or p.detectable is None:
        return True
    return made.asked.hoped is not None and p.detectable > made.asked.hoped


@functools.lru_cache(maxsize=64)
def design_map(
    held: Pinned, treated: tuple[str, ...], ring: tuple[str, ...], compared: tuple[str, ...], language: str
) -> str:
    """Treated areas, the ring around them and the comparison areas on the map of the force."""
    there = {f["properties"]["code"] for f in held.geojson["features"]}
    shade = (
        dict.fromkeys(there, 0.0) | dict.fromkeys(compared, 1.0) | dict.fromkeys(ring, 2.0) | dict.fromkeys(treated, 3.0)
    )
    classes = maps.Classes(
        (0.5, 1.5, 2.5), ("#f3f6f7", "#7fb6bf", "#fdd9a8", "#c45a06"),
        (msg("not used"), msg("comparison areas"), msg("ring, neither treated nor compared"), msg("treated areas")),
    )  # fmt: skip
    return maps.map_svg(
        held.geojson, {k: v for k, v in shade.items() if k in there}, classes,
        title=msg("Map of treated areas, the ring around them and the areas compared with"), language=language, width=560,
        tallest=1.2,
    )  # fmt: skip


def chart(made: Design | Evaluation, language: str, width: int) -> str:
    """The course of counts, month by month."""
    spec = {**made.chart(language), "width": width, "height": 230}
    return charts.chart_svg(
        spec,
        language,
        msg("Treated areas and their comparison, month by month"),
        msg("The table below it has every figure."),
    )


@dataclass(frozen=True)
class Row:
    """One part's effect as a page shows it."""

    title: Message
    effect: Effect

    @property
    def known(self) -> bool:
        return math.isfinite(self.effect.expected)


def rows(made: Evaluation) -> list[Row]:
    return [Row(PARTS[e.part], e) for e in made.effects]


def money(made: Evaluation) -> CostBenefit | None:
    return CostBenefit.from_json(dict(made.economics)) if made.economics else None


def comparison(made: Design, held: Pinned, language: str) -> list[tuple[str, str, float]]:
    """Code, name and weight of each comparison area, heaviest first."""
    return [(c, held.places.name(c, language), w) for c, w in made.comparison]


def course(made: Design | Evaluation) -> list[tuple[Any, ...]]:
    """Month, counted, and expected or None."""
    if isinstance(made, Design):
        months, own, other = made.months, made.treated_course, made.compared_course
    else:
        months, own, other = made.course_months, made.treated_course, made.expected_course
    return [(m, a, b if math.isfinite(b) else None) for m, a, b in zip(months, own.tolist(), other.tolist(), strict=True)]
