"""How many are to come: monthly or daily counts ahead, with intervals that have been tried out on the past.

Four models, none of them clever, and the first of them that none has clearly beaten is used: *seasonal naive* (the same
month last year), *log-linear* (quasi-Poisson regression on harmonics and a damped trend), *smoothing* (exponential
smoothing of level, damped trend and season) and the *average* of the last two. Each gives a mean and a variance, and the
count ahead is taken as negative-binomial with these. Each is fitted again at many earlier origins, on what was known
then, and set against what came (rolling-origin evaluation: Tashman, International Journal of Forecasting 16 (2000)
437-450). The misses say how wide the intervals have to be; a forecast that isn't clearly better than the naive one says
so (Diebold and Mariano, JBES 13 (1995) 253-263, with the small-sample correction of Harvey, Leybourne and Newbold, IJF
13 (1997) 281-291).

The model families: Hyndman and others, *Forecasting with Exponential Smoothing* (2008); McCullagh and Nelder,
*Generalized Linear Models* (1989).
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import stats as ss

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._forecast_models import Floats, History, Ints, average, log_linear, seasonal_naive, smoothing
from forestall.stats._unfit import Unfit
from forestall.stats.rates import SCHEMA
from forestall.text import Message, msg, msg_n

#: The models, the simplest first.
MODELS = ("seasonal-naive", "log-linear", "smoothing", "average")

#: The order in which a model is used where those before it did clearly worse: back-tests are few and noisy, so the plain
#: winner is often only lucky.
PREFERRED = ("smoothing", "average", "log-linear", "seasonal-naive")

#: At most so many origins are gone back to.
MOST_ORIGINS = 60

#: What is believed of the scatter of misses before any is seen: this many misses' worth, of this mean square.
PRIOR_MISSES, PRIOR_SCATTER = 6.0, 1.0

#: A negative-binomial count with less than this beyond the Poisson variance over the mean is as good as Poisson.
LEAST_EXTRA = 0.005


@dataclass(frozen=True)
class ModelScore:
    """How a model did at earlier origins. ``mae``: mean absolute error of its mean; ``mase``: that over the one-season-ago
    error within the series; ``pinball``: mean quantile loss of median and both ends of the interval; ``coverage``: share of
    counts that the interval held, each made as it would have been then; ``forecasts``: how many, at ``origins`` origins."""

    model: str
    mae: float
    mase: float
    pinball: float
    coverage: float
    origins: int
    forecasts: int


@register
@dataclass(frozen=True, kw_only=True)
class Forecast(Figures):
    """``mean``, ``lower``, ``upper``: of each period ahead, shape (horizon,); the ends are whole counts that the interval
    includes. ``variance``: of the count, as widened by the back-test. ``history``: the counts, shape (periods,), NaN where
    not known; ``excluded``: periods set aside. ``labels`` and ``labels_ahead``: names of the periods. ``model``: the one
    used; ``backtest``: how each did. ``skill``: by how much its mean absolute error is below the naive one's, as a share,
    with ``skill_interval``; ``skill_p``: one-sided, for all models tried; ``beats_naive``: whether that is at most 0.05."""

    type_name: ClassVar[str] = "forecast"

    history: Floats
    excluded: npt.NDArray[np.bool_]
    labels: tuple[str, ...]
    labels_ahead: tuple[str, ...]
    mean: Floats
    variance: Floats
    lower: Ints
    upper: Ints
    level: float
    period: int
    model: str
    backtest: tuple[ModelScore, ...]
    skill: float
    skill_interval: tuple[float, float]
    skill_p: float
    beats_naive: bool

    @property
    def horizon(self) -> int:
        return int(self.mean.size)

    @property
    def score(self) -> ModelScore:
        """How the model that is used did in the back-test."""
        return next(s for s in self.backtest if s.model == self.model)

    def table(self) -> Table:
        columns = (
            Column("period", msg("Period")),
            Column("mean", msg("Expected"), msg("count"), True),
            Column("lower", msg("Lower end"), msg("count"), True),
            Column("upper", msg("Upper end"), msg("count"), True),
        )
        rows = tuple(
            (label, float(m), int(lo), int(hi))
            for label, m, lo, hi in zip(self.labels_ahead, self.mean, self.lower, self.upper, strict=True)
        )
        caption = msg(
            "Forecast by {model:low}, with {level:percent} intervals", model=_MODEL_NAMES[self.model], level=self.level
        )
        return Table(columns, rows, caption)

    def backtest_table(self) -> Table:
        """How each model did at earlier origins."""
        columns = (
            Column("model", msg("Model")),
            Column("mae", msg("Mean absolute error"), msg("count"), True),
            Column("mase", msg("Over the seasonal difference"), None, True),
            Column("pinball", msg("Quantile loss"), None, True),
            Column("coverage", msg("Held by the interval"), None, True),
            Column("origins", msg("Origins"), None, True),
            Column("forecasts", msg("Forecasts"), None, True),
        )
        rows = tuple(
            (_MODEL_NAMES[s.model], s.mae, s.mase, s.pinball, s.coverage, s.origins, s.forecasts) for s in self.backtest
        )
        return Table(columns, rows, msg("The models tried out on the past"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        shown = min(self.history.size, max(3 * self.period, 3 * self.horizon))
        past: list[dict[str, Any]] = []
        apart: list[dict[str, Any]] = []
        for i in range(-shown, 0):
            if math.isfinite(self.history[i]):
                point = {"x": i, "y": float(self.history[i]), "label": self.labels[i]}
                (apart if self.excluded[i] else past).append(point)
        ahead = [
            {"x": i, "y": float(m), "low": int(lo), "high": int(hi), "label": label}
            for i, (m, lo, hi, label) in enumerate(zip(self.mean, self.lower, self.upper, self.labels_ahead, strict=True))
        ]
        every = (*self.labels[-shown:], *self.labels_ahead)
        ticks = list(range(-shown, self.horizon, max(1, math.ceil((shown + self.horizon) / 8))))
        names = {str(t): every[t + shown] for t in ticks}
        x = {
            "field": "x", "type": "quantitative", "title": None, "scale": {"nice": False},
            "axis": {"values": ticks, "grid": False, "labelExpr": f"{json.dumps(names)}[toString(datum.value)]"},
        }  # fmt: skip
        title = msg("Count").render(language)
        y = {"field": "y", "type": "quantitative", "title": title, "scale": {"zero": True}}
        layer: list[dict[str, Any]] = [
            {
                "data": {"values": ahead},
                "mark": {"type": "area", "style": "interval"},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": past},
                "mark": {"type": "line", "style": "observed"},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": ahead},
                "mark": {"type": "line", "style": "expected"},
                "encoding": {"x": x, "y": y},
            },
        ]
        if apart:
            layer.append(
                {
                    "data": {"values": apart},
                    "mark": {"type": "point", "filled": True, "style": "unknown", "size": 40},
                    "encoding": {"x": x, "y": y},
                }
            )
        return {"$schema": SCHEMA, "width": 560, "height": 260, "layer": layer}

    def explain(self, language: str = "en") -> str:
        said: list[Message] = [
            msg(
                "The next period, {label}, is put at {mean:count}, and at {level:percent} at {low:count} to "
                "{high:count}; the last of {h:count} periods at {last_low:count} to {last_high:count}.",
                label=self.labels_ahead[0], mean=float(self.mean[0]), level=self.level, low=int(self.lower[0]),
                high=int(self.upper[0]), h=self.horizon, last_low=int(self.lower[-1]), last_high=int(self.upper[-1]),
            ),
            msg(
                "The model is {model:low}: none did clearly better at {n:count} earlier times, where such intervals held "
                "{coverage:percent} of what came.",
                model=_MODEL_NAMES[self.model], n=self.score.origins, coverage=self.score.coverage,
            ),
        ]  # fmt: skip
        if self.model == "seasonal-naive":
            said.append(
                msg("Nothing did better than to repeat the same season of the last cycle, so that is the forecast.")
            )
        elif self.beats_naive:
            said.append(
                msg(
                    "Its errors were {skill:percent} smaller than those of repeating the last cycle, which is more "
                    "than luck.",
                    skill=self.skill,
                )
            )
        else:
            said.append(
                msg(
                    "It is not clearly better than repeating the last cycle: don't build on what it says beyond that.",
                )
            )
        said.append(
            msg(
                "It carries on what was, and can't know of a new law, a new way of recording or a response that "
                "works; what comes is the better for being compared with it."
            )
        )
        failed = (c.text for c in self.checks if not c.passed and c.name != "beats-naive")
        return " ".join(m.render(language) for m in (*said, *failed))


#: Names of the models as a reader takes them in.
_MODEL_NAMES: dict[str, Message] = {
    "seasonal-naive": msg("The same season of the last cycle"),
    "log-linear": msg("Log-linear trend and season"),
    "smoothing": msg("Exponential smoothing"),
    "average": msg("The average of log-linear and smoothing"),
}


def forecast(
    counts: npt.ArrayLike,
    *,
    period: int = 12,
    horizon: int | None = None,
    level: float = 0.9,
    exposure: npt.ArrayLike | None = None,
    exclude: npt.ArrayLike | None = None,
    labels: Sequence[str] | None = None,
    models: Sequence[str] = MODELS,
) -> Forecast:
    """The counts of the next ``horizon`` periods, from ``counts`` of shape (periods,), oldest first.

    ``period``: periods a season, 12 for months and 7 for days. ``horizon``: 12 months or 28 days where None. ``exposure``:
    what counts are in proportion to (days in the month, residents), shape (periods,) or, with what lies ahead,
    (periods + horizon,); the last season's is carried on where that isn't given. ``exclude``: boolean, recording events
    and other periods to set aside; their counts may be NaN. ``labels``: names of the periods; ``2022-08`` and
    ``2022-08-31`` are carried on. ``models``: those to choose from; seasonal naive is always tried.

    Raises ``ValueError`` for counts that are missing, negative or not whole, and for a series too short to try anything
    out on: it takes two seasons and four periods that are not set aside.
    """
    y, known, ex, h = _checked(counts, period, horizon, exposure, exclude)
    if not 0.5 <= level < 1:
        raise ValueError(f"level must be at least 0.5 and below 1, such as 0.9, not {level!r}")
    unknown = [m for m in models if m not in MODELS]
    if unknown:
        raise ValueError(f"there is no model {unknown[0]!r}: choose from {', '.join(MODELS)}")
    names = tuple(m for m in MODELS if m in models or m == MODELS[0])
    n = y.size
    origins = _origins(known, period)
    history = History(y, known, ex, period, np.append(origins, n), h)
    fitted = _fit(history, names)
    came, there = _came(history)
    scale = _season_scale(y, known, period)
    scores, ready, losses, pinballs = [], {}, {}, {}
    for name in names:
        mean, variance = fitted[name]
        widths = _widths(history, mean, variance, came, there, level)
        low, high = interval(mean, variance, level, widths)
        middle, _ = interval(mean, variance, 0.0)
        inside = (came >= low) & (came <= high)
        past = there.copy()
        past[-1] = False
        error = np.abs(came - mean)
        tail = (1 - level) / 2
        loss = (_pinball(came, low, tail) + _pinball(came, high, 1 - tail) + _pinball(came, middle, 0.5)) / 3
        mae = float(error[past].mean())
        scores.append(
            ModelScore(
                model=name, mae=mae, mase=mae / scale if scale > 0 else math.nan, pinball=float(loss[past].mean()),
                coverage=float(inside[past].mean()), origins=int(past.any(1).sum()), forecasts=int(past.sum()),
            )
        )  # fmt: skip
        pinballs[name] = np.array([float(v[p].mean()) for v, p in zip(loss, past, strict=True) if p.any()])
        losses[name] = [float(e[p].mean()) for e, p in zip(error, past, strict=True) if p.any()]
        ready[name] = (mean[-1], variance[-1] * widths[-1] ** 2, low[-1], high[-1])
    best = _choose(scores, pinballs, h)
    skill, skill_interval, p = _skill(np.array(losses[MODELS[0]]), np.array(losses[best.model]), h)
    p = min(1.0, p * max(1, len(names) - 1)) if best.model != MODELS[0] else 1.0
    mean, variance, low, high = ready[best.model]
    past_labels, ahead_labels = _labels(labels, n, h)
    shown = np.where(known | np.isfinite(np.asarray(counts, float).ravel()), np.asarray(counts, float).ravel(), np.nan)
    return Forecast(
        history=shown, excluded=~known, labels=past_labels, labels_ahead=ahead_labels, mean=mean, variance=variance,
        lower=low.astype(np.int64), upper=high.astype(np.int64), level=level, period=period, model=best.model,
        backtest=tuple(scores), skill=skill, skill_interval=skill_interval, skill_p=p, beats_naive=p <= 0.05,
        parameters={
            "period": period, "horizon": h, "level": level, "exposure": exposure is not None,
            "excluded": [int(i) for i in np.flatnonzero(~known)], "models": list(names),
        },
        checks=(_tried(best), _held(best, level), _beats(p)),
    )  # fmt: skip


def interval(mean: Floats, variance: Floats, level: float, widths: Floats | float = 1.0) -> tuple[Floats, Floats]:
    """Ends of the ``level`` interval of negative-binomial counts, whole numbers that it includes, any shape.

    A count is left out where its mid-p tail is below (1 - level) / 2, so that small counts are held ``level`` of the time
    on average and not nearly always. ``widths`` multiplies both normal scores. With ``level`` 0 both ends are the median.
    """
    if level <= 0:
        middle = _law(mean, variance).ppf(0.5)
        return np.asarray(middle, float), np.asarray(middle, float)
    z = float(ss.norm.isf((1 - level) / 2)) * np.asarray(widths, float)
    law, tail = _law(mean, variance), ss.norm.sf(z)
    low = np.asarray(law.ppf(tail), float)
    low = np.where(_mid(law, low) <= tail, low + 1, low)
    high = np.asarray(law.isf(tail), float)
    high = np.where(_mid(law, high) >= 1 - tail, high - 1, high)
    return np.minimum(low, np.maximum(high, 0)), np.maximum(high, 0)


def scores_of(came: Floats, mean: Floats, variance: Floats) -> Floats:
    """Normal scores of what came under the forecast, by the middle of each count's step."""
    law = _law(mean, variance)
    return np.asarray(ss.norm.ppf(np.clip(_mid(law, came), 1e-9, 1 - 1e-9)), float)


def _law(mean: Floats, variance: Floats) -> Any:
    m = np.maximum(np.asarray(mean, float), 1e-9)
    extra = np.maximum(np.asarray(variance, float) / m - 1, LEAST_EXTRA)
    return ss.nbinom(m / extra, 1 / (1 + extra))


def _mid(law: Any, count: Floats) -> Floats:
    return np.asarray(law.cdf(count) - law.pmf(count) / 2, float)


def _fit(history: History, names: Sequence[str]) -> dict[str, tuple[Floats, Floats]]:
    out = {MODELS[0]: seasonal_naive(history)}
    if len(names) > 1:
        regression = log_linear(history)
        out["log-linear"] = (regression.mean, regression.variance)
        if {"smoothing", "average"} & set(names):
            out["smoothing"] = smoothing(history, regression)
            out["average"] = average(out["log-linear"], out["smoothing"])
    return out


def _came(history: History) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """What came at each origin and step, and whether that is known by now."""
    at, n = history.ahead, history.counts.size
    inside = at < n
    clipped = np.minimum(at, n - 1)
    there = inside & history.known[clipped]
    return np.where(there, history.counts[clipped], 0.0), there


def _widths(
    history: History, mean: Floats, variance: Floats, came: Floats, there: npt.NDArray[np.bool_], level: float
) -> Floats:
    """By how much the normal scores of each origin's intervals are widened, from the misses that it could have seen.

    Shape (origins, horizon). The mean square of the scores at steps near each one, drawn towards what is believed before
    any is seen; and Student's t for the normal, because so few origins tell.
    """
    z = np.where(there, scores_of(came, mean, variance), 0.0)
    square = np.minimum(z**2, 16.0)
    steps = np.arange(history.horizon)
    near = np.abs(steps[:, None] - steps[None, :]) <= np.maximum(1, steps[:, None] // 3)
    out = np.empty_like(mean)
    for i, o in enumerate(history.origins):
        seen = there & (history.ahead < o)
        seen[i:] = False
        sums, numbers = (square * seen).sum(0), seen.sum(0)
        total, number = near @ sums, near @ numbers
        # Neighbouring origins share most of what came, so their misses count for less the farther ahead they look.
        apart = (near * (1 + steps[None, :] / 2)).sum(1) / near.sum(1) * near.sum(1)
        freedom = number / np.maximum(apart, 1.0)
        mean_square = np.where(number > 0, total / np.maximum(number, 1), PRIOR_SCATTER)
        pooled = (freedom * mean_square + PRIOR_MISSES * PRIOR_SCATTER) / (freedom + PRIOR_MISSES)
        tail = (1 - level) / 2
        out[i] = np.sqrt(pooled) * ss.t.isf(tail, freedom + PRIOR_MISSES) / ss.norm.isf(tail)
    return out


def _choose(scores: Sequence[ModelScore], losses: dict[str, Floats], horizon: int) -> ModelScore:
    """The first in the order of preference whose quantile loss is no more than its standard error above the least."""
    least = min(scores, key=lambda s: s.pinball)
    for name in PREFERRED:
        for score in scores:
            if score.model == name:
                gap = losses[name] - losses[least.model]
                if score is least or gap.mean() <= _error_of_mean(gap, horizon) + 1e-12:
                    return score
    return least


def _error_of_mean(gap: Floats, horizon: int) -> float:
    """Standard error of the mean of differences at successive origins, whose horizons overlap."""
    n = gap.size
    centred = gap - gap.mean()
    lags = min(horizon - 1, n // 3)
    long_run = float((centred**2).mean())
    for k in range(1, lags + 1):
        long_run += 2 * (1 - k / (lags + 1)) * float((centred[k:] * centred[:-k]).sum()) / n
    inflate = n / max(1.0, n - 1 - 2 * lags + lags * (lags + 1) / n)
    return math.sqrt(max(long_run, 0.0) / n * inflate)


def _skill(naive: Floats, model: Floats, horizon: int) -> tuple[float, tuple[float, float], float]:
    """Share by which the model's errors are smaller, its 95 % interval, and a one-sided p that they are at all."""
    gap, n = naive - model, naive.size
    base = float(naive.mean())
    if base <= 0 or n < 4:
        return 0.0, (-math.inf, 1.0), 1.0
    lags = min(horizon - 1, n // 3)
    error = _error_of_mean(gap, horizon)
    skill = float(gap.mean()) / base
    if error == 0:
        return skill, (skill, skill), 1.0
    freedom = max(2.0, n / (1 + lags / 2) - 1)
    reach = float(ss.t.isf(0.025, freedom)) * error / base
    return skill, (skill - reach, min(1.0, skill + reach)), float(ss.t.sf(skill * base / error, freedom))


def _pinball(came: Floats, quantile: Floats, p: float) -> Floats:
    gap = came - quantile
    return np.asarray(np.maximum(p * gap, (p - 1) * gap), float)


def _origins(known: npt.NDArray[np.bool_], period: int) -> Ints:
    """Earlier periods to forecast from: once a season and a half is known, up to the last but one."""
    enough = np.cumsum(known)
    first = int(np.searchsorted(enough, math.ceil(1.5 * period))) + 1
    last = known.size - 1
    some = np.arange(first, last + 1)
    if some.size > MOST_ORIGINS:
        some = np.unique(np.round(np.linspace(first, last, MOST_ORIGINS)).astype(np.int64))
    return np.asarray(some, np.int64)


def _season_scale(y: Floats, known: npt.NDArray[np.bool_], period: int) -> float:
    both = known[period:] & known[:-period]
    return float(np.abs(y[period:] - y[:-period])[both].mean()) if both.any() else 0.0


def _checked(
    counts: npt.ArrayLike,
    period: int,
    horizon: int | None,
    exposure: npt.ArrayLike | None,
    exclude: npt.ArrayLike | None,
) -> tuple[Floats, npt.NDArray[np.bool_], Floats, int]:
    y = np.asarray(counts, float).ravel()
    if not (isinstance(period, int | np.integer) and period >= 2):
        raise ValueError(f"period must be a whole number of 2 or more (12 for months, 7 for days), not {period!r}")
    h = (12 if period >= 12 else 4 * period) if horizon is None else horizon
    if not (isinstance(h, int | np.integer) and h >= 1):
        raise ValueError(f"horizon must be a whole number of periods, 1 or more, not {horizon!r}")
    out = np.zeros(y.size, bool) if exclude is None else np.asarray(exclude).ravel()
    if out.shape != y.shape or (out.dtype != bool and not np.isin(out, (0, 1)).all()):
        raise ValueError(f"exclude needs one true or false for each of the {y.size} periods")
    known = ~out.astype(bool)
    for bad, what in (
        (~np.isfinite(y) & known, "known, or set aside with exclude"),
        ((y < 0) & known, "0 or more"),
        (known & np.isfinite(y) & (y != np.round(y)), "whole: forecast events and weight them after"),
    ):
        if bad.any():
            i = int(np.flatnonzero(bad)[0])
            raise ValueError(f"count {float(y[i])!r} of period {i + 1} must be {what}")
    least = 2 * period + 4
    if known.sum() < least:
        raise Unfit(
            msg_n(
                "{n:count} period is too short a series to forecast from: with a season of {season:count} it takes "
                "{least:count}, so that the forecast can be tried out on the past",
                "{n:count} periods are too short a series to forecast from: with a season of {season:count} it takes "
                "{least:count}, so that the forecast can be tried out on the past",
                n=int(known.sum()),
                season=period,
                least=least,
            )
        )
    if exposure is None:
        ex = np.ones(y.size + h)
    else:
        ex = np.asarray(exposure, float).ravel()
        if ex.size not in (y.size, y.size + h):
            raise ValueError(f"exposure has {ex.size} periods: give {y.size}, or {y.size + h} with the {h} ahead")
        if not (np.isfinite(ex) & (ex > 0)).all():
            raise ValueError(f"exposure must be above 0, not {float(ex[~(np.isfinite(ex) & (ex > 0))][0])!r}")
        if ex.size == y.size:
            ex = np.concatenate([ex, ex[-period:][np.arange(h) % period]])
        ex = ex / ex[: y.size].mean()
    return np.where(known, y, 0.0), known, ex, int(h)


def _labels(labels: Sequence[str] | None, n: int, h: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the periods so far and ahead; months and days carry on, anything else counts from +1."""
    if labels is None:
        return tuple(str(i + 1) for i in range(n)), tuple(str(n + i + 1) for i in range(h))
    past = tuple(str(v) for v in labels)
    if len(past) != n:
        raise ValueError(f"there are {n} periods and {len(past)} labels: give one for each")
    last = past[-1]
    if re.fullmatch(r"\d{4}-\d{2}", last):
        first = int(last[:4]) * 12 + int(last[5:])
        return past, tuple(f"{(first + i) // 12:04d}-{(first + i) % 12 + 1:02d}" for i in range(h))
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", last):
        day = dt.date.fromisoformat(last)
        return past, tuple((day + dt.timedelta(days=i + 1)).isoformat() for i in range(h))
    return past, tuple(f"+{i + 1}" for i in range(h))


def _tried(best: ModelScore) -> Check:
    enough = best.origins >= 12
    text = (
        msg("The forecast was tried out at {n:count} earlier times.", n=best.origins)
        if enough
        else msg(
            "It could be tried out at {n:count} earlier times only, so its intervals are a guess in part.", n=best.origins
        )
    )
    return Check("tried-out", enough, text)


def _held(best: ModelScore, level: float) -> Check:
    """Coverage in the back-test against what was promised; a share of so few that overlap is wide."""
    effective = max(1.0, best.forecasts / max(1.0, best.forecasts / best.origins / 2))
    reach = 2 * math.sqrt(level * (1 - level) / effective)
    held = best.coverage >= level - reach
    text = (
        msg("In the back-test the intervals held {coverage:percent} of what came.", coverage=best.coverage)
        if held
        else msg(
            "In the back-test the intervals held only {coverage:percent} of what came, where {level:percent} was promised: "
            "the series has changed in ways that its past doesn't show.",
            coverage=best.coverage, level=level,
        )
    )  # fmt: skip
    return Check("intervals-held", held, text)


def _beats(p: float) -> Check:
    beats = p <= 0.05
    text = (
        msg("It is better than repeating the last cycle by more than luck.")
        if beats
        else msg("It is not clearly better than repeating the last cycle.")
    )
    return Check("beats-naive", beats, text)
