"""Rates of places whose people differ: standardised, so that what differs is not only who lives there.

*Direct*: what the rate would be in a standard population, a weighted sum of the strata's rates; interval by the gamma
method of Fay and Feuer, *Confidence intervals for directly standardized rates: a method based on the gamma distribution*,
Statistics in Medicine 16 (1997) 791-801. *Indirect*: observed over expected, where the expected count is what the
reference rates would give among these people; interval exact for a Poisson count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats.rates import Floats, check_exposure, check_level, interval_chart, plain, poisson_interval
from forestall.text import msg


@register
@dataclass(frozen=True, kw_only=True)
class Standardised(Figures):
    """``method``: ``direct`` (``estimate`` is a rate, times ``per``) or ``indirect`` (``estimate`` is observed over
    ``expected``; ``per`` is 1 and ``expected`` None otherwise). ``crude``: the plain rate, times the rate unit given.
    ``counts``, ``population`` and ``weights`` (direct: the standard's shares; indirect: the reference rates), shape
    (strata,)."""

    type_name: ClassVar[str] = "standardised-rate"

    method: str
    estimate: float
    interval: tuple[float, float]
    crude: float
    expected: float | None
    per: float
    level: float
    counts: Floats
    population: Floats
    weights: Floats

    def table(self) -> Table:
        weight = msg("Share of the standard population") if self.method == "direct" else msg("Reference rate")
        columns = (
            Column("stratum", msg("Stratum"), None, True),
            Column("count", msg("Count"), None, True),
            Column("population", msg("Population"), None, True),
            Column("weight", weight, None, True),
        )
        rows = zip(self.counts.tolist(), self.population.tolist(), self.weights.tolist(), strict=True)
        return Table(columns, tuple((i + 1, *row) for i, row in enumerate(rows)), msg("The strata"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        if self.method == "direct":
            title = msg("Rate for {per:count}, standardised", per=self.per).render(language)
            return interval_chart(self.estimate, self.interval, title, scale={"zero": True}, reference=self.crude)
        title = msg("Observed over expected").render(language)
        return interval_chart(self.estimate, self.interval, title, scale={"zero": True}, reference=1.0)

    def explain(self, language: str = "en") -> str:
        total, (low, high) = float(self.counts.sum()), self.interval
        if self.method == "direct":
            text = msg(
                "With the standard population's make-up the rate would be {rate} for {per:count} ({low} to {high} at "
                "{level:percent}); as it is, it is {crude}. {count:count} events stand behind it. It compares with other "
                "rates of the same standard only, and can't allow for what the strata don't show.",
                rate=plain(self.estimate), per=self.per, low=plain(low), high=plain(high), level=self.level,
                crude=plain(self.crude), count=total,
            )  # fmt: skip
        else:
            text = msg(
                "{count:count} were counted where the reference rates would give {expected:decimal}: {ratio:ratio} "
                "times as "
                "many ({low:ratio} to {high:ratio} at {level:percent}). Two such ratios compare strictly only with the "
                "reference and not with each other, because each is weighted by its own people.",
                count=total, expected=self.expected, ratio=self.estimate, low=low, high=high, level=self.level,
            )  # fmt: skip
        return " ".join([text.render(language), *(c.text.render(language) for c in self.checks if not c.passed)])


def standardised(
    counts: npt.ArrayLike,
    population: npt.ArrayLike,
    *,
    standard: npt.ArrayLike | None = None,
    reference_rates: npt.ArrayLike | None = None,
    per: float = 1000.0,
    level: float = 0.95,
) -> Standardised:
    """The rate of one place, standardised over strata (ages, household sizes, tenures …).

    ``counts``, ``population``: shape (strata,), the population above 0. Give one of: ``standard``, the standard
    population by stratum, for *direct* standardisation (a rate times ``per``); or ``reference_rates``, events a person by
    stratum, for *indirect* (a ratio of observed to expected). Where counts by stratum are not known, direct
    standardisation can't be had; for indirect give the total as the first count and 0 in the others.

    Raises ``ValueError`` for negative or missing numbers, strata that don't match, or both or neither reference.
    """
    x, n = _stratum("counts", counts), _stratum("population", population)
    check_level(level)
    check_exposure("per", per)
    if n.shape != x.shape:
        raise ValueError(f"counts have {x.size} strata and the population {n.size}: give each stratum one of both")
    if (standard is None) == (reference_rates is None):
        raise ValueError("give either standard (a population, for direct) or reference_rates (for indirect), and not both")
    crude_persons = n.sum()
    if crude_persons <= 0:
        raise ValueError("the population is 0 in every stratum, so no rate is known")
    crude = float(x.sum() / crude_persons * per)
    told = {"per": per, "level": level, "method": "direct" if standard is not None else "indirect"}
    if standard is not None:
        w = _matching("standard", standard, x)
        if w.sum() <= 0:
            raise ValueError("the standard population is 0 in every stratum: give its persons by stratum")
        w = w / w.sum()
        empty = (n == 0) & (w > 0)
        if empty.any():
            raise ValueError(
                f"stratum {int(np.flatnonzero(empty)[0]) + 1} has nobody in the population but {w[empty][0]:.2g} of the "
                "standard, so its rate is not known: merge it with a neighbouring stratum"
            )
        rate, interval = direct(x, n, w, level=level)
        return Standardised(
            method="direct", estimate=rate * per, interval=(interval[0] * per, interval[1] * per), crude=crude,
            expected=None, per=float(per), level=level, counts=x, population=n, weights=w, parameters=told,
            checks=(_enough(x),),
        )  # fmt: skip
    assert reference_rates is not None
    r = _matching("reference_rates", reference_rates, x)
    expected = float((n * r).sum())
    if expected <= 0:
        raise ValueError("the reference rates expect no events at all here: give events a person by stratum")
    observed = float(x.sum())
    low, high = poisson_interval(observed, level=level)
    return Standardised(
        method="indirect", estimate=observed / expected, interval=(float(low) / expected, float(high) / expected),
        crude=crude, expected=expected, per=1.0, level=level, counts=x, population=n, weights=r, parameters=told,
        checks=(_enough(x),),
    )  # fmt: skip


def direct(counts: Floats, population: Floats, share: Floats, *, level: float) -> tuple[float, tuple[float, float]]:
    """Directly standardised rate, events a person, and its Fay-Feuer gamma interval; all of shape (strata,), ``share``
    adds up to 1."""
    used = share > 0
    x, w = counts[used], share[used] / population[used]
    rate, variance, widest = float(w @ x), float(w**2 @ x), float(w.max())
    tail = (1 - level) / 2
    low = ss.gamma.ppf(tail, rate**2 / variance, scale=variance / rate) if rate > 0 else 0.0
    up, spread = rate + widest, variance + widest**2
    return rate, (float(low), float(ss.gamma.isf(tail, up**2 / spread, scale=spread / up)))


def _enough(counts: Floats) -> Check:
    total = float(counts.sum())
    return Check(
        "enough-events",
        total >= 10,
        msg("{n:count} events are enough for a rate with an interval.", n=total)
        if total >= 10
        else msg("With {n:count} events the interval says more than the figure.", n=total),
    )


def _stratum(name: str, values: npt.ArrayLike) -> Floats:
    v = np.asarray(values, float).ravel()
    if v.size == 0:
        raise ValueError(f"{name} is empty: give one number for each stratum")
    bad = ~(np.isfinite(v) & (v >= 0))
    if bad.any():
        raise ValueError(f"{name} must be 0 or more in each stratum, not {float(v[bad][0])!r}")
    return v


def _matching(name: str, values: npt.ArrayLike, counts: Floats) -> Floats:
    v = _stratum(name, values)
    if v.shape != counts.shape:
        raise ValueError(f"counts have {counts.size} strata and {name} {v.size}: give each stratum one of both")
    return v
