"""Several evaluations of one practice together: how well does it work on average, how much does that differ from place to
place, and what may the next place expect?

Random effects: evaluation i finds yᵢ (a log ratio), normal about its own true effect θᵢ with standard error sᵢ, and
true effects scatter about their mean μ with variance τ². τ² by restricted maximum likelihood, or by Paule and Mandel
(1982, *Journal of Research of the National Bureau of Standards* 87, 377-385). The interval of μ is that of Hartung
and Knapp (2001, *Statistics in Medicine* 20, 3875-3889) and Sidik and Jonkman (2002, *Statistics in Medicine* 21,
3153-3159); that of τ² by the Q profile (Viechtbauer 2007, *Statistics in Medicine* 26, 37-52); prediction as in
Higgins, Thompson and Spiegelhalter (2009, *Journal of the Royal Statistical Society A* 172, 137-159), with k - 1
degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy import stats as ss

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._forest_drawing import forest_drawing
from forestall.stats._tails import students_p, students_quantile
from forestall.stats._unfit import Unfit
from forestall.stats.rates import Floats, check_level
from forestall.text import Message, msg, msg_n

METHODS = ("reml", "paule-mandel")

#: With fewer evaluations than this the spread of true effects is hardly known.
FEW = 5


@register
@dataclass(frozen=True, kw_only=True)
class PooledEffects(Figures):
    """``effects`` and ``errors``: shape (evaluations,), as given; ``estimate``, ``interval`` and ``prediction`` on
    the same scale. ``ratio``: that scale is the logarithm of a ratio, and readers see ratios. ``tau2``: variance of
    true effects, with ``tau2_interval``; ``i2``: the share of the scatter that is not chance; ``q``, ``q_p_value``:
    Cochran's test of no scatter. ``weights`` add up to 1. ``without``, ``without_interval``, ``without_p``: the same
    with one evaluation left out, shapes (evaluations,), (evaluations, 2) and (evaluations,); NaN where fewer than two
    would be left."""

    type_name: ClassVar[str] = "pooled-effects"

    estimate: float
    standard_error: float
    interval: tuple[float, float]
    p_value: float
    level: float
    prediction: tuple[float, float]
    names: tuple[str, ...]
    effects: Floats
    errors: Floats
    weights: Floats
    ratio: bool
    tau2: float
    tau2_interval: tuple[float, float]
    i2: float
    q: float
    q_p_value: float
    without: Floats
    without_interval: Floats
    without_p: Floats

    def table(self) -> Table:
        value = msg("Ratio") if self.ratio else msg("Effect")
        columns = (
            Column("evaluation", msg("Evaluation")),
            Column("effect", value, None, True),
            Column("low", msg("Lower end"), None, True),
            Column("high", msg("Upper end"), None, True),
            Column("weight", msg("Weight"), None, True),
            Column("without", msg("All together without it"), None, True),
            Column("without_low", msg("Without it, lower end"), None, True),
            Column("without_high", msg("Without it, upper end"), None, True),
        )
        low, high = self._ends()
        rows: list[tuple[Any, ...]] = [
            (
                name, *self._shown(self.effects[i], low[i], high[i]), float(self.weights[i]),
                *self._shown(self.without[i], *self.without_interval[i]),
            )
            for i, name in enumerate(self.names)
        ]  # fmt: skip
        rows.append((msg("All together"), *self._shown(self.estimate, *self.interval), 1.0, None, None, None))
        rows.append((msg("The next place may expect"), None, *self._shown(*self.prediction), None, None, None, None))
        return Table(columns, tuple(rows), msg("Evaluations together, with {level:percent} intervals", level=self.level))

    def chart(self, language: str = "en") -> dict[str, Any]:
        low, high = self._ends()
        rows = [
            (name, *self._shown(self.effects[i], low[i], high[i]), float(self.weights[i]))
            for i, name in enumerate(self.names)
        ]
        together = self._shown(self.estimate, *self.interval)
        title = msg("Ratio") if self.ratio else msg("Effect")
        return forest_drawing(rows, together, self._shown(*self.prediction), self.ratio, title, language)

    def explain(self, language: str = "en") -> str:
        k, (low, high) = len(self.names), self.interval
        est, lo, hi = (self._told(v) for v in (self.estimate, low, high))
        said: list[Message] = []
        if not math.isfinite(low):
            said.append(
                msg_n(
                    "There is {n:count} evaluation, so there is nothing to pool: it found {value}.",
                    "There are {n:count} evaluations, and nothing to pool: together they found {value}.",
                    k,
                    value=est,
                )
            )
        elif low > 0 or high < 0:
            said.append(
                msg(
                    "Taken together, {n:count} evaluations put the average effect at {value}; values from {low} to "
                    "{high} fit them.",
                    n=k, value=est, low=lo, high=hi,
                )
            )  # fmt: skip
        else:
            said.append(
                msg(
                    "Taken together, {n:count} evaluations show no clear effect on average: it is put at {value}, and "
                    "anything from {low} to {high} fits them.",
                    n=k, value=est, low=lo, high=hi,
                )
            )  # fmt: skip
        if math.isfinite(low):
            said.append(
                msg(
                    "Effects differ from place to place: {i2:percent} of their scatter is more than chance. The next "
                    "place like these may expect anything from {low} to {high}.",
                    i2=self.i2, low=self._told(self.prediction[0]), high=self._told(self.prediction[1]),
                )
                if self.tau2 > 0
                else msg(
                    "No scatter beyond chance was found between them, which with {n:count} evaluations is weak "
                    "evidence that there is none.",
                    n=k,
                )
            )  # fmt: skip
        if self.ratio:
            said.append(msg("A ratio below 1 is a fall."))
        said.append(
            msg(
                "Evaluations that found nothing are published and recorded less often; what is missing here is not "
                "allowed for, and a poor evaluation weighs as much as a good one of its size."
            )
        )
        said += [c.text for c in self.checks if not c.passed]
        return " ".join(m.render(language) for m in said)

    def _ends(self) -> tuple[Floats, Floats]:
        z = students_quantile(self.level, math.inf)
        return self.effects - z * self.errors, self.effects + z * self.errors

    def _shown(self, *values: float) -> tuple[float | None, ...]:
        made = [math.exp(min(v, 700.0)) if self.ratio else float(v) for v in values]
        return tuple(v if math.isfinite(v) else None for v in made)

    def _told(self, value: float) -> str:
        return f"{math.exp(min(value, 700.0)) if self.ratio else value:.2f}"


def pool_effects(
    effects: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    method: str = "reml",
    ratio: bool = True,
    never_narrower: bool = False,
    level: float = 0.95,
) -> PooledEffects:
    """Pools effects of the same kind from independent evaluations.

    ``effects``: shape (evaluations,), the logarithms of ratios (or, with ``ratio`` False, differences in one unit).
    ``standard_errors``: of these, above 0. ``method``: how τ² is estimated, ``reml`` or ``paule-mandel``.
    ``never_narrower``: keeps the interval at least as wide as one that takes τ² as known, which matters where few
    evaluations happen to agree closely (IQWiG's rule); it then covers more than ``level``.

    One evaluation is given back as it is, without p-value or interval of an average. Raises ``ValueError`` for numbers that
    can't be, shapes that don't match, or a method that isn't there.
    """
    y, s, label = _checked(effects, standard_errors, names)
    check_level(level)
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    fit = _fit(y, s, method, never_narrower, level)
    k = y.size
    left = [_fit(np.delete(y, i), np.delete(s, i), method, never_narrower, level) for i in range(k)] if k > 2 else []
    without = np.array([f.mean for f in left] or [math.nan] * k)
    ends = np.array([f.interval for f in left] or [(math.nan, math.nan)] * k, float).reshape(k, 2)
    p_without = np.array([f.p_value for f in left] or [math.nan] * k)
    return PooledEffects(
        estimate=fit.mean, standard_error=fit.error, interval=fit.interval, p_value=fit.p_value, level=level,
        prediction=fit.prediction, names=label, effects=y, errors=s, weights=fit.weights, ratio=ratio,
        tau2=fit.tau2, tau2_interval=_tau2_interval(y, s, level), i2=_i2(s, fit.tau2), q=fit.q, q_p_value=fit.q_p,
        without=without, without_interval=ends, without_p=p_without,
        parameters={"method": method, "ratio": ratio, "never_narrower": never_narrower, "level": level},
        checks=_checks(label, fit, p_without, 1 - level),
    )  # fmt: skip


@dataclass(frozen=True)
class _Fit:
    mean: float
    error: float
    interval: tuple[float, float]
    p_value: float
    prediction: tuple[float, float]
    weights: Floats
    tau2: float
    q: float
    q_p: float
    narrow: bool


def _fit(y: Floats, s: Floats, method: str, never_narrower: bool, level: float) -> _Fit:
    k = y.size
    nothing = (math.nan, math.nan)
    if k == 1:
        return _Fit(float(y[0]), math.nan, nothing, math.nan, nothing, np.ones(1), 0.0, 0.0, math.nan, False)
    fixed = 1 / s**2
    q = float((fixed * (y - (fixed * y).sum() / fixed.sum()) ** 2).sum())
    tau2 = _reml(y, s) if method == "reml" else _paule_mandel(y, s)
    w = 1 / (s**2 + tau2)
    mean = float((w * y).sum() / w.sum())
    scale = float((w * (y - mean) ** 2).sum() / (k - 1))
    narrow = scale < 1
    if never_narrower:
        scale = max(1.0, scale)
    error = math.sqrt(scale / w.sum())
    t = students_quantile(level, k - 1)
    if error > 0:
        p = students_p(mean / error, k - 1)
    else:  # they agree to the last digit: no honest interval without a floor
        p, t, error = math.nan, math.nan, math.nan
    spread = math.sqrt(tau2 + error**2) if math.isfinite(error) else math.nan
    return _Fit(
        mean, error, (mean - t * error, mean + t * error), p, (mean - t * spread, mean + t * spread), w / w.sum(), tau2, q,
        float(ss.chi2.sf(q, k - 1)), narrow,
    )  # fmt: skip


def _reml(y: Floats, s: Floats) -> float:
    """τ² of highest restricted likelihood: the best of a coarse search, then its score's root."""

    def score(tau2: float) -> float:
        w = 1 / (s**2 + tau2)
        e = y - (w * y).sum() / w.sum()
        return float((w**2 * e**2).sum() - w.sum() + (w**2).sum() / w.sum())

    def minus(tau2: npt.ArrayLike) -> Floats:
        """-2 times the logarithm of the likelihood, less a constant, of each τ², of whatever shape."""
        w = 1 / (s**2 + np.asarray(tau2, float)[..., None])
        whole = w.sum(-1)
        e = y - (w @ y / whole)[..., None]
        return np.asarray(np.log(whole) - np.log(w).sum(-1) + (w * e**2).sum(-1), float)

    grid = np.concatenate([[0.0], np.geomspace(float((s**2).min()) * 1e-4, _top(y, s), 60)])
    best = int(np.argmin(minus(grid)))
    low, high = grid[max(0, best - 1)], grid[min(grid.size - 1, best + 1)]
    if best == 0 and score(0.0) <= 0:
        return 0.0
    return _root(score, float(low), float(high), minus)


def _paule_mandel(y: Floats, s: Floats) -> float:
    """τ² at which the weighted scatter is what it should be, k - 1; 0 where it is less already without."""
    return _profile(y, s, y.size - 1)


def _profile(y: Floats, s: Floats, wanted: float) -> float:
    """τ² at which the generalised Q is ``wanted``; 0 where none is large enough."""

    def excess(tau2: float) -> float:
        w = 1 / (s**2 + tau2)
        return float((w * (y - (w * y).sum() / w.sum()) ** 2).sum() - wanted)

    if excess(0.0) <= 0:
        return 0.0
    top = _top(y, s)
    while excess(top) > 0:
        top *= 4
    return float(optimize.brentq(excess, 0.0, top, xtol=1e-14, rtol=1e-13))


def _top(y: Floats, s: Floats) -> float:
    return float(10 * (np.var(y) + (s**2).max()))


def _root(score: Callable[[float], float], low: float, high: float, minus: Callable[[float], Floats]) -> float:
    if score(low) > 0 > score(high):
        return float(optimize.brentq(score, low, high, xtol=1e-14, rtol=1e-13))
    found = optimize.minimize_scalar(minus, bounds=(low, high), method="bounded", options={"xatol": 1e-12})
    return float(found.x)


def _tau2_interval(y: Floats, s: Floats, level: float) -> tuple[float, float]:
    if y.size < 2:
        return math.nan, math.nan
    tail = (1 - level) / 2
    return _profile(y, s, float(ss.chi2.isf(tail, y.size - 1))), _profile(y, s, float(ss.chi2.ppf(tail, y.size - 1)))


def _i2(s: Floats, tau2: float) -> float:
    """τ² over τ² and the typical sampling variance of Higgins and Thompson (2002)."""
    if s.size < 2:
        return math.nan
    w = 1 / s**2
    typical = (s.size - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum())
    return float(tau2 / (tau2 + typical))


def _checks(names: tuple[str, ...], fit: _Fit, p_without: Floats, alpha: float) -> tuple[Check, ...]:
    k = len(names)
    few = k < FEW
    made = [
        Check(
            "number",
            not few,
            msg_n(
                "With {n:count} evaluation how far effects differ can hardly be known.",
                "With {n:count} evaluations how far effects differ can hardly be known.",
                k,
            )
            if few
            else msg("There are {n:count} evaluations, enough to see whether effects differ much.", n=k),
        )
    ]
    if k > 1:
        made.append(
            Check(
                "agreement",
                not fit.narrow,
                msg(
                    "They agree more closely than chance alone would have it, so the interval may be too short: ask "
                    "for one that is never narrower."
                )
                if fit.narrow
                else msg("They do not agree more closely than chance would have it."),
            )
        )
    if k > 2:
        clear = fit.p_value < alpha
        turned = [names[i] for i in np.flatnonzero((p_without < alpha) != clear)]
        made.append(
            Check(
                "one-alone",
                not turned,
                msg("Whether the effect is clear hangs on one evaluation alone: {names:list}.", names=turned[:3])
                if turned
                else msg("No single evaluation decides whether the effect is clear."),
            )
        )
    return tuple(made)


def _checked(
    effects: npt.ArrayLike, errors: npt.ArrayLike, names: Sequence[str] | None
) -> tuple[Floats, Floats, tuple[str, ...]]:
    y, s = np.asarray(effects, float).ravel(), np.asarray(errors, float).ravel()
    if y.size == 0:
        raise Unfit(msg("there are no evaluations to pool: give one effect and one standard error for each"))
    if y.shape != s.shape:
        raise ValueError(f"there are {y.size} effects and {s.size} standard errors: give one of both for each evaluation")
    if not np.isfinite(y).all():
        raise ValueError("an effect is missing or infinite: leave an evaluation without a finite effect out, and say so")
    if not (np.isfinite(s) & (s > 0)).all():
        raise ValueError(f"each standard error must be above 0, not {float(s[~(np.isfinite(s) & (s > 0))][0])!r}")
    if np.abs(y).max() > 1e6 or s.max() > 1e6 or s.min() < 1e-9:
        raise ValueError(
            "effects and standard errors must lie within a million, and errors above a billionth: check the unit"
        )
    label = tuple(str(i + 1) for i in range(y.size)) if names is None else tuple(str(n) for n in names)
    if len(label) != y.size:
        raise ValueError(f"there are {y.size} effects and {len(label)} names: give one for each evaluation")
    return y, s, label
