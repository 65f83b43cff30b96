"""Many tests at once: false discovery rate by Benjamini and Hochberg (1995), JRSS B 57, 289-300."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def benjamini_hochberg(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """q-values of ``p`` (any shape is flattened): the lowest false discovery rate at which each would be rejected.

    Assumes independence or positive dependence. Raises ``ValueError`` where a p-value lies outside [0, 1] or is NaN.
    """
    p = np.asarray(p, float).ravel()
    if p.size and not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"p-values lie in [0, 1]; found {p[~((p >= 0) & (p <= 1))][0]!r}")
    n = p.size
    order = np.argsort(p)
    q = np.minimum.accumulate((p[order] * n / np.arange(1, n + 1))[::-1])[::-1]
    out = np.empty(n)
    out[order] = np.minimum(q, 1.0)
    return out
