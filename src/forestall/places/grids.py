"""Square and hexagonal grids by cell size in metres: which cell a point falls in, and the cells' shapes and neighbours.

A cell's index is its row times the number of columns plus its column, both counted from the south-west. Every point inside
the box belongs to exactly one cell: a square holds its south and west edges, a point on a hexagon's edge goes to one of the
hexagons that share it. Hexagons stand on a corner; their ``cell`` is the distance between opposite sides, which is also the
distance between the centres of neighbours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.errors import ForestallError
from forestall.places.model import Floats

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """A grid over the box ``xmin, ymin, xmax, ymax`` (metres); ``shape`` is ``square`` or ``hex``, ``cell`` its size."""

    shape: str
    xmin: float
    ymin: float
    xmax: float
    ymax: float
    cell: float
    columns: int
    rows: int

    def __len__(self) -> int:
        return self.rows * self.columns

    def assign(self, easting: npt.ArrayLike, northing: npt.ArrayLike) -> Ints:
        """The index of the cell that each point falls in; -1 outside the box or without coordinates."""
        x, y = np.asarray(easting, dtype=np.float64), np.asarray(northing, dtype=np.float64)
        inside = (x >= self.xmin) & (x <= self.xmax) & (y >= self.ymin) & (y <= self.ymax)
        u, v = np.where(inside, x - self.xmin, 0.0), np.where(inside, y - self.ymin, 0.0)
        row, column = self._hex_cell(u, v) if self.shape == "hex" else self._square_cell(u, v)
        out: Ints = np.where(inside, row * self.columns + column, -1).astype(np.int64)
        return out

    def _square_cell(self, u: Floats, v: Floats) -> tuple[Ints, Ints]:
        column = np.minimum((u // self.cell).astype(np.int64), self.columns - 1)
        return np.minimum((v // self.cell).astype(np.int64), self.rows - 1), column

    def _hex_cell(self, u: Floats, v: Floats) -> tuple[Ints, Ints]:
        """The nearest centre, of those in the two rows that a point lies between."""
        step = self.cell * math.sqrt(3) / 2
        below = np.floor(v / step).astype(np.int64)
        best = np.full(u.shape, np.inf)
        row, column = np.zeros(u.shape, dtype=np.int64), np.zeros(u.shape, dtype=np.int64)
        for r in (below, below + 1):
            shift = np.where(r % 2 == 1, self.cell / 2, 0.0)
            c = np.rint((u - shift) / self.cell).astype(np.int64)
            distance = (u - shift - c * self.cell) ** 2 + (v - r * step) ** 2
            nearer = distance < best
            best, row, column = np.where(nearer, distance, best), np.where(nearer, r, row), np.where(nearer, c, column)
        # Odd rows begin half a cell further east, so a point at the west edge may round to the column before the first.
        return row, column + (row % 2)

    def centroids(self) -> tuple[Floats, Floats]:
        """Easting and northing of every cell's centre, in the order of their indices."""
        row, column = np.divmod(np.arange(len(self)), self.columns)
        if self.shape == "square":
            return self.xmin + (column + 0.5) * self.cell, self.ymin + (row + 0.5) * self.cell
        east = self.xmin + (column - (row % 2) / 2) * self.cell
        return east, self.ymin + row * self.cell * math.sqrt(3) / 2

    def polygons(self, cells: npt.ArrayLike | None = None) -> Any:
        """Shapely polygons of every cell, or of some, as an array."""
        import shapely

        x, y = self.centroids()
        if cells is not None:
            x, y = x[np.asarray(cells)], y[np.asarray(cells)]
        half = self.cell / 2
        if self.shape == "square":
            return shapely.box(x - half, y - half, x + half, y + half)
        side = self.cell / math.sqrt(3)
        dx = np.array([0, half, half, 0, -half, -half])
        dy = np.array([side, side / 2, -side / 2, -side, -side / 2, side / 2])
        return shapely.polygons(np.stack([x[:, None] + dx, y[:, None] + dy], axis=2))

    def neighbours(self) -> npt.NDArray[np.int32]:
        """Pairs of cells that touch, int32 (m, 2), first < second, sorted: up to eight of a square, six of a hexagon."""
        row, column = np.divmod(np.arange(len(self)), self.columns)
        pairs = []
        if self.shape == "square":
            moves = [(np.full(len(self), r), np.full(len(self), c)) for r, c in ((0, 1), (1, -1), (1, 0), (1, 1))]
        else:
            lean = -(row % 2)  # a cell of an odd row lies half a cell west of the one with its column in even rows
            moves = [(np.full(len(self), r), c) for r, c in ((0, np.ones_like(lean)), (1, lean), (1, lean + 1))]
        for up, right in moves:
            r, c = row + up, column + right
            there = (r < self.rows) & (c >= 0) & (c < self.columns)
            pairs.append(np.column_stack([np.flatnonzero(there), (r * self.columns + c)[there]]))
        out = np.concatenate(pairs)
        ordered: npt.NDArray[np.int32] = out[np.lexsort((out[:, 1], out[:, 0]))].astype(np.int32)
        return ordered


def square_grid(xmin: float, ymin: float, xmax: float, ymax: float, cell: float) -> Grid:
    """Squares of ``cell`` metres that cover a box; ForestallError where the box or cell is empty or the grid vast."""
    width, height = _size(xmin, ymin, xmax, ymax, cell)
    columns, rows = max(1, math.ceil(width / cell)), max(1, math.ceil(height / cell))
    return Grid("square", xmin, ymin, xmax, ymax, cell, columns, rows)


def hex_grid(xmin: float, ymin: float, xmax: float, ymax: float, cell: float) -> Grid:
    """Hexagons ``cell`` metres across their sides that cover a box; ForestallError as for :func:`square_grid`."""
    width, height = _size(xmin, ymin, xmax, ymax, cell)
    columns, rows = math.floor(width / cell) + 3, math.floor(height / (cell * math.sqrt(3) / 2)) + 2
    return Grid("hex", xmin, ymin, xmax, ymax, cell, columns, rows)


def _size(xmin: float, ymin: float, xmax: float, ymax: float, cell: float) -> tuple[float, float]:
    width, height = xmax - xmin, ymax - ymin
    if not (cell > 0 and width >= 0 and height >= 0 and math.isfinite(width + height + cell)):
        raise ForestallError(
            f"no grid of {cell} m cells fits {xmin}, {ymin} to {xmax}, {ymax}: give a box and a cell size in metres"
        )
    if (width / cell + 3) * (height / cell + 3) > 20_000_000:
        raise ForestallError(f"a grid of {cell} m cells over {width:.0f} by {height:.0f} m is too large: take larger cells")
    return width, height
