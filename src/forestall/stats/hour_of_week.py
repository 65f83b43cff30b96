"""When in the week do events happen, where many are known only to lie between two times?

Each event's weight is spread evenly over its interval (aoristic weight: Ratcliffe and McCullagh, *Aoristic crime analysis*,
International Journal of Geographical Information Science 12 (1998) 751-764), exactly to the tick of the times given. No
event is looped over: the first and the last hour of an interval get their parts, and the whole hours between are added up
by differences.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy import special

from forestall.results import Check, Column, Figures, Table, register
from forestall.stats._times import (
    TICKS,
    WEEKDAYS,
    Floats,
    Times,
    level_of,
    sentences,
    share_interval,
    wall_clock,
    weights_of,
)
from forestall.stats._unfit import Unfit
from forestall.stats._week_sums import HOURS, add_up, held
from forestall.text import Message, msg

#: With fewer events than this the 168 hours are told apart by chance more than by the week.
ENOUGH = 100

#: Checks fail where a larger share of events than this is unknown, is too wide, or stands at exactly 00:00.
MOST_UNKNOWN, MOST_WIDE, MOST_MIDNIGHT = 0.1, 0.2, 0.05


@dataclass(frozen=True)
class Peak:
    """The window of the week that stands out most: on ``days`` (0 is Monday; the day on which it begins) from ``start``
    o'clock for ``hours`` hours. ``share`` of the events, where an even spread would give ``even``. ``interval`` and
    ``p_value`` (one-sided, against an even spread) allow for the choice among ``tried`` windows (Bonferroni). ``certain``
    and ``possible``: the share if every interval that leaves it open lay outside, and inside."""

    days: tuple[int, ...]
    start: int
    hours: int
    share: float
    even: float
    interval: tuple[float, float]
    p_value: float
    tried: int
    certain: float
    possible: float

    @property
    def ratio(self) -> float:
        return self.share / self.even if self.even > 0 else math.inf


@register
@dataclass(frozen=True, kw_only=True)
class HourOfWeek(Figures):
    """``hours``: weight in each hour from Monday 00:00, shape (168,), adding up to ``weight``. ``even``: the share that an
    even spread would give each, (168,). ``day_share`` with ``day_low`` and ``day_high`` (sampling interval),
    ``day_certain`` and ``day_possible`` (what the intervals leave open): (7,) each from Monday. ``events``: how many have
    a known time, ``effective``: what they are worth after weighting; ``unknown``: left out. ``wide``: share of the weight
    in intervals longer than ``parameters["wide"]`` hours. ``peak``: None where nothing exceeds an even spread."""

    type_name: ClassVar[str] = "hour-of-week"

    hours: Floats
    even: Floats
    events: int
    effective: float
    unknown: int
    weight: float
    day_share: Floats
    day_low: Floats
    day_high: Floats
    day_certain: Floats
    day_possible: Floats
    wide: float
    peak: Peak | None

    @property
    def grid(self) -> Floats:
        """The hours as seven days from Monday by 24 hours."""
        return self.hours.reshape(7, 24)

    def table(self) -> Table:
        columns = (
            Column("day", msg("Day")),
            Column("hour", msg("Hour from"), numeric=True),
            Column("events", msg("Events, by weight"), numeric=True),
            Column("share", msg("Share"), numeric=True),
            Column("even", msg("Share under an even spread"), numeric=True),
        )
        rows = tuple(
            (WEEKDAYS[h // 24], h % 24, float(self.hours[h]), float(self.hours[h] / self.weight), float(self.even[h]))
            for h in range(HOURS)
        )
        return Table(columns, rows, msg("Events by hour of the week"))

    def chart(self, language: str = "en") -> dict[str, Any]:
        names = [d.render(language) for d in WEEKDAYS]
        rows = [
            {"day": names[h // 24], "hour": h % 24, "end": h % 24 + 1, "n": round(float(self.hours[h]), 4)}
            for h in range(HOURS)
        ]
        x = {
            "field": "hour",
            "type": "quantitative",
            "title": msg("hour of the day").render(language),
            "scale": {"domain": [0, 24], "nice": False},
            "axis": {"values": [0, 3, 6, 9, 12, 15, 18, 21, 24], "grid": False},
        }
        y = {"field": "day", "type": "ordinal", "sort": names, "title": None}
        layers: list[dict[str, Any]] = [
            {
                "data": {"values": rows},
                "mark": {"type": "rect"},
                "encoding": {
                    "x": x,
                    "x2": {"field": "end"},
                    "y": y,
                    "color": {
                        "field": "n",
                        "type": "quantitative",
                        "title": msg("events, by weight").render(language),
                        "scale": {"domainMin": 0},
                    },
                },
            }
        ]
        if self.peak is not None:
            layers.append(
                {
                    "data": {"values": [{"day": names[d], "hour": a, "end": b} for d, a, b in _boxes(self.peak)]},
                    "mark": {"type": "rect", "style": "limit", "filled": False, "strokeWidth": 2},
                    "encoding": {"x": x, "x2": {"field": "end"}, "y": y},
                }
            )
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "width": 480,
            "height": 210,
            "layer": layers,
        }

    def explain(self, language: str = "en") -> str:
        p = self.peak
        parts: list[Message] = []
        if p is not None and p.p_value <= 0.05:
            parts.append(
                msg(
                    "{days:list}, {start} to {end}, hold {share:percent} of {n:count} events, where an even spread gives "
                    "{even:percent}; shares from {low:percent} to {high:percent} fit, with the choice of the window "
                    "allowed for.",
                    days=[msg("Every day")] if len(p.days) == 7 else [WEEKDAYS[d] for d in p.days],
                    start=_clock(p.start), end=_clock(p.start + p.hours), share=p.share, n=self.events, even=p.even,
                    low=p.interval[0], high=p.interval[1],
                )
            )  # fmt: skip
            if p.possible - p.certain > 0.01:
                parts.append(
                    msg(
                        "The records alone leave open anything from {certain:percent} to {possible:percent}: the rest "
                        "comes from spreading each event evenly over the time in which it can have happened.",
                        certain=p.certain, possible=p.possible,
                    )
                )  # fmt: skip
        else:
            parts.append(
                msg(
                    "No part of the week stands out beyond what chance gives {n:count} events that spread evenly over it.",
                    n=self.events,
                )
            )
        if self.unknown:
            parts.append(msg("Events left out because their time is not known: {n:count}.", n=self.unknown))
        if self.wide > 0:
            parts.append(
                msg(
                    "{share:percent} lie in intervals of more than {hours:decimal} hours and tell little.",
                    share=self.wide, hours=float(self.parameters["wide"]),
                )
            )  # fmt: skip
        parts.append(
            msg(
                "Times are local wall clock: the hour that is skipped or repeated when clocks change counts as it was "
                "written. When somebody was away tells as much of victims' lives as of offenders' habits."
            )
        )
        return sentences(parts, language)


def aoristic(
    begin: npt.ArrayLike,
    end: npt.ArrayLike | None = None,
    *,
    weights: npt.ArrayLike | None = None,
    since: Any = None,
    until: Any = None,
    wide: float = 24.0,
    longest: int = 8,
    level: float = 0.95,
) -> HourOfWeek:
    """Events by hour of the week, each spread evenly over the time in which it can have happened.

    ``begin``, ``end``: earliest and latest time of each event, shape (events,), datetime64 in local wall clock; an ``end``
    of None makes every event an instant. Equal times count in their own hour. Dates without a time stand for the whole
    day. An event with either time missing counts as unknown. ``weights``: 0 or more each (harm, cost). ``since``,
    ``until``: the period that the records cover, [since, until), where it holds some weekdays or hours more often than
    others; None takes every hour as equally often covered. ``wide``: hours beyond which an interval tells little.
    ``longest``: hours of the longest window tried for the peak, 1 to 24. ``level`` of the intervals.

    Raises ``ValueError`` where an event ends before it begins, weights are negative or missing, no event has a known time,
    or an event lies outside [since, until).
    """
    level_of(level)
    if not (math.isfinite(wide) and wide > 0):
        raise ValueError(f"wide must be a number of hours above 0, not {wide!r}")
    if not (1 <= longest <= 24 and int(longest) == longest):
        raise ValueError(f"longest must be a whole number of hours from 1 to 24, not {longest!r}")
    b, e, hour = _ticks(begin, end)
    w = None if weights is None else weights_of(weights, b.size)
    even = _exposure(since, until, b, e)
    found = add_up(b, e, w, hour, wide * hour)
    if found.known == 0:
        raise Unfit(
            msg("none of the {n:count} events has both times, so the hours are not known: give one that has", n=b.size)
        )
    total, unknown = found.weight, int(b.size) - found.known
    if total <= 0:
        raise ValueError("all weights are 0, so nothing can be shared out: give some event a weight above 0")
    effective = total**2 / found.squares
    tail = (1 - level) / 2
    day_share = found.hours.reshape(7, 24).sum(1) / total
    day_low, day_high = share_interval(day_share, effective, tail)
    peak = _peak(found.hours / total, even, effective, longest, tail)
    if peak is not None:
        inside = np.zeros(HOURS, bool)
        for day in peak.days:
            inside[(24 * day + peak.start + np.arange(peak.hours)) % HOURS] = True
        certain, possible = held(inside, b, e, w, hour)
        peak = replace(peak, certain=certain / total, possible=possible / total)
    return HourOfWeek(
        hours=found.hours,
        even=even,
        events=found.known,
        effective=effective,
        unknown=unknown,
        weight=total,
        day_share=day_share,
        day_low=day_low,
        day_high=day_high,
        day_certain=found.certain / total,
        day_possible=found.possible / total,
        wide=found.wide / total,
        peak=peak,
        parameters={
            "weighted": weights is not None,
            "since": None if since is None else str(since),
            "until": None if until is None else str(until),
            "wide": wide,
            "longest": int(longest),
            "level": level,
        },
        checks=_checks(effective, unknown, found.known, found.wide / total, wide, found.midnight / total),
    )


def _ticks(begin: npt.ArrayLike, end: npt.ArrayLike | None) -> tuple[Times, Times, int]:
    """Both times in one unit, and its ticks an hour."""
    b = wall_clock(begin, "begin")
    e = b if end is None else wall_clock(end, "end")
    if b.shape != e.shape:
        raise ValueError(f"begin and end must have the same number of events, not {b.size} and {e.size}")
    if np.datetime_data(e.dtype)[0] == "D":  # a date stands for the whole of its day
        e = (e + np.timedelta64(1, "D")).astype("datetime64[s]")
    unit = max((np.datetime_data(t.dtype)[0] for t in (b, e)), key=lambda u: TICKS.get(u, 1))
    unit = unit if unit in TICKS else "s"
    return b.astype(f"datetime64[{unit}]", copy=False), e.astype(f"datetime64[{unit}]", copy=False), 3600 * TICKS[unit]


def _exposure(since: Any, until: Any, b: Times, e: Times) -> Floats:
    """How often each hour of the week was covered, as shares that add up to 1."""
    if since is None and until is None:
        return np.full(HOURS, 1 / HOURS)
    if since is None or until is None:
        raise ValueError("since and until go together: give both ends of the period that the records cover")
    first, after = (wall_clock([t], n).astype("datetime64[s]")[0] for t, n in ((since, "since"), (until, "until")))
    if not after > first:
        raise ValueError(f"until ({until}) must be later than since ({since})")
    outside = (b < first) | (e > after) | (b >= after)
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(f"row {row} ({b[row]} to {e[row]}) lies outside since ({since}) to until ({until})")
    hours = add_up(np.array([first]), np.array([after]), None, 3600, math.inf).hours
    return np.asarray(hours / hours.sum(), float)


def _peak(share: Floats, even: Floats, effective: float, longest: int, tail: float) -> Peak | None:
    """The days and hours of day that stand out most from an even spread, by the likelihood ratio of the binomial. What the
    intervals leave open is for the caller to add."""

    def masses(x: Floats) -> Floats:
        total = np.concatenate([[0.0], np.cumsum(np.concatenate([x, x[:longest]]))])
        at = np.arange(HOURS)[:, None]
        return np.asarray((total[at + np.arange(1, longest + 1)] - total[at]).reshape(7, 24, longest))

    m, q = masses(share), masses(even)
    order = np.argsort(-(m - q), axis=0, kind="stable")
    p = np.minimum(np.cumsum(np.take_along_axis(m, order, 0), 0), 1.0)
    q = np.minimum(np.cumsum(np.take_along_axis(q, order, 0), 0), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = special.rel_entr(p, q) + special.rel_entr(1 - p, 1 - q)
    ratio = np.where((p > q + 1e-12) & np.isfinite(ratio), ratio, -1.0)
    best = int(np.argmax(ratio))
    k, s, length = (int(i) for i in np.unravel_index(best, ratio.shape))
    if ratio[k, s, length] <= 0:
        return None
    days = tuple(sorted(int(d) for d in order[: k + 1, s, length]))
    hours = length + 1
    tried = 24 * longest * 127
    here, chance = float(p[k, s, length]), float(q[k, s, length])
    low, high = share_interval(here, effective, tail / tried)
    hits = here * effective
    beyond = float(special.betainc(max(hits, 1e-12), max(effective - hits, 0) + 1, chance))
    return Peak(
        days=days,
        start=s,
        hours=hours,
        share=here,
        even=chance,
        interval=(float(low), float(high)),
        p_value=min(1.0, max(tried * beyond, float(np.finfo(float).tiny))),
        tried=tried,
        certain=math.nan,
        possible=math.nan,
    )


def _boxes(peak: Peak) -> list[tuple[int, int, int]]:
    """The window as boxes of the heat map, cut at midnight: (day, from, to)."""
    out = []
    for d in peak.days:
        end = peak.start + peak.hours
        out.append((d, peak.start, min(end, 24)))
        if end > 24:
            out.append(((d + 1) % 7, 0, end - 24))
    return out


def _clock(hour: int) -> str:
    return f"{hour % 24:02d}:00"


def _checks(effective: float, unknown: int, events: int, wide: float, hours: float, midnight: float) -> tuple[Check, ...]:
    lost = unknown / (unknown + events)
    return (
        Check(
            "known", lost <= MOST_UNKNOWN,
            msg("{n:count} of {all:count} events have no known time and are left out.", n=unknown, all=unknown + events),
        ),
        Check(
            "narrow", wide <= MOST_WIDE,
            msg("{share:percent} of the weight lies in intervals of more than {hours:decimal} hours.", share=wide,
                hours=hours),
        ),
        Check(
            "midnight", midnight <= MOST_MIDNIGHT,
            msg("{share:percent} stands at exactly 00:00, which is often a date without its time.", share=midnight),
        ),
        Check(
            "enough", effective >= ENOUGH,
            msg("The events are worth {n:count}; {least} tell the hours of a week apart.", n=effective, least=ENOUGH),
        ),
    )  # fmt: skip
