"""Exact moments of a neighbourhood's weighted sum under the conditional null, and the Pearson III tail that has them.

Place i keeps its value and the N = n - 1 others are dealt at random. With weights w of the neighbours, W₁ = Σw, W₂ = Σw²,
W₃ = Σw³, and μ, σ², μ₃ the mean, variance and third central moment of the others' values,

    mean       W₁ μ
    variance   σ² (N W₂ - W₁²) / (N - 1)
    third      μ₃ [W₃ - 3 (W₁ W₂ - W₃) / (N - 1) + 2 (W₁³ - 3 W₁ W₂ + 2 W₃) / ((N - 1)(N - 2))]

because E[Y₁² Y₂] = -μ₃ / (N - 1) and E[Y₁ Y₂ Y₃] = 2 μ₃ / ((N - 1)(N - 2)) for draws without replacement.
Where the place's own value is dealt with the others, N = n, μ and σ² are of all values and w holds its own weight too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from forestall.stats.neighbours import Neighbours

Floats = npt.NDArray[np.float64]
#: A scatter below this share of the values' size is what rounding leaves of none.
_NONE = 1e-13


@dataclass(frozen=True)
class Moments:
    """Of each place's neighbours' weighted sum, ``mean`` counted from the mean of all values; shape (places,) each.
    ``variance`` is exactly 0 where the sum can't vary."""

    mean: Floats
    variance: Floats
    third: Floats


def sum_moments(centred: Floats, near: Neighbours, own: Floats | None = None) -> Moments:
    """``centred``: each place's value less the mean of all, shape (places,); at least three places. ``own``: what each
    place weighs in its neighbourhood where its own value is dealt with the others; None where the place keeps it."""
    w1, w2, w3 = near.row_sums, near.square_sums, near.cube_sums
    if own is None:
        dealt = centred.size - 1
        mean = -centred / dealt
        variance, third = _of_the_others(centred, mean)
    else:
        dealt = centred.size
        w1, w2, w3 = w1 + own, w2 + own**2, w3 + own**3
        mean = np.zeros(dealt)
        variance, third = np.full(dealt, (centred**2).mean()), np.full(dealt, (centred**3).mean())
    spread = np.maximum((dealt * w2 - w1**2) / (dealt - 1), 0.0)
    spread = np.where(spread <= 1e-12 * w2, 0.0, spread)  # everything that is dealt is drawn, and all weigh the same
    skew = w3 - 3 * (w1 * w2 - w3) / (dealt - 1)
    if dealt > 2:
        skew = skew + 2 * (w1**3 - 3 * w1 * w2 + 2 * w3) / ((dealt - 1) * (dealt - 2))
    return Moments(w1 * mean, variance * spread, third * skew)


def _of_the_others(y: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Variance and third central moment of the values without each place's own."""
    others = y.size - 1
    squares = y * y
    q2, q3 = float(squares.sum()), float((squares * y).sum())
    second = (q2 - squares) / others - mean**2
    third = (q3 - squares * y) / others - 3 * mean * (q2 - squares) / others + 2 * mean**3
    # Taken from a total that a place makes up nearly alone, the rest has lost its digits: do these by themselves.
    for i in np.flatnonzero(squares > 0.1 * q2) if q2 > 0 else ():
        rest = np.delete(y, i)
        rest = rest - rest.mean()
        second[i], third[i] = (rest**2).mean(), (rest**3).mean()
    size = float(np.abs(y).max()) if y.size else 0.0
    second = np.where(second <= (_NONE * size) ** 2, 0.0, np.maximum(second, 0.0))
    return second, np.where(second > 0, third, 0.0)


def pearson_tails(deviation: Floats, moments: Moments) -> tuple[Floats, Floats]:
    """Upper and lower tail at ``deviation`` (the sum less its mean) of the Pearson III distribution with the moments.

    Shape (places,) each; 1 and 1 where the sum can't vary. A skewed distribution ends on one side: beyond its end the
    tail is 0, which the caller must not show as a probability.
    """
    varies = moments.variance > 0
    sd = np.sqrt(np.where(varies, moments.variance, 1.0))
    z = deviation / sd
    skew = np.where(varies, moments.third, 0.0) / sd**3
    bent = np.abs(skew) > 1e-6
    shape = 4 / np.where(bent, skew, 1.0) ** 2
    root = np.sqrt(shape)
    x = np.maximum(shape + np.where(skew > 0, z, -z) * root, 0.0)
    beyond, within = special.gammaincc(shape, x), special.gammainc(shape, x)
    upper = np.where(bent, np.where(skew > 0, beyond, within), special.ndtr(-z))
    lower = np.where(bent, np.where(skew > 0, within, beyond), special.ndtr(z))
    return np.where(varies, upper, 1.0), np.where(varies, lower, 1.0)


def least_probability(others: int, draws: npt.NDArray[np.int64], equal: bool) -> Floats:
    """The probability of one arrangement of the others over ``draws`` neighbours: no tail is smaller. Shape (places,)."""
    n, m = float(others), draws.astype(float)
    log = special.gammaln(n + 1) - special.gammaln(n - m + 1)
    if equal:
        log = log - special.gammaln(m + 1)
    return np.asarray(np.exp(-np.minimum(log, 690.0)), float)
