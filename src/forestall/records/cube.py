"""Counts by category, area and month: what most methods of scanning take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Cube:
    """Counts of records.

    ``counts``: int64, shape (categories, areas, months). ``unplaced``: int64, shape (categories, months), records of the
    force that have no area code. ``easting``, ``northing``: mean of the records' points in each area, British National
    Grid metres, NaN where an area has no point. ``months`` are consecutive ``YYYY-MM``, zeros included.
    ``police_share``: share of each category's records whose origin is police-generated; ``unknown_share`` likewise for
    unknown origin.
    """

    categories: tuple[str, ...]
    areas: tuple[str, ...]
    months: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    unplaced: npt.NDArray[np.int64]
    easting: npt.NDArray[np.float64]
    northing: npt.NDArray[np.float64]
    police_share: npt.NDArray[np.float64]
    unknown_share: npt.NDArray[np.float64]

    def of(self, category: str) -> npt.NDArray[np.int64]:
        """Counts of one category, shape (areas, months)."""
        counts: npt.NDArray[np.int64] = self.counts[self.categories.index(category)]
        return counts
