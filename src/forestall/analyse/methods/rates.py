"""Which areas have more than areas of their size should: rates in a funnel, or drawn towards what all have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forestall.analyse.chosen import AreaCounts, Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.methods.concentration import elsewhere
from forestall.analyse.refused import Refused
from forestall.analyse.setting import choice
from forestall.results import Check, MapLayer, Table
from forestall.text import msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """Rates of the chosen areas on a funnel, or drawn together."""
    from forestall.stats import funnel, residents_mislead, shrunk_rates

    del progress
    areas = chosen.areas()
    keep = chosen.usable()
    counts = areas.counts[:, keep].sum(1)
    year, people = _people(areas, settings["over"], chosen.months[-1])
    known = np.isfinite(people) & (people > 0)
    if not known.any():
        raise Refused(msg("no area has a known population: load populations with forestall places add"))
    names = [str(n) for n in areas.names]
    wrong = residents_mislead(_kinds(chosen, areas, keep)[known], people[known])
    method = funnel if settings["shown"] == "funnel" else shrunk_rates
    exposure = people[known] * chosen.days[keep].sum() / 365.25
    found: Any = method(
        counts[known], exposure, names=[n for n, k in zip(names, known, strict=True) if k], residents_wrong=wrong
    )  # fmt: skip
    codes = [c for c, k in zip(areas.codes, known, strict=True) if k]
    if settings["shown"] == "funnel":
        side = np.sign(found.position) * (found.q_value <= 0.05)
        side = np.where(np.isfinite(found.q_value), side, np.nan)
        values = {c: None if s != s else float(s) for c, s in zip(codes, side.tolist(), strict=True)}
        labels = (msg("lower than its size explains"), msg("within the limits"), msg("higher than its size explains"))
        layer = MapLayer(chosen.geojson(areas.codes), values, msg("against areas of its size"), "sides", labels)
    else:
        rates = {c: float(r) for c, r in zip(codes, found.rate.tolist(), strict=True)}
        layer = MapLayer(chosen.geojson(areas.codes), rates, msg("a year for each 1,000 residents, chance taken off"))
    unknown = int((~known).sum())
    checks: tuple[Check, ...] = ()
    if unknown:
        words = msg("{n:count} areas have no known population and are left out.", n=unknown)
        checks = (Check("population", False, words),)
    note = msg("Rates are a year, over the population of {year}.", year=str(year))
    order = np.lexsort((-found.rate, -np.abs(found.position) if settings["shown"] == "funnel" else -found.rate))
    told = found.table()
    table = Table(told.columns, tuple(told.rows[i] for i in order.tolist()), told.caption)
    return Answer((found,), table, layer, (note, *elsewhere(areas.elsewhere)), checks)


def _people(areas: AreaCounts, over: str, until: str) -> tuple[int, Any]:
    held = areas.level.population if over == "residents" else areas.level.households
    if not held:
        raise Refused(msg("no populations are loaded: load them with forestall places add"))
    wanted = int(until[:4])
    year = min(held, key=lambda y: (abs(y - wanted), y))
    return year, held[year][areas.rows]


def _kinds(chosen: Chosen, areas: AreaCounts, keep: Any) -> Any:
    """Counts by area and category, of all categories, to tell where residents are the wrong denominator."""
    cube = chosen.records.cube(
        force=chosen.force, since=chosen.months[0], until=chosen.months[-1], kinds=chosen.kinds
    )  # fmt: skip
    at = {c: i for i, c in enumerate(cube.areas)}
    out = np.zeros((len(areas.codes), len(cube.categories)))
    for i, code in enumerate(areas.codes):
        if code in at:
            out[i] = cube.counts[:, at[code]][:, keep].sum(1)
    return out


METHOD = Method(
    slug="rates",
    title=msg("Rates and funnel"),
    question=msg("Which areas have more than areas of their size should?"),
    needs=frozenset({"lsoa"}),
    answer=answer,
    gives=("funnel", "shrunk_rates"),
    series=True,
    settings=(
        choice("over", msg("over"), "residents", residents=msg("residents"), households=msg("households")),
        choice("shown", msg("shown as"), "funnel", funnel=msg("funnel"), shrunk=msg("rates drawn to the common one")),
    ),
)
