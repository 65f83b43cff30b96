"""Square cells over events on a metre grid, shared by densities and hot-spot forecasts.

Rows are counted from the south and columns from the west; a cell holds its south and west edges, and the last row and
column their outer edges too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.results import Check
from forestall.stats._unfit import Unfit
from forestall.text import msg, msg_n

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: A grid of more cells than this is refused unless the caller asks for it: 2,000 by 2,000.
MOST_CELLS = 4_000_000
#: An event is a stray where it lies more than this many times as far out as nine in ten of the others.
STRAY = 10.0


@dataclass(frozen=True)
class EventGrid:
    """``rows`` by ``columns`` square cells of ``cell`` metres whose south-west corner is (``xmin``, ``ymin``)."""

    xmin: float
    ymin: float
    cell: float
    rows: int
    columns: int

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        return (
            self.xmin, self.ymin, self.xmin + self.columns * self.cell, self.ymin + self.rows * self.cell,
        )  # fmt: skip

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, self.columns

    def inside(self, x: Floats, y: Floats) -> Bools:
        """Which points lie within the bounds, edges included."""
        xmin, ymin, xmax, ymax = self.bounds
        return (x >= xmin) & (x <= xmax) & (y >= ymin) & (y <= ymax)

    def index(self, x: Floats, y: Floats) -> npt.NDArray[np.int64]:
        """The flat index, row by row, of the cell of each point; the points lie inside."""
        column = np.minimum(((x - self.xmin) / self.cell).astype(np.int64), self.columns - 1)
        row = np.minimum(((y - self.ymin) / self.cell).astype(np.int64), self.rows - 1)
        return row * self.columns + column

    def count(self, x: Floats, y: Floats, weights: Floats | None = None) -> Floats:
        """How many of the points (or how much weight), which lie inside, each cell holds; shape (rows, columns)."""
        n = self.rows * self.columns
        return np.bincount(self.index(x, y), weights, n).astype(np.float64).reshape(self.shape)

    def centres(self) -> tuple[Floats, Floats]:
        """Eastings of the columns' centres and northings of the rows'."""
        across = self.xmin + (np.arange(self.columns, dtype=np.float64) + 0.5) * self.cell
        up = self.ymin + (np.arange(self.rows, dtype=np.float64) + 0.5) * self.cell
        return np.asarray(across, np.float64), np.asarray(up, np.float64)


def coordinates(x: npt.ArrayLike, y: npt.ArrayLike, what: str = "event") -> tuple[Floats, Floats]:
    """``x`` and ``y`` as two flat arrays of finite metres.

    Raises ``ValueError`` where they differ in number, where there are none, and where one is missing or infinite.
    """
    a, b = numbers(x, "x"), numbers(y, "y")
    if a.shape != b.shape:
        raise ValueError(f"x has {a.size} numbers and y has {b.size}: give one of each for every {what}")
    if a.size == 0:
        raise ValueError(f"there are no {what}s: a density or a forecast needs at least one")
    bad = ~(np.isfinite(a) & np.isfinite(b))
    if bad.any():
        i = int(bad.argmax())
        raise ValueError(
            f"{int(bad.sum())} of {a.size} {what}s have no usable place, the first at ({a[i]}, {b[i]}): leave them out, "
            "and say how many"
        )
    return a, b


def numbers(values: npt.ArrayLike, name: str) -> Floats:
    """``values`` as a flat array of floats; ``ValueError`` where they aren't numbers."""
    try:
        return np.ascontiguousarray(np.asarray(values, dtype=np.float64).ravel())
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers: {error}") from error


def weights_of(weights: npt.ArrayLike | None, n: int, what: str = "weights") -> Floats | None:
    """``weights`` as an array of ``n`` numbers of 0 or more, some above 0; None stays None (each counts 1)."""
    if weights is None:
        return None
    w = numbers(weights, what)
    if w.size != n:
        raise ValueError(f"{what} has {w.size} numbers for {n} events: give one for each")
    bad = ~(np.isfinite(w) & (w >= 0))
    if bad.any():
        raise ValueError(f"{what} must be finite numbers of 0 or more, not {w[bad][0]}: leave out or mend those events")
    if not w.any():
        raise Unfit(msg("all weights are 0, so there is nothing to spread: give some above 0"))
    return w


def positive(value: float, name: str, unit: str = "metres") -> float:
    """``value`` as a float above 0 and finite; ``ValueError`` otherwise."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number of {unit} above 0, not {value!r}") from error
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{name} must be a number of {unit} above 0, not {value!r}")
    return number


def lay_grid(
    x: Floats, y: Floats, *, cell: float | None, bounds: Sequence[float] | None, most_cells: int = MOST_CELLS
) -> EventGrid:
    """The grid that holds ``bounds`` (xmin, ymin, xmax, ymax) in whole cells, or all points where that is None.

    Without bounds the edges are whole multiples of ``cell``, so that grids of different events fit on each other. Without
    ``cell`` the longer side has 100 to 250 cells of a round size. Raises ``ValueError`` for a grid of more than
    ``most_cells``, naming the event that stretches it, if one does.
    """
    if bounds is None:
        xmin, ymin, xmax, ymax = float(x.min()), float(y.min()), float(x.max()), float(y.max())
    else:
        box = numbers(bounds, "bounds")
        if box.size != 4 or not np.isfinite(box).all() or not (box[2] > box[0] and box[3] > box[1]):
            raise ValueError(
                f"bounds must be (xmin, ymin, xmax, ymax) with xmin below xmax and ymin below ymax, not "
                f"{tuple(box.tolist())}"
            )
        xmin, ymin, xmax, ymax = box.tolist()
    size = _round_cell(max(xmax - xmin, ymax - ymin)) if cell is None else positive(cell, "cell")
    if bounds is None:
        xmin, ymin = math.floor(xmin / size) * size, math.floor(ymin / size) * size
    columns = max(1, math.ceil((xmax - xmin) / size - 1e-9))
    rows = max(1, math.ceil((ymax - ymin) / size - 1e-9))
    if rows * columns > most_cells:
        raise ValueError(_too_many(x, y, (xmin, ymin, xmax, ymax), size, rows, columns, most_cells, bounds is None))
    return EventGrid(xmin, ymin, size, rows, columns)


def _round_cell(side: float) -> float:
    """1, 2 or 5 times a power of ten, of which 100 to 250 make ``side``; 1 where it is 0."""
    if side <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(side / 100))
    return max(k * power for k in (1.0, 2.0, 5.0) if k * power <= side / 100 * (1 + 1e-9))


def _too_many(
    x: Floats, y: Floats, box: tuple[float, float, float, float], cell: float, rows: int, columns: int, most: int, own: bool
) -> str:
    text = (
        f"cells of {cell:g} m from ({box[0]:.0f}, {box[1]:.0f}) to ({box[2]:.0f}, {box[3]:.0f}) would be "
        f"{rows * columns:,} of them, and at most {most:,} are made: "
    )
    far = strays(x, y)
    if own and far.size:
        i = int(far[0])
        return text + (
            f"{far.size} of {x.size} events lie far from all others, the farthest at ({x[i]:g}, {y[i]:g}); leave them out, "
            "or give bounds"
        )
    return text + "make the cells larger, or give narrower bounds"


def strays(x: Floats, y: Floats) -> npt.NDArray[np.int64]:
    """Events that lie more than ten times as far from the middle as nine in ten do, the farthest first.

    With fewer than four events nobody can say which one strays.
    """
    if x.size < 4:
        return np.empty(0, np.int64)
    some = slice(None, None, max(1, x.size // 10_000))
    middle = float(np.median(x[some])), float(np.median(y[some]))
    away = np.hypot(x[some] - middle[0], y[some] - middle[1])
    # Of the nine in ten that lie nearest; with few events one stray must not set the scale itself.
    scale = float(np.partition(away, k := min(int(0.9 * (away.size - 1)), away.size - 2))[k])
    reach = math.hypot(
        max(float(x.max()) - middle[0], middle[0] - float(x.min())),
        max(float(y.max()) - middle[1], middle[1] - float(y.min())),
    )
    if scale <= 0 or reach <= STRAY * scale:
        return np.empty(0, np.int64)
    away = np.hypot(x - middle[0], y - middle[1])
    far = np.flatnonzero(away > STRAY * scale)
    return far[np.argsort(-away[far], kind="stable")]


def stray_check(x: Floats, y: Floats) -> Check:
    """Whether some events lie so far out that their places are likely wrong (a stray 0, 0 is the usual one)."""
    far = strays(x, y)
    if not far.size:
        return Check("strays", True, msg("No event lies far from all others."))
    i = int(far[0])
    return Check(
        "strays",
        False,
        msg_n(
            "{n:count} event lies far from all others, at ({x:.0f}, {y:.0f}): its place is likely wrong, and it stretches "
            "the map.",
            "{n:count} events lie far from all others, the farthest at ({x:.0f}, {y:.0f}): their places are likely wrong, "
            "and they stretch the map.",
            int(far.size), x=float(x[i]), y=float(y[i]),
        ),
    )  # fmt: skip


def outside_check(outside: int, n: int) -> Check:
    """How many of the events lie outside the study region, and so were left out."""
    if outside == 0:
        return Check("region", True, msg("All events lie inside the study region."))
    return Check(
        "region",
        False,
        msg(
            "{outside:count} of {n:count} events lie outside the study region and were left out.",
            outside=outside, n=n,
        ),
    )  # fmt: skip


def region_of(mask: npt.ArrayLike | None, grid: EventGrid) -> Bools | None:
    """The study region as a boolean grid, or None where it is the whole grid."""
    if mask is None:
        return None
    region = np.asarray(mask)
    if region.shape != grid.shape:
        raise ValueError(
            f"mask has the shape {region.shape}, and these bounds in cells of {grid.cell:g} m make {grid.shape} (rows from "
            "the south, columns from the west): give bounds and a mask that fit each other"
        )
    if region.dtype != np.bool_:
        raise ValueError(f"mask must hold True and False, not {region.dtype}: True where the study region is")
    if not region.any():
        raise ValueError("mask is False everywhere, so there is no study region: True is where it is")
    return None if region.all() else region


def heat_map(
    values: Floats,
    grid: EventGrid,
    *,
    title: str,
    east: str,
    north: str,
    unknown: str,
    scale: dict[str, Any] | None = None,
    marks: Sequence[float] | None = None,
    width: int = 520,
    most: int = 80,
) -> dict[str, Any]:
    """A Vega-Lite map of ``values`` (not a number where unknown or outside), in blocks so that no side has over ``most``.

    A block shows the mean of what is known in it. Colours are the reader's: only the role of unknown blocks is named.
    ``marks``: the values that the key shows.
    """
    block = max(1, math.ceil(max(grid.shape) / most))
    down, across = math.ceil(grid.rows / block), math.ceil(grid.columns / block)
    padded = np.full((down * block, across * block), np.nan)
    padded[: grid.rows, : grid.columns] = values
    blocks = padded.reshape(down, block, across, block)
    known = np.isfinite(blocks)
    count = known.sum((1, 3))
    mean = np.where(count > 0, np.where(known, blocks, 0.0).sum((1, 3)) / np.maximum(count, 1), np.nan)
    step = block * grid.cell / 1000
    rows: list[dict[str, Any]] = []
    for i, j in np.ndindex(down, across):
        x, y = grid.xmin / 1000 + j * step, grid.ymin / 1000 + i * step
        value = float(mean[i, j])
        place = {"x": round(x, 4), "x2": round(x + step, 4), "y": round(y, 4), "y2": round(y + step, 4)}
        rows.append({**place, "v": float(f"{value:.5g}") if math.isfinite(value) else None})
    height = round(min(900.0, max(80.0, width * down / across)))

    def axis(field: str, words: str) -> dict[str, Any]:
        return {
            "field": field, "type": "quantitative", "title": words,
            "scale": {"zero": False, "nice": False}, "axis": {"grid": False, "tickCount": 5, "format": ".1~f"},
        }  # fmt: skip

    place = {"x": axis("x", east), "x2": {"field": "x2"}, "y": axis("y", north), "y2": {"field": "y2"}}
    colour = {
        "field": "v",
        "type": "quantitative",
        "title": title,
        "legend": {"format": ".3~g", "type": "symbol"} | ({"values": list(marks)} if marks else {}),
    } | ({"scale": scale} if scale else {})
    layers: list[dict[str, Any]] = [
        {
            "transform": [{"filter": "isValid(datum.v)"}],
            "mark": {"type": "rect", "strokeWidth": 0.7},
            # The same on the edge, or drawn blocks leave hairlines between them.
            "encoding": {**place, "fill": colour, "stroke": {**colour, "legend": None}},
        }
    ]
    if any(r["v"] is None for r in rows):
        layers.insert(
            0,
            {
                "description": unknown,
                "transform": [{"filter": "!isValid(datum.v)"}],
                "mark": {"type": "rect", "style": "unknown", "strokeWidth": 0},
                "encoding": place,
            },
        )
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": width,
        "height": height,
        "data": {"values": rows},
        "layer": layers,
    }
