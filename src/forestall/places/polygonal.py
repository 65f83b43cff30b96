"""Polygons that cross or pinch themselves, mended."""

from __future__ import annotations

from typing import Any


def mended(shape: Any) -> Any:
    """A valid polygon or multipolygon of the same points; empty where no area is left."""
    import shapely

    return shapely.make_valid(shape, method="structure", keep_collapsed=False)
