"""Do events have a season beyond chance, and in which month does it peak?

A log-linear quasi-Poisson regression of monthly counts on a level, a steady trend and yearly harmonics, with the number of
days in each month as exposure. Dispersion and first-order autocorrelation of the residuals widen the covariance of the
season's coefficients (a lasting run of good or bad months looks much like a season); a Wald F test asks whether they all
are 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._quasi_poisson import f_test, fit, lasting_errors
from forestall.stats._times import Floats, Ints, level_of, sentences
from forestall.stats._unfit import Unfit
from forestall.text import Message, msg, msg_n

#: Fewer known months can't tell a season from a run of chance.
LEAST, ENOUGH = 24, 36

#: Bounds of the autocorrelation: a few dozen months can't show that there is none, nor tell much of it from a wandering
#: level.
LEAST_RHO, MOST_RHO = 0.2, 0.9

#: Share of the draws that the months named as possible peaks hold together.
HOLD = 0.9

MONTHS: tuple[Message, ...] = (
    msg("January"), msg("February"), msg("March"), msg("April"), msg("May"), msg("June"), msg("July"), msg("August"),
    msg("September"), msg("October"), msg("November"), msg("December"),
)  # fmt: skip


@register
@dataclass(frozen=True, kw_only=True)
class Seasonality(Figures):
    """``f`` with ``degrees`` and its ``p_value``: is there any season? ``ratio``: events a day in each month of the year
    over their yearly (geometric) mean, with ``low`` and ``high``: (12,) each from January. ``peak``: the month, 1 to 12,
    in which the fitted season is highest; ``peak_chance``: how likely each month is the highest, (12,); ``peak_months``:
    the likeliest, which hold nine tenths together. ``swing``: highest over lowest month. ``dispersion``,
    ``autocorrelation``: of the errors."""

    type_name: ClassVar[str] = "seasonality"

    first: str
    last: str
    months: int
    unknown: int
    events: float
    f: float
    degrees: tuple[int, float]
    p_value: float
    ratio: Floats
    low: Floats
    high: Floats
    peak: int
    peak_chance: Floats
    peak_months: tuple[int, ...]
    swing: float
    dispersion: float
    autocorrelation: float

    def table(self) -> Table:
        columns = (
            Column("month", msg("Month")),
            Column("ratio", msg("Ratio to the yearly mean"), numeric=True),
            Column("low", msg("From"), numeric=True),
            Column("high", msg("To"), numeric=True),
            Column("peak", msg("Chance that it is the peak"), numeric=True),
        )
        rows = tuple(
            (MONTHS[m], float(self.ratio[m]), float(self.low[m]), float(self.high[m]), float(self.peak_chance[m]))
            for m in range(12)
        )
        return Table(columns, rows, msg("The season by month"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        names = [m.render(language) for m in MONTHS]
        rows = [
            {"month": names[m], "ratio": float(self.ratio[m]), "low": float(self.low[m]), "high": float(self.high[m])}
            for m in range(12)
        ]
        x = {"field": "month", "type": "ordinal", "sort": names, "title": None}
        y = {
            "type": "quantitative",
            "title": msg("events a day over the yearly mean").render(language),
            "scale": {"zero": False},
        }
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "width": 520,
            "height": 200,
            "data": {"values": rows},
            "layer": [
                {
                    "data": {"values": [{"at": 1}]},
                    "mark": {"type": "rule", "style": "limit"},
                    "encoding": {"y": {**y, "field": "at"}},
                },
                {
                    "mark": {"type": "bar", "style": "interval", "width": {"band": 0.3}},
                    "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
                },
                {
                    "mark": {"type": "point", "style": "observed", "filled": True, "size": 60},
                    "encoding": {"x": x, "y": {**y, "field": "ratio"}},
                },
            ],
        }

    def explain(self, language: str = "en") -> str:
        parts: list[Message] = []
        if self.p_value > 0.05:
            parts.append(msg("Over {n:count} months there is no clear season beyond chance.", n=self.months))
        else:
            parts.append(
                msg(
                    "Over {n:count} months there is a season: its fullest month, {peak}, has {swing:ratio} times the "
                    "events a day of its emptiest. Months that may be the peak: {months:list}.",
                    n=self.months, peak=MONTHS[self.peak - 1], swing=self.swing,
                    months=[MONTHS[m - 1] for m in self.peak_months],
                )
            )  # fmt: skip
        if self.unknown:
            parts.append(msg("Months that are absent or not known: {n:count}.", n=self.unknown))
        parts.append(
            msg(
                "The same season is taken to come back each year, about a steady trend. Why it comes the counts can't "
                "tell, and a change in recording at the same time of year looks just like it."
            )
        )
        return sentences(parts, language)


def seasonality(
    months: npt.ArrayLike,
    counts: npt.ArrayLike,
    *,
    harmonics: int = 2,
    level: float = 0.95,
    draws: int = 4999,
    seed: int = 0,
) -> Seasonality:
    """Is there a season in monthly counts, and when is its peak?

    ``months``: ``YYYY-MM`` or datetime64, each once and in any order; absent ones are unknown, not empty. ``counts``: 0 or
    more; NaN is unknown (set months with a recording event to NaN). ``harmonics``: waves a year, 1 to 5; one has a single
    peak and a single trough, half a year apart. ``draws``: of the fitted season, seeded, for which month may be the peak.

    Raises ``ValueError`` for a month given twice, negative counts, no events, fewer than 24 known months, or a month of
    the year that is known too seldom to fit the season.
    """
    level_of(level)
    if not 1 <= harmonics <= 5:
        raise ValueError(f"harmonics must be 1 to 5, not {harmonics!r}")
    if not draws >= 99:
        raise ValueError(f"draws must be 99 or more, not {draws!r}")
    at, y, unknown = _series(months, counts)
    starts = at.astype("datetime64[M]")
    days = ((starts + 1).astype("datetime64[D]") - starts.astype("datetime64[D]")).astype(float)
    of_year = (at % 12).astype(float)
    wave = _waves(of_year, harmonics)
    x = np.column_stack([np.ones(at.size), (at - at.mean()) / 12, wave])
    found = fit(x, y, np.log(days / 30.4375))
    free = at.size - x.shape[1]
    rho, dispersion = lasting_errors(x, found, at, LEAST_RHO, MOST_RHO)
    apart = np.abs(at[:, None] - at[None, :])
    root = np.sqrt(found.mu)
    noise = dispersion * root[:, None] * root[None, :] * rho**apart
    covariance = found.spread @ (x.T @ noise @ x) @ found.spread
    left = max(3.0, free * (1 - rho) / (1 + rho))
    where = np.arange(2, x.shape[1])
    beta, spread = found.beta[where], covariance[np.ix_(where, where)]
    f, p = f_test(beta, spread, left)
    year = _waves(np.arange(12.0), harmonics)
    season = year @ beta
    half = float(special.stdtrit(left, (1 + level) / 2)) * np.sqrt(np.maximum(((year @ spread) * year).sum(1), 0))
    rng = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(spread)
    drawn = rng.standard_normal((draws, beta.size)) * np.sqrt(np.maximum(values, 0)) @ vectors.T
    drawn = drawn / np.sqrt(rng.chisquare(left, draws) / left)[:, None]
    highest = np.argmax((beta + drawn) @ year.T, 1)
    chance = np.bincount(highest, minlength=12) / draws
    order = np.argsort(-chance, kind="stable")
    held = int(np.argmax(np.cumsum(chance[order]) >= HOLD)) + 1
    with np.errstate(over="ignore"):  # an interval that the months leave open reaches as far as numbers do
        low, high = np.exp(season - half), np.exp(season + half)
    return Seasonality(
        first=str(starts[0]),
        last=str(starts[-1]),
        months=int(at.size),
        unknown=unknown,
        events=float(y.sum()),
        f=f,
        degrees=(beta.size, left),
        p_value=max(p, float(np.finfo(float).tiny)),
        ratio=np.exp(season),
        low=low,
        high=high,
        peak=int(np.argmax(season)) + 1,
        peak_chance=chance,
        peak_months=tuple(sorted(int(m) + 1 for m in order[:held])),
        swing=math.exp(float(season.max() - season.min())),
        dispersion=dispersion,
        autocorrelation=rho,
        parameters={"harmonics": harmonics, "level": level, "draws": draws},
        seed=seed,
        checks=(
            Check("complete", unknown == 0, msg("Months that are absent or not known: {n:count}.", n=unknown)),
            Check(
                "enough", at.size >= ENOUGH,
                msg("{n:count} months are known; {least} or more tell a season well.", n=int(at.size), least=ENOUGH),
            ),
            Check(
                "months-apart", rho < 0.6,
                msg("Months lean on those before ({r:.2f}); a long run of such months looks like a season.", r=rho),
            ),
        ),
    )  # fmt: skip


def _waves(of_year: Floats, harmonics: int) -> Floats:
    angle = 2 * np.pi * of_year / 12
    return np.column_stack([g(h * angle) for h in range(1, harmonics + 1) for g in (np.sin, np.cos)])


def _series(months: npt.ArrayLike, counts: npt.ArrayLike) -> tuple[Ints, Floats, int]:
    """Known months in order (since 1970-01), their counts, and how many between the first and the last are unknown."""
    try:
        given = np.asarray(months, "datetime64[M]")
    except (ValueError, TypeError) as error:
        raise ValueError(f"months must be YYYY-MM or datetime64: {error}") from None
    y = np.asarray(counts, float)
    if given.ndim != 1 or given.size == 0 or y.shape != given.shape:
        raise ValueError(
            f"counts must have one number for each of the {given.size} months, and some, not the shape {y.shape}"
        )
    if np.isnat(given).any():
        raise ValueError(f"months has a missing month in row {int(np.argmax(np.isnat(given)))}: leave it out")
    bad = (y < 0) | np.isinf(y)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"counts must be 0 or more: row {row} has {float(y[row])!r}; give NaN where a month is not known")
    at = given.astype(np.int64)
    order = np.argsort(at, kind="stable")
    at, y = at[order], y[order]
    twice = np.flatnonzero(np.diff(at) == 0)
    if twice.size:
        raise ValueError(f"{at[twice[0]].astype('datetime64[M]')} is given twice: add its counts up or leave one out")
    known = ~np.isnan(y)
    if known.sum() < LEAST:
        raise Unfit(
            msg_n(
                "a season needs {least:count} known months and there is {n:count}: give more",
                "a season needs {least:count} known months and there are {n:count}: give more",
                n=int(known.sum()),
                least=LEAST,
            )
        )
    if not y[known].any():
        raise Unfit(msg("there are no events in any known month, so there is no season to see: give months with events"))
    at, y = at[known], y[known]
    return at, y, int(at[-1] - at[0]) + 1 - at.size
