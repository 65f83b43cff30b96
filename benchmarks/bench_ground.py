"""A scan's ground laid on counts of the sample's model, for calibration and power."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forestall.places import Places
from forestall.records.cube import Cube
from forestall.records.ground import Ground
from forestall.sample import Model


class Field:
    """The fictional force's areas and months; :meth:`ground` lays the last ``lookback`` months of a draw."""

    def __init__(self, model: Model, lookback: int = 36, neighbours: int = 25) -> None:
        self.model = model
        self.months = model.months[-lookback:]
        self.places = Places.from_points(model.codes, model.easting, model.northing)
        near = self.places.nearest("lsoa", k=neighbours + 1, codes=model.codes)
        self.neighbours = np.asarray(near, np.int64)

    def ground(self, counts: npt.NDArray[np.int64]) -> Ground:
        """``counts``: shape (categories, areas, months), as :meth:`Model.draw_counts` gives them."""
        x = counts[:, :, -len(self.months) :]
        n, areas = len(self.model.categories), len(self.model.codes)
        nothing = np.zeros(n)
        cube = Cube(
            self.model.categories, self.model.codes, self.months, x, np.zeros((n, len(self.months)), np.int64),
            np.asarray(self.model.easting), np.asarray(self.model.northing), nothing, nothing,
        )  # fmt: skip
        return Ground(
            cube, x.sum(1), self.places, self.places.level("lsoa"), np.arange(areas), self.neighbours, (),
            {c: np.ones(len(self.months), bool) for c in cube.categories},
            {c: np.zeros(areas, bool) for c in cube.categories}, 0, None,
        )  # fmt: skip
