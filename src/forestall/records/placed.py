"""The area of a record whose source gives a point and no area code: the one whose boundary holds the point.

It is worked out when records are read and never written into them, so that better boundaries mend it. The places' version
stands in every result's provenance.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from forestall.places import Places
from forestall.places.holding import holding


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
