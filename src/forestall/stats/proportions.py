"""Shares of people (answered yes, reoffended, were excluded): one with its interval, and sums and differences of several.

One share: Wilson, *Probable inference, the law of succession, and statistical inference*, Journal of the American
Statistical Association 22 (1927) 209-212. The difference of two: Newcombe, *Interval estimation for the difference
between independent proportions*, Statistics in Medicine 17 (1998) 873-890, method 10. Its form for any weighted sum, such
as a difference in differences: Zou and Donner, *Construction of confidence limits about effect measures*, Statistics in
Medicine 27 (2008) 1693-1702.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy import stats as ss

from forestall.stats.rates import check_level

Floats = npt.NDArray[np.float64]

#: No p-value is told apart below this many standard errors.
FAR = 37.0


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of shares: ``estimate`` with ``interval``; ``standard_error`` by the plain formula; ``p_value``:
    two-sided, the level at which the interval would just touch 0."""

    estimate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float


def wilson(
    yes: npt.ArrayLike, of: npt.ArrayLike, *, level: float = 0.95, population: npt.ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Wilson interval of each share ``yes`` / ``of``; any shape, of which both ends are.

    ``population``: how many people there are of whom ``of`` were asked: the interval then is of the share among exactly
    these (finite-population correction), and has no width where all were asked. NaN: not known, no correction. Raises
    ``ValueError`` for an empty base, more ``yes`` than ``of``, and a population smaller than its base.
    """
    x, asked = _checked(yes, of)
    check_level(level)
    n, z = asked, float(ss.norm.isf((1 - level) / 2))
    if population is not None:
        whole = np.broadcast_to(np.asarray(population, float), asked.shape)
        known = ~np.isnan(whole)
        if (whole[known] < asked[known]).any():
            raise ValueError("a population can't be smaller than the number of its people who were asked")
        with np.errstate(divide="ignore", invalid="ignore"):
            n = np.where(known, asked * (whole - 1) / (whole - asked), asked)
    with np.errstate(invalid="ignore"):
        everyone = ~np.isfinite(n)
        p = x / asked
        low, high = _wilson(p, n, z)
    return np.where(everyone, p, low), np.where(everyone, p, high)


def contrast(
    yes: npt.ArrayLike, of: npt.ArrayLike, weights: npt.ArrayLike, *, level: float = 0.95, design_effect: float = 1.0
) -> Contrast:
    """The sum of ``weights`` times the shares ``yes`` / ``of``, of independent groups; shapes (groups,).

    Weights (1, -1) give Newcombe's interval of a difference, (1, -1, -1, 1) that of a difference in differences.
    ``design_effect``: variance over that of people who answer independently (above 1 for pupils of the same schools);
    every base is divided by it. Raises ``ValueError`` as :func:`wilson`, for weights of another shape or all 0, and a
    design effect below 1.
    """
    x, n = _checked(yes, of)
    w = np.asarray(weights, float)
    check_level(level)
    if w.shape != x.shape or x.ndim != 1:
        raise ValueError(f"give one weight a group: there are {x.size} groups and weights of shape {w.shape}")
    if not np.isfinite(w).all() or not w.any():
        raise ValueError("weights must be numbers, and not all 0")
    if not (design_effect >= 1 and math.isfinite(design_effect)):
        raise ValueError(f"design_effect must be 1 or more, not {design_effect!r}")
    p, n = x / n, n / design_effect
    estimate = float(w @ p)

    def ends(z: float) -> tuple[float, float]:
        low, high = _wilson(p, n, z)
        down, up = np.where(w > 0, p - low, high - p), np.where(w > 0, high - p, p - low)
        return estimate - math.sqrt(float((w**2) @ down**2)), estimate + math.sqrt(float((w**2) @ up**2))

    side = 0 if estimate > 0 else 1
    if abs(estimate) < 1e-12:
        p_value = 1.0
    elif ends(FAR)[side] * estimate > 0:
        p_value = 2 * float(ss.norm.sf(FAR))
    else:
        touch = optimize.brentq(lambda z: ends(z)[side], 1e-9, FAR, xtol=1e-10)
        p_value = 2 * float(ss.norm.sf(touch))
    error = math.sqrt(float((w**2) @ (p * (1 - p) / n)))
    return Contrast(estimate, error, ends(float(ss.norm.isf((1 - level) / 2))), p_value)


def detectable(
    of: npt.ArrayLike,
    weights: npt.ArrayLike,
    share: float,
    *,
    level: float = 0.95,
    power: float = 0.8,
    design_effect: float = 1.0,
) -> tuple[float, float]:
    """The smallest fall and rise of the first group's share that a contrast would show with probability ``power``.

    ``of``, ``weights``: as of :func:`contrast`; all groups are at ``share`` but for the first, whose share changes. NaN
    where no change of it would do. By the normal approximation. Raises ``ValueError`` for a share or power not between 0
    and 1.
    """
    n, w = np.asarray(of, float), np.asarray(weights, float)
    _checked(np.zeros(n.shape), n)
    if w.shape != n.shape or n.ndim != 1 or not w[0]:
        raise ValueError("give one weight a group, that of the first not 0")
    for name, value in (("share", share), ("power", power)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1, not {value!r}")
    check_level(level)
    if not (design_effect >= 1 and math.isfinite(design_effect)):
        raise ValueError(f"design_effect must be 1 or more, not {design_effect!r}")
    needed = float(ss.norm.isf((1 - level) / 2) + ss.norm.isf(1 - power))
    variance = w**2 / n * design_effect
    rest = float(variance[1:].sum()) * share * (1 - share)

    def smallest(sign: int, most: float) -> float:
        change = np.linspace(0, most, 4001)[1:]
        p = share + sign * change
        shown = abs(w[0]) * change >= needed * np.sqrt(variance[0] * np.clip(p * (1 - p), 0, None) + rest)
        # A share of 0 or 1 has no plain scatter; less than one person's worth is shown by nothing all the same.
        shown &= change >= 1 / n[0]
        return float(change[shown.argmax()]) if shown.any() else math.nan

    return smallest(-1, share), smallest(1, 1 - share)


def _checked(yes: npt.ArrayLike, of: npt.ArrayLike) -> tuple[Floats, Floats]:
    x, n = np.broadcast_arrays(np.asarray(yes, float), np.asarray(of, float))
    if not (np.isfinite(n) & (n > 0)).all():
        raise ValueError("a base must be a number of people above 0: nobody asked gives no share")
    if not (np.isfinite(x) & (x >= 0)).all():
        raise ValueError("yes must be a number of people of 0 or more")
    if (x > n).any():
        raise ValueError("yes can't be more than the people it is of")
    return x, n


def _wilson(p: Floats, n: Floats, z: float) -> tuple[Floats, Floats]:
    middle, scale = p + z**2 / (2 * n), 1 + z**2 / n
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return np.clip((middle - half) / scale, 0, 1), np.clip((middle + half) / scale, 0, 1)
