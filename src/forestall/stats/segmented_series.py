"""Did a series of counts step, or change its slope, when the response began?

A log-linear regression of counts on a level, a steady trend, yearly harmonics and a step at the response (and, where asked
for, a change of slope from it on): segmented regression as Lopez Bernal, Cummins and Gasparrini (*Interrupted time series
regression for the evaluation of public health interventions: a tutorial*, International Journal of Epidemiology 46 (2017)
348-355) set it out. The estimate is the step's rate ratio. Its error allows for scatter beyond chance and for errors that
last from period to period.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._levels import checked_exposure, checked_labels
from forestall.stats._quasi_poisson import Fit, fit, lag_one, lasting_errors, newey_west
from forestall.stats._shift_charts import SCHEMA, period_axis, unique
from forestall.stats._tails import students_p, students_quantile
from forestall.stats._times import Floats, Ints, level_of, sentences
from forestall.stats._unfit import Unfit
from forestall.text import Message, msg, probability

Errors = Literal["lasting", "newey-west", "quasi", "poisson"]

#: Known periods on each side below which no p-value is given, and how many are better.
LEAST, BETTER = 8, 24
#: Bounds of the autocorrelation that is allowed for.
LEAST_RHO, MOST_RHO = 0.0, 0.9
#: A last period before this many standard deviations over the fit looks chosen.
HIGH = 1.645


@register
@dataclass(frozen=True, kw_only=True)
class InterruptedSeries(Figures):
    """``estimate``: rate ratio of the step at ``start`` (after over what the trend and season make one expect), with
    ``interval`` and two-sided ``p_value``; ``standard_error`` is of its logarithm. They are NaN where none is honest
    (``withheld`` names the checks that say so). ``overall``: ratio over all periods after, another than the step where the
    slope changed; ``slope``: ratio of the slope after to that before, a year (``period`` periods), NaN where none was
    fitted. ``fitted`` and ``without`` (the response): expected counts by period. ``dispersion``: Pearson's, of the errors;
    ``autocorrelation``: of neighbouring ones; ``freedom``: degrees of it."""

    type_name: ClassVar[str] = "interrupted-series"

    estimate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    level: float
    overall: float
    overall_interval: tuple[float, float]
    slope: float
    slope_interval: tuple[float, float]
    start: int
    period: int
    harmonics: int
    errors: str
    dispersion: float
    autocorrelation: float
    freedom: float
    counts: Floats
    fitted: Floats
    without: Floats
    withheld: tuple[str, ...]
    periods: tuple[str, ...]

    @property
    def observed_after(self) -> float:
        """Events counted in the known periods after."""
        return float(np.nansum(self.counts[self.start :]))

    @property
    def expected_after(self) -> float:
        """Events that the same periods would have had without the response, by the fit."""
        after = slice(self.start, None)
        return float(self.without[after][~np.isnan(self.counts[after])].sum())

    def table(self) -> Table:
        columns = (
            Column("what", msg("What changed")),
            Column("ratio", msg("Rate ratio"), numeric=True),
            Column("low", msg("From"), numeric=True),
            Column("high", msg("To"), numeric=True),
        )
        rows: list[tuple[Any, ...]] = [(msg("The step when the response began"), self.estimate, *self.interval)]
        if not math.isnan(self.slope):
            rows.append((msg("The slope from then on, a year"), self.slope, *self.slope_interval))
            rows.append((msg("All periods after together"), self.overall, *self.overall_interval))
        return Table(columns, tuple(tuple(None if v != v else v for v in row) for row in rows), msg("After, over expected"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        labels = unique(self.periods)
        rows = [
            {
                "period": label,
                "count": None if math.isnan(c) else float(c),
                "fitted": float(f),
                "without": float(w) if t >= self.start else None,
            }
            for t, (label, c, f, w) in enumerate(zip(labels, self.counts, self.fitted, self.without, strict=True))
        ]
        x = period_axis(labels, language)
        y = {"type": "quantitative", "title": msg("count a period").render(language)}

        def line(field: str, mark: dict[str, Any]) -> dict[str, Any]:
            known = [{"filter": f"isValid(datum.{field})"}]
            return {"transform": known, "mark": mark, "encoding": {"x": x, "y": {**y, "field": field}}}

        return {
            "$schema": SCHEMA,
            "width": 600,
            "height": 240,
            "data": {"values": rows},
            "layer": [
                {
                    "data": {"values": [{"period": label} for label in labels[self.start :]]},
                    "mark": {"type": "bar", "style": "interval", "width": {"band": 1}},
                    "encoding": {"x": x, "y": {"value": 0}, "y2": {"value": "height"}},
                },
                line("without", {"type": "line", "style": "limit"}),
                line("fitted", {"type": "line", "style": "expected"}),
                line("count", {"type": "point", "style": "observed", "filled": True, "size": 40}),
            ],
        }

    def explain(self, language: str = "en") -> str:
        parts: list[Message] = [
            msg(
                "After the response began {observed:count} were counted; the trend and season before make one expect "
                "{expected:count}.",
                observed=self.observed_after, expected=self.expected_after,
            )
        ]  # fmt: skip
        if math.isnan(self.p_value):
            parts.append(
                msg(
                    "The step is a ratio of {r:ratio}; no p-value and no interval are given, because none would be honest "
                    "here.",
                    r=self.estimate,
                )
            )
        elif self.interval[0] <= 1 <= self.interval[1]:
            parts.append(
                msg(
                    "No clear step: the ratio is {r:ratio}, and anything from {low:ratio} to {high:ratio} fits at "
                    "{level:percent} (p {p}).",
                    r=self.estimate, low=self.interval[0], high=self.interval[1], level=self.level,
                    p=probability(self.p_value, language),
                )
            )  # fmt: skip
        else:
            parts.append(
                msg(
                    "The series stepped to {r:ratio} of what was expected; {low:ratio} to {high:ratio} fit at "
                    "{level:percent} (p {p}).",
                    r=self.estimate, low=self.interval[0], high=self.interval[1], level=self.level,
                    p=probability(self.p_value, language),
                )
            )  # fmt: skip
        if not math.isnan(self.slope) and not math.isnan(self.slope_interval[0]):
            parts.append(
                msg(
                    "Its slope from then on is {r:ratio} times that before, a year ({low:ratio} to {high:ratio}).",
                    r=self.slope, low=self.slope_interval[0], high=self.slope_interval[1],
                )
            )  # fmt: skip
        parts += [c.text for c in self.checks if not c.passed]
        parts.append(
            msg(
                "One series alone can't tell the response from anything else that changed at the same time, nor from a "
                "change in recording; and it takes it that the trend would have gone on."
            )
        )
        return sentences(parts, language)


def interrupted_series(
    counts: npt.ArrayLike,
    start: int,
    *,
    exposure: npt.ArrayLike | None = None,
    period: int = 12,
    harmonics: int | None = None,
    trend: bool = True,
    slope: bool = False,
    errors: Errors = "lasting",
    lags: int | None = None,
    guard: bool = True,
    level: float = 0.95,
    periods: Sequence[str] | None = None,
) -> InterruptedSeries:
    """The step in a series of counts at a response.

    ``counts``: (periods,) in order, 0 or more (sums of harm too); NaN is not known (set recording events to NaN).
    ``start``: index of the first period after. ``exposure``: (periods,) above 0, such as days or residents, in proportion
    to which the mean is. ``period``: periods a year; ``harmonics``: Fourier pairs a year, by default two where the time
    before the response covers two years or more, and none otherwise. ``trend``: a steady one throughout; ``slope``: let it
    change at the response.

    ``errors``: "lasting" (scatter beyond chance with first-order autocorrelation, both set right for what the fit took, and
    fewer degrees of freedom for it), "newey-west" (``lags``, by default 4 (n/100)^(2/9)), "quasi" (scatter alone) or
    "poisson" (neither); the last three are too narrow on short series and for display. ``guard`` withholds p-value and
    interval with fewer than eight known periods on a side.

    Raises ``ValueError`` for negative or too few counts, a side without any known period, and effects that can't be parted.
    """
    level_of(level)
    y, at, start, exposed = _series(counts, start, exposure)
    names = checked_labels(periods, exposed.size, "periods")
    n = y.size
    sides = int((at < start).sum()), int((at >= start).sum())
    if period < 2:
        raise ValueError(f"period must be 2 periods a year or more, not {period!r}")
    most = (period - 1) // 2
    if harmonics is None:
        known_years = sides[0] >= 2 * period and n >= BETTER
        harmonics = min(2, most) if known_years else 0
    if not 0 <= harmonics <= most:
        raise ValueError(f"harmonics must be 0 to {most} where a year has {period} periods, not {harmonics!r}")
    if errors not in ("lasting", "newey-west", "quasi", "poisson"):
        raise ValueError(f"errors must be lasting, newey-west, quasi or poisson, not {errors!r}")
    if lags is not None and not 0 <= lags < n:
        raise ValueError(f"lags must be 0 to {n - 1}, not {lags!r}")
    if slope and not trend:
        raise ValueError("a change of slope needs a slope to change: set trend=True too")
    whole = np.arange(exposed.size)
    x, which = _design(whole, start, period, harmonics, trend, slope)
    left = n - x.shape[1]
    if left < 3:
        raise Unfit(
            msg(
                "{n:count} known periods are too few to fit {k:count} effects: give more, or fewer harmonics",
                n=n, k=x.shape[1],
            )
        )  # fmt: skip
    if np.linalg.matrix_rank(x[at]) < x.shape[1]:
        raise Unfit(
            msg("the step, trend and season can't be told apart in so few known periods: give more, or leave one out")
        )
    shift = np.log(exposed / exposed[at].mean())
    found = fit(x[at], y, shift[at])
    covariance, dispersion, rho, free = _errors(x[at], y, found, at, errors, lags)
    bare = x.copy()
    bare[:, which] = 0
    fitted, without = _mean(shift + x @ found.beta), _mean(shift + bare @ found.beta)
    degrees = math.inf if errors in ("quasi", "poisson") else free  # normal tails, as the textbooks have them
    wide = students_quantile(level, degrees)
    step, error = float(found.beta[which[0]]), _root(covariance[which[0], which[0]])
    after = at[at >= start]
    a, b = fitted[after], without[after]
    pull = a @ x[after] / a.sum() - b @ bare[after] / b.sum()
    total, total_error = float(np.log(a.sum() / b.sum())), _root(pull @ covariance @ pull)
    said = _checks(at, start, x[at], found, sides, harmonics, period, errors, dispersion, rho)
    withheld = tuple(c.name for c in said if not c.passed and c.name == "points") if guard else ()
    p = students_p(step / error if error > 0 else math.inf, degrees)
    bend, bend_interval = math.nan, (math.nan, math.nan)
    if slope:
        value, its = float(found.beta[which[1]]), _root(covariance[which[1], which[1]])
        bend, bend_interval = _power(value), _span(value, its * wide)
    known = np.full(exposed.size, math.nan)
    known[at] = y
    if withheld:
        error, p, wide = math.nan, math.nan, math.nan
        bend_interval = (math.nan, math.nan)
    return InterruptedSeries(
        estimate=_power(step),
        standard_error=error,
        interval=_span(step, error * wide),
        p_value=p,
        level=level,
        overall=_power(total),
        overall_interval=_span(total, total_error * wide),
        slope=bend,
        slope_interval=bend_interval,
        start=start,
        period=period,
        harmonics=harmonics,
        errors=errors,
        dispersion=dispersion,
        autocorrelation=rho,
        freedom=free,
        counts=known,
        fitted=fitted,
        without=without,
        withheld=withheld,
        periods=names,
        parameters={
            "start": start, "period": period, "harmonics": harmonics, "trend": trend, "slope": slope, "errors": errors,
            "lags": lags, "guard": guard, "level": level,
        },
        checks=said,
    )  # fmt: skip


def _design(at: Ints, start: int, period: int, harmonics: int, trend: bool, slope: bool) -> tuple[Floats, list[int]]:
    """Level, step, trend and season, by period; and which columns are the response's: step, then slope."""
    since = (at - start) / period
    after = (at >= start).astype(float)
    columns, which = [np.ones(at.size), after], [1]
    if trend:
        columns.append(since)
    if slope:
        which.append(len(columns))
        columns.append(since * after)
    angle = 2 * np.pi * at / period
    columns += [g(h * angle) for h in range(1, harmonics + 1) for g in (np.sin, np.cos)]
    return np.column_stack(columns), which


def _errors(
    x: Floats, y: Floats, found: Fit, at: Ints, errors: str, lags: int | None
) -> tuple[Floats, float, float, float]:
    """Covariance of the coefficients, dispersion and autocorrelation of the errors, and degrees of freedom."""
    free = float(found.free)
    raw = float(found.residual @ found.residual) / free
    if errors == "poisson":
        return found.spread, raw, lag_one(found.residual, at), free
    if errors == "quasi":
        return found.spread * found.dispersion, found.dispersion, lag_one(found.residual, at), free
    rho, dispersion = lasting_errors(x, found, at, LEAST_RHO, MOST_RHO)
    if errors == "newey-west":
        reach = lags if lags is not None else math.ceil(4 * (y.size / 100) ** (2 / 9))
        return newey_west(x, y, found, at, reach), dispersion, rho, free
    root = np.sqrt(found.mu)
    noise = dispersion * root[:, None] * root[None, :] * rho ** np.abs(at[:, None] - at[None, :])
    covariance = found.spread @ (x.T @ noise @ x) @ found.spread
    return np.asarray(covariance, float), dispersion, rho, max(3.0, free * (1 - rho) / (1 + rho))


def _checks(
    at: Ints,
    start: int,
    x: Floats,
    found: Fit,
    sides: tuple[int, int],
    harmonics: int,
    period: int,
    errors: str,
    dispersion: float,
    rho: float,
) -> tuple[Check, ...]:
    last = int(np.flatnonzero(at < start)[-1])
    hat = np.clip(found.mu * np.einsum("ij,jk,ik->i", x, found.spread, x), 0, 0.999)
    high = float(found.residual[last] / math.sqrt(max(dispersion, 1.0) * (1 - hat[last])))
    enough = min(sides) >= LEAST
    seasonal = harmonics > 0 or period > at[-1] - at[0]
    allowed = errors in ("lasting", "newey-west") or rho < 0.2
    scattered = errors != "poisson" or dispersion <= 1.5
    return (
        Check(
            "points", enough,
            msg("Known periods before: {before:count}; after: {after:count}.", before=sides[0], after=sides[1])
            if enough
            else msg("There are {before:count} known periods before and {after:count} after: a step can't be told from a "
                     "run of chance with fewer than {least:count} on each side, and {better:count} are better.",
                     before=sides[0], after=sides[1], least=LEAST, better=BETTER),
        ),
        Check(
            "season", seasonal,
            msg("The season is allowed for, or the series is shorter than a year.")
            if seasonal
            else msg("No season is allowed for: where the months before and after differ, a season can look like a step."),
        ),
        Check(
            "scatter", scattered,
            msg("The scatter of the counts is {phi:ratio} times that of chance.", phi=dispersion)
            if scattered
            else msg("The counts scatter {phi:ratio} times as much as these errors take it, so the interval is too narrow: "
                     "it is for display.", phi=dispersion),
        ),
        Check(
            "autocorrelation", allowed,
            msg("Errors that last from period to period are allowed for, or are hardly seen ({rho:ratio}).", rho=rho)
            if allowed
            else msg("Errors last from period to period ({rho:ratio}) and are not allowed for, so the interval is too "
                     "narrow.", rho=rho),
        ),
        Check(
            "chosen", high <= HIGH,
            msg("The last known period before the response is not unusually high.")
            if high <= HIGH
            else msg("The last known period before the response is unusually high: what is chosen because it is high falls "
                     "by itself. The fit that leaves that period out shows how much hangs on it."),
        ),
    )  # fmt: skip


def _series(counts: npt.ArrayLike, start: int, exposure: npt.ArrayLike | None) -> tuple[Floats, Ints, int, Floats]:
    """Known counts, their places, the start, and the exposure of every period."""
    y = np.asarray(counts, float)
    if y.ndim != 1 or y.size == 0:
        raise ValueError(f"counts must be one series of numbers, and not empty, not the shape {y.shape}")
    bad = (y < 0) | np.isinf(y)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"counts must be 0 or more: period {row} has {float(y[row])!r}; give NaN where it is not known")
    if not isinstance(start, int | np.integer) or not 0 < start < y.size:
        raise ValueError(
            f"start must be the index of the first period after, from 1 to {y.size - 1}, so that there is one before and "
            f"after, not {start!r}"
        )
    exposed = checked_exposure(exposure, y.size)
    at = np.flatnonzero(~np.isnan(y))
    before, after = at[at < start], at[at >= start]
    if before.size == 0 or after.size == 0:
        raise Unfit(
            msg("no period is known on one side of the response, so there is nothing to compare: give more periods")
        )
    if not y[before].any():
        raise Unfit(msg("there are no events before the response, so there is nothing that could fall: choose others"))
    if not y[after].any():
        raise Unfit(
            msg("there are no events after the response, and a ratio of 0 has no interval here: compare the counts instead")
        )
    return y[at], at, int(start), exposed


def _mean(eta: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(eta, -700, 700)), float)


def _root(variance: float) -> float:
    return math.sqrt(max(float(variance), 0.0))


def _power(value: float) -> float:
    return math.exp(min(max(value, -700.0), 700.0))


def _span(middle: float, half: float) -> tuple[float, float]:
    return (math.nan, math.nan) if math.isnan(half) else (_power(middle - half), _power(middle + half))
