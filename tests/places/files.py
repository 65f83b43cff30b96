"""Small GeoJSON files for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from forestall.places.project import to_wgs84


def box(x: float, y: float, width: float = 1000.0, height: float = 1000.0) -> list[list[list[float]]]:
    """The ring of a rectangle in degrees, from metres."""
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    lon, lat = to_wgs84([c[0] for c in corners], [c[1] for c in corners])
    return [[[round(float(a), 7), round(float(b), 7)] for a, b in zip(lon, lat, strict=True)]]


def feature(properties: dict[str, Any], rings: list[list[list[float]]] | None) -> dict[str, Any]:
    geometry = None if rings is None else {"type": "Polygon", "coordinates": rings}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(path: Path, features: list[dict[str, Any]]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path
