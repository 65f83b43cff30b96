"""What each kind found about places, as signals with their sentences and cautions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from forestall import catalogue
from forestall.records import months as mm
from forestall.records.ground import Ground
from forestall.results import Series, Signal
from forestall.scan import bursts, concentrated, falling, force_wide, outlier, rising, seasonal, sentences
from forestall.text import Message, msg


def from_rise(ground: Ground, r: rising.Rise, scheme: catalogue.HarmScheme) -> Signal:
    months = ground.cube.months
    codes = tuple(ground.cube.areas[i] for i in r.rows)
    place = sentences.place_name(ground.places, codes)
    counts = ground.cube.of(r.category)
    zone, usable = counts[list(r.rows)].sum(0), ground.usable[r.category]
    whole = np.where(ground.broken[r.category][:, None], 0, counts).sum(0)
    history = usable & (np.arange(len(months)) < r.since)
    rate = zone[history].sum() / max(1, int(whole[history].sum()))
    expected = [float(rate * whole[t]) if usable[t] else None for t in range(len(months))]
    ratio = r.observed / r.expected if r.expected > 0 else float(r.observed)
    weight = scheme.weight(r.category)
    established = r.q_value <= 0.05
    cautions = [sentences.chosen()]
    if not established:
        cautions.append(sentences.not_established())
    if r.season_p is not None and r.season_p > 0.05:
        cautions.append(sentences.own_season())
    return Signal(
        id="",
        kind="rising",
        category=r.category,
        theme=catalogue.category(r.category).theme,
        areas=codes,
        place=place,
        since=months[r.since],
        until=months[-1],
        observed=r.observed,
        expected=r.expected,
        ratio=ratio,
        interval=finite(r.interval, ratio),
        p_value=r.p_value,
        q_value=r.q_value,
        established=established,
        harm=None if weight is None else max(0.0, r.observed - r.expected) * weight,
        why=sentences.rising(
            r.category, place, months[r.since], months[-1], r.observed, r.expected, ratio, finite(r.interval, ratio)
        ),
        cautions=tuple(cautions) + common(ground, r.category, r.observed),
        series=series_of(ground, r.category, zone, expected),
        details={
            "statistic": r.statistic,
            "dispersion": r.dispersion,
            "p_monte_carlo": r.p_monte_carlo,
            "p_tail": r.p_tail if np.isfinite(r.p_tail) else None,
            "season_p": r.season_p,
        },
    )


def from_force_rise(
    ground: Ground, f: force_wide.ForceRise, scheme: catalogue.HarmScheme, rises: Sequence[rising.Rise]
) -> Signal:
    months, rise = ground.cube.months, f.rise
    i = ground.cube.categories.index(f.category)
    total = ground.cube.counts[i].sum(0)
    weight = scheme.weight(f.category)
    established = f.q_value <= 0.05
    cautions = [] if established else [sentences.not_established()]
    for rise_here in rises:
        if rise_here.category == f.category and rise_here.q_value <= 0.05:
            share = (rise_here.observed - rise_here.expected) / max(rise.observed - rise.expected, 1.0)
            if share >= 0.25:
                codes = [ground.cube.areas[r] for r in rise_here.rows]
                cautions.append(sentences.one_place(sentences.place_name(ground.places, codes)))
    unplaced = int(ground.everything[i][f.since :].sum()) - rise.observed
    if unplaced:
        cautions.append(sentences.unplaced(unplaced))
    return Signal(
        id="",
        kind="force-wide",
        category=f.category,
        theme=catalogue.category(f.category).theme,
        areas=ground.cube.areas,
        place=msg("the whole force area"),
        since=months[f.since],
        until=months[-1],
        observed=rise.observed,
        expected=rise.expected,
        ratio=rise.ratio,
        interval=finite(rise.interval, rise.ratio),
        p_value=rise.p_value,
        q_value=f.q_value,
        established=established,
        harm=None if weight is None else max(0.0, rise.observed - rise.expected) * weight,
        why=sentences.force_wide(
            f.category, months[f.since], months[-1], rise.observed, rise.expected, rise.ratio, rise.interval, rise.seasonal
        ),
        cautions=tuple(cautions) + common(ground, f.category, rise.observed),
        series=series_of(ground, f.category, total, [None if np.isnan(v) else float(v) for v in rise.fitted]),
        details={
            "dispersion": rise.dispersion,
            "autocorrelation": rise.autocorrelation,
            "unplaced": unplaced,
        },
    )


def from_gathering(ground: Ground, g: concentrated.Gathering, scheme: catalogue.HarmScheme) -> Signal:
    months = ground.cube.months
    codes = tuple(ground.cube.areas[i] for i in g.rows)
    place = sentences.place_name(ground.places, codes)
    counts = ground.cube.of(g.category)
    zone, whole = counts[list(g.rows)].sum(0), counts.sum(0)
    usable = ground.usable[g.category]
    expected = [float(g.chance * whole[t]) if usable[t] else None for t in range(len(months))]
    weight = scheme.weight(g.category)
    people = concentrated.has_population(ground)
    cautions = [sentences.residents()] if people else []
    return Signal(
        id="",
        kind="concentrated",
        category=g.category,
        theme=catalogue.category(g.category).theme,
        areas=codes,
        place=place,
        since=months[g.since],
        until=months[-1],
        observed=g.observed,
        expected=g.expected,
        ratio=g.observed / g.expected,
        interval=g.interval,
        p_value=None,
        q_value=None,
        established=False,
        harm=None if weight is None else g.observed * weight,
        why=sentences.concentrated(
            g.category, place, len(codes), g.share, g.chance, months[g.since], months[-1], g.observed, g.kept, g.quarters,
            people,
        ),
        cautions=tuple(cautions) + common(ground, g.category, g.observed),
        series=series_of(ground, g.category, zone, expected),
        details={
            "share": g.share,
            "chance_share": g.chance,
            "excess": g.observed - g.expected,
            "persistence": g.kept / g.quarters,
            "quarters": g.quarters,
            "quarters_kept": g.kept,
        },
    )  # fmt: skip


def finite(interval: tuple[float, float], ratio: float) -> tuple[float, float]:
    """An interval that JSON can hold: an open upper end is cut at a thousand times the ratio."""
    low, high = interval
    return (low if np.isfinite(low) else 0.0, high if np.isfinite(high) else 1000.0 * ratio)


def series_of(ground: Ground, category: str, observed: Any, expected: list[float | None]) -> Series:
    usable = ground.usable[category]
    return Series(ground.cube.months, tuple(int(v) for v in observed), tuple(expected), tuple(not bool(u) for u in usable))


def common(ground: Ground, category: str, observed: int) -> tuple[Message, ...]:
    cube = ground.cube
    out: list[Message] = []
    note = sentences.category_note(category)
    if note is not None:
        out.append(note)
    if observed < 20:
        out.append(sentences.few(observed))
    if cube.unknown_share[cube.categories.index(category)] > 0.5:
        out.append(sentences.origin_unknown())
    for event in ground.events:
        if event.standing == "rejected" or event.areas or event.month is None or event.category not in (None, category):
            continue
        if event.shape == "turnover" and cube.months[0] < event.month <= cube.months[-1]:
            out.append(sentences.crossed_turnover(event.month))
        if event.shape == "passing" and event.month <= cube.months[-1]:
            last = min(event.until or cube.months[-1], cube.months[-1])
            if last >= cube.months[0]:
                out.append(sentences.set_aside(event.month, last))
    return tuple(out)


def from_fall(ground: Ground, f: falling.Fall, scheme: catalogue.HarmScheme, late: int) -> Signal:
    """A fall; ``late``: how many last months were left out."""
    months = ground.cube.months
    codes, place, zone, whole = _zone(ground, f.category, f.rows)
    usable = ground.usable[f.category]
    history = usable & (np.arange(len(months)) < f.since)
    rate = zone[history].sum() / max(1, int(whole[history].sum()))
    expected = [float(rate * whole[t]) if usable[t] else None for t in range(len(months))]
    ratio = f.observed / f.expected
    established = f.q_value <= 0.05
    cautions = [sentences.chosen()]
    if not established:
        cautions.append(sentences.fall_not_established())
    if f.season_p is not None and f.season_p > 0.05:
        cautions.append(sentences.own_low_season())
    if late:
        cautions.append(sentences.late(months[len(months) - late], months[-1]))
    cautions.append(sentences.fall_in_reporting())
    weight = scheme.weight(f.category)
    interval = finite(f.interval, max(ratio, 0.01))
    return Signal(
        id="", kind="falling", category=f.category, theme=catalogue.category(f.category).theme, areas=codes, place=place,
        since=months[f.since], until=months[f.until], observed=f.observed, expected=f.expected, ratio=ratio,
        interval=interval, p_value=f.p_value, q_value=f.q_value, established=established,
        harm=None if weight is None else 0.0,
        why=sentences.falling(
            f.category, place, months[f.since], months[f.until], f.observed, f.expected, ratio, interval
        ),
        cautions=tuple(cautions) + common(ground, f.category, f.observed),
        series=series_of(ground, f.category, zone, expected),
        details={
            "dispersion": f.dispersion, "season_p": f.season_p, "left_out": late,
            "harm_less": None if weight is None else (f.expected - f.observed) * weight,
        },
    )  # fmt: skip


def from_outlier(ground: Ground, o: outlier.Outlier, scheme: catalogue.HarmScheme) -> Signal:
    months = ground.cube.months
    codes, place, zone, _ = _zone(ground, o.category, (o.row,))
    ratio = o.observed / o.expected
    established = o.q_value <= 0.05
    cautions = [] if established else [sentences.outlier_not_established()]
    cautions.append(sentences.residents() if o.centre else sentences.of_a_kind())
    weight = scheme.weight(o.category)
    usable = ground.usable[o.category]
    return Signal(
        id="", kind="outlier", category=o.category, theme=catalogue.category(o.category).theme, areas=codes, place=place,
        since=months[o.since], until=months[-1], observed=o.observed, expected=o.expected, ratio=ratio,
        interval=finite(o.interval, ratio), p_value=o.p_value, q_value=o.q_value, established=established,
        harm=None if weight is None else max(0.0, o.observed - o.expected) * weight,
        why=sentences.outlier(
            o.category, place, months[o.since], months[-1], o.observed, o.expected, ratio, finite(o.interval, ratio),
            o.peers,
        ),
        cautions=tuple(cautions) + common(ground, o.category, o.observed),
        series=series_of(ground, o.category, zone, [o.expected / 12 if u else None for u in usable]),
        details={"peers": o.peers, "spread": o.spread, "town_centre": o.centre},
    )  # fmt: skip


def from_return(ground: Ground, r: seasonal.Return, scheme: catalogue.HarmScheme) -> Signal:
    months = ground.cube.months
    codes, place, zone, whole = _zone(ground, r.category, r.rows)
    ratio = r.observed / r.expected
    established = r.q_value <= 0.05
    cautions = [sentences.chosen()]
    if not established:
        cautions.append(sentences.season_not_established())
    if r.years < seasonal.SURE:
        cautions.append(sentences.few_years(r.years))
    ahead = mm.shift(months[-1], 1), mm.shift(months[-1], seasonal.AHEAD)
    weight = scheme.weight(r.category)
    usable = ground.usable[r.category]
    level = r.expected / max(1.0, float(whole[r.since : r.until + 1].sum()))
    expected = [float(level * w) if u else None for w, u in zip(whole, usable, strict=True)]
    return Signal(
        id="", kind="seasonal-return", category=r.category, theme=catalogue.category(r.category).theme, areas=codes,
        place=place, since=months[r.since], until=months[r.until], observed=r.observed, expected=r.expected, ratio=ratio,
        interval=finite(r.interval, ratio), p_value=r.p_value, q_value=r.q_value, established=established,
        harm=None if weight is None else max(0.0, r.observed - r.expected) * weight,
        why=sentences.seasonal(r.category, place, ahead, r.years, r.over, r.observed, r.ahead, r.low, r.high),
        cautions=tuple(cautions) + common(ground, r.category, r.observed),
        series=series_of(ground, r.category, zone, expected),
        details={
            "years": r.years, "over": r.over, "ahead_since": ahead[0], "ahead_until": ahead[1], "ahead": r.ahead,
            "ahead_low": r.low, "ahead_high": r.high,
        },
    )  # fmt: skip


def _zone(ground: Ground, category: str, rows: tuple[int, ...]) -> tuple[tuple[str, ...], Message, Any, Any]:
    """Codes, place, monthly counts of a zone and of the whole force without broken areas."""
    codes = tuple(ground.cube.areas[i] for i in rows)
    counts = ground.cube.of(category)
    whole = np.where(ground.broken[category][:, None], 0, counts).sum(0)
    return codes, sentences.place_name(ground.places, codes), counts[list(rows)].sum(0), whole


def from_burst(ground: Ground, b: bursts.Burst, scheme: catalogue.HarmScheme) -> Signal:
    """A near-repeat burst: ``observed`` and ``expected`` count near pairs, in the whole local authority."""
    index = {a: i for i, a in enumerate(ground.cube.areas)}
    _, place, zone, _ = _zone(ground, b.category, tuple(index[a] for a in b.areas))
    established = b.q_value <= 0.05
    ratio = b.pairs / b.expected
    cautions = [] if established else [sentences.burst_not_established()]
    cautions.append(sentences.one_cause())
    weight = scheme.weight(b.category)
    return Signal(
        id="", kind="near-repeat", category=b.category, theme=catalogue.category(b.category).theme, areas=b.areas,
        place=place, since=b.since, until=b.until, observed=b.pairs, expected=b.expected, ratio=ratio,
        interval=finite(b.interval, ratio), p_value=b.p_value, q_value=b.q_value, established=established,
        harm=None if weight is None else b.chain * weight, why=bursts.why(b, place),
        cautions=tuple(cautions) + common(ground, b.category, b.crimes),
        series=series_of(ground, b.category, zone, [None] * len(ground.cube.months)),
        details={
            "crimes": b.crimes, "metres": bursts.METRES, "days": bursts.DAYS, "chain": b.chain, "chain_from": b.chain_from,
            "chain_to": b.chain_to, "usual": b.usual if np.isfinite(b.usual) else None,
        },
    )  # fmt: skip
