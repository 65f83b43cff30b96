"""Events laid out for the near-repeat test: identical locations grouped, and the groups in leaves of a few neighbours.

Locations are cut by x into slabs of equal numbers and each slab by y into leaves, so a leaf is small where events are
dense and large where they are sparse. A stray point far away costs one wide leaf and no empty cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Most locations of a leaf, and most events unless one location alone has more.
LEAF_PLACES, LEAF_EVENTS = 64, 512


@dataclass(frozen=True)
class Layout:
    """``order``: the events by location, locations in the order of leaves. ``x``, ``y``, ``events``: each location and how
    many events it has. ``starts``: where each leaf's locations begin; ``leaf``: each location's leaf. ``box``: each leaf's
    least and greatest x, then y. ``slabs``, ``slab_box``: the same of slabs over leaves."""

    order: Ints
    x: Floats
    y: Floats
    events: Ints
    starts: Ints
    leaf: Ints
    box: Floats
    slabs: Ints
    slab_box: Floats

    @property
    def begin(self) -> Ints:
        """Where each location's events begin in ``order``; one more at the end."""
        return np.concatenate([[0], np.cumsum(self.events)])

    @property
    def place(self) -> Ints:
        """The location of each event of ``order``."""
        return np.repeat(np.arange(self.events.size), self.events)

    @property
    def tree(self) -> tuple[Floats, Ints, Floats]:
        """What a search for near leaves goes by."""
        return self.box, self.slabs, self.slab_box


def lay_out(x: Floats, y: Floats) -> Layout:
    """``x``, ``y``: shape (events,), finite."""
    order = np.lexsort((y, x))
    xs, ys = x[order], y[order]
    first = np.concatenate([[True], (np.diff(xs) != 0) | (np.diff(ys) != 0)])
    events = np.diff(np.append(np.flatnonzero(first), x.size))
    px, py = xs[first], ys[first]
    slab_places = LEAF_PLACES * max(1, math.isqrt(max(0, px.size // LEAF_PLACES - 1)) + 1)
    slab = np.arange(px.size) // slab_places
    by_slab = np.lexsort((py, slab))
    begin = np.concatenate([[0], np.cumsum(events)])
    px, py, events, begin = px[by_slab], py[by_slab], events[by_slab], begin[:-1][by_slab]
    within = np.arange(x.size) - np.repeat(np.cumsum(events) - events, events)
    order = order[np.repeat(begin, events) + within]
    starts = _leaf_starts(slab, events)
    edges = np.append(starts, px.size)
    leaf = np.repeat(np.arange(starts.size), np.diff(edges))
    box = np.stack([f.reduceat(v, starts) for v in (px, py) for f in (np.minimum, np.maximum)], 1)
    slabs = np.append(np.flatnonzero(np.concatenate([[True], np.diff(slab[starts]) != 0])), starts.size)
    lows, highs = np.minimum.reduceat(box, slabs[:-1]), np.maximum.reduceat(box, slabs[:-1])
    slab_box = np.ascontiguousarray(np.stack([lows[:, 0], highs[:, 1], lows[:, 2], highs[:, 3]], 1))
    return Layout(order, px, py, events, edges, leaf, np.ascontiguousarray(box), slabs, slab_box)


def _leaf_starts(slab: Ints, events: Ints) -> Ints:
    """Where leaves begin: at a new slab, after enough locations or events, and around a location with many."""
    at = np.flatnonzero(np.concatenate([[True], np.diff(slab) != 0]))
    along = np.arange(slab.size) - np.repeat(at, np.diff(np.append(at, slab.size)))
    heavy = events > LEAF_EVENTS
    new = along % LEAF_PLACES == 0
    # Not to exceed the events, cut wherever their running total, heavy locations left out, passes a multiple.
    running = np.cumsum(np.where(heavy, 0, events)) // (LEAF_EVENTS // 2)
    new[1:] |= (np.diff(running) > 0) | heavy[1:] | heavy[:-1]
    return np.flatnonzero(new)
