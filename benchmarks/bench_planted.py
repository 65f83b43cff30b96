"""The sample's planted responses through the automatic path, over forces and histories: is each recovered?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely

from forestall import sample
from forestall.assess.evaluate import evaluate
from forestall.assess.panel import CENTRE, Panel
from forestall.assess.propose import propose
from forestall.results import Asked, Outcome
from forestall.sample.planted import Plant, plants

#: Months of the time after.
LENGTH = 12


def responses(model: sample.Model) -> list[Plant]:
    """What truth.json says of the responses of this force."""
    mean = model.mean
    return [p for p in plants(model.geography, model.categories, model.months, mean) if p.role == "response"]


def touching(model: sample.Model) -> Any:
    """Pairs of areas that share a boundary, (m, 2)."""
    polygons = np.array(model.geography.polygons)
    a, b = shapely.STRtree(polygons).query(polygons, predicate="dwithin", distance=1.0)
    return np.column_stack([a, b])[a < b]


def panel_of(model: sample.Model, counts: Any, category: str, pairs: Any) -> Panel:
    """``counts``: one draw, (categories, areas, months). The one recording change is of another category."""
    i = [model.categories.index(c) for c in CENTRE if c in model.categories]
    own, areas, months = counts[model.categories.index(category)], len(model.codes), len(model.months)
    return Panel(
        force="sample", snapshot="", categories=(category,), areas=model.codes, months=model.months,
        counts=own.astype(float), raw=own, everything=counts.sum(0).astype(float), centre=counts[i].sum(0).astype(float),
        usable=np.ones(months, bool), broken=np.zeros(areas, bool), pairs=pairs, population=model.population[2022],
        own=np.ones(areas, bool),
    )  # fmt: skip


def truth(model: sample.Model, plant: Plant, rows: Any, months: Any) -> float:
    """The planted ratio of what comes in areas over what would have come, on the model's mean."""
    c, at = model.categories.index(plant.category), np.ix_(rows, months)
    return float((model.mean[c][at] * model.planted[c][at]).sum() / model.mean[c][at].sum())


def run(forces: int, histories: int, seed: int) -> list[dict[str, Any]]:
    """Each planted response in so many forces, each with so many histories: what is planted and what is found."""
    out: list[dict[str, Any]] = []
    rng = np.random.default_rng(seed)
    for force in range(1, forces + 1):
        model = sample.model(force)
        pairs, planted = touching(model), responses(model)
        for _ in range(histories):
            counts = model.draw_counts(rng, planted=True)
            out += [told(model, plant, panel_of(model, counts, plant.category, pairs)) for plant in planted]
    return out


def told(model: sample.Model, plant: Plant, panel: Panel) -> dict[str, Any]:
    asked = Asked(
        treated=tuple(model.codes[i] for i in plant.areas), outcome=Outcome((plant.category,)), starts=plant.since,
        months=LENGTH, force="sample",
    )  # fmt: skip
    design = propose(None, None, asked, panel=panel)  # type: ignore[arg-type]
    made = evaluate(None, None, design, panel=panel)  # type: ignore[arg-type]
    months = np.array([model.months.index(m) for m in made.months])
    ring = np.array([model.codes.index(a) for a in design.ring], np.int64)
    rows: Mapping[str, Any] = {"local": np.array(plant.areas), "ring": ring, "total": np.r_[plant.areas, ring].astype(int)}
    out: dict[str, Any] = {"kind": plant.kind, "method": design.method, "verdict": made.verdict}
    for part, at in rows.items():
        effect = made.effect(part)
        if effect is not None and effect.tested:
            out[part] = (truth(model, plant, at, months), effect.ratio, *effect.interval, effect.p_value)
    return out
