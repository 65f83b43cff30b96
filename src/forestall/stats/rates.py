"""A rate and its interval, and two rates compared: is one higher, by how much, and how sure can one be?

Interval of one count: exact for a Poisson count (Garwood, *Fiducial limits for the Poisson distribution*, Biometrika 28
(1936) 437-442). Exact conditional test of two: given the total, x1 ~ Binomial(x0 + x1, t1 ρ / (t0 + t1 ρ)) at rate ratio
ρ (Przyborowski and Wilenski 1940). E-test: Krishnamoorthy and Thomson, *A more powerful test for comparing two Poisson
means*, Journal of Statistical Planning and Inference 119 (2004) 23-35.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.results import Check, Column, Figures, Table, register
from forestall.text import Message, msg

Floats = npt.NDArray[np.float64]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@register
@dataclass(frozen=True, kw_only=True)
class Rate(Figures):
    """``estimate`` is ``count`` over ``exposure`` times ``per``, and ``interval`` the central exact one in the same unit.
    ``dispersion`` is the variance over the mean that was allowed for (1 for a Poisson count)."""

    type_name: ClassVar[str] = "rate"

    estimate: float
    interval: tuple[float, float]
    count: float
    exposure: float
    per: float
    level: float
    dispersion: float

    def table(self) -> Table:
        columns = (
            Column("count", msg("Count"), None, True),
            Column("exposure", msg("Exposure"), None, True),
            Column("rate", msg("Rate"), msg("for {per:count}", per=self.per), True),
            Column("low", msg("Lower end"), msg("for {per:count}", per=self.per), True),
            Column("high", msg("Upper end"), msg("for {per:count}", per=self.per), True),
        )
        row = (self.count, self.exposure, self.estimate, *self.interval)
        return Table(columns, (row,), msg("A rate and its {level:percent} interval", level=self.level))

    def chart(self, language: str = "en") -> dict[str, Any]:
        title = msg("Rate for {per:count}", per=self.per).render(language)
        return interval_chart(self.estimate, self.interval, title, scale={"zero": True})

    def explain(self, language: str = "en") -> str:
        text = msg(
            "{count:count} were counted, a rate of {rate} for {per:count}; rates from {low} to {high} "
            "fit the count at {level:percent}. The interval allows for chance only, and not for what nobody "
            "reported or for an exposure that is itself an estimate.",
            count=self.count, rate=plain(self.estimate), per=self.per, low=plain(self.interval[0]),
            high=plain(self.interval[1]), level=self.level,
        )  # fmt: skip
        return " ".join([text.render(language), *(c.text.render(language) for c in self.checks if not c.passed)])


@register
@dataclass(frozen=True, kw_only=True)
class RateRatio(Figures):
    """``estimate`` is rate 1 over rate 0; ``interval`` is the central exact one; ``p_value`` is two-sided, twice the
    smaller tail. ``dispersion`` is the variance over the mean that was allowed for (1 for a Poisson count). ``counts`` and
    ``exposures`` are (1, 0) as compared."""

    type_name: ClassVar[str] = "rate-ratio"

    estimate: float
    interval: tuple[float, float]
    p_value: float
    level: float
    dispersion: float
    counts: tuple[float, float]
    exposures: tuple[float, float]

    def table(self) -> Table:
        columns = (
            Column("count_1", msg("Count"), None, True),
            Column("exposure_1", msg("Exposure"), None, True),
            Column("count_0", msg("Compared count"), None, True),
            Column("exposure_0", msg("Compared exposure"), None, True),
            Column("ratio", msg("Rate ratio"), None, True),
            Column("low", msg("Lower end"), None, True),
            Column("high", msg("Upper end"), None, True),
            Column("p_value", msg("p-value, two-sided"), None, True),
        )
        (x1, x0), (t1, t0) = self.counts, self.exposures
        row = (x1, t1, x0, t0, finite(self.estimate), self.interval[0], finite(self.interval[1]), self.p_value)
        return Table(columns, (row,), msg("Two rates compared, with the {level:percent} interval", level=self.level))

    def chart(self, language: str = "en") -> dict[str, Any]:
        return interval_chart(
            self.estimate, self.interval, msg("Rate ratio").render(language), scale={"type": "log"}, reference=1.0
        )

    def explain(self, language: str = "en") -> str:
        text: Message
        if math.isnan(self.estimate):
            text = msg("Nothing was counted in either, so nothing can be said of the ratio.")
        elif math.isinf(self.estimate):
            text = msg(
                "Nothing was counted in the other, so the ratio has no upper end; the counts fit any from {low:ratio} up.",
                low=self.interval[0],
            )
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


def rate(
    count: float,
    exposure: float,
    *,
    per: float = 1000.0,
    level: float = 0.95,
    dispersion: float = 1.0,
    residents_wrong: bool = False,
) -> Rate:
    """``count`` over ``exposure``, times ``per``, with the exact Poisson interval.

    ``exposure``: persons, households, months …, above 0. ``dispersion`` above 1 shrinks the count to the information that
    it holds (quasi-Poisson); the interval then is approximate. ``residents_wrong``: True where the exposure is residents
    and they are not whom it happens to (:func:`forestall.stats.denominators.residents_mislead`); the result then says so.
    Raises ``ValueError`` for a negative count, an exposure that is not positive, or dispersion below 1.
    """
    check_count("count", count)
    check_exposure("exposure", exposure)
    if not (per > 0 and math.isfinite(per)):
        raise ValueError(f"per must be a number of units above 0, not {per!r}")
    low, high = poisson_interval(count, level=level, dispersion=dispersion)
    return Rate(
        estimate=count / exposure * per,
        interval=(float(low) / exposure * per, float(high) / exposure * per),
        count=float(count),
        exposure=float(exposure),
        per=float(per),
        level=level,
        dispersion=dispersion,
        parameters={"per": per, "level": level, "dispersion": dispersion, "residents_wrong": residents_wrong},
        checks=(
            Check(
                "residents",
                not residents_wrong,
                msg("Residents are not whom it happens to here: many who come to work, shop or go out are counted above "
                    "the line and not below it, so this rate is not a risk.")
                if residents_wrong
                else msg("Nothing was said against the exposure as the right denominator."),
            ),
        ),
    )  # fmt: skip


def poisson_interval(count: npt.ArrayLike, *, level: float = 0.95, dispersion: float = 1.0) -> tuple[Floats, Floats]:
    """Exact central (Garwood) interval of the mean of each Poisson ``count``; any shape, of which both ends are.

    ``dispersion`` above 1: the interval of count / dispersion, times dispersion.
    """
    x = np.asarray(count, float)
    if x.size and not (np.isfinite(x) & (x >= 0)).all():
        raise ValueError(f"count must be 0 or more, not {x[~(np.isfinite(x) & (x >= 0))].ravel()[0]!r}")
    check_level(level)
    if not dispersion >= 1:
        raise ValueError(f"dispersion must be 1 or more, not {dispersion!r}")
    tail, a = (1 - level) / 2, x / dispersion
    low = np.where(a > 0, ss.gamma.ppf(tail, np.where(a > 0, a, 1.0)), 0.0) * dispersion
    high = ss.gamma.isf(tail, a + 1) * dispersion
    return np.asarray(low, float), np.asarray(high, float)


def rate_ratio(
    x1: float, x0: float, t1: float = 1.0, t0: float = 1.0, *, level: float = 0.95, dispersion: float = 1.0
) -> RateRatio:
    """The ratio of two rates, ``(x1 / t1) / (x0 / t0)``, by the exact conditional test.

    ``x1``, ``x0``: counts. ``t1``, ``t0``: exposures in the same unit (months, persons, expected counts), above 0.
    ``dispersion`` above 1 shrinks both counts to the information that they hold (quasi-Poisson); the interval then is
    approximate. Raises ``ValueError`` for negative counts, exposures that are not positive, or dispersion below 1.
    """
    for name, value in (("x1", x1), ("x0", x0)):
        check_count(name, value)
    for name, value in (("t1", t1), ("t0", t0)):
        check_exposure(name, value)
    check_level(level)
    if not dispersion >= 1:
        raise ValueError(f"dispersion must be 1 or more, not {dispersion!r}")
    low, high = conditional_interval(x1, x0, t1 / t0, level=level, dispersion=dispersion)
    a, b = x1 / dispersion, x0 / dispersion
    share = t1 / (t0 + t1)
    if x1 + x0 == 0:
        estimate, p = math.nan, 1.0
    else:
        upper = ss.beta.cdf(share, a, b + 1) if a > 0 else 1.0
        lower = ss.beta.sf(share, a + 1, b) if b > 0 else 1.0
        estimate, p = (x1 / t1) / (x0 / t0) if x0 > 0 else math.inf, float(min(1.0, 2 * min(upper, lower)))
    return RateRatio(
        estimate=estimate,
        interval=(low, high),
        p_value=p,
        level=level,
        dispersion=dispersion,
        counts=(float(x1), float(x0)),
        exposures=(float(t1), float(t0)),
        parameters={"level": level, "dispersion": dispersion},
    )


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


def interval_chart(
    estimate: float, interval: tuple[float, float], title: str, *, scale: dict[str, Any], reference: float | None = None
) -> dict[str, Any]:
    """A Vega-Lite specification of an estimate on its interval, with a line at ``reference``.

    What is not finite, or not above 0 on a logarithmic scale, runs to the edge.
    """
    known = [v for v in (*interval, estimate, reference) if v is not None and math.isfinite(v)]
    if scale.get("type") == "log":
        known = [v for v in known if v > 0]
        least, most = min(known, default=1.0) / 3, max(known, default=1.0) * 3
    else:
        least, most = min([0.0, *known]), max([0.0, *known]) * 1.2 or 1.0
    axis = {"scale": {**scale, "domain": [least, most], "nice": False}, "title": title}
    bar = {"low": max(interval[0], least), "high": min(interval[1], most)}
    layer: list[dict[str, Any]] = [
        {
            "data": {"values": [bar]},
            "mark": {"type": "bar", "style": "interval", "height": 14},
            "encoding": {"x": {"field": "low", "type": "quantitative", **axis}, "x2": {"field": "high"}},
        }
    ]
    if reference is not None:
        layer.append(
            {
                "data": {"values": [{"x": reference}]},
                "mark": {"type": "rule", "style": "expected"},
                "encoding": {"x": {"field": "x", "type": "quantitative"}},
            }
        )
    if math.isfinite(estimate) and least <= estimate <= most:
        layer.append(
            {
                "data": {"values": [{"x": estimate}]},
                "mark": {"type": "point", "style": "observed", "filled": True, "size": 90},
                "encoding": {"x": {"field": "x", "type": "quantitative"}},
            }
        )
    return {"$schema": SCHEMA, "width": 320, "height": 40, "layer": layer}


def plain(value: float) -> str:
    """A rate as a reader takes it in: three figures, or one decimal place from ten up."""
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"


def check_count(name: str, value: float) -> None:
    """Raises ``ValueError`` where ``value`` can't be a count."""
    if not (value >= 0 and math.isfinite(value)):
        raise ValueError(f"{name} must be a count of 0 or more, not {value!r}")


def check_counts(name: str, values: Floats) -> None:
    """Raises ``ValueError`` where ``values``, of any shape, can't all be counts."""
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        raise ValueError(f"{name} must be counts of 0 or more, none missing, not {float(values[bad].ravel()[0])!r}")


def check_exposure(name: str, value: float) -> None:
    """Raises ``ValueError`` where ``value`` can't be an exposure."""
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{name} must be an exposure above 0, not {value!r}")


def check_level(level: float) -> None:
    """Raises ``ValueError`` where ``level`` can't be the level of an interval."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, such as 0.95, not {level!r}")


def finite(value: float) -> float | None:
    """A number for a table or chart: None where it is not known or has no end."""
    return value if math.isfinite(value) else None
