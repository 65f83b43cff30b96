"""Which categories a signal may rest on."""

from __future__ import annotations

from forestall import catalogue
from forestall.records.cube import Cube


def targets(category: str, cube: Cube) -> bool:
    """Whether a signal may rest on the category: not where the catalogue, or most of its records, say police activity."""
    i = cube.categories.index(category)
    return catalogue.category(category).targets and float(cube.police_share[i]) <= 0.5
