"""Grid cells over the chosen ground: which lie in it, who touches whom, and their outlines for a map."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.analyse.chosen import Chosen, Events
from forestall.analyse.refused import Refused
from forestall.places.grids import Grid, square_grid
from forestall.places.project import to_wgs84
from forestall.results import MapLayer
from forestall.text import Message, msg

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Cells that one grid may have.
MOST_CELLS = 250_000


def on_ground(chosen: Chosen, events: Events) -> Events:
    """The events on the chosen ground: in its outlines, or without any in the areas, or else as they are but for strays,
    which would blow a grid up."""
    import shapely

    ground = chosen.ground
    if ground is not None:
        shapely.prepare(ground)
        keep = shapely.contains_xy(ground, events.x, events.y)
    else:
        keep = np.ones(len(events), bool)
        for values in (events.x, events.y):
            low, middle, high = np.quantile(values, (0.01, 0.5, 0.99))
            reach = 3 * max(high - low, 1000.0)
            keep &= np.abs(values - middle) <= reach
    if not keep.any():
        raise Refused(chosen.nothing())
    return events.take(keep)


def bounds(chosen: Chosen, events: Events, cell: float) -> tuple[float, float, float, float]:
    """xmin, ymin, xmax, ymax of the ground, on whole cells."""
    ground = chosen.ground
    box = (events.x.min(), events.y.min(), events.x.max(), events.y.max()) if ground is None else ground.bounds
    low = [math.floor(v / cell) * cell for v in box[:2]]
    high = [math.ceil((v + 1e-6) / cell) * cell for v in box[2:]]
    columns, rows = (high[0] - low[0]) / cell, (high[1] - low[1]) / cell
    if columns * rows > MOST_CELLS:
        raise Refused(
            msg(
                "cells of {cell} m over this ground would be {n:count}, and {most:count} are the most: take larger cells "
                "or a smaller area",
                cell=f"{cell:g}", n=columns * rows, most=MOST_CELLS,
            )
        )  # fmt: skip
    return (low[0], low[1], high[0], high[1])


def inside(chosen: Chosen, box: Sequence[float], cell: float) -> Bools | None:
    """Which cells' centres lie on the ground, shape (rows, columns) from the south-west; None without boundaries."""
    import shapely

    ground = chosen.ground
    if ground is None:
        return None
    x = np.arange(box[0] + cell / 2, box[2], cell)
    y = np.arange(box[1] + cell / 2, box[3], cell)
    shapely.prepare(ground)
    xx, yy = np.meshgrid(x, y)
    return np.asarray(shapely.contains_xy(ground, xx.ravel(), yy.ravel()), bool).reshape(len(y), len(x))


def grid_counts(chosen: Chosen, events: Events, cell: float) -> tuple[Grid, npt.NDArray[np.int64], Any]:
    """The grid, the cells that count (on the ground or with an event) and their counts."""
    box = bounds(chosen, events, cell)
    grid = square_grid(*box, cell)
    counts = np.bincount(grid.assign(events.x, events.y), minlength=len(grid))
    mask = inside(chosen, box, cell)
    used = np.ones(len(grid), bool) if mask is None else mask.ravel() | (counts > 0)
    return grid, np.flatnonzero(used), counts


#: Bands of a surface begin at so many times its mean.
TIMES = (1.0, 3.0, 10.0, 30.0)


def bands(box: Sequence[float], cell: float, values: Floats, heading: Message) -> MapLayer:
    """A map of cells, ``values`` of shape (rows, columns), not a number off the ground. Cells of one band are one shape, so
    that a map of a hundred thousand cells stays light; bands begin at :data:`TIMES` the mean."""
    known = np.isfinite(values)
    mean, top = float(values[known].mean()), float(values[known].max())
    breaks = [b for b in dict.fromkeys(float(f"{t * mean:.2g}") for t in TIMES) if b < top]
    band = np.where(known, np.digitize(np.nan_to_num(values), breaks), -1)
    steps = [f"{b:,.6g}" for b in breaks]
    words = [msg("under {low}", low=steps[0])] if steps else [msg("everywhere")]
    words += [msg("{low} to {high}", low=a, high=b) for a, b in itertools.pairwise(steps)]
    words += [msg("{low} or more", low=steps[-1])] if steps else []
    features = []
    numbers: dict[str, float | None] = {}
    for i in range(len(breaks) + 1):
        if (band == i).any():
            numbers[f"band-{i}"] = float(i)
            features.append(_feature(f"band-{i}", outline(box, cell, band == i)))
    collection = {"type": "FeatureCollection", "features": features}
    return MapLayer(collection, numbers, heading, "bands", tuple(words))


def outline(box: Sequence[float], cell: float, at: Bools) -> Any:
    """The cells that are True as one shapely geometry: runs in a row are joined first, which is quick."""
    import shapely

    padded = np.zeros((at.shape[0], at.shape[1] + 2), np.int8)
    padded[:, 1:-1] = at
    step = np.diff(padded, axis=1)
    row, begin = np.nonzero(step == 1)
    _, end = np.nonzero(step == -1)
    x0, y0 = box[0], box[1]
    return shapely.union_all(shapely.box(x0 + begin * cell, y0 + row * cell, x0 + end * cell, y0 + (row + 1) * cell))


def sides(grid: Grid, cells: Any, side: Mapping[int, float], heading: Message, labels: tuple[Message, ...]) -> MapLayer:
    """A map of the cells that stand out, low and high, over the ground of the others. ``side``: cell -> -1 or 1."""
    box = (grid.xmin, grid.ymin, grid.xmax, grid.ymax)
    values: dict[str, float | None] = {}
    features = []
    for code, wanted in (("low", -1.0), ("none", 0.0), ("high", 1.0)):
        at = np.zeros(len(grid), bool)
        at[[c for c in cells.tolist() if side.get(c, 0.0) == wanted]] = True
        if at.any():
            values[code] = wanted
            features.append(_feature(code, outline(box, grid.cell, at.reshape(grid.rows, grid.columns))))
    return MapLayer({"type": "FeatureCollection", "features": features}, values, heading, "sides", labels)


def _feature(code: str, shape: Any) -> dict[str, Any]:
    import shapely

    turned = shapely.transform(shape, lambda xy: np.round(np.column_stack(to_wgs84(xy[:, 0], xy[:, 1])), 5))
    geometry = shapely.geometry.mapping(turned)
    plain = {"type": geometry["type"], "coordinates": _lists(geometry["coordinates"])}
    return {"type": "Feature", "properties": {"code": code, "name": code, "name_cy": code}, "geometry": plain}


def _lists(value: Any) -> Any:
    return [_lists(v) for v in value] if isinstance(value, list | tuple) else value
