"""How gathered are the records: the Lorenz curve, Gini and half share of areas or map points, against chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forestall import catalogue
from forestall.analyse.aside import in_text
from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.refused import Refused
from forestall.analyse.setting import SEED, choice
from forestall.results import Check, Column, MapLayer, Table
from forestall.results.analysis import named
from forestall.text import Message, msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """How few places hold how much, beside chance, and whether they stay the same."""
    if settings["unit"] == "point":
        return _points(chosen, settings)
    from forestall.stats import concentration, concentration_stability

    areas = chosen.areas()
    counts = areas.counts.sum(1)
    residents = _residents(chosen) if settings["exposure"] == "residents" else None
    values, weights = counts.astype(float), None
    if settings["weight"] == "harm":
        values, weights = _harm(chosen)
    found = concentration(values, exposure=residents, event_weights=weights, seed=settings["seed"])
    figures: tuple[Any, ...] = (found,)
    series = chosen.as_series()
    years = _years(series.areas().counts, series.usable()) if settings["weight"] == "none" else None
    notes = elsewhere(areas.elsewhere)
    if years is not None:
        progress("years", 1, 3)
        figures = (found, concentration_stability(years, exposure=residents, seed=settings["seed"]))
        if series.aside.left_out:
            without = in_text(series.aside.left_out)
            notes = (*notes, msg("What is said of years leaves out {categories:list}.", categories=without))
    table = ranked(areas.codes, areas.names, values)
    layer = MapLayer(
        chosen.geojson(areas.codes), dict(zip(areas.codes, values.tolist(), strict=True)), msg("records in the area")
    )
    checks: tuple[Check, ...] = ()
    if chosen.broken:
        words = msg(
            "The level of {areas:list} broke with the map points: their counts over these months are not one place's.",
            areas=[chosen.name(a) for a in chosen.broken[:6]],
        )
        checks = (Check("map-points", False, words),)
    return Answer(figures, table, layer, notes, checks)


def _points(chosen: Chosen, settings: Mapping[str, Any]) -> Answer:
    from forestall.stats import concentration

    chosen.refuse_points_across(METHOD.title)
    if settings["exposure"] != "equal" or settings["weight"] != "none":
        raise Refused(
            msg("map points have no residents and take no weights here: choose areas, or leave exposure and weight")
        )
    table = chosen.rows()
    table = table.filter(table.location_id.notnull())
    grouped = table.group_by("location_id").aggregate(n=table.count(), text=table.location_text.max())
    got = chosen.records.arrow(grouped.order_by("location_id"))
    if not len(got):
        raise Refused(msg("none of these records says at which place it was: map a column to location_id, or choose areas"))
    values = np.asarray(got["n"].to_numpy(), float)
    found = concentration(values, seed=settings["seed"])
    names = [named(t or c) for t, c in zip(got["text"].to_pylist(), got["location_id"].to_pylist(), strict=True)]
    note = msg("Places without a record are not known, so they are not counted: all are places that had at least one.")
    return Answer((found,), ranked(got["location_id"].to_pylist(), names, values), None, (note,))


def ranked(codes: Any, names: Any, values: Any) -> Table:
    """Places, fullest first, with shares of the whole."""
    order = np.argsort(-values, kind="stable")
    total = max(float(values.sum()), 1e-12)
    running = np.cumsum(values[order]) / total
    columns = (
        Column("code", msg("Code")),
        Column("name", msg("Place")),
        Column("value", msg("Recorded"), numeric=True),
        Column("share", msg("share of all"), numeric=True),
        Column("running", msg("with all above"), numeric=True),
    )
    rows = tuple(
        (codes[i], names[i], _plain(values[i]), float(values[i]) / total, float(running[k]))
        for k, i in enumerate(order.tolist())
    )
    return Table(columns, rows, msg("Places, the fullest first"))


def elsewhere(n: int) -> tuple[Message, ...]:
    """The note on records that lie in none of the force's areas."""
    if n == 0:
        return ()
    return (msg("{n:count} records have no area, or one outside of the force, and are not counted.", n=n),)


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else float(value)


def _residents(chosen: Chosen) -> Any:
    areas = chosen.areas()
    found = areas.level.population_near(int(chosen.months[-1][:4]))
    if found is None:
        raise Refused(msg("no residents are loaded: load populations with forestall places add, or take areas as equal"))
    people = found[1][areas.rows]
    if not (np.isfinite(people) & (people > 0)).all():
        raise Refused(msg("some areas have no known residents: take areas as equal, or load their populations"))
    return people


def _harm(chosen: Chosen) -> tuple[Any, Any]:
    """Harm of each area, and of each record."""
    scheme = catalogue.harm()
    table = chosen.rows()
    grouped = table.group_by(["lsoa", "category"]).aggregate(n=table.count()).order_by(["lsoa", "category"])
    got = chosen.records.arrow(grouped).to_pylist()
    areas = chosen.areas()
    at = {c: i for i, c in enumerate(areas.codes)}
    values, weights = np.zeros(len(areas.codes)), []
    for row in got:
        weight = scheme.weight(row["category"]) or 0.0
        if row["lsoa"] in at and weight > 0:
            values[at[row["lsoa"]]] += weight * row["n"]
            weights += [weight] * row["n"]
    if not weights:
        raise Refused(msg("the harm scheme has no weight for what is chosen: count records, or choose another category"))
    return values, np.array(weights)


def _years(counts: Any, usable: Any) -> Any:
    """Counts by area and whole year back from the last month, shape (areas, years); None under two such years."""
    n = counts.shape[1] // 12
    if n < 2 or counts.shape[0] < 10 or not usable.all():
        return None
    last = counts[:, counts.shape[1] - 12 * n :]
    years = last.reshape(counts.shape[0], n, 12).sum(2)
    return years if (years.sum(0) > 0).all() else None


METHOD = Method(
    slug="concentration",
    title=msg("Concentration"),
    question=msg("How few places hold most of it, and is that more than chance?"),
    needs=frozenset(),
    answer=answer,
    gives=("concentration", "concentration_stability"),
    settings=(
        choice("unit", msg("places"), "area", area=msg("areas"), point=msg("map points or addresses")),
        choice("exposure", msg("chance falls"), "equal", equal=msg("on all places alike"), residents=msg("by residents")),
        choice("weight", msg("weight"), "none", none=msg("each record counts one"), harm=msg("harm")),
        SEED,
    ),
)
