"""Rates of small areas, each drawn towards what all have in common by as much as its own count can't tell.

An area of twenty residents with one burglary has a rate of fifty in a thousand and the top of the league table. Here each
area's true rate is taken to come from one gamma distribution, whose mean and spread are learnt from all areas together;
the area's own count is then Poisson, and its rate given the count is gamma again. The mean and the spread are not known
exactly, so they are averaged over, by their likelihood, instead of being put in as if they were (which makes intervals
too short).

Clayton and Kaldor, *Empirical Bayes estimates of age-standardized relative risks*, Biometrics 43 (1987) 671-681;
averaging over the prior: Deely and Lindley, *Bayes empirical Bayes*, JASA 76 (1981) 833-841.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._unfit import Unfit
from forestall.stats.funnel_plot import Bools, places_of, residents_check
from forestall.stats.rates import SCHEMA, Floats, check_level, plain, poisson_interval
from forestall.text import msg, msg_n

#: Nodes of the average over the prior: spreads, and means at each, of few places and of many (which tell the mean well).
SPREADS, MEANS, MEANS_OF_MANY, MANY = 24, 15, 5, 100

#: The spread (coefficient of variation of true rates) is sought between these.
LEAST_SPREAD, MOST_SPREAD = 0.005, 3.0


@register
@dataclass(frozen=True, kw_only=True)
class ShrunkRates(Figures):
    """Arrays have shape (places,), rates times ``per``. ``raw``: count over exposure; ``rate``: what is left when chance is
    taken off, with ``lower`` and ``upper`` at ``level``; ``own``: the share of ``rate`` that is the place's own count, the
    rest is the common rate. ``common``: the mean of true rates, and ``spread``: their coefficient of variation, each the
    median of what fits, with its interval. ``above``: the probability that the true rate is above the common one.
    ``set_apart``: places whose residents are the wrong denominator: their rate is raw, with the exact interval."""

    type_name: ClassVar[str] = "shrunk-rates"

    names: tuple[str, ...]
    counts: Floats
    exposure: Floats
    raw: Floats
    rate: Floats
    lower: Floats
    upper: Floats
    own: Floats
    above: Floats
    common: float
    common_interval: tuple[float, float]
    spread: float
    spread_interval: tuple[float, float]
    per: float
    level: float
    set_apart: Bools

    def table(self) -> Table:
        unit = msg("for {per:count}", per=self.per)
        columns = (
            Column("place", msg("Place")),
            Column("count", msg("Count"), None, True),
            Column("exposure", msg("Exposure"), None, True),
            Column("raw", msg("Plain rate"), unit, True),
            Column("rate", msg("Shrunk rate"), unit, True),
            Column("lower", msg("Lower end"), unit, True),
            Column("upper", msg("Upper end"), unit, True),
            Column("own", msg("Own share"), None, True),
            Column("above", msg("Probability above the common rate"), None, True),
        )
        arrays = (self.counts, self.exposure, self.raw, self.rate, self.lower, self.upper, self.own)
        order = np.argsort(-self.rate, kind="stable")
        rows = tuple(
            (self.names[i], *(float(a[i]) for a in arrays), None if self.set_apart[i] else float(self.above[i]))
            for i in order
        )
        return Table(columns, rows, msg("Rates of small areas, the highest first"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        order = [int(i) for i in np.argsort(-self.rate, kind="stable") if not self.set_apart[i]][:40]
        values = [
            {
                "place": self.names[i], "rate": float(self.rate[i]), "raw": float(self.raw[i]), "low": float(self.lower[i]),
                "high": float(self.upper[i]),
            }
            for i in order
        ]  # fmt: skip
        title = msg("Rate for {per:count}", per=self.per).render(language)
        y = {"field": "place", "type": "nominal", "sort": None, "title": None}
        x = {"type": "quantitative", "title": title}
        return {
            "$schema": SCHEMA,
            "width": 420,
            "height": {"step": 16},
            "data": {"values": values},
            "layer": [
                {
                    "mark": {"type": "bar", "style": "interval", "height": 9},
                    "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
                },
                {
                    "mark": {"type": "point", "style": "quiet", "filled": True, "size": 25},
                    "encoding": {"y": y, "x": {"field": "raw", **x}},
                },
                {
                    "mark": {"type": "point", "style": "observed", "filled": True, "size": 45},
                    "encoding": {"y": y, "x": {"field": "rate", **x}},
                },
                {
                    "data": {"values": [{"x": self.common}]},
                    "mark": {"type": "rule", "style": "expected"},
                    "encoding": {"x": {"field": "x", "type": "quantitative"}},
                },
            ],
        }

    def explain(self, language: str = "en") -> str:
        judged = ~self.set_apart
        clear = int(((self.lower > self.common) & judged).sum())
        text = msg(
            "True rates scatter about {common} for {per:count} by {spread:percent} ({low:percent} to {high:percent} fit). "
            "Each place's rate is drawn towards that by as much as its own count can't tell, half of the way or more at "
            "{far:count} of {n:count} places; {clear:count} stand clear above it. A drawn-in rate is the better guess over "
            "all places, and too mild for the odd one that really is different.",
            common=plain(self.common), per=self.per, spread=self.spread, low=self.spread_interval[0],
            high=self.spread_interval[1], far=int(((self.own <= 0.5) & judged).sum()), n=int(judged.sum()), clear=clear,
        )  # fmt: skip
        return " ".join([text.render(language), *(c.text.render(language) for c in self.checks if not c.passed)])


def shrunk_rates(
    counts: npt.ArrayLike,
    exposure: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    per: float = 1000.0,
    level: float = 0.95,
    residents_wrong: npt.ArrayLike | None = None,
) -> ShrunkRates:
    """Rate of each place, drawn towards what all have in common, with an interval that allows for not knowing that exactly.

    ``counts``, ``exposure``: shape (places,), 0 or more and above 0; at least 5 places and one event. ``residents_wrong``:
    boolean, places to set apart (:func:`forestall.stats.denominators.residents_mislead`).

    Raises ``ValueError`` for numbers that can't be, shapes that don't match, or too few places.
    """
    x, e, label, apart = places_of(counts, exposure, names, residents_wrong, per)
    check_level(level)
    kept = ~apart
    if kept.sum() < 5:
        raise Unfit(
            msg_n(
                "{n:count} place is too few to learn what places have in common: it takes 5 or more",
                "{n:count} places are too few to learn what they have in common: it takes 5 or more",
                n=int(kept.sum()),
            )
        )
    if x[kept].sum() <= 0:
        raise Unfit(msg("nothing was counted anywhere, so there is no common rate to draw towards"))
    mean, spread, weight = prior_nodes(x[kept], e[kept])
    shape, rate_of = 1 / spread**2, 1 / spread**2 / mean
    a, b = shape[None, :] + x[kept, None], rate_of[None, :] + e[kept, None]
    tail = (1 - level) / 2
    middle = _spread_of(spread, weight, 0.5)[0]
    raw = x / e
    out = {name: np.empty(x.size) for name in ("rate", "lower", "upper", "own", "above")}
    out["rate"][kept], out["rate"][apart] = (a / b) @ weight, raw[apart]
    out["lower"][kept] = mixture_quantile(a, b, weight, tail)
    out["upper"][kept] = mixture_quantile(a, b, weight, 1 - tail)
    low, high = poisson_interval(x[apart], level=level)
    out["lower"][apart], out["upper"][apart] = low / e[apart], high / e[apart]
    out["own"][kept], out["own"][apart] = (e[kept, None] / b) @ weight, 1.0
    out["above"][kept], out["above"][apart] = special.gammaincc(a, b * mean[None, :]) @ weight, np.nan
    return ShrunkRates(
        names=label, counts=x, exposure=e, raw=raw * per, rate=out["rate"] * per, lower=out["lower"] * per,
        upper=out["upper"] * per, own=out["own"], above=out["above"], common=_spread_of(mean * per, weight, 0.5)[0],
        common_interval=_spread_of(mean * per, weight, tail), spread=middle,
        spread_interval=_spread_of(spread, weight, tail), per=float(per), level=level, set_apart=apart,
        parameters={"per": per, "level": level},
        checks=(residents_check(apart), _told(middle, _spread_of(spread, weight, tail))),
    )  # fmt: skip


def prior_nodes(counts: Floats, exposure: Floats) -> tuple[Floats, Floats, Floats]:
    """Means and spreads of the common distribution that fit the counts, and the weight of each; shape (nodes,).

    The weight is the likelihood of the counts (negative-binomial), times a prior that is flat in the spread and in the
    logarithm of the mean. The spread runs over a grid, and at each the mean over Gauss-Hermite nodes about its peak.
    """
    trial = np.geomspace(LEAST_SPREAD, MOST_SPREAD, 60)
    peak, curve, height = _profile(counts, exposure, trial)
    # Flat in the spread, and the grid is geometric: the weight of a node is its likelihood times its spread.
    log_weight = height - np.log(curve) / 2 + np.log(trial)
    near = np.flatnonzero(log_weight > log_weight.max() - 12)
    low, high = trial[max(near[0] - 1, 0)], trial[min(near[-1] + 1, trial.size - 1)]
    spread = np.geomspace(low, high, SPREADS)
    peak, curve, _ = _profile(counts, exposure, spread)
    means = MEANS if counts.size <= MANY else MEANS_OF_MANY
    at, hermite = np.polynomial.hermite.hermgauss(means)
    wide = np.sqrt(2 / curve)
    log_mean = peak[:, None] + wide[:, None] * at[None, :]
    spreads = np.repeat(spread, means)
    likelihood = _log_likelihood(counts, exposure, log_mean.ravel(), spreads).reshape(log_mean.shape)
    log_w = likelihood + at**2 + np.log(hermite) + np.log(wide * spread)[:, None]
    w = np.exp(log_w - log_w.max()).ravel()
    keep = w > w.max() * 1e-4
    w = w[keep] / w[keep].sum()
    return np.exp(log_mean.ravel()[keep]), spreads[keep], w


def _profile(counts: Floats, exposure: Floats, spread: Floats) -> tuple[Floats, Floats, Floats]:
    """The log mean of highest likelihood at each spread, the curvature there, and the log-likelihood; (spreads,) each."""
    k = (1 / spread**2)[:, None]
    log_mean = np.full(spread.size, math.log(counts.sum() / exposure.sum()))
    curve = np.ones_like(log_mean)
    for _ in range(60):
        m = np.exp(log_mean)[:, None] * exposure[None, :]
        slope = (k * (counts[None, :] - m) / (k + m)).sum(1)
        curve = (k * m * (counts[None, :] + k) / (k + m) ** 2).sum(1)
        step = np.clip(slope / curve, -1.0, 1.0)
        log_mean = log_mean + step
        if np.abs(step).max() < 1e-10:
            break
    return log_mean, curve, _log_likelihood(counts, exposure, log_mean, spread)


def _log_likelihood(counts: Floats, exposure: Floats, log_mean: Floats, spread: Floats) -> Floats:
    """Negative-binomial log-likelihood of all counts at each (log mean, spread), without terms that neither changes."""
    out = np.empty(log_mean.size)
    size = max(1, 4_000_000 // counts.size)
    for i in range(0, log_mean.size, size):
        k = (1 / spread[i : i + size] ** 2)[:, None]
        m = np.exp(log_mean[i : i + size])[:, None] * exposure[None, :]
        each = special.gammaln(counts[None, :] + k) - special.gammaln(k) - k * np.log1p(m / k)
        out[i : i + size] = (each + special.xlogy(counts[None, :], m / (k + m))).sum(1)
    return out


def mixture_quantile(shape: Floats, rate: Floats, weight: Floats, p: float) -> Floats:
    """Quantile of each row's mixture of gamma distributions; ``shape``, ``rate``: (rows, nodes), ``weight``: (nodes,).

    Newton's steps on the logarithm, where quantiles near 0 are as easily told as others, and halving where one leaves what
    is known to hold it.
    """
    mean = (shape / rate) @ weight
    variance = np.maximum((shape * (shape + 1) / rate**2) @ weight - mean**2, 1e-300)
    start = special.gammaincinv(mean**2 / variance, p) * variance / mean
    at = np.log(np.maximum(start, 1e-250 * mean))
    low, high = np.full_like(at, -700.0), np.log(mean / (1 - p)) + 1e-6  # Markov's inequality
    left = np.arange(at.size)
    for _ in range(100):
        a, b, u = shape[left], rate[left], at[left]
        z = np.exp(u)[:, None] * b
        miss = special.gammainc(a, z) @ weight - p
        low[left], high[left] = np.where(miss < 0, u, low[left]), np.where(miss < 0, high[left], u)
        slope = np.exp(special.xlogy(a, z) - z - special.gammaln(a)) @ weight
        step = miss / np.maximum(slope, 1e-300)
        inside = (np.abs(step) < 2) & (u - step > low[left]) & (u - step < high[left])
        far = np.abs(miss) > 1e-9 * p
        at[left] = np.where(far, np.where(inside, u - step, (low[left] + high[left]) / 2), u)
        left = left[far & (np.abs(at[left] - u) > 1e-13 * np.abs(u))]
        if not left.size:
            break
    return np.asarray(np.exp(at), float)


def _spread_of(values: Floats, weight: Floats, tail: float) -> tuple[float, float]:
    """Quantiles ``tail`` and 1 - ``tail`` of a weighted set, between nodes in proportion."""
    order = np.argsort(values)
    middle = np.cumsum(weight[order]) - weight[order] / 2
    low, high = np.interp([tail, 1 - tail], middle, values[order])
    return float(low), float(high)


def _told(spread: float, interval: tuple[float, float]) -> Check:
    told = interval[0] > 0.1 * spread
    text = (
        msg("That places differ in their true rates is beyond chance.")
        if told
        else msg("Chance alone would give nearly as much difference between the counts, so places may be all alike.")
    )
    return Check("places-differ", told, text)
