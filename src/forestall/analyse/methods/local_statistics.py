"""Where do high or low counts gather: Gi* or local Moran on areas or on cells, with the rate of false ones held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forestall.analyse import cells
from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.methods.concentration import elsewhere
from forestall.analyse.refused import Refused
from forestall.analyse.setting import SEED, choice, number, whole
from forestall.results import Check, Column, MapLayer, Table
from forestall.results.analysis import named
from forestall.text import Message, msg

KIND = {
    "high": msg("high, among high ones"),
    "low": msg("low, among low ones"),
    "HH": msg("high, among high ones"),
    "LL": msg("low, among low ones"),
    "HL": msg("high, among low ones"),
    "LH": msg("low, among high ones"),
}
SIDE = {"high": 1.0, "HH": 1.0, "HL": 1.0, "low": -1.0, "LL": -1.0, "LH": -1.0}
LABELS = (msg("low, more than chance"), msg("no more than chance"), msg("high, more than chance"))


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """Clusters of areas or of cells."""
    del progress
    return _cells(chosen, settings) if settings["unit"] == "cell" else _areas(chosen, settings)


def _areas(chosen: Chosen, settings: Mapping[str, Any]) -> Answer:
    from forestall.stats import Neighbours

    areas = chosen.areas()
    values: Any = areas.counts.sum(1)
    if settings["value"] == "rate":
        found = areas.level.population_near(int(chosen.months[-1][:4]))
        people = np.full(len(values), np.nan) if found is None else found[1][areas.rows]
        if not (np.isfinite(people) & (people > 0)).all():
            raise Refused(msg("some areas have no known residents: take counts, or load their populations"))
        values = 1000.0 * values / people
    n = len(areas.codes)
    if settings["neighbours"] == "touching" and areas.level.polygons is not None:
        at = {int(r): i for i, r in enumerate(areas.rows)}
        pairs = chosen.places.neighbours("lsoa") if chosen.places is not None else np.zeros((0, 2), int)
        kept = [(at[a], at[b]) for a, b in pairs.tolist() if a in at and b in at]
        near = Neighbours.from_pairs(n, np.array(kept, np.int64).reshape(-1, 2))
    else:
        near = Neighbours.nearest(areas.easting, areas.northing, min(settings["nearest"], max(1, n - 1)))
    result = _ask(values, near, settings)
    side = _sides(result)
    by_code = {c: None if s is None else float(s) for c, s in zip(areas.codes, side, strict=True)}
    layer = MapLayer(chosen.geojson(areas.codes), by_code, msg("gathering of records"), "sides", LABELS)
    checks: tuple[Check, ...] = ()
    if chosen.broken or chosen.turnovers:
        words = msg("Map points were replaced within these months: some areas' counts are not one place's.")
        checks = (Check("map-points", False, words),)
    return Answer((result,), _table(result, areas.codes, areas.names), layer, elsewhere(areas.elsewhere), checks)


def _cells(chosen: Chosen, settings: Mapping[str, Any]) -> Answer:
    from forestall.stats import Neighbours

    if settings["value"] == "rate":
        raise Refused(msg("cells have no known residents: choose areas for a rate, or counts"))
    chosen.refuse_points_across(METHOD.title)
    events, checks = chosen.placed(chosen.events())
    events = cells.on_ground(chosen, events)
    grid, used, counts = cells.grid_counts(chosen, events, settings["cell"])
    at = np.full(len(grid), -1)
    at[used] = np.arange(len(used))
    pairs = at[grid.neighbours()]
    near = Neighbours.from_pairs(len(used), pairs[(pairs >= 0).all(1)])
    result = _ask(counts[used], near, settings)
    side = {int(c): s for c, s in zip(used.tolist(), _sides(result), strict=True) if s}
    layer = cells.sides(grid, used, side, msg("gathering of records"), LABELS)
    x, y = grid.centroids()
    names = [named(f"{x[c]:.0f} {y[c]:.0f}") for c in used.tolist()]
    return Answer((result,), _table(result, used.tolist(), names), layer, (), checks)


def _ask(values: Any, near: Any, settings: Mapping[str, Any]) -> Any:
    from forestall.stats import getis_ord, local_moran

    told = {"fdr": settings["fdr"], "permutations": settings["permutations"] or None, "seed": settings["seed"]}
    return getis_ord(values, near, **told) if settings["statistic"] == "gi" else local_moran(values, near, **told)


def _sides(result: Any) -> list[float | None]:
    """-1, 0 or 1 for each place; None where it can't be judged."""
    judged = np.isfinite(result.p_value)
    return [
        (SIDE.get(str(k), 0.0) if f else 0.0) if j else None
        for k, f, j in zip(result.kind, result.flagged, judged, strict=True)
    ]


def _table(result: Any, codes: Any, names: Any) -> Table:
    """Places that stand out first, then by p."""
    columns = (
        Column("code", msg("Code")),
        Column("name", msg("Place")),
        Column("value", msg("its own value"), numeric=True),
        Column("around", msg("mean of its neighbours"), numeric=True),
        Column("z_score", msg("z-score"), numeric=True),
        Column("p_value", msg("p"), numeric=True),
        Column("q_value", msg("q"), numeric=True),
        Column("kind", msg("stands out as")),
    )
    order = np.lexsort((np.nan_to_num(result.p_value, nan=2.0), ~result.flagged))
    none: Message = msg("no more than chance")
    rows = tuple(
        (
            codes[i], names[i], _number(result.values[i]), _number(result.around[i]), _number(result.z_score[i]),
            _number(result.p_value[i]), _number(result.q_value[i]),
            KIND.get(str(result.kind[i]), none) if result.flagged[i] else none,
        )
        for i in order.tolist()
    )  # fmt: skip
    return Table(columns, rows, msg("Places, those that stand out first"))


def _number(value: Any) -> float | int | None:
    number = float(value)
    return None if number != number else int(number) if number.is_integer() and abs(number) < 1e15 else number


def needs(settings: Mapping[str, Any]) -> frozenset[str]:
    return frozenset({"easting"}) if settings["unit"] == "cell" else frozenset({"lsoa"})


METHOD = Method(
    slug="local-statistics",
    title=msg("Local statistics"),
    question=msg("Where do high counts gather, and low ones?"),
    needs=frozenset(),
    more=needs,
    answer=answer,
    gives=("getis_ord", "local_moran"),
    most=500_000,
    settings=(
        choice("statistic", msg("statistic"), "gi", gi=msg("Gi*"), moran=msg("local Moran")),
        choice("unit", msg("places"), "area", area=msg("areas"), cell=msg("grid cells")),
        choice("value", msg("value"), "count", count=msg("counts"), rate=msg("records for each 1,000 residents")),
        choice("neighbours", msg("neighbours"), "touching", touching=msg("that touch"), nearest=msg("the nearest")),
        whole("nearest", msg("how many nearest"), 6, 1, 50),
        number("cell", msg("cell"), 500.0, 50, 20_000, msg("metres")),
        number("fdr", msg("false ones among those that stand out, at most"), 0.05, 0.001, 0.5),
        whole("permutations", msg("permutations beside the exact p"), 0, 0, 9999, paged=99),
        SEED,
    ),
)
