"""Pairs of events counted by band, the shapes of their graphs, and the counts when times are shuffled."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.stats._knox_layout import Layout
from forestall.stats._knox_moments import Moments, Shapes, shuffled_moments
from forestall.stats._unfit import Unfit
from forestall.text import msg

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Progress = Callable[[int, int], None]

#: Pairs of locations that may be held in memory for the shuffles (1 GB).
MOST_PAIRS = 250_000_000
#: Triples of neighbours that are looked at one by one; beyond it triangles are sampled.
EXACT_TRIPLES = 4e7
#: Pairs of neighbours sampled for each band then; the share that closes is known to about two parts in a hundred.
SAMPLED = 2000


def _kernels() -> Any:
    """The compiled loops, imported when they are needed."""
    from forestall.stats import _knox_kernels

    return _knox_kernels


@contextlib.contextmanager
def threads(work: float) -> Iterator[None]:
    """One thread for little work: on a busy machine threads that wait for each other take longer than the work."""
    import numba

    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1 if work < 2e8 else before)
        yield
    finally:
        numba.set_num_threads(before)


class Pairs:
    """Counts of pairs for one set of events and bands."""

    def __init__(self, layout: Layout, t: Floats, edges: Floats, time_edges: Floats, manhattan: bool, seed: int) -> None:
        self.layout, self.t, self.edges, self.time_edges = layout, t, edges, time_edges
        self.manhattan, self.seed = manhattan, seed
        self.sorted_t = np.sort(t)
        self.space_totals = np.zeros(edges.size + 1, np.int64)
        self.time_totals = np.zeros(time_edges.size, np.int64)
        self.ends: Ints = np.zeros((0, 0), np.int64)

    def observed(self) -> tuple[Ints, Ints]:
        """Pairs within the bands, and how many of each row have the very same time."""
        kernels = _kernels()

        place, leaf = self.layout.place, self.layout.leaf
        by_time = np.lexsort((self.t[self.layout.order], leaf[place]))
        order, place = self.layout.order[by_time], place[by_time]
        x, y = self.layout.x[place], self.layout.y[place]
        starts = self.layout.begin[self.layout.starts]
        single = np.diff(self.layout.starts) == 1
        edges = np.append(np.nextafter(0.0, 1.0), self.time_edges)
        parts = kernels.observed_pairs(
            x, y, self.t[order], place, starts, single, *self.layout.tree, self.edges, edges, self.manhattan
        )
        counts = parts.sum(0)
        tied = counts[:, 0].copy()
        counts[:, 1] += tied
        return np.asarray(counts[:, 1:], np.int64), np.asarray(tied, np.int64)

    def space_shapes(self) -> list[Shapes]:
        """Of the same location, each band, and all of them together."""
        kernels = _kernels()

        place = self.layout
        m, tree = place.events, (place.starts, *place.tree)
        degree = kernels.space_degrees(place.x, place.y, m, *tree, self.edges, self.manhattan)
        others = degree.sum(0)
        weight = np.empty((self.edges.size + 1, m.size), np.int64)
        np.multiply(degree, m, out=weight[:-1])
        weight[-1] = m * (others + m - 1)
        sums = kernels.space_neighbour_sums(place.x, place.y, weight, *tree, self.edges, self.manhattan)
        del weight
        sums[-1] += (m - 1) * (others + m - 1)
        triangles = self._space_triangles(degree, others, tree)
        at_one = _three(m)
        rows = [_shapes(m - 1, (m - 1) ** 2, at_one, m)]
        rows += [_shapes(degree[r], sums[r], triangles[r], m) for r in range(self.edges.size)]
        rows.append(_shapes(others + m - 1, sums[-1], triangles[-1], m))
        self.space_totals = np.array([s.edges for s in rows[:-1]], np.int64)
        return rows

    def _space_triangles(self, degree: Ints, others: Ints, tree: tuple[Any, ...]) -> list[int]:
        kernels = _kernels()

        place, m = self.layout, self.layout.events
        most = int(min(others.max(initial=0), m.size)) + 1
        if float((others.astype(float) ** 2).sum()) / 8 <= EXACT_TRIPLES:
            found = kernels.space_triangles(place.x, place.y, m, *tree, self.edges, self.manhattan, most).sum(0)
            together = int(found[-1]) + sum(map(int, (m * (m - 1) // 2 * others)[m > 1])) + _three(m)
            return [*(int(v) for v in found[:-1]), together]
        rng = np.random.default_rng(self.seed)
        out = []
        for row in range(self.edges.size + 1):
            d = (degree[row] if row < self.edges.size else others + m - 1).astype(float)
            up_to = np.cumsum(m * d * (d - 1) / 2)
            if up_to[-1] == 0:
                out.append(0)
                continue
            centres = np.searchsorted(up_to, rng.random(SAMPLED) * up_to[-1], side="right").clip(max=m.size - 1)
            closed = kernels.sampled_closure(
                place.x, place.y, m, place.starts, place.leaf, *place.tree, self.edges, self.manhattan,
                np.asarray(centres, np.int64), row, most, np.uint64(self.seed % 2**63 + row),
            )  # fmt: skip
            out.append(round(int(closed) / SAMPLED * up_to[-1] / 3))
        return out

    def time_shapes(self) -> list[Shapes]:
        """Of each band, and all of them together."""
        kernels = _kernels()

        degree, begins, ends = kernels.time_degrees(self.sorted_t, self.time_edges)
        weight = np.concatenate([degree, degree.sum(0)[None]])
        sums = kernels.time_neighbour_sums(weight, begins, ends)
        triangles = kernels.time_triangles(begins, ends)
        rows = [_shapes(d, s, int(n)) for d, s, n in zip(weight, sums, triangles, strict=True)]
        self.time_totals = np.array([s.edges for s in rows[:-1]], np.int64)
        self.ends = ends
        return rows

    def shuffled(self, count: int, progress: Progress | None) -> Ints:
        """Pairs within the bands in each of ``count`` shuffles; shape (count, rows, columns)."""
        kernels = _kernels()

        seed = np.uint64(self.seed % 2**63)
        if 6 * self.time_totals.sum() < self.space_totals.sum():
            by_time = np.argsort(self.t, kind="stable")
            inverse = np.empty(self.t.size, np.int64)
            inverse[self.layout.order] = self.layout.place
            at = inverse[by_time]
            x, y = self.layout.x[at], self.layout.y[at]

            def some(first: int, n: int) -> Any:
                return kernels.shuffled_places(x, y, self.ends, self.edges, self.manhattan, first, n, seed)

        else:
            offset, other = self._location_pairs()
            t, edges = _narrow(self.t[self.layout.order], self.time_edges)
            begin, bands = self.layout.begin, self.edges.size

            def some(first: int, n: int) -> Any:
                return kernels.shuffled_times(t, begin, offset, other, bands, edges, first, n, seed)

        with threads(min(int(self.time_totals.sum()), int(self.space_totals.sum())) * count):
            return _in_batches(some, count, progress)

    def _location_pairs(self) -> tuple[Ints, npt.NDArray[np.int32]]:
        kernels = _kernels()

        place, bands = self.layout, self.edges.size
        args: tuple[Any, ...] = (place.x, place.y, place.starts, *place.tree, self.edges, self.manhattan)
        offset = np.zeros(1 + bands * place.x.size, np.int64)
        kernels.location_pairs(*args, offset, np.zeros(0, np.int32))
        np.cumsum(offset, out=offset)
        if offset[-1] > MOST_PAIRS:
            raise Unfit(
                msg(
                    "shuffling needs a list of {n:count} pairs of close locations, more than {most:count}: bring the last "
                    "edge of space_bands nearer, or take permutations=0, which needs no list",
                    n=int(offset[-1]),
                    most=MOST_PAIRS,
                )
            )
        other = np.zeros(max(1, int(offset[-1])), np.int32)
        kernels.location_pairs(*args, offset, other)
        return offset, other


def _narrow(t: Floats, edges: Floats) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Times and edges in single precision where whole numbers lose nothing by it: two pairs then go where one went."""
    if (t == np.floor(t)).all() and np.ptp(t) < 2**23:
        return (t - t.min()).astype(np.float32), np.minimum(np.ceil(edges), 2.0**23).astype(np.float32)
    return t, edges


def _in_batches(some: Callable[[int, int], Any], count: int, progress: Progress | None) -> Ints:
    """Shuffles in batches of about half a second, so that progress is told and Ctrl-C heard."""
    import numba

    from forestall.stats._knox_kernels import LANES

    step = LANES * int(numba.get_num_threads())
    done, size, parts = 0, step, []
    while done < count:
        begun = time.perf_counter()
        n = min(size, count - done)
        parts.append(some(done, n))
        done += n
        if progress is not None:
            progress(done, count)
        if time.perf_counter() - begun < 0.25:
            size *= 2
        elif time.perf_counter() - begun > 1.0:
            size = max(step, size // 2 // step * step)
    return np.asarray(np.concatenate(parts), np.int64)


def _three(m: Ints) -> int:
    return sum(n * (n - 1) * (n - 2) // 6 for n in map(int, m[m > 2]))


def _shapes(degree: Ints, neighbours: Ints, triangles: int, times: Ints | None = None) -> Shapes:
    """From each node's number of neighbours and the sum of theirs; ``times``: how many nodes each entry stands for."""
    from forestall.stats._knox_kernels import big_sum

    if times is not None and times.size < times.sum():
        degree, neighbours = np.repeat(degree, times), np.repeat(neighbours, times)
    one = np.ones(1, np.int64)

    def total(a: Ints, b: Ints) -> int:
        high, low = big_sum(np.broadcast_to(a, b.shape).copy(), b)
        return (int(high) << 32) + int(low)

    both = degree * np.maximum(degree - 1, 0)
    edges, paths = total(one, degree) // 2, total(one, both) // 2
    stars = total(np.maximum(degree - 2, 0), both) // 6
    beside = total(degree, neighbours) // 2 - total(degree, degree) + edges
    return Shapes(edges, paths, triangles, stars, beside - 3 * triangles)


def cell_moments(n: int, space: list[Shapes], when: list[Shapes]) -> list[list[Moments]]:
    """Of all cells. What lies beyond the last edge is all less what lies within it."""
    rows = [[shuffled_moments(n, s, w) for w in when] for s in space]
    for row, s in zip(rows[:-1], space, strict=False):
        within = row[-1]
        row[-1] = Moments(s.edges - within.mean, within.variance, -within.third)
    corner = rows[-1][-1]
    rows[-1] = [Moments(w.edges - m.mean, m.variance, -m.third) for w, m in zip(when[:-1], rows[-1], strict=False)]
    rest = n * (n - 1) // 2 - space[-1].edges - when[-1].edges
    return [*rows[:-1], [*rows[-1], Moments(rest + corner.mean, corner.variance, corner.third)]]


def whole_table(within: Ints, space_totals: Ints, time_totals: Ints, n: int) -> Ints:
    """Pairs within the bands, shape (…, rows, columns), with what lies beyond."""
    shape = (*within.shape[:-2], within.shape[-2] + 1, within.shape[-1] + 1)
    out = np.empty(shape, np.int64)
    out[..., :-1, :-1] = within
    out[..., :-1, -1] = space_totals - within.sum(-1)
    out[..., -1, :-1] = time_totals - within.sum(-2)
    out[..., -1, -1] = n * (n - 1) // 2 - space_totals.sum() - time_totals.sum() + within.sum((-2, -1))
    return out
