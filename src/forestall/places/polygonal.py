"""Polygons that cross or pinch themselves, mended."""

from __future__ import annotations

from typing import Any


def mended(shape: Any) -> Any:
    """A valid polygon or multipolygon of the same points; empty where no area is left."""
    import shapely

    parts = shapely.get_parts(shapely.get_parts([shapely.make_valid(shape)]))
    return shapely.union_all([p for p in parts if p.geom_type in ("Polygon", "MultiPolygon")])
