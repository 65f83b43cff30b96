"""Which area holds a point: the one whose boundary does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from forestall.places.model import Level

#: Metres by which a point may lie outside of every boundary, because published boundaries are generalised.
REACH = 50.0


def holding(level: Level, easting: npt.ArrayLike, northing: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Which area of ``level`` holds each point (metres, British National Grid): indices, -1 where none does.

    A point on a shared boundary goes to the first area in order of code; one outside of all to the nearest within
    :data:`REACH`, if there is one.
    """
    import shapely

    e, n = np.asarray(easting, dtype=np.float64), np.asarray(northing, dtype=np.float64)
    out = np.full(len(e), -1, dtype=np.int64)
    shapes: list[Any] = list(level.polygons or ())
    have = np.flatnonzero([p is not None and not p.is_empty for p in shapes])
    known = np.flatnonzero(np.isfinite(e) & np.isfinite(n))
    if not len(have) or not len(known):
        return out
    tree = shapely.STRtree([shapes[i] for i in have])
    points = shapely.points(e[known], n[known])
    for found in (tree.query_nearest(points, max_distance=REACH), tree.query(points, predicate="intersects")):
        at, area = known[found[0]], have[found[1]]
        order = np.lexsort((area, at))
        at, first = np.unique(at[order], return_index=True)
        out[at] = area[order][first]
    return out
