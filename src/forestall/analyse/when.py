"""When: hours of the week, the season, and the series with its limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from forestall import stats
from forestall.analyse import months as mm
from forestall.analyse.ground import Ground
from forestall.analyse.indicators import Indicators
from forestall.analyse.shares import interval
from forestall.analyse.suppress import rounded, shown_by_group
from forestall.results import Column, Exhibit, Part, Table
from forestall.stats import aoristic, seasonality
from forestall.stats._times import WEEKDAYS
from forestall.stats.monthly_counts import MONTHS
from forestall.text import Message, msg

#: Fewer timed records than this say nothing of the hour; fewer than the second, nothing to the public.
ENOUGH, ENOUGH_PUBLIC = 15, 40


def _hours(*spans: tuple[int, int, int]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The hours of (day from Monday, first hour, hours) as a mask of 168."""
    out = np.zeros(168, bool)
    for day, first, length in spans:
        out[(24 * day + first + np.arange(length)) % 168] = True
    return out


#: Parts of the week that rules of the catalogue may name.
WEEK = {
    "night": _hours(*((d, 20, 8) for d in range(7))),
    "weekend_night": _hours((4, 20, 9), (5, 20, 9)),
    "weekend": _hours((5, 0, 24), (6, 0, 24)),
    "after_school": _hours(*((d, 15, 3) for d in range(5))),
    "working_hours": _hours(*((d, 8, 9) for d in range(5))),
}
TITLES = {
    "night": msg("8 in the evening to 4 at night"),
    "weekend_night": msg("Friday and Saturday nights"),
    "weekend": msg("Saturday and Sunday"),
    "after_school": msg("weekday afternoons, 3 to 6"),
    "working_hours": msg("working hours, weekdays 8 to 5"),
}


def when(ground: Ground) -> tuple[Part, Indicators]:
    """The part, and the figures for the ideas."""
    found: Indicators = {}
    exhibits: list[Exhibit] = []
    facts: list[Message] = []
    missing: list[Message] = []
    headline = _week(ground, found, exhibits, facts, missing)
    trend = _trend(ground, found, exhibits, facts)
    _season(ground, found, facts)
    return Part("when", headline or trend, tuple(facts), tuple(exhibits), tuple(missing)), found


def _week(
    ground: Ground, found: Indicators, exhibits: list[Exhibit], facts: list[Message], missing: list[Message]
) -> Message | None:
    if "occurred_from:instant" not in ground.filled:
        missing.append(msg("Hours and weekdays are not in these records, which tell the month or the day alone."))
        return None
    precision, names = ground.coded("precision")
    timed = np.append(np.array([n == "instant" for n in names], bool), False)[precision]
    use = ground.inside & timed & ~(ground.sensitive if ground.public else np.zeros(len(timed), bool))
    begin, end = ground.times("occurred_from")[use], ground.times("occurred_to")[use]
    end = np.where(np.isnat(end) | (end < begin), begin, end)
    n = int(use.sum())
    if n < (ENOUGH_PUBLIC if ground.public else ENOUGH):
        missing.append(msg("Too few records tell their hour to say anything of the week."))
        return None
    week = aoristic(begin, end)
    for name, mask in WEEK.items():
        share, even = float(week.hours[mask].sum() / week.weight), mask.mean()
        low, high = interval(share * week.effective, week.effective)
        found[f"{name}_ratio"] = share / even
        found[f"{name}_ratio_low"], found[f"{name}_ratio_high"] = low / even, high / even
    if week.peak is not None:
        found["peak_ratio"], found["peak_p"] = week.peak.ratio, week.peak.p_value
    if ground.public:
        return _week_public(week, exhibits)
    table = week.table()
    hours = Table(table.columns[:3], tuple(r[:3] for r in table.rows), msg("Records by hour of the week"))
    sentence = _peak_sentence(week)
    exhibits.append(
        Exhibit(
            "week", sentence, hours, "week", msg("records, by weight"),
            _spread(week.wide),
        )
    )  # fmt: skip
    if week.unknown:
        facts.append(msg("{n:count} with no known time are left out of the hours.", n=week.unknown))
    midnight = next((c for c in week.checks if not c.passed and "midnight" in c.name), None)
    if midnight is not None:
        facts.append(midnight.text)
    return sentence


def _peak_sentence(week: Any) -> Message:
    p = week.peak
    if p is None or p.p_value > 0.05:
        return msg("No part of the week clearly stands out.")
    names: list[Message] = [msg("Every day")] if len(p.days) == 7 else [WEEKDAYS[d] for d in p.days]
    return msg(
        "{days:list}, {start} to {end}: {share:percent} of it, where an even week gives {even:percent}.",
        days=names, start=f"{p.start:02d}:00", end=f"{(p.start + p.hours) % 24:02d}:00", share=p.share, even=p.even,
    )  # fmt: skip


def _spread(wide: float) -> Message:
    """How the hours were told."""
    if wide <= 0:
        return msg("Each record is spread evenly over the time in which it can have happened.")
    return msg(
        "Each record is spread evenly over the time in which it can have happened. {wide:percent} lie in intervals "
        "of more than a day and tell little.",
        wide=wide,
    )


def _week_public(week: Any, exhibits: list[Exhibit]) -> Message:
    """Broad parts of the week as shares to the nearest twentieth: no hour is told."""
    rows = tuple(
        (TITLES[name], rounded(float(week.hours[mask].sum() / week.weight)), rounded(float(mask.mean())))
        for name, mask in WEEK.items()
    )
    columns = (
        Column("part", msg("Part of the week")),
        Column("share", msg("Share"), numeric=True),
        Column("even", msg("In an even week"), numeric=True),
    )
    best = max(rows, key=lambda r: r[1] / max(r[2], 0.05))
    headline = msg("{part}: about {share:percent} of it, where an even week gives {even:percent}.",
                   part=best[0], share=best[1], even=best[2])  # fmt: skip
    note = msg("Shares to the nearest twentieth; parts overlap; records that are sensitive are left out.")
    exhibits.append(Exhibit("week", headline, Table(columns, rows, msg("Parts of the week")), "bars", msg("share"), note))
    return headline


def _trend(ground: Ground, found: Indicators, exhibits: list[Exhibit], facts: list[Message]) -> Message:
    first = ground.start
    months = ground.months[first:]
    counts = ground.own[first:].astype(float)
    aside = ground.aside[first:]
    window = np.array([ground.since <= m <= ground.until for m in months], bool)
    limits = _limits(counts, aside, window)
    flagged = np.zeros(len(months), bool)
    if limits is not None:
        _, lower, upper = limits
        flagged = ~aside & ((counts > upper) | (counts < lower))
    told: tuple[int | None, ...] = tuple(int(c) for c in counts)
    if ground.public:
        told, limits, flagged = _hidden(ground, months, counts), None, np.zeros(len(months), bool)
    rows = []
    for i, month in enumerate(months):
        bounds: tuple[float | None, ...] = (None, None, None)
        if limits is not None and math.isfinite(limits[2][i]):
            bounds = tuple(round(float(v[i]), 2) for v in limits)
        rows.append((month, told[i], *bounds, bool(window[i]), bool(flagged[i]), bool(aside[i])))
    columns = (
        Column("month", msg("Month")),
        Column("recorded", msg("Recorded"), numeric=True),
        Column("expected", msg("Expected"), numeric=True),
        Column("lower", msg("Lower limit"), numeric=True),
        Column("upper", msg("Upper limit"), numeric=True),
        Column("in_window", msg("In the window")),
        Column("flagged", msg("Outside the limits")),
        Column("set_aside", msg("Set aside")),
    )
    above = int((flagged & window & (counts > (limits[2] if limits is not None else counts))).sum())
    if limits is None:
        headline = msg("The series, month by month, without limits: too short or too small for them.")
        if ground.public:
            headline = msg("The series, month by month.")
    elif above:
        headline = msg(
            "{n:count} of these {all:count} months lie above the limits that the months before set.",
            n=above, all=int(window.sum()),
        )  # fmt: skip
    else:
        headline = msg("These months lie within the limits that the months before set.")
    note = None
    if first > 0:
        note = msg(
            "The series begins in {month:month}: recording changed then, and what came before cannot be set beside it.",
            month=months[0],
        )
        facts.append(note)
    exhibits.append(
        Exhibit(
            "trend", headline, Table(columns, tuple(rows), msg("Month by month")), "series", msg("recorded a month"), note
        )
    )
    _change(ground, months, counts, aside, found, facts)
    return headline


def _hidden(ground: Ground, months: Any, counts: Any) -> tuple[int | None, ...]:
    """The months' counts for the public: nothing follows from the totals of the window and of the year before it."""
    width = min(12, len(ground.months) - ground.first)
    last = len(ground.months) - width
    now, before = ground.months[last:], ground.months[max(0, last - 12) : max(0, last - 12 + width)]
    groups = [(m >= ground.since, m in now, m in before) for m in months]
    return shown_by_group([int(c) for c in counts], groups)


def _limits(counts: Any, aside: Any, window: Any) -> tuple[Any, Any, Any] | None:
    """Expected count with limits, frozen on the months before the window; None where there are too few."""
    base = ~window & ~aside
    n = int(base.sum())
    if n < 12 or counts[base].sum() < 12:
        return None
    order = np.concatenate([np.flatnonzero(base), np.flatnonzero(~base)])
    made = stats.control_chart(counts[order], kind="auto", baseline=n)
    back = np.empty_like(order)
    back[order] = np.arange(order.size)
    return made.centre[back], made.lower[back], made.upper[back]


def _change(ground: Ground, months: Any, counts: Any, aside: Any, found: Indicators, facts: list[Message]) -> None:
    """When a new level began, if one did."""
    use = np.flatnonzero(~aside)
    if use.size < 12 or counts[use].sum() < 24 or ground.public:
        return
    period = 12 if use.size >= 36 and not aside.any() else None
    made = stats.change_point(
        counts[use], labels=[months[i] for i in use], least=1, period=period, draws=499, seed=ground.seed
    )
    found["change_p"] = made.p_value
    if not made.found:
        return
    begun = str(made.label)
    found["change_ratio"] = made.ratio if math.isfinite(made.ratio) else None
    found["months_since_change"] = float(mm.between(begun, ground.until) + 1)
    early, late = (months[use[i]] for i in made.interval)
    if not math.isfinite(made.ratio):
        facts.append(msg("It began in {month:month}: nothing was recorded before.", month=begun))
    elif early == late:
        facts.append(msg("A new level began in {month:month}: {r:ratio} times what it was.", month=begun, r=made.ratio))
    else:
        facts.append(
            msg(
                "A new level began in {month:month} (between {early:month} and {late:month}): {r:ratio} times what it was.",
                month=begun, early=early, late=late, r=made.ratio,
            )
        )  # fmt: skip


def _season(ground: Ground, found: Indicators, facts: list[Message]) -> None:
    """The season of the areas' own series, from the months before the window and in it."""
    first = ground.start
    months = [m for m, a in zip(ground.months[first:], ground.aside[first:], strict=True) if not a]
    counts = [float(n) for n, a in zip(ground.own[first:], ground.aside[first:], strict=True) if not a]
    if len(months) < 30 or sum(counts) < 60 or ground.public:
        return
    try:
        season = seasonality(months, counts, draws=999, seed=ground.seed)
    except ValueError:  # a month of the year that is seldom known
        return
    found["season_p"], found["season_swing"] = season.p_value, season.swing
    window = {int(m[5:]) for m in ground.months[ground.first :]}
    found["in_season"] = float(len(window) < 9 and bool(window & set(season.peak_months)))
    if season.p_value <= 0.05:
        facts.append(
            msg(
                "There is a season: its fullest month has {r:ratio} times the emptiest; the peak may be {months:list}.",
                r=season.swing,
                months=[MONTHS[m - 1] for m in season.peak_months],
            )
        )  # fmt: skip
