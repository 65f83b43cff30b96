"""Boundaries for maps: simplified so that neighbours stay joined, in WGS84, small enough for a page."""

from __future__ import annotations

from typing import Any

import numpy as np

from forestall.places.model import Level
from forestall.places.project import to_wgs84

#: Decimal places of a degree in what maps get: about one metre.
DECIMALS = 5


def feature_collection(level: Level, tolerance: float = 30.0) -> dict[str, Any]:
    """A GeoJSON FeatureCollection of a level's areas, in their order.

    ``tolerance`` in metres: detail finer than this goes, shared boundaries staying shared (``coverage_simplify``); 0
    keeps all. Coordinates are rounded to five places. Properties: ``code``, ``name``, ``name_cy`` and ``parents``
    (level -> code). An area without a polygon is a point; without a centroid too, its geometry is null.
    """
    shapes = _simplified(level, tolerance)
    lon, lat = to_wgs84(level.easting, level.northing)
    features = []
    for i, code in enumerate(level.codes):
        shape = shapes[i]
        if shape is not None:
            geometry: dict[str, Any] | None = _geometry(shape)
        elif np.isfinite(lon[i]):
            geometry = {"type": "Point", "coordinates": [round(float(lon[i]), DECIMALS), round(float(lat[i]), DECIMALS)]}
        else:
            geometry = None
        properties = {
            "code": code,
            "name": level.names[i] or code,
            "name_cy": level.names_cy[i] or level.names[i] or code,
            "parents": {k: v[i] for k, v in level.parents.items() if v[i]},
        }
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def _simplified(level: Level, tolerance: float) -> list[Any]:
    """Each area's polygon in WGS84, simplified, or None."""
    import shapely

    out: list[Any] = [None] * len(level)
    if level.polygons is None:
        return out
    have = [i for i, p in enumerate(level.polygons) if p is not None and not p.is_empty]
    shapes = np.array([level.polygons[i] for i in have], dtype=object)
    if tolerance > 0 and len(shapes):
        shapes = shapely.coverage_simplify(shapes, tolerance)
    shapes = shapely.transform(shapes, lambda xy: np.round(np.column_stack(to_wgs84(xy[:, 0], xy[:, 1])), DECIMALS))
    for i, shape in zip(have, shapes, strict=True):
        out[i] = shape
    return out


def _geometry(shape: Any) -> dict[str, Any]:
    """GeoJSON of a polygon or multipolygon, with points that rounding made equal to the one before left out."""
    if shape.geom_type == "Polygon":
        return {"type": "Polygon", "coordinates": _rings(shape)}
    parts = [_rings(p) for p in shape.geoms if p.geom_type == "Polygon"]
    return {"type": "MultiPolygon", "coordinates": parts}


def _rings(polygon: Any) -> list[list[list[float]]]:
    rings = []
    for ring in (polygon.exterior, *polygon.interiors):
        points = [[round(x, DECIMALS), round(y, DECIMALS)] for x, y in ring.coords]
        kept = [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
        rings.append(kept if len(kept) >= 4 else points)
    return rings
