"""Grids: every point in its own cell, and cells that tile."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from forestall.errors import ForestallError
from forestall.places.grids import Grid, hex_grid, square_grid

boxes = st.tuples(
    st.floats(0, 600_000), st.floats(0, 1_200_000), st.floats(1, 9_000), st.floats(1, 9_000), st.floats(150, 3_000)
)
makers = st.sampled_from([square_grid, hex_grid])


def make(maker: object, box: tuple[float, float, float, float, float]) -> Grid:
    x, y, width, height, cell = box
    return maker(x, y, x + width, y + height, cell)  # type: ignore[operator,no-any-return]


@settings(deadline=None, max_examples=60)
@given(makers, boxes, st.integers(0, 2**32 - 1))
def test_every_point_lies_in_its_cell(maker: object, box: tuple[float, float, float, float, float], seed: int) -> None:
    grid = make(maker, box)
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(grid.xmin, grid.xmax, 200), rng.uniform(grid.ymin, grid.ymax, 200)
    x[:4], y[:4] = [grid.xmin, grid.xmax, grid.xmin, grid.xmax], [grid.ymin, grid.ymin, grid.ymax, grid.ymax]
    cells = grid.assign(x, y)
    assert cells.min() >= 0
    assert cells.max() < len(grid)
    assert shapely.distance(grid.polygons(cells), shapely.points(x, y)).max() < 1e-6


@settings(deadline=None, max_examples=40)
@given(makers, boxes)
def test_cells_tile(maker: object, box: tuple[float, float, float, float, float]) -> None:
    grid = make(maker, box)
    cells = grid.polygons()
    area = grid.cell**2 * (np.sqrt(3) / 2 if grid.shape == "hex" else 1)
    np.testing.assert_allclose(shapely.area(cells), area, rtol=1e-6)
    whole = shapely.union_all(shapely.buffer(cells, 1e-3, join_style="mitre"))
    assert whole.buffer(1e-2).covers(shapely.box(grid.xmin, grid.ymin, grid.xmax, grid.ymax))
    np.testing.assert_allclose(whole.area, area * len(grid), rtol=1e-3)


@settings(deadline=None, max_examples=40)
@given(makers, boxes)
def test_neighbours_are_the_cells_that_touch(maker: object, box: tuple[float, float, float, float, float]) -> None:
    grid = make(maker, box)
    grown = shapely.buffer(grid.polygons(), grid.cell * 1e-4)
    i, j = shapely.STRtree(grown).query(grown, predicate="intersects")
    expected = sorted({(int(a), int(b)) for a, b in zip(i, j, strict=True) if a < b})
    assert [tuple(p) for p in grid.neighbours().tolist()] == expected


def test_centroids_are_the_polygons_own() -> None:
    for grid in (square_grid(0, 0, 1000, 700, 100), hex_grid(0, 0, 1000, 700, 100)):
        centres = shapely.get_coordinates(shapely.centroid(grid.polygons()))
        np.testing.assert_allclose(centres, np.column_stack(grid.centroids()), atol=1e-6)


def test_outside_and_unknown_have_no_cell() -> None:
    grid = hex_grid(0, 0, 1000, 1000, 100)
    assert grid.assign([-1, np.nan, 500], [5, 5, 2000]).tolist() == [-1, -1, -1]


@pytest.mark.parametrize("cell", [0, -5, float("nan"), 0.001])
def test_no_grid_of_nonsense(cell: float) -> None:
    with pytest.raises(ForestallError):
        square_grid(0, 0, 50_000, 50_000, cell)
