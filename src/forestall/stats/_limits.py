"""Control limits by kind of series: what is expected, and between which limits a period stays while nothing changes.

All are laws of one more period given the baseline, so the baseline's own uncertainty is in the limits:

- Poisson: a later period is, given the baseline's total and its own, binomial; a period of the baseline, given the total,
  is binomial too. Both exactly, whatever the rate.
- Days between: given their sum, gaps of a steady Poisson process are spread like the spacings of random points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy import stats as ss
from scipy.special import gammaln

from forestall.stats._levels import draws_given_total

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: Chance of lying outside in either direction while nothing changes: that of three standard deviations.
ALPHA = 0.0027

#: Limits of an XmR chart lie this many mean moving ranges from the mean: 3 / 1.128.
XMR = 2.66

#: Two-sided chance of lying beyond a warning line, which an XmR chart draws at two thirds of the way.
NEAR = 0.0455


@dataclass(frozen=True)
class Law:
    """What one series does while nothing changes; arrays of shape (periods,). ``middle``: what runs are judged against;
    ``above``, ``below``: chance of either side, of periods that don't lie on it. ``lower`` and ``near_lower`` are 0 where
    no value is low enough. ``draw(rng, rows)`` gives series of shape (rows, periods)."""

    centre: Floats
    middle: Floats
    lower: Floats
    upper: Floats
    near_lower: Floats
    near_upper: Floats
    above: Floats
    below: Floats
    dispersion: float
    draw: Callable[[np.random.Generator, int], Floats]


def xmr_factor(alpha: float) -> float:
    """How many mean moving ranges a limit lies from the mean: the textbook's 2.66 at the usual ``alpha``."""
    return XMR if alpha == ALPHA else XMR * float(ss.norm.isf(alpha / 2)) / 3


def xmr(x: Floats, scale: Floats, inside: Flags, alpha: float) -> Law:
    """Mean and moving range of ``x / scale``, drawn at ``scale``; limits are not known where the baseline doesn't vary."""
    level = x / scale
    base = level[inside]
    mean = float(base.mean())
    width = xmr_factor(alpha) * float(np.abs(np.diff(base)).mean())
    if width <= 1e-12 * max(abs(mean), float(np.abs(base).max())):
        width = math.nan
    floor = 0.0 if (x >= 0).all() else -math.inf
    sigma = width / 3

    def draw(rng: np.random.Generator, rows: int) -> Floats:
        return np.asarray((mean + sigma * rng.standard_normal((rows, x.size))) * scale, float)

    def line(step: float) -> Floats:
        return np.asarray(np.fmax((mean + step * width) * scale, floor if not math.isnan(width) else math.nan), float)

    half = np.full(x.size, 0.5)
    centre = mean * scale
    return Law(centre, centre, line(-1), line(1), line(-2 / 3), line(2 / 3), half, half, 1.0, draw)


def counts(
    x: Floats, exposure: Floats, inside: Flags, alpha: float, dispersion: float, free: float, standard: float | None
) -> Law:
    """Poisson limits, or negative-binomial ones where ``dispersion`` (variance over mean) is above 1. ``free``: degrees of
    freedom on which that rests (infinite where it is known); ``standard``: a rate that is given, not estimated."""
    total, known = float(x[inside].sum()), float(exposure[inside].sum())
    rate = standard if standard is not None else total / known
    mean = rate * exposure
    share = exposure / known
    growth = np.where(inside, 1 - share, 1 + share) if standard is None else np.ones(x.size)

    def tail(a: float) -> float:
        return a / 2 if math.isinf(free) else float(ss.norm.sf(ss.t.isf(a / 2, free)))

    if dispersion > 1 + 1e-9:
        phi = np.maximum(dispersion * growth, 1 + 1e-6)
        size, p = np.maximum(mean / (phi - 1), 1e-12), 1 / phi
        lows = highs = ss.nbinom(size, p)
    elif standard is not None:
        lows = highs = ss.poisson(mean)
    else:
        lows = _Conditional(total, share, inside, False)
        highs = _Conditional(total, share, inside, True)
    alone = (
        ss.poisson(mean)
        if dispersion <= 1 + 1e-9
        else ss.nbinom(np.maximum(mean / (dispersion - 1), 1e-12), 1 / dispersion)
    )
    middle = alone.ppf(0.5) if rate > 0 else np.zeros(x.size)
    above, below = (alone.sf(middle), alone.cdf(middle - 1)) if rate > 0 else (np.full(x.size, 0.5),) * 2
    off = np.maximum(above + below, 1e-300)

    def upper(a: float) -> Floats:
        return np.asarray(highs.isf(tail(a)), float)

    def lower(a: float) -> Floats:
        return np.asarray(np.maximum(lows.ppf(tail(a)), 0), float)

    def draw(rng: np.random.Generator, rows: int) -> Floats:
        if rate <= 0:
            return np.zeros((rows, x.size))
        level = np.broadcast_to(mean, (rows, x.size))
        if standard is None:
            # The baseline with its own total, so that its limits stay; the rate of what follows is as unsure as it is.
            unsure = rng.gamma(total / dispersion + 0.5, dispersion / known, rows)
            level = unsure[:, None] * exposure
        if dispersion <= 1 + 1e-9:
            drawn = rng.poisson(level).astype(float)
        else:
            drawn = rng.negative_binomial(level / (dispersion - 1), 1 / dispersion).astype(float)
        if standard is None:
            drawn[:, inside] = draws_given_total(total, mean[inside], dispersion, True, rows, rng)
        return drawn

    return Law(
        mean, middle, lower(alpha), upper(alpha), lower(NEAR), upper(NEAR), above / off, below / off, dispersion, draw
    )  # fmt: skip


class _Conditional:
    """A period's count given the baseline's total: binomial within it, and by binomial tests against it beyond."""

    def __init__(self, total: float, share: Floats, inside: Flags, high: bool) -> None:
        self.total, self.share, self.inside = total, share, inside
        self.size = total + 1 if high else max(total, 1e-12)

    def isf(self, q: float) -> Floats:
        return self._either(lambda law: law.isf(q))

    def ppf(self, q: float) -> Floats:
        return self._either(lambda law: law.ppf(q))

    def _either(self, ask: Callable[[Any], Floats]) -> Floats:
        within = ask(ss.binom(self.total, np.minimum(self.share, 1.0)))
        beyond = ask(ss.nbinom(self.size, 1 / (1 + self.share)))
        return np.asarray(np.where(self.inside, within, beyond), float)


# Days between events.


def gaps(x: Floats, inside: Flags, alpha: float, distribution: str) -> Law:
    """Limits of the days between events: ``exponential``, ``geometric`` (whole days), or ``weibull`` (either)."""
    base = x[inside]
    n, total = base.size, float(base.sum())
    whole = bool((x == np.round(x)).all())
    if distribution == "weibull":
        return _weibull(x, base, alpha, whole)

    def line(a: float, upper: bool) -> Floats:
        """The limit that a gap passes with probability ``a`` at the most."""
        if distribution == "exponential":
            q = a if upper else 1 - a
            within = total * (1 - q ** (1 / (n - 1)))
            beyond = total * (q ** (-1 / n) - 1)
        else:
            within, beyond = (_geometric_line(n, total, a, upper, inner) for inner in (True, False))
        return np.asarray(np.where(inside, within, beyond), float)

    mean = total / n
    if distribution == "exponential":
        middle = mean * math.log(2)
        above = below = 0.5
    else:
        p = 1 / (1 + mean)
        middle = max(0.0, math.ceil(-math.log(2) / math.log1p(-p) - 1e-12) - 1) if p < 1 else 0.0
        above, below = (1 - p) ** (middle + 1), 1 - (1 - p) ** middle
        above, below = (v / max(above + below, 1e-300) for v in (above, below))

    def draw(rng: np.random.Generator, rows: int) -> Floats:
        # Gaps of the baseline with their own sum, so that limits stay; the rate of later ones is as unsure as it is.
        share = rng.dirichlet(np.ones(n), rows)
        if distribution == "exponential":
            drawn = rng.exponential(1.0, (rows, x.size)) * (total / rng.gamma(n, 1.0, rows))[:, None]
            drawn[:, inside] = share * total
        else:
            chance = np.clip(rng.beta(n, total + 0.5, rows), 1e-12, 1.0)
            drawn = (rng.geometric(chance[:, None], (rows, x.size)) - 1).astype(float)
            drawn[:, inside] = rng.multinomial(round(total), share)
        return drawn

    full = np.ones(x.size)
    return Law(
        mean * full, middle * full, line(alpha / 2, False), line(alpha / 2, True), line(NEAR / 2, False),
        line(NEAR / 2, True), above * full, below * full, 1.0, draw,
    )  # fmt: skip


def _geometric_line(n: int, total: float, a: float, upper: bool, inner: bool) -> float:
    """Whole-day limit given the sum of ``n`` gaps, for one of them or one more: all partings are alike likely."""

    def reach(k: Floats) -> Floats:
        """Chance of a gap of ``k`` or more, given what it makes the sum."""
        if inner:
            rest = total - k
            ok = rest >= 0
            rest = np.maximum(rest, 0)
            value = gammaln(rest + n) - gammaln(rest + 1) - gammaln(total + n) + gammaln(total + 1)
            return np.where(ok, np.exp(value), 0.0)
        value = gammaln(total + n + 1) - gammaln(total + 1) - gammaln(total + k + n + 1) + gammaln(total + k + 1)
        return np.asarray(np.exp(value), float)

    def at_most(k: Floats) -> Floats:
        """Chance of a gap of ``k`` or less."""
        if inner:
            return 1 - reach(k + 1)
        # Given the sum total + k of n + 1 gaps, the last is k + 1 or more in as many ways as total - 1 parts into n + 1.
        if total <= 0:
            return np.ones(k.shape)
        value = gammaln(total + n) - gammaln(total) - gammaln(total + k + n + 1) + gammaln(total + k + 1)
        return np.asarray(1 - np.exp(value), float)

    if upper:
        top = 16.0
        while reach(np.array([top]))[0] > a and top < 1e9:
            top *= 2
        low, high = 0.0, top
        while high - low > 0.5:  # the first k that is reached with probability a at the most; the limit lies one below
            mid = math.floor((low + high) / 2)
            if reach(np.array([float(mid)]))[0] <= a:
                high = mid
            else:
                low = mid
            if high - low <= 1:
                break
        return high - 1
    k = 0.0
    while at_most(np.array([k]))[0] <= a:  # the first k that is no longer rare
        k += 1
    return k


def fit_weibull(gap: Floats, whole: bool) -> tuple[float, float, float]:
    """Shape, scale and twice the log-likelihood gain over shape 1, by maximum likelihood. Whole days are days survived."""

    def loss(shape: float) -> tuple[float, float]:
        if not whole:
            scale = float((gap**shape).mean()) ** (1 / shape)
            ll = gap.size * (math.log(shape) - shape * math.log(scale))
            ll += (shape - 1) * float(np.log(gap).sum())
            return gap.size - ll, scale
        low, high = gap**shape, (gap + 1) ** shape

        def given(log_rate: float) -> float:
            rate = math.exp(log_rate)
            return -float((-rate * low + np.log(-np.expm1(-np.maximum(rate * (high - low), 1e-300)))).sum())

        best = optimize.minimize_scalar(given, bounds=(-25, 15), method="bounded", options={"xatol": 1e-7})
        return float(best.fun), math.exp(-float(best.x) / shape)

    fit = optimize.minimize_scalar(lambda v: loss(math.exp(v))[0], bounds=(-2.5, 2.5), method="bounded")
    shape = math.exp(float(fit.x))
    return shape, loss(shape)[1], 2 * (loss(1.0)[0] - float(fit.fun))


def _weibull(x: Floats, base: Floats, alpha: float, whole: bool) -> Law:
    shape, scale, _ = fit_weibull(base, whole)

    def quantile(a: float) -> float:
        """Where the chance of reaching it is ``a``."""
        return float(scale * (-math.log(a)) ** (1 / shape))

    def line(a: float, upper: bool) -> float:
        if not whole:
            return quantile(a) if upper else quantile(1 - a)
        # Reaching k days has chance exp(-(k / scale)^shape).
        return math.ceil(quantile(a) - 1e-9) - 1 if upper else max(0, math.floor(quantile(1 - a) + 1e-9))

    middle = quantile(0.5) if not whole else max(0, math.ceil(quantile(0.5) - 1e-9) - 1)
    above = below = 0.5
    if whole:
        above, below = math.exp(-(((middle + 1) / scale) ** shape)), 1 - math.exp(-((middle / scale) ** shape))
        above, below = (v / max(above + below, 1e-300) for v in (above, below))

    def draw(rng: np.random.Generator, rows: int) -> Floats:
        drawn = scale * rng.weibull(shape, (rows, x.size))
        return np.floor(drawn) if whole else drawn

    full = np.ones(x.size)
    return Law(
        float(base.mean()) * full, middle * full, line(alpha / 2, False) * full, line(alpha / 2, True) * full,
        line(NEAR / 2, False) * full, line(NEAR / 2, True) * full, above * full, below * full, 1.0, draw,
    )  # fmt: skip
