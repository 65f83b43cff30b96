"""Shares with their intervals, and many marks compared at once: here against elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from forestall.stats import benjamini_hochberg

Floats = npt.NDArray[np.float64]


def interval(k: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Central (Clopper-Pearson) interval of a share of ``k`` in ``n``; both may be weights. (0, 1) where n is 0."""
    if n <= 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = float(special.betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(special.betaincinv(k + 1, max(n - k, 0.0), 1 - tail)) if k < n else 1.0
    return low, high


@dataclass(frozen=True)
class Compared:
    """A mark on ``here`` of the records here and ``elsewhere`` of those elsewhere. ``ratio`` of the shares with its 95 %
    interval, None where nobody elsewhere bears it; ``q`` over all marks compared together (two-sided)."""

    value: str
    here: int
    elsewhere: int
    share: float
    share_elsewhere: float
    ratio: float | None
    low: float
    high: float | None
    q: float


def compare(here: dict[str, int], elsewhere: dict[str, int], n_here: int, n_elsewhere: int) -> tuple[Compared, ...]:
    """Each mark's share here against elsewhere, most frequent here first. Fisher's exact test of the two by two table; the
    interval is that of the ratio of two Poisson rates by the exact conditional test, a little wide for large shares."""
    values = sorted(set(here) | set(elsewhere), key=lambda v: (-here.get(v, 0), v))
    if not values or not n_here or not n_elsewhere:
        return ()
    p = [_fisher(here.get(v, 0), n_here, elsewhere.get(v, 0), n_elsewhere) for v in values]
    out = []
    for value, q in zip(values, benjamini_hochberg(p), strict=True):
        a, b = here.get(value, 0), elsewhere.get(value, 0)
        low, high = _ratio_interval(a, b, n_here / n_elsewhere)
        ratio = (a / n_here) / (b / n_elsewhere) if b else None
        out.append(Compared(value, a, b, a / n_here, b / n_elsewhere, ratio, low, high, float(q)))
    return tuple(out)


def _ratio_interval(a: int, b: int, odds: float, tail: float = 0.025) -> tuple[float, float | None]:
    low = float(special.betaincinv(a, b + 1, tail)) if a else 0.0
    high = float(special.betaincinv(a + 1, b, 1 - tail)) if b else 1.0
    return low / (1 - low) / odds, (high / (1 - high) / odds if high < 1 else None)


def _fisher(a: int, n1: int, b: int, n0: int) -> float:
    """Two-sided p-value, twice the smaller tail of the hypergeometric distribution of ``a`` given the margins."""
    k = a + b
    low, high = max(0, k - n0), min(k, n1)
    x = np.arange(low, high + 1)
    if x.size > 4000:  # far beyond any doubt of the normal approximation
        mean = k * n1 / (n1 + n0)
        sd = np.sqrt(mean * (1 - n1 / (n1 + n0)) * (n1 + n0 - k) / max(1, n1 + n0 - 1))
        upper, lower = special.ndtr(-(a - 0.5 - mean) / sd), special.ndtr((a + 0.5 - mean) / sd)
        return float(min(1.0, 2 * min(upper, lower)))
    g = special.gammaln
    log = -g(x + 1) - g(n1 - x + 1) - g(k - x + 1) - g(n0 - k + x + 1)
    mass = np.exp(log - log.max())
    mass /= mass.sum()
    at = a - low
    return float(min(1.0, 2 * min(mass[at:].sum(), mass[: at + 1].sum())))
