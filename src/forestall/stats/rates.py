"""Two counts compared, with their exposures: is one rate higher, by how much, and how sure can one be?

Exact conditional test: given the total, x1 ~ Binomial(x0 + x1, t1 ρ / (t0 + t1 ρ)) at rate ratio ρ (Przyborowski and
Wilenski 1940). E-test: Krishnamoorthy and Thomson, *A more powerful test for comparing two Poisson means*, Journal of
Statistical Planning and Inference 119 (2004) 23-35.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.text import Message, msg


@dataclass(frozen=True)
class RateRatio:
    """``estimate`` is rate 1 over rate 0; ``interval`` is the central exact one; ``p_value`` is two-sided, twice the
    smaller tail. ``dispersion`` is the variance over the mean that was allowed for (1 for a Poisson count)."""

    estimate: float
    interval: tuple[float, float]
    p_value: float
    level: float
    dispersion: float

    def explain(self, language: str = "en") -> str:
        text: Message
        if math.isnan(self.estimate):
            text = msg("Nothing was counted in either, so nothing can be said of the ratio.")
        elif self.interval[0] > 1 or self.interval[1] < 1:
            text = msg(
                "The rate is {r:ratio} times the other; values from {low:ratio} to {high:ratio} fit the counts.",
                r=self.estimate, low=self.interval[0], high=self.interval[1],
            )  # fmt: skip
        else:
            text = msg(
                "No clear difference: the ratio is {r:ratio}, and anything from {low:ratio} to {high:ratio} fits the "
                "counts.",
                r=self.estimate, low=self.interval[0], high=self.interval[1],
            )  # fmt: skip
        return text.render(language)


def rate_ratio(
    x1: float, x0: float, t1: float = 1.0, t0: float = 1.0, *, level: float = 0.95, dispersion: float = 1.0
) -> RateRatio:
    """The ratio of two rates, ``(x1 / t1) / (x0 / t0)``, by the exact conditional test.

    ``x1``, ``x0``: counts. ``t1``, ``t0``: exposures in the same unit (months, persons, expected counts), above 0.
    ``dispersion`` above 1 shrinks both counts to the information that they hold (quasi-Poisson); the interval then is
    approximate. Raises ``ValueError`` for negative counts, exposures that are not positive, or dispersion below 1.
    """
    for name, value in (("x1", x1), ("x0", x0)):
        if not value >= 0:
            raise ValueError(f"{name} must be a count of 0 or more, not {value!r}")
    for name, value in (("t1", t1), ("t0", t0)):
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be an exposure above 0, not {value!r}")
    if not dispersion >= 1:
        raise ValueError(f"dispersion must be 1 or more, not {dispersion!r}")
    low, high = conditional_interval(x1, x0, t1 / t0, level=level, dispersion=dispersion)
    a, b = x1 / dispersion, x0 / dispersion
    share = t1 / (t0 + t1)
    if x1 + x0 == 0:
        return RateRatio(math.nan, (0.0, math.inf), 1.0, level, dispersion)
    upper = ss.beta.cdf(share, a, b + 1) if a > 0 else 1.0
    lower = ss.beta.sf(share, a + 1, b) if b > 0 else 1.0
    estimate = (x1 / t1) / (x0 / t0) if x0 > 0 else math.inf
    return RateRatio(estimate, (low, high), float(min(1.0, 2 * min(upper, lower))), level, dispersion)


def conditional_interval(
    x1: float, x0: float, odds: float, *, level: float = 0.95, dispersion: float = 1.0
) -> tuple[float, float]:
    """Central (Clopper-Pearson) interval of a rate ratio whose exposures stand ``odds`` to 1."""
    a, b, tail = x1 / dispersion, x0 / dispersion, (1 - level) / 2
    low_share = float(ss.beta.ppf(tail, a, b + 1)) if a > 0 else 0.0
    high_share = float(ss.beta.isf(tail, a + 1, b)) if b > 0 else 1.0
    low = low_share / (1 - low_share) / odds
    high = math.inf if high_share >= 1 else high_share / (1 - high_share) / odds
    return low, high


def e_test(x1: int, x0: int, t1: float = 1.0, t0: float = 1.0, *, difference: float = 0.0) -> float:
    """Two-sided p-value of the E-test that rate 1 less rate 0 is ``difference``.

    Less conservative than the conditional test at small counts. Counts are whole and exposures above 0.
    """
    if x1 < 0 or x0 < 0 or t1 <= 0 or t0 <= 0:
        raise ValueError("the E-test takes counts of 0 or more and exposures above 0")
    pooled = (x1 + x0) / (t1 + t0) - difference * t1 / (t1 + t0)
    if pooled <= 0:
        return 1.0
    variance = x1 / t1**2 + x0 / t0**2
    if variance == 0:
        return 1.0
    observed = abs((x1 / t1 - x0 / t0 - difference) / math.sqrt(variance))
    m1, m0 = t1 * (pooled + difference), t0 * pooled
    k1, k0 = _support(m1), _support(m0)
    p1, p0 = ss.poisson.pmf(k1, m1), ss.poisson.pmf(k0, m0)
    d = k1[:, None] / t1 - k0[None, :] / t0 - difference
    v = k1[:, None] / t1**2 + k0[None, :] / t0**2
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(v > 0, np.abs(d) / np.sqrt(v), 0.0)
    return float(min(1.0, (p1[:, None] * p0[None, :])[z >= observed - 1e-12].sum()))


def _support(mean: float) -> npt.NDArray[np.int64]:
    low, high = ss.poisson.ppf(1e-14, mean), ss.poisson.isf(1e-14, mean)
    return np.arange(int(max(0, low)), int(high) + 2)
