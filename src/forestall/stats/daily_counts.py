"""Do weekdays, holidays, paydays, school terms and the season move the number of events a day, and by how much?

A log-linear quasi-Poisson regression of daily counts. Each effect is a rate ratio. Its standard error is the larger of two:
the quasi-Poisson one, and Newey and West's, which holds where days lean on those before them. q-values (Benjamini and
Hochberg) allow for all the effects that are asked about.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._quasi_poisson import Fit, f_test, fit, lag_one, newey_west
from forestall.stats._times import WEEKDAYS, Floats, Ints, days_of, level_of, sentences
from forestall.stats._unfit import Unfit
from forestall.stats.multiple import benjamini_hochberg
from forestall.text import Message, msg, msg_n

YEAR = 365.25

#: A season is asked about by itself from so many days on; less can't tell it from a trend.
TWO_YEARS = 730

#: With fewer days than this an effect rests on single days, and with fewer in all the whole does.
FEW, ENOUGH = 5, 90

#: Autocorrelation of the residuals above which a check says so.
LEANING = 0.3

#: Ratios that the chart's axis names.
TICKS = [0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 5, 10]

_Dates = Any


@dataclass(frozen=True)
class Effect:
    """One effect: events on its days as a ratio to other days that are alike in all else (a weekday: to the geometric mean
    of the seven). ``days``: how many have it. ``p_value``: two-sided; ``q_value``: over all effects that were asked
    about."""

    name: str
    kind: str
    label: Message
    days: int
    ratio: float
    interval: tuple[float, float]
    p_value: float
    q_value: float


@dataclass(frozen=True)
class Together:
    """Several coefficients tested as one (Wald's F): all weekdays, or the whole season."""

    name: str
    label: Message
    f: float
    degrees: tuple[int, int]
    p_value: float
    q_value: float


@register
@dataclass(frozen=True, kw_only=True)
class CalendarEffects(Figures):
    """``effects`` and the joint tests ``together``. ``left_out``: effects that the days given can't show. ``dispersion``:
    variance over mean after the fit; ``autocorrelation``: of residuals a day apart. ``fitted``: expected counts of the
    known days in order, (days,). ``season_peak``: day of the fitted season's peak as ``MM-DD``, ``season_ratio`` its peak
    over its trough; None where no season was fitted."""

    type_name: ClassVar[str] = "calendar-effects"

    first: str
    last: str
    days: int
    unknown: int
    events: float
    effects: tuple[Effect, ...]
    together: tuple[Together, ...]
    left_out: tuple[str, ...]
    dispersion: float
    autocorrelation: float
    lags: int
    fitted: Floats
    season_peak: str | None
    season_ratio: float | None

    def effect(self, name: str) -> Effect:
        """The effect of that name. Raises ``KeyError`` where there is none."""
        for e in self.effects:
            if e.name == name:
                return e
        raise KeyError(f"no effect {name!r}; there are {[e.name for e in self.effects]}")

    def table(self) -> Table:
        columns = (
            Column("effect", msg("Effect")),
            Column("kind", msg("Kind")),
            Column("days", msg("Days"), numeric=True),
            Column("ratio", msg("Ratio"), numeric=True),
            Column("low", msg("From"), numeric=True),
            Column("high", msg("To"), numeric=True),
            Column("p", msg("p"), numeric=True),
            Column("q", msg("q"), numeric=True),
        )
        rows = [(e.label, e.kind, e.days, e.ratio, *e.interval, e.p_value, e.q_value) for e in self.effects]
        rows += [(t.label, t.name, self.days, None, None, None, t.p_value, t.q_value) for t in self.together]  # type: ignore[misc]
        return Table(columns, tuple(rows), msg("Calendar effects on the number of events a day"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        rows: list[dict[str, Any]] = [
            {
                "what": e.label.render(language),
                "ratio": max(e.ratio, 0.01),
                "low": max(e.interval[0], 0.01),
                "high": max(e.interval[1], 0.01),
                "clear": e.q_value <= 0.05,
            }
            for e in self.effects
        ]
        y = {"field": "what", "type": "nominal", "sort": None, "title": None}
        ends = [1.0, *(r["low"] for r in rows), *(r["high"] for r in rows)]
        scale = {
            "type": "log",
            "nice": False,
            "domain": [max(min(ends), 0.05) / 1.1, min(max(ends), 20.0) * 1.1],
            "clamp": True,
        }
        title = msg("times as many events as on days otherwise alike").render(language)
        x = {"type": "quantitative", "title": title, "scale": scale, "axis": {"values": TICKS, "format": ".2~f"}}
        layers: list[dict[str, Any]] = [
            {
                "data": {"values": [{"at": 1}]},
                "mark": {"type": "rule", "style": "limit"},
                "encoding": {"x": {**x, "field": "at"}},
            },
            {
                "mark": {"type": "bar", "style": "interval", "height": 6},
                "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
        ]
        for clear, style in ((True, "flagged"), (False, "observed")):
            layers.append(
                {
                    "transform": [{"filter": f"datum.clear === {str(clear).lower()}"}],
                    "mark": {"type": "point", "style": style, "filled": True, "size": 60},
                    "encoding": {"y": y, "x": {**x, "field": "ratio"}},
                }
            )
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "width": 420,
            "height": {"step": 22},
            "data": {"values": rows},
            "layer": layers,
        }

    def explain(self, language: str = "en") -> str:
        clear = sorted((e for e in self.effects if e.q_value <= 0.05), key=lambda e: -abs(math.log(max(e.ratio, 1e-3))))
        parts: list[Message] = []
        if clear:
            shown: list[str | Message] = [
                msg(
                    "{what} {ratio:ratio} ({low:ratio} to {high:ratio})",
                    what=e.label, ratio=e.ratio, low=e.interval[0], high=e.interval[1],
                )
                for e in clear[:5]
            ]  # fmt: skip
            parts.append(
                msg(
                    "Over {n:count} days, these have clearly more or fewer events than days otherwise alike, as ratios: "
                    "{effects:list}.",
                    n=self.days, effects=shown,
                )
            )  # fmt: skip
        else:
            parts.append(
                msg(
                    "Over {n:count} days, no calendar effect is clear once all that were tried are allowed for.",
                    n=self.days,
                )
            )
        for t in self.together:
            if t.name == "season" and t.q_value <= 0.05 and self.season_ratio is not None:
                parts.append(
                    msg(
                        "There is a season: its fullest days have {r:ratio} times the events of its emptiest.",
                        r=self.season_ratio,
                    )
                )
        if self.left_out:
            parts.append(msg("The days given can't show {what:list}.", what=list(self.left_out)))
        parts.append(
            msg(
                "Counts scatter {d:decimal} times as much as chance alone, and intervals allow for it and for days that "
                "lean on those before. An effect of the calendar is no cause: what people do on such days, and who is "
                "there to record it, both count.",
                d=self.dispersion,
            )
        )  # fmt: skip
        return sentences(parts, language)


@dataclass(frozen=True)
class _Term:
    """A column that is 1 on some days."""

    name: str
    kind: str
    label: Message
    on: npt.NDArray[np.bool_]


def calendar_effects(
    dates: npt.ArrayLike,
    counts: npt.ArrayLike,
    *,
    holidays: _Dates = None,
    paydays: _Dates = None,
    terms: Any = None,
    weekdays: bool = True,
    season: bool | None = None,
    harmonics: int = 2,
    trend: bool = True,
    lags: int | None = None,
    level: float = 0.95,
) -> CalendarEffects:
    """Rate ratios of calendar effects on daily counts.

    ``dates``: one day each, datetime64, in any order; days that are absent are unknown, not empty. ``counts``: events of
    each day, 0 or more (weights such as harm may be fractions); NaN is unknown. ``holidays`` (see :func:`bank_holidays`),
    ``paydays`` (see :func:`paydays`): dates, or a mapping of names to dates for several kinds with an effect each; a day
    counts in each kind that names it. ``terms``: school terms as pairs of first and last day, inclusive, or a mapping of
    names to such pairs. ``season``: yearly ``harmonics``; None fits them where two years are covered. ``trend``: a steady
    change a year. ``lags``: days over which counts may lean on each other; None takes the larger of 7 and 4(n/100)^(2/9).

    Raises ``ValueError`` for a date given twice, negative counts, no events, too few days, a weekday without any event, a
    season asked of less than a year, and effects that name the same days.
    """
    level_of(level)
    if not 1 <= harmonics <= 6:
        raise ValueError(f"harmonics must be 1 to 6, not {harmonics!r}")
    if lags is not None and not lags >= 0:
        raise ValueError(f"lags must be a number of days of 0 or more, not {lags!r}")
    at, y, unknown = _series(dates, counts)
    span = int(at[-1] - at[0]) + 1
    if season and span < YEAR:
        raise Unfit(msg("a season needs a year of days and there are {n:count}: give more, or leave season out", n=span))
    fitted_season = span >= TWO_YEARS if season is None else bool(season)
    terms_found, left_out = _terms(at, holidays, paydays, terms)
    empty = [t for t in terms_found if y[t.on].sum() == 0]
    used = [t for t in terms_found if t not in empty]
    keep = np.ones(at.size, bool)
    for t in empty:
        keep &= ~t.on
    columns, places = _design(at, used, weekdays, fitted_season, harmonics, trend)
    x = columns[keep]
    if keep.sum() < x.shape[1] + 7:
        raise Unfit(
            msg_n(
                "{n:count} known day is too few for the {asked:count} figures asked of it: give more days or fewer effects",
                "{n:count} known days are too few for the {asked:count} figures asked of them: give more days or fewer "
                "effects",
                n=int(keep.sum()),
                asked=int(x.shape[1]),
            )
        )
    if weekdays:
        _each_weekday(at[keep], y[keep])
    found = fit(x, y[keep])
    reach = max(7, int(4 * (at.size / 100) ** (2 / 9))) if lags is None else int(lags)
    robust = newey_west(x, y[keep], found, at[keep], reach)
    effects = _weekday_effects(at[keep], found, robust, places, level) if weekdays else []
    for t in used:
        where = [places[t.name]]
        effects.append(_effect(t.name, t.kind, t.label, int(t.on.sum()), np.ones(1), where, found, robust, level))
    mu = np.exp(np.clip(columns @ found.beta, -30, 30))
    effects += [_never(t, float(mu[t.on].sum()), found.dispersion, level) for t in empty]
    if trend:
        effects.append(
            _effect("trend", "trend", msg("Change a year"), at.size, np.ones(1), [places["trend"]], found, robust, level)
        )
    together, peak, ratio = _together(found, robust, places, weekdays, fitted_season, harmonics)
    q = benjamini_hochberg([e.p_value for e in effects] + [t.p_value for t in together])
    effects = [replace(e, q_value=float(v)) for e, v in zip(effects, q, strict=False)]
    together = [replace(t, q_value=float(v)) for t, v in zip(together, q[len(effects) :], strict=True)]
    lag = lag_one(found.residual, at[keep])
    for t in empty:
        mu[t.on] = 0.0
    return CalendarEffects(
        first=str(np.datetime64(int(at[0]), "D")),
        last=str(np.datetime64(int(at[-1]), "D")),
        days=int(at.size),
        unknown=unknown,
        events=float(y.sum()),
        effects=tuple(effects),
        together=tuple(together),
        left_out=tuple(left_out),
        dispersion=found.dispersion,
        autocorrelation=lag,
        lags=reach,
        fitted=mu,
        season_peak=peak,
        season_ratio=ratio,
        parameters={
            "holidays": _named(holidays, "bank holidays"),
            "paydays": _named(paydays, "paydays"),
            "terms": _named(terms, "school terms"),
            "weekdays": weekdays,
            "season": fitted_season,
            "harmonics": harmonics,
            "trend": trend,
            "lags": reach,
            "level": level,
        },
        checks=_checks(at, unknown, span, effects, lag, reach, fitted_season),
    )


def _series(dates: npt.ArrayLike, counts: npt.ArrayLike) -> tuple[Ints, Floats, int]:
    """Known days in order, their counts, and how many days between the first and the last are unknown."""
    at = days_of(dates, "dates")
    y = np.asarray(counts, float)
    if at.size == 0 or y.shape != at.shape:
        raise ValueError(f"counts must have one number for each of the {at.size} dates, and some, not the shape {y.shape}")
    bad = (y < 0) | np.isinf(y)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"counts must be 0 or more: row {row} has {float(y[row])!r}; give NaN where a day is not known")
    order = np.argsort(at, kind="stable")
    at, y = at[order], y[order]
    twice = np.flatnonzero(np.diff(at) == 0)
    if twice.size:
        raise ValueError(f"{np.datetime64(int(at[twice[0]]), 'D')} is given twice: add its counts up or leave one out")
    known = ~np.isnan(y)
    if not y[known].any():
        raise Unfit(msg("there are no events on any known day, so no effect can be seen: give days with events"))
    at, y = at[known], y[known]
    return at, y, int(at[-1] - at[0]) + 1 - at.size


def _kinds(given: Any, name: str) -> dict[str, Any]:
    """Names of kinds and what was given for each; a bare sequence is one kind called ``name``."""
    if given is None:
        return {}
    return dict(given) if isinstance(given, Mapping) else {name: given}


def _named(given: Any, name: str) -> dict[str, int]:
    return {k: len(v) for k, v in _kinds(given, name).items()}


def _terms(at: Ints, holidays: _Dates, paydays: _Dates, terms: Any) -> tuple[list[_Term], list[str]]:
    """The days of each kind, and the names of the kinds that all or none of the days have."""
    found: list[_Term] = []
    bare = {
        "bank holidays": msg("Bank holidays"),
        "paydays": msg("Paydays"),
        "school terms": msg("School terms"),
    }
    for kind, name, given in (("holiday", "bank holidays", holidays), ("payday", "paydays", paydays)):
        for key, dates in _kinds(given, name).items():
            on = np.isin(at, days_of(dates, key))
            found.append(_Term(key, kind, _label(key, bare), on))
    for key, pairs in _kinds(terms, "school terms").items():
        on = np.zeros(at.size, bool)
        for pair in pairs:
            if not isinstance(pair, Sequence | np.ndarray) or isinstance(pair, str) or len(pair) != 2:
                raise ValueError(f"{key} must be pairs of first and last day, not {pair!r}")
            a, z = days_of([pair[0]], key)[0], days_of([pair[1]], key)[0]
            if z < a:
                raise ValueError(f"{key}: {pair[1]} comes before {pair[0]}; put the first day first")
            on |= (at >= a) & (at <= z)
        found.append(_Term(key, "term", _label(key, bare), on))
    names = [t.name for t in found]
    if len(set(names)) < len(names):
        raise ValueError(f"each kind of day needs a name of its own: {names!r}")
    shown = [t for t in found if 0 < t.on.sum() < at.size]
    return shown, [t.name for t in found if not 0 < t.on.sum() < at.size]


def _label(name: str, bare: Mapping[str, Message]) -> Message:
    return bare.get(name, msg("{name}", name=name))


def _design(
    at: Ints, used: list[_Term], weekdays: bool, season: bool, harmonics: int, trend: bool
) -> tuple[Floats, dict[str, int]]:
    """The columns of the regression, and where each name begins."""
    columns: list[Floats] = [np.ones(at.size)]
    places: dict[str, int] = {}
    if weekdays:
        places["weekday"] = 1
        day = (at + 3) % 7
        columns += [(day == d).astype(float) - (day == 6) for d in range(6)]
    for t in used:
        places[t.name] = len(columns)
        columns.append(t.on.astype(float))
    if season:
        places["season"] = len(columns)
        for h in range(1, harmonics + 1):
            angle = 2 * np.pi * h * at / YEAR
            columns += [np.sin(angle), np.cos(angle)]
    if trend:
        places["trend"] = len(columns)
        columns.append((at - at.mean()) / YEAR)
    return np.stack(columns, 1), places


def _each_weekday(at: Ints, y: Floats) -> None:
    events = np.bincount((at + 3) % 7, weights=y, minlength=7)
    if (events == 0).any():
        day = WEEKDAYS[int(np.argmax(events == 0))]
        raise ValueError(
            f"no event falls on any {day}, so weekdays have no ratio: give weekdays=False, or leave those days out"
        )


def _weekday_effects(at: Ints, found: Fit, robust: Floats, places: Mapping[str, int], level: float) -> list[Effect]:
    where = list(range(places["weekday"], places["weekday"] + 6))
    days = np.bincount((at + 3) % 7, minlength=7)
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    out = []
    for d in range(7):
        contrast = np.eye(6)[d] if d < 6 else -np.ones(6)
        out.append(_effect(names[d], "weekday", WEEKDAYS[d], int(days[d]), contrast, where, found, robust, level))
    return out


def _effect(
    name: str,
    kind: str,
    label: Message,
    days: int,
    contrast: Floats,
    where: list[int],
    found: Fit,
    robust: Floats,
    level: float,
) -> Effect:
    beta = float(contrast @ found.beta[where])
    at = np.ix_(where, where)
    variance = max(
        float(contrast @ robust[at] @ contrast), float(contrast @ found.spread[at] @ contrast) * found.dispersion
    )
    se = math.sqrt(variance)
    t = abs(beta) / se
    half = float(special.stdtrit(found.free, (1 + level) / 2)) * se
    p = max(2 * float(special.stdtr(found.free, -t)), float(np.finfo(float).tiny))
    ratio = math.exp(min(max(beta, -700.0), 700.0))
    ends = (math.exp(min(max(beta - half, -700.0), 700.0)), math.exp(min(beta + half, 700.0)))
    return Effect(name, kind, label, days, ratio, ends, min(p, 1.0), math.nan)


def _never(term: _Term, expected: float, dispersion: float, level: float) -> Effect:
    """Days without any event: the ratio is 0, and the number expected says how much that tells (Poisson, scaled)."""
    scaled = expected / dispersion
    high = -math.log((1 - level) / 2) / scaled
    p = min(1.0, max(2 * math.exp(-scaled), float(np.finfo(float).tiny)))
    return Effect(term.name, term.kind, term.label, int(term.on.sum()), 0.0, (0.0, high), p, math.nan)


def _together(
    found: Fit, robust: Floats, places: Mapping[str, int], weekdays: bool, season: bool, harmonics: int
) -> tuple[list[Together], str | None, float | None]:
    out = []
    asked = [("weekday", msg("All weekdays together"), 6)] if weekdays else []
    if season:
        asked.append(("season", msg("The season as a whole"), 2 * harmonics))
    for name, label, k in asked:
        where = np.arange(places[name], places[name] + k)
        at = np.ix_(where, where)
        beta = found.beta[where]
        # The more cautious of the two covariances.
        tests = [f_test(beta, c, found.free) for c in (robust[at], found.spread[at] * found.dispersion)]
        f, p = max(tests, key=lambda v: v[1])
        out.append(Together(name, label, f, (k, found.free), max(p, float(np.finfo(float).tiny)), math.nan))
    if not season:
        return out, None, None
    days = np.arange(366)
    wave = np.zeros(days.size)
    for h in range(1, harmonics + 1):
        a, b = found.beta[places["season"] + 2 * h - 2 : places["season"] + 2 * h]
        wave += a * np.sin(2 * np.pi * h * days / YEAR) + b * np.cos(2 * np.pi * h * days / YEAR)
    # Day numbers count from 1970-01-01, so that day 0 of the wave is the first of January, near enough.
    peak = str(np.datetime64("2001-01-01") + min(int(np.argmax(wave)), 364))[5:]
    return out, peak, math.exp(float(wave.max() - wave.min()))


def _checks(
    at: Ints, unknown: int, span: int, effects: list[Effect], lag: float, reach: int, season: bool
) -> tuple[Check, ...]:
    few = [e for e in effects if e.days < FEW and e.kind != "trend"]
    return (
        Check(
            "complete", unknown == 0,
            msg("{n:count} of {all:count} days are absent or unknown, and not taken as empty.", n=unknown, all=span),
        ),
        Check("enough", at.size >= ENOUGH, msg("{n:count} days are known; {least} are wanted.", n=at.size, least=ENOUGH)),
        Check(
            "effects-of-enough-days", not few,
            msg("Effects that rest on under {least} days: {n:count}.", n=len(few), least=FEW),
        ),
        Check(
            "season", season or span < 90,
            msg("A season is part of the model; without one, effects that come with a season are mixed with it."),
        ),
        Check(
            "days-apart", lag <= LEANING,
            msg("Residuals a day apart correlate at {r:.2f}; intervals allow for {lags:count} days.", r=lag, lags=reach),
        ),
    )  # fmt: skip
