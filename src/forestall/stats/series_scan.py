"""Has a whole series risen lately, beyond its level and season?

A log-linear quasi-Poisson model (level, and yearly harmonics where two years of history allow) is fitted to the periods
before the longest window; its forecast of the last 1 … W periods is compared with what came. Residual dispersion and
first-order autocorrelation widen the forecast, and so does the uncertainty of the fit. The windows' standardised excesses
are jointly multivariate t, so the p-value of the highest allows for having tried them all; it is (r + 1) / (n + 1) over
seeded draws. No trend is fitted: a slow rise is a rise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.results import Column, Figures, Table, register
from forestall.text import msg

Floats = npt.NDArray[np.float64]

#: Autocorrelation is taken to be at least this: a few dozen periods can't show that there is none.
LEAST_RHO = 0.2


@register
@dataclass(frozen=True, kw_only=True)
class SeriesRise(Figures):
    """The window of the last periods with the strongest excess. ``counts`` and ``fitted``: the series and what was expected
    of it, shape (periods,), NaN for periods set aside. ``dispersion`` and ``autocorrelation`` are the residuals'."""

    type_name: ClassVar[str] = "series-rise"

    periods: int
    observed: int
    expected: float
    interval: tuple[float, float]
    p_value: float
    dispersion: float
    autocorrelation: float
    counts: Floats
    fitted: Floats
    seasonal: bool

    @property
    def ratio(self) -> float:
        return self.observed / self.expected if self.expected > 0 else math.inf

    def table(self) -> Table:
        """Each period: what was counted, what was expected, whether in the window."""
        columns = (
            Column("period", msg("Period"), None, True),
            Column("observed", msg("Observed"), msg("count"), True),
            Column("expected", msg("Expected"), msg("count"), True),
            Column("in_window", msg("In the window")),
        )
        begins = self.counts.size - self.periods
        rows = tuple(
            (t + 1, None if math.isnan(m) else float(y), None if math.isnan(m) else float(m), t >= begins)
            for t, (y, m) in enumerate(zip(self.counts, self.fitted, strict=True))
        )
        return Table(columns, rows, msg("Period by period"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        """The series as bars, its window in the accent, and what was expected as a line."""
        begins = self.counts.size - self.periods
        values = [
            {"period": t + 1, "observed": float(y), "expected": round(float(m), 2), "window": t >= begins}
            for t, (y, m) in enumerate(zip(self.counts, self.fitted, strict=True))
            if not math.isnan(m)
        ]
        x = {"field": "period", "type": "quantitative", "title": msg("Period").render(language)}
        y = {"type": "quantitative", "title": msg("count").render(language)}

        def bars(style: str, test: str) -> dict[str, Any]:
            mark = {"type": "bar", "style": style}
            return {"transform": [{"filter": test}], "mark": mark, "encoding": {"x": x, "y": {"field": "observed", **y}}}

        line = {"mark": {"type": "line", "style": "expected"}, "encoding": {"x": x, "y": {"field": "expected", **y}}}
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "data": {"values": values},
            "layer": [bars("quiet", "!datum.window"), bars("observed", "datum.window"), line],
        }

    def explain(self, language: str = "en") -> str:
        return msg(
            "The last {periods:count} periods hold {observed:count} where level and season lead one to expect "
            "{expected:decimal} ({low:ratio} to {high:ratio} times as many fits); p = {p:.2g} over all windows tried.",
            periods=self.periods, observed=self.observed, expected=self.expected, low=self.interval[0],
            high=self.interval[1], p=self.p_value,
        ).render(language)  # fmt: skip


def series_rise(
    counts: npt.ArrayLike,
    *,
    windows: int = 6,
    shortest: int = 1,
    period_of_year: npt.ArrayLike | None = None,
    periods: npt.ArrayLike | None = None,
    draws: int = 9999,
    seed: int = 0,
) -> SeriesRise | None:
    """The strongest recent rise of a series, or None where fewer than 12 usable periods of history remain.

    ``counts``: shape (periods,). ``shortest``, ``windows``: lengths to try, in periods. ``period_of_year``: the month
    number (1 to 12) of each, for the season; None fits no season. ``periods``: False for those to be set aside. Raises
    ``ValueError`` for negative or missing counts.
    """
    y = np.asarray(counts, float)
    if y.ndim != 1 or y.size == 0 or not (np.isfinite(y) & (y >= 0)).all():
        raise ValueError("counts must be a series of numbers of 0 or more, with none missing")
    t = np.arange(y.size)
    keep = np.ones(y.size, bool) if periods is None else np.asarray(periods, bool)
    used = t[keep]
    windows = min(windows, used.size - 12)
    if windows < max(shortest, 1) or y[used].sum() == 0:
        return None
    history, recent = used[:-windows], used[-windows:]
    seasonal = period_of_year is not None and history.size >= 24
    design = _design(t, np.asarray(period_of_year) if seasonal else None, 2 if history.size >= 30 else 1)
    beta = _fit(design[history], y[history])
    mu = np.exp(design @ beta)
    m = mu[history]
    free = history.size - design.shape[1]
    residual = (y[history] - m) / np.sqrt(m)
    dispersion = max(1.0, float(residual @ residual) / free)
    gap = np.diff(history) == 1
    lag = float((residual[1:] * residual[:-1])[gap].sum() / max(residual @ residual, 1e-9))
    rho = min(0.8, max(LEAST_RHO, lag + (design.shape[1] + 3 * max(lag, 0.0)) / history.size))
    free = max(3.0, free * (1 - rho) / (1 + rho))

    def noise(i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]) -> Floats:
        scale = np.sqrt(mu[i][:, None] * mu[j][None, :])
        return np.asarray(dispersion * scale * rho ** np.abs(i[:, None] - j[None, :]), float)

    x = design[history]
    bread = np.linalg.inv(x.T @ (x * m[:, None]))
    spread = bread @ (x.T @ noise(history, history) @ x) @ bread
    sums = np.tril(np.ones((windows, windows)))[:, ::-1]
    gradient = sums @ (design[recent] * mu[recent][:, None])
    cross = sums @ noise(recent, history) @ x @ bread @ gradient.T
    covariance = sums @ noise(recent, recent) @ sums.T + gradient @ spread @ gradient.T - cross - cross.T
    se = np.sqrt(np.diag(covariance))
    observed, expected = sums @ y[recent], sums @ mu[recent]
    z = (observed - expected) / se
    z[: shortest - 1] = -np.inf
    best = int(np.argmax(z))
    rng = np.random.default_rng(seed)
    correlation = covariance / se[:, None] / se[None, :]
    root = np.linalg.cholesky(correlation + 1e-9 * np.eye(windows))
    sample = (rng.standard_normal((draws, windows)) @ root.T) / np.sqrt(rng.chisquare(free, draws) / free)[:, None]
    p = (int((sample[:, shortest - 1 :].max(1) >= z[best]).sum()) + 1) / (draws + 1)
    half = min(float(ss.t.ppf(0.975, free)) * se[best] / max(expected[best], 1e-9), 100.0)
    ratio = observed[best] / max(expected[best], 1e-9)
    fitted = np.where(keep, mu, np.nan)
    return SeriesRise(
        periods=best + 1,
        observed=int(observed[best]),
        expected=float(expected[best]),
        interval=(ratio * math.exp(-half), ratio * math.exp(half)),
        p_value=p,
        dispersion=dispersion,
        autocorrelation=rho,
        counts=np.where(keep, y, np.nan),
        fitted=fitted,
        seasonal=seasonal,
        parameters={"windows": windows, "shortest": shortest, "draws": draws},
        seed=seed,
    )


def _design(t: npt.NDArray[np.int64], month: npt.NDArray[np.int64] | None, harmonics: int) -> Floats:
    columns = [np.ones(t.size)]
    if month is not None:
        for h in range(1, harmonics + 1):
            columns += [np.sin(2 * np.pi * h * month / 12), np.cos(2 * np.pi * h * month / 12)]
    return np.stack(columns, 1)


def _fit(x: Floats, y: Floats) -> Floats:
    beta = np.zeros(x.shape[1])
    beta[0] = math.log(max(y.mean(), 1e-6))
    for _ in range(50):
        m = np.exp(np.clip(x @ beta, -30, 30))
        step = np.linalg.solve(x.T @ (x * m[:, None]) + 1e-9 * np.eye(x.shape[1]), x.T @ (y - m))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return beta
