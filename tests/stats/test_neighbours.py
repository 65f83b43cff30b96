"""Neighbours: against every pair, by hand, and what can't be is quoted."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forestall.stats.neighbours import Neighbours

coordinates = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=25)


def rows(near: Neighbours) -> list[set[int]]:
    return [set(near.indices[a:b].tolist()) for a, b in zip(near.indptr[:-1], near.indptr[1:], strict=True)]


@given(coordinates, st.floats(0, 5))
def test_within_is_every_pair_that_is_near_enough(points: list[tuple[int, int]], distance: float) -> None:
    x, y = zip(*points, strict=True)
    slow = [
        {j for j, (c, d) in enumerate(points) if j != i and ((a - c) ** 2 + (b - d) ** 2) <= distance**2}
        for i, (a, b) in enumerate(points)
    ]
    assert rows(Neighbours.within(x, y, distance)) == slow


@given(coordinates, st.data())
def test_nearest_are_no_further_than_those_left_out(points: list[tuple[int, int]], data: st.DataObject) -> None:
    x, y = zip(*points, strict=True)
    k = data.draw(st.integers(1, len(points) - 1))
    for i, row in enumerate(rows(Neighbours.nearest(x, y, k))):
        apart = [(a - x[i]) ** 2 + (b - y[i]) ** 2 for a, b in points]
        assert len(row) == k
        assert i not in row
        left = [d for j, d in enumerate(apart) if j != i and j not in row]
        assert max(apart[j] for j in row) <= min(left, default=99)


@given(st.integers(1, 6), st.integers(1, 6))
def test_grids_are_cells_that_touch(high: int, wide: int) -> None:
    queen, rook = rows(Neighbours.queen(high, wide)), rows(Neighbours.rook(high, wide))
    for i in range(high * wide):
        for j in range(high * wide):
            r, c = abs(i // wide - j // wide), abs(i % wide - j % wide)
            assert (j in queen[i]) == (max(r, c) == 1)
            assert (j in rook[i]) == (r + c == 1)


def test_a_small_case_by_hand() -> None:
    near = Neighbours.from_lists([[1, 2], [0], []], [[1.0, 3.0], [2.0], []])
    assert near.counts.tolist() == [2, 1, 0]
    assert near.row_sums.tolist() == [4, 2, 0]
    assert near.square_sums.tolist() == [10, 4, 0]
    assert near.cube_sums.tolist() == [28, 8, 0]
    assert near.sums([10, 20, 30]).tolist() == [110, 20, 0]
    assert near.heaviest.tolist() == [3, 2, 1]
    assert not near.equal
    assert near.row_standardised().weights.tolist() == [0.25, 0.75, 1.0]
    assert near.with_self().own.tolist() == [3, 2, 1]
    assert near.with_self(5.0).row_standardised().own == pytest.approx([5 / 9, 5 / 7, 5.0])
    assert near.with_self().without_self().own.tolist() == [0, 0, 0]
    alike = Neighbours.from_lists([[1, 2], [0], []], include_self=True)
    assert alike.own.tolist() == [1, 1, 1]
    assert alike.equal
    assert alike.row_standardised().equal
    assert alike.cube_sums.tolist() == [2, 1, 0]


def test_pairs_count_both_ways() -> None:
    assert rows(Neighbours.from_pairs(4, [(0, 1), (1, 2)])) == [{1}, {0, 2}, {1}, set()]
    assert rows(Neighbours.from_pairs(2, [])) == [set(), set()]


def test_neighbours_cannot_be_changed() -> None:
    near = Neighbours.queen(2, 2)
    with pytest.raises(ValueError, match="read-only"):
        near.weights[0] = 9
    with pytest.raises(dataclasses.FrozenInstanceError):
        near.own = np.ones(4)  # type: ignore[misc]


def test_what_cannot_be_is_quoted() -> None:
    bad = [
        (lambda: Neighbours.from_lists([[1], [7]]), "neighbour 7 doesn't exist: there are 2 places, numbered from 0 to 1"),
        (lambda: Neighbours.from_lists([[1], [-1]]), "neighbour -1 doesn't exist"),
        (lambda: Neighbours.from_lists([[0], [1]]), "place 0 is listed as its own neighbour"),
        (lambda: Neighbours.from_lists([[1], [0, 0]]), "place 1 has neighbour 0 twice"),
        (lambda: Neighbours.from_lists([[1], [0]], [[1], [-2]]), r"place 1 has neighbour 0 with weight -2\.0"),
        (lambda: Neighbours.from_lists([[1], [0]], [[1], [float("nan")]]), "weight nan"),
        (lambda: Neighbours.from_lists([[1], [0]], [[1], [2, 3]]), "place 1 has 1 neighbours and 2 weights"),
        (lambda: Neighbours.from_lists([[1], [0]], [[1]]), "weights are for 1 places"),
        (lambda: Neighbours.from_lists([[1.5], [0]]), r"indices must hold whole numbers, not 1\.5"),  # type: ignore[list-item]
        (lambda: Neighbours.from_lists([]), "there are no places"),
        (lambda: Neighbours.from_pairs(3, [(0, 3)]), "neighbour 3 doesn't exist"),
        (lambda: Neighbours.from_pairs(3, [0, 1]), r"shape \(pairs, 2\)"),
        (lambda: Neighbours.from_pairs(3, [(0.5, 1)]), r"not 0\.5"),
        (lambda: Neighbours.queen(0, 3), "rows must be a whole number of 1 or more, not 0"),
        (
            lambda: Neighbours.nearest([0, 1], [0, 1], 2),
            "k must be a whole number from 1 to 1, as there are 2 places, not 2",
        ),
        (lambda: Neighbours.within([0, float("nan")], [0, 1], 1), r"x\[1\] is nan"),
        (lambda: Neighbours.within([0, 1], [0], 1), "2 values of x and 1 of y"),
        (lambda: Neighbours.within([], [], 1), "there are no places"),
        (lambda: Neighbours.within([0, 1], [0, 1], -1), "distance must be 0 or more and finite, not -1"),
        (lambda: Neighbours.within(np.zeros(10_001), np.zeros(10_001), 1), "50,005,000 pairs lie within 1"),
        (lambda: Neighbours.queen(2, 2).with_self(-1), "above 0 and finite, not -1"),
    ]
    for make, words in bad:
        with pytest.raises(ValueError, match=words):
            make()


def test_all_at_one_point_are_each_other_s_neighbours() -> None:
    assert rows(Neighbours.within([5, 5, 5], [5, 5, 5], 0)) == [{1, 2}, {0, 2}, {0, 1}]
    for i, row in enumerate(rows(Neighbours.nearest(np.zeros(40), np.zeros(40), 3))):
        assert len(row) == 3
        assert i not in row
