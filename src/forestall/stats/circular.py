"""At what hour do events gather, and do two kinds of events keep different hours?

Hours of the day have no beginning: 23:30 and 00:30 are an hour apart, and their mean is midnight. Mean direction, resultant
length, Rayleigh's test, von Mises concentration and Watson's two-sample test: Fisher, *Statistical Analysis of Circular
Data* (1993); Zar, *Biostatistical Analysis* (5th ed. 2010), chapters 26 and 27.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._times import Floats, Ints, level_of, sentences, wall_clock, weights_of
from forestall.text import Message, msg

#: Below this many events the interval of the mean is too narrow (Fisher 1993, section 4.4.4), and from here on it covers.
ENOUGH = 25

#: Classes of a circle in charts.
CLASSES = 24


@register
@dataclass(frozen=True, kw_only=True)
class Circular(Figures):
    """``mean``: mean direction in the unit of ``period`` (NaN where the events have none), with its ``interval``, which
    may run past the end of the period (low above high) and is (NaN, NaN) where nothing can be said. ``resultant``: 0 where
    events spread over the circle, 1 where all fall together; ``variance`` = 1 - resultant. ``spread``: circular standard
    deviation in the unit of ``period``. ``kappa``: concentration of the von Mises distribution. ``rayleigh`` = n R² and
    its ``p_value`` against an even spread (two peaks that are opposite escape it). ``resultant_half``: the resultant
    length of the doubled angles, and ``p_half`` its test: two opposite peaks show there. ``classes``: weight in 24 equal
    parts of the period, (24,)."""

    type_name: ClassVar[str] = "circular"

    period: float
    events: int
    effective: float
    unknown: int
    mean: float
    interval: tuple[float, float]
    resultant: float
    variance: float
    spread: float
    kappa: float
    rayleigh: float
    p_value: float
    resultant_half: float
    p_half: float
    classes: Floats

    def table(self) -> Table:
        columns = (
            Column("figure", msg("Figure")),
            Column("value", msg("Value"), numeric=True),
            Column("low", msg("From"), numeric=True),
            Column("high", msg("To"), numeric=True),
        )
        rows = (
            (msg("Mean time"), self.mean, *self.interval),
            (msg("Resultant length"), self.resultant, None, None),
            (msg("Circular variance"), self.variance, None, None),
            (msg("Circular standard deviation"), self.spread, None, None),
            (msg("Concentration (kappa)"), self.kappa, None, None),
            (msg("Rayleigh's z"), self.rayleigh, None, None),
            (msg("p against an even spread"), self.p_value, None, None),
            (msg("p of two opposite peaks"), self.p_half, None, None),
            (msg("Events with a known time"), self.events, None, None),
        )
        return Table(columns, rows, msg("Times on the circle"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        width = self.period / CLASSES
        rows = [
            {"from": (i + 0.05) * width, "to": (i + 0.95) * width, "n": round(float(n), 4)}
            for i, n in enumerate(self.classes)
        ]
        x = _axis(self.period, language)
        y = {"field": "n", "type": "quantitative", "title": msg("events, by weight").render(language)}
        layers: list[dict[str, Any]] = []
        low, high = self.interval
        if math.isfinite(low):
            boxes = [(low, high)] if low <= high else [(low, self.period), (0.0, high)]
            layers.append(
                {
                    "data": {"values": [{"from": a, "to": b} for a, b in boxes]},
                    "mark": {"type": "rect", "style": "interval"},
                    "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}},
                }
            )
        layers.append(
            {
                "data": {"values": rows},
                "mark": {"type": "rect", "style": "observed"},
                "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}, "y": y, "y2": {"datum": 0}},
            }
        )
        if math.isfinite(self.mean):
            layers.append(
                {
                    "data": {"values": [{"at": self.mean}]},
                    "mark": {"type": "rule", "style": "limit", "strokeWidth": 2},
                    "encoding": {"x": {**x, "field": "at"}},
                }
            )
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "width": 520,
            "height": 180,
            "layer": layers,
        }

    def explain(self, language: str = "en") -> str:
        parts: list[Message] = []
        if self.resultant_half > self.resultant and self.p_half <= 0.05:
            parts.append(
                msg(
                    "The times of {n:count} events gather at two opposite parts of the circle, so their mean, {mean}, is "
                    "not a time at which they gather: read the hours.",
                    n=self.events, mean=_words(self.mean, self.period),
                )
            )  # fmt: skip
        elif self.p_value > 0.05:
            parts.append(
                msg("The times of {n:count} events show no clear gathering at one part of the circle.", n=self.events)
            )
        elif math.isfinite(self.interval[0]):
            parts.append(
                msg(
                    "{n:count} events gather about {mean} (from {low} to {high} fits), with a resultant length of "
                    "{r:ratio} between 0, spread evenly, and 1, all at once.",
                    n=self.events, mean=_words(self.mean, self.period), low=_words(self.interval[0], self.period),
                    high=_words(self.interval[1], self.period), r=self.resultant,
                )
            )  # fmt: skip
        else:
            parts.append(
                msg(
                    "{n:count} events gather about {mean}, but too loosely to say within which times the mean lies.",
                    n=self.events, mean=_words(self.mean, self.period),
                )
            )  # fmt: skip
        if self.unknown:
            parts.append(msg("Events left out because their time is not known: {n:count}.", n=self.unknown))
        parts.append(
            msg(
                "The mean stands for one peak only, and events that are known between two times need the spread by hour "
                "of the week instead."
            )
        )
        return sentences(parts, language)


@register
@dataclass(frozen=True, kw_only=True)
class CircularDifference(Figures):
    """Two samples of times. ``u2``: Watson's U², and ``p_value`` of it by permutation, (r + 1)/(n + 1); it has no side,
    and answers to a difference of any kind. ``p_asymptotic``: of its limiting distribution. ``difference``: mean direction
    of the first less that of the second, in the unit of ``period`` between ± half of it, with its ``interval`` (NaN where
    a mean is not known). ``classes``: weight of each sample in 24 equal parts of the period, (2, 24)."""

    type_name: ClassVar[str] = "circular-difference"

    period: float
    events: tuple[int, int]
    unknown: tuple[int, int]
    u2: float
    p_value: float
    p_asymptotic: float
    difference: float
    interval: tuple[float, float]
    classes: Floats

    def table(self) -> Table:
        columns = (
            Column("from", msg("From"), numeric=True),
            Column("first", msg("Share of the first"), numeric=True),
            Column("second", msg("Share of the second"), numeric=True),
        )
        share = self.classes / self.classes.sum(1, keepdims=True)
        width = self.period / CLASSES
        rows = tuple((i * width, float(share[0, i]), float(share[1, i])) for i in range(CLASSES))
        return Table(columns, rows, msg("Times of two kinds of events"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        width = self.period / CLASSES
        share = self.classes / self.classes.sum(1, keepdims=True)
        rows = [
            {"from": i * width, "to": (i + 1) * width, "a": round(float(share[0, i]), 5), "b": round(float(share[1, i]), 5)}
            for i in range(CLASSES)
        ]
        x = _axis(self.period, language)
        title = msg("share (dashes: the second)").render(language)
        y = {"type": "quantitative", "title": title, "axis": {"format": ".0%"}}
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "width": 520,
            "height": 200,
            "data": {"values": rows},
            "layer": [
                {
                    "mark": {"type": "rect", "style": "quiet"},
                    "encoding": {
                        "x": {**x, "field": "from"},
                        "x2": {"field": "to"},
                        "y": {**y, "field": "a"},
                        "y2": {"datum": 0},
                    },
                },
                {
                    "mark": {"type": "rule", "style": "expected", "strokeWidth": 3},
                    "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}, "y": {**y, "field": "b"}},
                },
            ],
        }

    def explain(self, language: str = "en") -> str:
        if self.p_value > 0.05:
            first = msg(
                "No clear difference between the times of {a:count} and of {b:count} events.",
                a=self.events[0], b=self.events[1],
            )  # fmt: skip
        elif math.isfinite(self.interval[0]):
            first = msg(
                "The times of {a:count} and of {b:count} events differ: the mean of the first comes {d:+.1f} after that "
                "of the second ({low:+.1f} to {high:+.1f} fits) on a circle of {period:g}.",
                a=self.events[0], b=self.events[1], d=self.difference, low=self.interval[0], high=self.interval[1],
                period=self.period,
            )  # fmt: skip
        else:
            first = msg(
                "The times of {a:count} and of {b:count} events differ, though not by a shift of the mean that can be "
                "stated.",
                a=self.events[0], b=self.events[1],
            )  # fmt: skip
        parts = [
            first,
            msg(
                "The test answers to any difference, of level, width or shape, and takes events as independent of each "
                "other."
            ),
        ]
        if sum(self.unknown):
            parts.append(msg("Events left out because their time is not known: {n:count}.", n=sum(self.unknown)))
        return sentences(parts, language)


def circular_summary(
    times: npt.ArrayLike,
    *,
    period: float = 24.0,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Circular:
    """Mean time, spread and Rayleigh's test of times on a circle.

    ``times``: shape (events,), in the unit of ``period`` (hours of a day where it is 24; 2π for radians, 360 for degrees)
    and taken modulo ``period``; or datetime64 in local wall clock with a ``period`` of 24 (hour of the day) or 168 (hour
    of the week from Monday 00:00). NaN and NaT count as unknown. ``weights``: 0 or more each; the test then takes the
    events for their effective number (Σw)²/Σw². ``level`` of the interval of the mean.

    Raises ``ValueError`` for an infinite time, negative or missing weights, a period that is not above 0, or no known
    time.
    """
    level_of(level)
    angle, w, unknown = _angles(times, weights, period, "times")
    total = float(w.sum())
    effective = total**2 / float((w * w).sum())
    mean, r, se = _mean(angle, w)
    r2 = abs(complex(np.sum(w * np.exp(2j * angle)))) / total
    unit = period / (2 * math.pi)
    kappa = _kappa(r, effective)
    spread = math.sqrt(max(-2 * math.log(r), 0.0)) * unit if r > 0 else math.inf
    low, high = _mean_interval(mean, se, level)
    return Circular(
        period=float(period),
        events=int(angle.size),
        effective=effective,
        unknown=unknown,
        mean=_wrap(mean * unit, period),
        interval=(_wrap(low * unit, period), _wrap(high * unit, period)),
        resultant=r,
        variance=1 - r,
        spread=spread,
        kappa=kappa,
        rayleigh=effective * r * r,
        p_value=rayleigh_p(r, effective),
        resultant_half=r2,
        p_half=rayleigh_p(r2, effective),
        classes=_classes(angle, w),
        parameters={"period": float(period), "weighted": weights is not None, "level": level},
        checks=(
            Check(
                "known", unknown <= 0.1 * (unknown + angle.size),
                msg("{n:count} of {all:count} events have no known time and are left out.", n=unknown,
                    all=unknown + angle.size),
            ),
            Check(
                "enough", effective >= ENOUGH,
                msg("The events are worth {n:count}; the interval of the mean wants {least}.", n=effective, least=ENOUGH),
            ),
            Check(
                "one-peak", not (r2 > r and rayleigh_p(r2, effective) <= 0.05),
                msg("One peak describes the times better than two opposite ones."),
            ),
        ),
    )  # fmt: skip


def circular_difference(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    period: float = 24.0,
    weights: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    draws: int = 999,
    level: float = 0.95,
    seed: int = 0,
) -> CircularDifference:
    """Do two samples of times differ? Watson's U² with a permutation p-value, ties allowed for.

    ``first``, ``second``: as ``times`` of :func:`circular_summary`. ``weights``: one array for each sample. ``draws``: how
    many times the labels are dealt anew, 1 or more. Raises ``ValueError`` as :func:`circular_summary` does.
    """
    level_of(level)
    if not draws >= 1:
        raise ValueError(f"draws must be 1 or more, not {draws!r}")
    wa, wb = weights if weights is not None else (None, None)
    a, va, lost_a = _angles(first, wa, period, "first")
    b, vb, lost_b = _angles(second, wb, period, "second")
    angle, w = np.concatenate([a, b]), np.concatenate([va, vb])
    # Equal times are one step of both curves: numbers that differ by rounding alone are equal.
    values, place = np.unique(np.round(angle, 12), return_inverse=True)
    n = np.array([a.size, b.size])
    label = np.repeat([True, False], n)
    mass = np.bincount(place, minlength=values.size).astype(float)
    rng = np.random.default_rng(seed)

    def statistic(mine: Floats, theirs: Floats) -> Floats:
        d = np.cumsum(mine, -1) / mine.sum(-1, keepdims=True) - np.cumsum(theirs, -1) / theirs.sum(-1, keepdims=True)
        mean = (d * mass).sum(-1, keepdims=True) / angle.size
        return np.asarray(n[0] * n[1] / angle.size**2 * ((d - mean) ** 2 * mass).sum(-1))

    def weigh(which: npt.NDArray[np.bool_]) -> Floats:
        return np.asarray(np.bincount(place, weights=w * which, minlength=values.size), float)

    observed = float(statistic(weigh(label), weigh(~label)))
    reached = 0
    if weights is None and values.size * 8 < angle.size:
        counts: Ints = mass.astype(np.int64)
        block = max(1, 2_000_000 // values.size)
        for i in range(0, draws, block):
            mine = rng.multivariate_hypergeometric(counts, a.size, min(block, draws - i), method="marginals").astype(float)
            reached += int((statistic(mine, mass - mine) >= observed - 1e-12).sum())
    else:
        for _ in range(draws):
            dealt = rng.permutation(label)
            if not (w * dealt).any() or not (w * ~dealt).any():
                reached += 1  # all weight on one side: as far apart as can be
                continue
            reached += int(statistic(weigh(dealt), weigh(~dealt)) >= observed - 1e-12)
    unit = period / (2 * math.pi)
    mean_a, r_a, se_a = _mean(a, va)
    mean_b, r_b, se_b = _mean(b, vb)
    gap = _half(mean_a - mean_b, 2 * math.pi)
    half = float(special.ndtri((1 + level) / 2)) * math.hypot(se_a, se_b)
    known = r_a > 1e-9 and r_b > 1e-9 and half < math.pi / 2
    small = int(min(n))
    return CircularDifference(
        period=float(period),
        events=(a.size, b.size),
        unknown=(lost_a, lost_b),
        u2=observed,
        p_value=(reached + 1) / (draws + 1),
        p_asymptotic=watson_p(observed),
        difference=gap * unit if known else math.nan,
        interval=((gap - half) * unit, (gap + half) * unit) if known else (math.nan, math.nan),
        classes=np.stack([_classes(a, va), _classes(b, vb)]),
        parameters={"period": float(period), "weighted": weights is not None, "draws": draws, "level": level},
        seed=seed,
        checks=(
            Check(
                "enough", small >= ENOUGH,
                msg("The smaller sample has {n:count} events; the interval wants {least} in each.", n=small, least=ENOUGH),
            ),
        ),
    )  # fmt: skip


def rayleigh_p(resultant: float, events: float) -> float:
    """p of Rayleigh's test of an even spread, by Wilkie's approximation (Applied Statistics 32 (1983) 311-312; Zar 2010,
    equation 27.4); it errs by less than 0.003 from five
    events on, and is too large for fewer. Never 0."""
    n, big = events, events * resultant
    p = math.exp(math.sqrt(1 + 4 * n + 4 * max(n * n - big * big, 0.0)) - (1 + 2 * n))
    return min(1.0, max(p, float(np.finfo(float).tiny)))


def watson_p(u2: float) -> float:
    """p of Watson's U² (one or two samples) by its limiting distribution."""
    if u2 <= 0.02:
        return 1.0
    m = np.arange(1, 60)
    series = 2 * ((-1.0) ** (m - 1) * np.exp(-2 * m**2 * math.pi**2 * u2)).sum()
    return float(min(1.0, max(series, np.finfo(float).tiny)))


def _angles(times: npt.ArrayLike, weights: npt.ArrayLike | None, period: float, name: str) -> tuple[Floats, Floats, int]:
    """Known times as angles in [0, 2π), their weights, and how many are unknown."""
    if not (math.isfinite(period) and period > 0):
        raise ValueError(f"period must be a number above 0, such as 24 for hours, not {period!r}")
    array = np.asarray(times)
    if array.dtype.kind in "MUO":
        clock = wall_clock(times, name)
        if period not in (24, 168):
            raise ValueError(f"dates and times need a period of 24 or 168 hours, not {period!r}; give numbers for another")
        if np.datetime_data(clock.dtype)[0] == "D":
            raise ValueError(f"{name} holds dates without a time of day: {clock[0]} says nothing of the hour")
        known = ~np.isnat(clock)
        monday = np.datetime64("1969-12-29T00:00")
        x = (clock[known] - monday) / np.timedelta64(1, "h")
        lost = clock.size - x.size
    else:
        values = np.asarray(times, float)
        if values.ndim != 1 or values.size == 0:
            raise ValueError(f"{name} must hold one or more times in one dimension, not the shape {values.shape}")
        if np.isinf(values).any():
            row = int(np.flatnonzero(np.isinf(values))[0])
            raise ValueError(f"{name} must be numbers: row {row} has {float(values[row])!r}; leave it out or give NaN")
        known = ~np.isnan(values)
        x = values[known]
        lost = values.size - x.size
    w = weights_of(weights, known.size)[known]
    if x.size == 0:
        raise ValueError(f"none of the {known.size} {name} is known, so nothing can be said of them: give one that is")
    if not w.any():
        raise ValueError("all weights are 0, so there is no mean: give some event a weight above 0")
    angle = np.mod(np.asarray(x, float), period) * (2 * math.pi / period)
    return np.asarray(angle, float), w, int(lost)


def _mean(angle: Floats, w: Floats) -> tuple[float, float, float]:
    """Mean direction, resultant length and the standard error of the mean's sine (infinite where there is no mean)."""
    total = float(w.sum())
    vector = complex(np.sum(w * np.exp(1j * angle))) / total
    r = min(abs(vector), 1.0)
    if r < 1e-12:
        return math.nan, 0.0, math.inf
    mean = math.atan2(vector.imag, vector.real)
    return mean, r, math.sqrt(float(np.sum((w * np.sin(angle - mean)) ** 2))) / (total * r)


def _mean_interval(mean: float, se: float, level: float) -> tuple[float, float]:
    """Fisher's large-sample interval (1993, equation 4.22), or NaN where it takes in the whole circle."""
    reach = float(special.ndtri((1 + level) / 2)) * se
    if not reach <= 1:
        return math.nan, math.nan
    half = math.asin(reach)
    return mean - half, mean + half


def _kappa(r: float, n: float) -> float:
    """Maximum likelihood, with Best and Fisher's correction of small samples (Fisher 1993, equations 4.40 and 4.41)."""
    if r >= 1 - 1e-12:
        return math.inf
    if r <= 0:
        return 0.0
    # A start from Fisher's approximations; Newton's method then solves I1(k)/I0(k) = r.
    if r < 0.53:
        k = 2 * r + r**3 + 5 * r**5 / 6
    elif r < 0.85:
        k = -0.4 + 1.39 * r + 0.43 / (1 - r)
    else:
        k = 1 / (r**3 - 4 * r**2 + 3 * r)
    for _ in range(50):
        a = float(special.ive(1, k) / special.ive(0, k))
        slope = 1 - a * a - a / k
        step = (a - r) / slope if slope > 0 else 0.0
        k = max(k - step, k / 2)
        if abs(step) < 1e-12 * k:
            break
    if n <= 15:
        k = max(k - 2 / (n * k), 0.0) if k < 2 else (n - 1) ** 3 * k / (n**3 + n)
    return k


def _classes(angle: Floats, w: Floats) -> Floats:
    at = np.minimum((angle * (CLASSES / (2 * math.pi)) + 1e-9).astype(np.int64), CLASSES - 1)
    return np.asarray(np.bincount(at, weights=w, minlength=CLASSES), float)


def _wrap(x: float, period: float) -> float:
    if not math.isfinite(x):
        return math.nan
    y = math.fmod(x, period)
    y = y + period if y < 0 else y
    return 0.0 if period - y < 1e-9 * period else y


def _half(x: float, period: float) -> float:
    return math.remainder(x, period) if math.isfinite(x) else math.nan


def _axis(period: float, language: str) -> dict[str, Any]:
    title = (
        msg("hour of the day")
        if period == 24
        else msg("hours from Monday 00:00")
        if period == 168
        else msg("place on the circle")
    )
    return {
        "type": "quantitative",
        "title": title.render(language),
        "scale": {"domain": [0, period], "nice": False},
        "axis": {"tickCount": 8, "grid": False},
    }


def _words(x: float, period: float) -> str:
    """A time as readers write it: 23:40 on a day, else a number."""
    if period != 24 or not math.isfinite(x):
        return f"{x:.1f}"
    minutes = round(x * 60) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
