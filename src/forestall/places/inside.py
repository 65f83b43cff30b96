"""The areas that a drawn outline holds: those whose centroid, or most of whose own outline, lies in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from forestall.errors import ForestallError, remedy
from forestall.places.model import Level
from forestall.places.project import in_uk_wgs84, to_bng

#: Share of an area's own outline that has to lie in the drawn one.
MOST = 0.5
#: Longest file that is read.
LARGEST = 20_000_000


def outline(data: Mapping[str, Any], what: str = "the outline") -> Any:
    """One shape in metres from GeoJSON in degrees: a geometry, a feature or a collection of them.

    Raises ``ForestallError`` where it is no polygon, or not in the United Kingdom.
    """
    import shapely

    try:
        if data.get("type") == "FeatureCollection":
            found = [f.get("geometry") for f in data.get("features") or ()]
        else:
            found = [data.get("geometry") if data.get("type") == "Feature" else dict(data)]
        shapes = [shapely.from_geojson(json.dumps(g)) for g in found if g]
    except (shapely.GEOSException, AttributeError, TypeError, ValueError) as error:
        raise ForestallError(f"{what} is no GeoJSON that can be read: draw it again, or export it as GeoJSON") from error
    areas = [s for s in shapes if s is not None and s.geom_type in ("Polygon", "MultiPolygon") and not s.is_empty]
    if not areas:
        raise ForestallError(f"{what} holds no polygon: draw a closed outline")
    degrees = shapely.union_all(shapely.make_valid(np.array(areas, dtype=object)))
    at = shapely.get_coordinates(degrees)
    if not len(at) or not np.isfinite(at).all() or not in_uk_wgs84(at[:, 0], at[:, 1]).all():
        raise ForestallError(
            f"{what} lies outside the United Kingdom: GeoJSON gives longitude first, then latitude, in degrees"
        )
    return shapely.transform(degrees, lambda c: np.column_stack(to_bng(c[:, 0], c[:, 1])))


def inside(level: Level, shape: Any) -> tuple[str, ...]:
    """Codes of the areas of ``level`` in ``shape`` (metres), in the level's order."""
    import shapely

    shapely.prepare(shape)
    held = shapely.contains_xy(shape, level.easting, level.northing)
    if level.polygons is not None:
        own = np.array([p if p is not None else shapely.Polygon() for p in level.polygons], dtype=object)
        near = np.flatnonzero(shapely.intersects(shape, own) & ~held)
        size = shapely.area(own[near])
        part = shapely.area(shapely.intersection(shape, shapely.make_valid(own[near])))
        held[near[part > MOST * size]] = True
    return tuple(level.codes[i] for i in np.flatnonzero(held))


def read_outline(path: Path) -> Any:
    """:func:`outline` of a file."""
    try:
        if path.stat().st_size > LARGEST:
            raise ForestallError(f"{path} is far too large for an outline: check the name")
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ForestallError(f"there is no file {path}: check its name") from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ForestallError(f"{path}{line}: this is no GeoJSON: export the outline as GeoJSON again") from error
    except OSError as error:
        raise ForestallError(f"{path} can't be read: {remedy(error)}") from error
    if not isinstance(data, dict):
        raise ForestallError(f"{path} holds no outline: it should be a GeoJSON geometry, feature or collection")
    return outline(data, str(path))
