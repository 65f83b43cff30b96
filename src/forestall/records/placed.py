"""The area of a record whose source gives a point and no area code: the one whose boundary holds the point.

It is worked out when records are read and never written into them, so that better boundaries mend it. The places' version
stands in every result's provenance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.places import Level, Places

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


def from_points(points: Any, codes: list[str], places: Places) -> Any:
    """An Arrow table of easting, northing, lsoa and lsoa_vintage for those of ``points`` that lie in an area. ``codes``:
    the area codes that other records of the same store bear, whose vintage is followed."""
    import pyarrow as pa

    level = places.matching(codes).levels.get("lsoa")
    held = np.full(len(points), -1, dtype=np.int64)
    if level is not None:
        held = holding(level, points["easting"].to_numpy(), points["northing"].to_numpy())
    inside = held >= 0
    table = points.filter(pa.array(inside))
    names = [] if level is None else [level.codes[i] for i in held[inside]]
    table = table.append_column("placed_lsoa", pa.array(names, pa.string()))
    vintage = pa.repeat(pa.scalar(None if level is None else level.vintage, pa.string()), len(table))
    return table.append_column("placed_vintage", vintage)
