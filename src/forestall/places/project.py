"""British National Grid metres (EPSG:27700) from and to longitude and latitude (WGS84, EPSG:4326), by pyproj.

Without the OSTN15 grid file pyproj uses a Helmert shift: good to about 2 to 5 metres, which is finer than any area or
map point here.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: A box round the United Kingdom: longitude and latitude in degrees.
UK_WGS84 = (-9.5, 49.5, 2.5, 61.5)
#: The extent of the National Grid, metres.
UK_BNG = (0.0, 0.0, 700_000.0, 1_300_000.0)


@functools.cache
def _transformer(source: int, target: int) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(source, target, always_xy=True)


def to_bng(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Easting and northing in metres of longitudes and latitudes in degrees (WGS84); NaN stays NaN, and what lies off
    the projection comes out as NaN."""
    return _project(4326, 27700, lon, lat)


def to_wgs84(easting: npt.ArrayLike, northing: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Longitude and latitude in degrees (WGS84) of eastings and northings in metres; NaN stays NaN."""
    return _project(27700, 4326, easting, northing)


def _project(source: int, target: int, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    xs, ys = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
    a, b = _transformer(source, target).transform(xs, ys)
    a, b = np.asarray(a, dtype=np.float64).copy(), np.asarray(b, dtype=np.float64).copy()
    bad = ~(np.isfinite(a) & np.isfinite(b))
    a[bad] = np.nan
    b[bad] = np.nan
    return a, b


def in_uk_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether points lie in a box round the United Kingdom."""
    return _inside(UK_WGS84, lon, lat)


def in_uk_bng(easting: npt.ArrayLike, northing: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Whether points lie on the extent of the National Grid."""
    return _inside(UK_BNG, easting, northing)


def _inside(box: tuple[float, float, float, float], x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    inside: npt.NDArray[np.bool_] = (xs >= box[0]) & (ys >= box[1]) & (xs <= box[2]) & (ys <= box[3])
    return inside
