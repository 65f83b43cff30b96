"""Who is whose neighbour, and how much each counts: compressed sparse rows that cannot change once made.

``Neighbours`` holds a place's *others*; how much the place counts in its own neighbourhood lies beside them, in ``own``.
A row need not agree with its reverse: the five nearest of A may include B without A among B's own five.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

#: Pairs within a distance beyond which the distance is surely a mistake (about 2 GB of neighbours).
MOST_PAIRS = 50_000_000


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Place i's neighbours are ``indices[indptr[i]:indptr[i + 1]]`` and count ``weights`` of the same slice.

    ``indptr``: shape (places + 1,). ``indices``, ``weights``: shape (links,); weights lie above 0. ``own``: shape
    (places,), what each place weighs in its own neighbourhood, 0 unless :meth:`with_self`. All are read-only. Raises
    ``ValueError`` for a neighbour that doesn't exist, a place that is listed as its own neighbour or twice, and weights
    of 0 or less.
    """

    indptr: Ints
    indices: Ints
    weights: Floats
    own: Floats

    def __post_init__(self) -> None:
        for name, kind in (("indptr", np.int64), ("indices", np.int64), ("weights", np.float64), ("own", np.float64)):
            given = np.asarray(getattr(self, name))
            if given.size and kind is np.int64 and not np.issubdtype(given.dtype, np.integer):
                raise ValueError(f"{name} must hold whole numbers, not {given.ravel()[0].item()!r}")
            array = np.array(given, dtype=kind)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        _check_shape(self.indptr, self.indices, self.weights, self.own)
        _check_links(self.indptr, self.indices)
        _check_weights(self.indptr, self.indices, self.weights, self.own)

    @staticmethod
    def from_lists(
        lists: Sequence[Sequence[int]], weights: Sequence[Sequence[float]] | None = None, *, include_self: bool = False
    ) -> Neighbours:
        """``lists[i]``: the indices of place i's neighbours, an empty list for an island. ``weights``: one number above 0
        for each of them, 1 where None. ``include_self``: as :meth:`with_self`; a place never lists itself."""
        sizes = np.array([len(row) for row in lists], np.int64)
        indices = np.array(list(itertools.chain.from_iterable(lists)))
        if weights is None:
            flat = np.ones(indices.size)
        else:
            if len(weights) != len(lists):
                raise ValueError(
                    f"weights are for {len(weights)} places and neighbours for {len(lists)}: give one row each"
                )
            for i, (row, given) in enumerate(zip(lists, weights, strict=True)):
                if len(row) != len(given):
                    raise ValueError(f"place {i} has {len(row)} neighbours and {len(given)} weights: give one for each")
            flat = np.array(list(itertools.chain.from_iterable(weights)), float)
        indices = indices if indices.size else np.zeros(0, np.int64)
        out = Neighbours(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), indices, flat, np.zeros(sizes.size))
        return out.with_self() if include_self else out

    @staticmethod
    def from_pairs(places: int, pairs: npt.ArrayLike, *, include_self: bool = False) -> Neighbours:
        """``pairs``: whole numbers, shape (pairs, 2); each pair once, and both count as the other's neighbour."""
        links = np.asarray(pairs)
        links = links if links.size else np.zeros((0, 2), np.int64)
        if links.ndim != 2 or links.shape[1] != 2:
            raise ValueError(f"pairs must be of shape (pairs, 2), not {links.shape}")
        if not np.issubdtype(links.dtype, np.integer):
            raise ValueError(f"pairs must hold whole numbers, not {links.ravel()[0].item()!r}")
        bad = (links < 0) | (links >= places)
        if bad.any():
            raise ValueError(_no_such_place(int(links[bad][0]), places))
        a, b = links[:, 0].astype(np.int64), links[:, 1].astype(np.int64)
        row, column = np.concatenate([a, b]), np.concatenate([b, a])
        order = np.argsort(row * places + column, kind="stable")
        out = _of_rows(row[order], column[order], places)
        return out.with_self() if include_self else out

    @staticmethod
    def queen(rows: int, columns: int, *, include_self: bool = False) -> Neighbours:
        """Cells of a grid, row by row, that share a side or a corner: up to eight each."""
        moves = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)]
        out = _grid(rows, columns, moves)
        return out.with_self() if include_self else out

    @staticmethod
    def rook(rows: int, columns: int, *, include_self: bool = False) -> Neighbours:
        """Cells of a grid, row by row, that share a side: up to four each."""
        out = _grid(rows, columns, [(-1, 0), (0, -1), (0, 1), (1, 0)])
        return out.with_self() if include_self else out

    @staticmethod
    def nearest(x: npt.ArrayLike, y: npt.ArrayLike, k: int, *, include_self: bool = False) -> Neighbours:
        """The ``k`` nearest others of each place, nearest first. ``x``, ``y``: shape (places,), metres or any one unit.

        Where several lie equally far and not all can be taken, which are is the same at each call and means nothing.
        Raises ``ValueError`` where there are no ``k`` others.
        """
        points = points_of(x, y)
        n = len(points)
        if not (isinstance(k, int | np.integer) and 1 <= k < n):
            raise ValueError(f"k must be a whole number from 1 to {n - 1}, as there are {n} places, not {k!r}")
        from scipy.spatial import cKDTree

        found = cKDTree(points).query(points, int(k) + 1)[1]
        itself = found == np.arange(n)[:, None]
        itself[:, -1] |= ~itself.any(1)  # among more than k at one spot a place need not find itself: drop the last
        others = found[~itself].reshape(n, int(k))
        out = Neighbours(np.arange(n + 1) * int(k), others.ravel(), np.ones(others.size), np.zeros(n))
        return out.with_self() if include_self else out

    @staticmethod
    def within(x: npt.ArrayLike, y: npt.ArrayLike, distance: float, *, include_self: bool = False) -> Neighbours:
        """All others that lie ``distance`` away or less. ``x``, ``y``: shape (places,), in the unit of ``distance``.

        Places that lie at one spot are neighbours; a place with nobody so near is an island. Raises ``ValueError`` where
        there would be more than 50 million pairs.
        """
        points = points_of(x, y)
        if not (distance >= 0 and math.isfinite(distance)):
            raise ValueError(f"distance must be 0 or more and finite, not {distance!r}")
        from scipy.spatial import cKDTree

        tree = cKDTree(points)
        pairs = (int(tree.count_neighbors(tree, distance)) - len(points)) // 2
        if pairs > MOST_PAIRS:
            raise ValueError(
                f"{pairs:,} pairs lie within {distance!r} of each other and {MOST_PAIRS:,} can be held: give a shorter "
                "distance, or the nearest few"
            )
        return Neighbours.from_pairs(
            len(points), tree.query_pairs(distance, output_type="ndarray"), include_self=include_self
        )

    def __len__(self) -> int:
        return int(self.own.size)

    def with_self(self, weight: float | None = None) -> Neighbours:
        """The same, each place in its own neighbourhood; ``weight`` None: as much as its heaviest neighbour, 1 for an
        island."""
        if weight is not None and not (weight > 0 and math.isfinite(weight)):
            raise ValueError(f"a place's weight in its own neighbourhood must be above 0 and finite, not {weight!r}")
        return replace(self, own=self.heaviest if weight is None else np.full(len(self), float(weight)))

    def without_self(self) -> Neighbours:
        """The same, no place in its own neighbourhood."""
        return replace(self, own=np.zeros(len(self)))

    def row_standardised(self) -> Neighbours:
        """The same, the weights of each neighbourhood (its own with them) adding up to 1; an island's stay."""
        total = self.row_sums + self.own
        scale = np.where(self.counts > 0, 1 / np.where(total > 0, total, 1.0), 1.0)
        return replace(self, weights=self.weights * np.repeat(scale, self.counts), own=self.own * scale)

    def sums(self, values: npt.ArrayLike) -> Floats:
        """The weighted sum of ``values`` over each place's neighbours, without the place itself; shape (places,)."""
        return np.asarray(self._matrix @ np.asarray(values, float), float)

    @functools.cached_property
    def counts(self) -> Ints:
        """How many neighbours each place has, without itself; shape (places,)."""
        return np.diff(self.indptr)

    @functools.cached_property
    def row_sums(self) -> Floats:
        """Each place's neighbours' weights added up, without its own; shape (places,)."""
        return self._power_sums(1)

    @functools.cached_property
    def square_sums(self) -> Floats:
        """Each place's neighbours' squared weights added up; shape (places,)."""
        return self._power_sums(2)

    @functools.cached_property
    def cube_sums(self) -> Floats:
        """Each place's neighbours' cubed weights added up; shape (places,)."""
        return self._power_sums(3)

    @functools.cached_property
    def heaviest(self) -> Floats:
        """Each place's largest neighbour's weight, 1 for an island; shape (places,)."""
        out = np.ones(len(self))
        if self._alike:
            out[self.counts > 0] = self.weights[:1].sum()
        else:
            full = self.counts > 0
            out[full] = np.maximum.reduceat(self.weights, self.indptr[:-1][full])
        return out

    @functools.cached_property
    def equal(self) -> bool:
        """Whether each place's neighbours all weigh the same (each place may have a weight of its own)."""
        if self._alike:
            return True
        full = self.counts > 0
        low = np.minimum.reduceat(self.weights, self.indptr[:-1][full])
        return bool((self.heaviest[full] - low <= 1e-12 * low).all())

    @functools.cached_property
    def _alike(self) -> bool:
        """Whether all weights are one number."""
        return self.weights.size == 0 or bool((self.weights == self.weights[0]).all())

    @functools.cached_property
    def _matrix(self) -> Any:
        from scipy import sparse

        return sparse.csr_matrix((self.weights, self.indices, self.indptr), shape=(len(self), len(self)))

    def _power_sums(self, power: int) -> Floats:
        if self._alike:
            weight = float(self.weights[0]) if self.weights.size else 1.0
            return np.asarray(self.counts * weight**power, float)
        out = np.zeros(len(self))
        full = self.counts > 0
        out[full] = np.add.reduceat(self.weights**power, self.indptr[:-1][full])
        return out


def _grid(rows: int, columns: int, moves: Sequence[tuple[int, int]]) -> Neighbours:
    for name, size in (("rows", rows), ("columns", columns)):
        if not (isinstance(size, int | np.integer) and size >= 1):
            raise ValueError(f"{name} must be a whole number of 1 or more, not {size!r}")
    row, column = np.divmod(np.arange(rows * columns), columns)
    there = np.empty((rows * columns, len(moves)), bool)
    for m, (up, right) in enumerate(moves):
        there[:, m] = (row + up >= 0) & (row + up < rows) & (column + right >= 0) & (column + right < columns)
    steps = np.array([up * columns + right for up, right in moves])
    indices = (np.arange(rows * columns)[:, None] + steps)[there]
    indptr = np.concatenate([[0], np.cumsum(there.sum(1))])
    return Neighbours(indptr, indices, np.ones(indices.size), np.zeros(rows * columns))


def _of_rows(row: Ints, column: Ints, places: int) -> Neighbours:
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=places))])
    return Neighbours(indptr, column, np.ones(column.size), np.zeros(places))


def points_of(x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
    px, py = np.asarray(x, float).ravel(), np.asarray(y, float).ravel()
    if px.size != py.size:
        raise ValueError(f"there are {px.size} values of x and {py.size} of y: give one of each for each place")
    if px.size == 0:
        raise ValueError("there are no places: give at least one x and y")
    for name, v in (("x", px), ("y", py)):
        bad = ~np.isfinite(v)
        if bad.any():
            i = int(np.argmax(bad))
            raise ValueError(f"{name}[{i}] is {v[i]}: leave out places that have no location")
    return np.column_stack([px, py])


def _check_shape(indptr: Ints, indices: Ints, weights: Floats, own: Floats) -> None:
    if own.size < 1:
        raise ValueError("there are no places: give the neighbours of at least one")
    if indptr.ndim != 1 or indptr.size != own.size + 1:
        raise ValueError(f"indptr has {indptr.size} entries and own {own.size}: places need one more than there are places")
    if indptr[0] != 0 or (np.diff(indptr) < 0).any() or indptr[-1] != indices.size:
        raise ValueError(f"indptr must rise from 0 to the number of neighbours, {indices.size}; it ends at {indptr[-1]}")
    if indices.shape != weights.shape:
        raise ValueError(f"there are {indices.size} neighbours and {weights.size} weights: give one for each")


def _no_such_place(index: int, places: int) -> str:
    return f"neighbour {index} doesn't exist: there are {places} places, numbered from 0 to {places - 1}"


def _check_links(indptr: Ints, indices: Ints) -> None:
    n = indptr.size - 1
    bad = (indices < 0) | (indices >= n)
    if bad.any():
        raise ValueError(_no_such_place(int(indices[np.argmax(bad)]), n))
    row = np.repeat(np.arange(n), np.diff(indptr))
    if (row == indices).any():
        i = int(row[np.argmax(row == indices)])
        raise ValueError(f"place {i} is listed as its own neighbour: leave it out and ask for include_self or with_self()")
    keys = row * n + indices
    if (np.diff(keys) <= 0).any():
        keys = np.sort(keys)
        twice = np.diff(keys) == 0
        if twice.any():
            i, j = divmod(int(keys[np.argmax(twice)]), n)
            raise ValueError(f"place {i} has neighbour {j} twice: list each neighbour once, with its whole weight")


def _check_weights(indptr: Ints, indices: Ints, weights: Floats, own: Floats) -> None:
    bad = ~((weights > 0) & (weights < np.inf))
    if bad.any():
        at = int(np.argmax(bad))
        i = int(np.searchsorted(indptr, at, side="right")) - 1
        raise ValueError(
            f"place {i} has neighbour {indices[at]} with weight {float(weights[at])!r}: weights lie above 0 and are "
            "finite; leave out those that don't count"
        )
    bad = ~((own >= 0) & (own < np.inf))
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(f"place {i} weighs {float(own[i])!r} in its own neighbourhood: give 0 or more, and finite")
