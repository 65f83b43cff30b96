"""Boundaries for maps: simplified so that neighbours stay joined, in WGS84, small enough for a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from forestall.places.model import Level
from forestall.places.polygonal import mended
from forestall.places.project import to_wgs84

#: Decimal places of a degree in what maps get: five (about a metre), or four where detail below 50 m goes anyway.
FINE, COARSE = 5, 4
#: For a whole force's LSOAs in one page: Gwent's 374 make 240 kB; half of the areas change in size by 2% or less,
#: a few by up to a fifth.
PAGE_TOLERANCE = 130.0
#: The levels above that a map is told.
PARENTS = ("msoa", "ward", "lad", "lpa", "force")


def feature_collection(
    level: Level, tolerance: float = PAGE_TOLERANCE, codes: Sequence[str] | None = None
) -> dict[str, Any]:
    """A GeoJSON FeatureCollection of a level's areas, or of ``codes``, in that order.

    ``tolerance`` in metres: detail finer than this goes, shared boundaries staying shared (``coverage_simplify``); 0
    keeps all. The default suits a self-contained page, 30 a map that zooms. Coordinates are rounded. Properties:
    ``code``, ``name``, ``name_cy`` (the English where there is no other) and ``parents`` (level -> code, up to the
    force). An area without a polygon is a point; without a centroid too, its geometry is null. An area looks the same
    whichever others are asked for, so that maps lie on each other.
    """
    places = FINE if tolerance < 50 else COARSE
    wanted = list(range(len(level))) if codes is None else [level.index(c) for c in codes]
    shapes = _simplified(level, wanted, tolerance, places)
    lon, lat = to_wgs84(level.easting, level.northing)
    features = []
    for i in wanted:
        code = level.codes[i]
        shape = shapes.get(i)
        if shape is not None:
            geometry: dict[str, Any] | None = _geometry(shape, places)
        elif np.isfinite(lon[i]):
            geometry = {"type": "Point", "coordinates": [round(float(lon[i]), FINE), round(float(lat[i]), FINE)]}
        else:
            geometry = None
        properties = {
            "code": code,
            "name": level.names[i] or code,
            "name_cy": level.names_cy[i] or level.names[i] or code,
            "parents": {k: level.parents[k][i] for k in PARENTS if k in level.parents and level.parents[k][i]},
        }
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def _simplified(level: Level, wanted: list[int], tolerance: float, places: int) -> dict[int, Any]:
    """The wanted areas' polygons in WGS84, simplified, by index."""
    import shapely

    if level.polygons is None:
        return {}
    all_shapes = np.array(level.polygons, dtype=object)
    there = np.array([p is not None and not p.is_empty for p in level.polygons])
    asked = np.array(wanted, dtype=np.int64)
    asked = asked[there[asked]]
    rows, shapes = asked, all_shapes[asked]
    if tolerance > 0 and len(asked):
        # Where three areas meet stays fixed, so the areas beside the wanted ones are needed for the same result.
        have = np.flatnonzero(there)
        beside = have[shapely.STRtree(all_shapes[have]).query(shapes, predicate="intersects")[1]]
        rows = np.unique(np.concatenate([asked, beside]))
        shapes = shapely.coverage_simplify(all_shapes[rows], tolerance)
        rows, shapes = (a[np.isin(rows, asked)] for a in (rows, shapes))
    shapes = shapely.transform(shapes, lambda xy: np.round(np.column_stack(to_wgs84(xy[:, 0], xy[:, 1])), places))
    out: dict[int, Any] = {}
    for i, shape, valid in zip(rows.tolist(), shapes, shapely.is_valid(shapes), strict=True):
        # Rounding may pinch a narrow neck; one that leaves nothing goes out as it was rounded.
        better = shape if valid else mended(shape)
        out[i] = shape if better.is_empty else better
    return out


def _geometry(shape: Any, places: int) -> dict[str, Any]:
    """GeoJSON of a polygon or multipolygon, with points that rounding made equal to the one before left out."""
    if shape.geom_type == "Polygon":
        return {"type": "Polygon", "coordinates": _rings(shape, places)}
    parts = [_rings(p, places) for p in shape.geoms if p.geom_type == "Polygon"]
    return {"type": "MultiPolygon", "coordinates": parts}


def _rings(polygon: Any, places: int) -> list[list[list[float]]]:
    rings = []
    for ring in (polygon.exterior, *polygon.interiors):
        points = [[round(x, places), round(y, places)] for x, y in ring.coords]
        kept = [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
        rings.append(kept if len(kept) >= 4 else points)
    return rings
