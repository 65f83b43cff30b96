"""How uneven counts are over areas and months beyond what their totals explain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def pearson(counts: npt.NDArray[np.int64] | Floats) -> Floats:
    """Pearson dispersion of counts, shape (..., areas, months), one number for each leading index.

    Expected counts are area total times month total over grand total; the sum of (observed - expected)^2 / expected is
    divided by (areas - 1)(months - 1), areas without any record left out. 1 is Poisson.
    """
    y = np.asarray(counts, dtype=np.float64)
    rows, columns = y.sum(axis=-1, keepdims=True), y.sum(axis=-2, keepdims=True)
    expected = rows * columns / np.maximum(y.sum(axis=(-1, -2), keepdims=True), 1.0)
    chi = ((y - expected) ** 2 / np.where(expected > 0, expected, 1.0)).sum(axis=(-1, -2))
    areas = (rows[..., 0] > 0).sum(axis=-1)
    months = (columns[..., 0, :] > 0).sum(axis=-1)
    return np.asarray(chi / np.maximum((areas - 1) * (months - 1), 1), dtype=np.float64)


def quarters(counts: npt.NDArray[np.int64] | Floats) -> Floats:
    """Sums of three months that do not overlap, shape (..., months // 3); months left over at the end are dropped."""
    y = np.asarray(counts, dtype=np.float64)
    n = y.shape[-1] // 3
    return np.asarray(y[..., : 3 * n].reshape(*y.shape[:-1], n, 3).sum(axis=-1), dtype=np.float64)
