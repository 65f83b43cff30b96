"""How thickly do records lie on the ground: a kernel density on square cells, cut at the force's edge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from forestall import catalogue
from forestall.analyse import cells
from forestall.analyse.chosen import Chosen
from forestall.analyse.method import Answer, Method
from forestall.analyse.setting import choice, number
from forestall.results import Check
from forestall.text import msg


def answer(chosen: Chosen, settings: Mapping[str, Any], progress: Callable[[str, int, int], None]) -> Answer:
    """A surface of events on a metre grid."""
    from forestall.stats import kernel_density

    del progress
    events, checks = chosen.placed(chosen.events(("category",)))
    events = cells.on_ground(chosen, events)
    box = cells.bounds(chosen, events, settings["cell"])
    weights = None
    if settings["weight"] == "harm":
        scheme = catalogue.harm()
        weights = np.array([scheme.weight(c) or 0.0 for c in events.more["category"]])
    found = kernel_density(
        events.x,
        events.y,
        cell=settings["cell"],
        bandwidth=settings["bandwidth"] or "likelihood",
        kernel=settings["kernel"],
        weights=weights,
        bounds=box,
        mask=cells.inside(chosen, box, settings["cell"]),
        adaptive=settings["adaptive"] == "yes",
    )
    heading = msg("records a square kilometre") if weights is None else msg("harm a square kilometre")
    layer = cells.bands(found.bounds, found.cell, found.intensity, heading)
    if chosen.turnovers:
        words = msg("Map points were replaced within these months: two lists of points lie over each other here.")
        checks = (*checks, Check("map-points", False, words))
    return Answer((found,), None, layer, (), checks, ("map",))


METHOD = Method(
    slug="density",
    title=msg("Density"),
    question=msg("How thickly do records lie on the ground?"),
    needs=frozenset({"easting"}),
    answer=answer,
    gives=("kernel_density",),
    most=300_000,
    settings=(
        number("cell", msg("cell"), 250.0, 25, 20_000, msg("metres")),
        number("bandwidth", msg("bandwidth"), None, 10, 50_000, msg("metres; chosen from the records where empty")),
        choice("kernel", msg("kernel"), "gaussian", gaussian=msg("Gaussian"), quartic=msg("quartic")),
        choice("weight", msg("weight"), "none", none=msg("each record counts one"), harm=msg("harm")),
        choice("adaptive", msg("bandwidth falls where records are thick"), "no", no=msg("no"), yes=msg("yes")),
    ),
)
