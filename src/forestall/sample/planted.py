"""Planted problems and responses with known truth."""

from __future__ import annotations

import numpy as np

from forestall.sample.geography import Floats, Geography


def factors(place: Geography, categories: tuple[str, ...], months: tuple[str, ...], mean: Floats) -> Floats:
    """Factors (C, A, T) by which planted problems and responses change the mean."""
    assert mean.shape == (len(categories), len(place.codes), len(months))
    return np.ones_like(mean)
