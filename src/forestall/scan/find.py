"""The scan: records in, ranked signals out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from forestall import __version__, catalogue
from forestall.errors import ForestallError
from forestall.places import Places
from forestall.records.records import Records
from forestall.results import Check, Provenance, Scan, Series, Signal
from forestall.scan import concentrated, force_wide, identity, ranking, rising, sentences
from forestall.scan.ground import HISTORY, Ground, lay
from forestall.text import Message, msg

#: Version of the method: raised whenever the same records could give other figures.
METHOD, VERSION = "space-time-scan", "1"


def find(
    records: Records,
    places: Places | None = None,
    *,
    force: str | None = None,
    until: str | None = None,
    lookback: int = 36,
    windows: tuple[int, int] = (1, 6),
    neighbours: int = 25,
    top: int | None = None,
    replicates: int = 999,
    seed: int = 1,
    harm: catalogue.HarmScheme | None = None,
    earlier: Sequence[Signal] = (),
    sort: str = "themes",
    progress: Callable[[str, int, int], None] | None = None,
) -> Scan:
    """Finds rising, force-wide and concentrated problems up to a month.

    ``until``: last month (``YYYY-MM``; the records' last where None). ``lookback``: months of history, the windows
    included. ``windows``: shortest and longest recent window in months. ``neighbours``: a zone is an area with up to this
    many of its nearest. ``top``: how many signals to keep (all where None). ``replicates``: data sets drawn for each
    category's p-value. ``earlier``: signals of the last recorded scan, whose ids carry on.
    ``progress``: called with category, number done, and how many.

    Raises ``ForestallError`` where the force or months are not in the records or the settings make no sense.
    """
    if not 1 <= windows[0] <= windows[1]:
        raise ForestallError(f"windows {windows[0]}-{windows[1]} make no sense; write the shortest first, such as 1-6")
    if lookback < windows[1] + HISTORY:
        raise ForestallError(
            f"a look-back of {lookback} months is too short for windows of {windows[1]}: allow at least "
            f"{windows[1] + HISTORY}"
        )
    scheme = harm or catalogue.harm()
    ground = lay(records, places, force=force, until=until, lookback=lookback, neighbours=neighbours)
    rises, tested = rising.find(ground, windows=windows, replicates=replicates, seed=seed, progress=progress)
    wide, wide_tested = force_wide.find(ground, windows=windows, seed=seed)
    gathered = concentrated.find(ground)
    signals = [_rising(ground, r, scheme) for r in rises]
    signals += [_force_wide(ground, f, scheme, rises) for f in wide]
    signals += [_concentrated(ground, g, scheme) for g in gathered]
    ordered = ranking.order(signals, sort)
    parameters: dict[str, Any] = {
        "force": ground.force,
        "until": ground.cube.months[-1],
        "since": ground.cube.months[0],
        "lookback": lookback,
        "windows": list(windows),
        "neighbours": neighbours,
        "replicates": replicates,
        "harm": f"{scheme.slug} ({scheme.version})",
        "harm_scheme": scheme.slug,
        "asb_harm": scheme.weight("anti-social-behaviour"),
        "places": ground.places.version,
        "sort": sort,
        "top": top,
    }
    return Scan(
        signals=identity.name(ordered[:top], earlier),
        events=ground.events,
        provenance=Provenance(records.snapshot, METHOD, f"{VERSION} (forestall {__version__})", parameters, seed),
        checks=_checks(ground, tested),
        families={"rising": sum(tested.values()), "force-wide": sum(wide_tested.values())},
    )


def _rising(ground: Ground, r: rising.Rise, scheme: catalogue.HarmScheme) -> Signal:
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
        interval=_finite(r.interval, ratio),
        p_value=r.p_value,
        q_value=r.q_value,
        established=established,
        harm=None if weight is None else max(0.0, r.observed - r.expected) * weight,
        why=sentences.rising(
            r.category, place, months[r.since], months[-1], r.observed, r.expected, ratio, _finite(r.interval, ratio)
        ),
        cautions=tuple(cautions) + _common(ground, r.category, r.observed),
        series=_series(ground, r.category, zone, expected),
        details={
            "statistic": r.statistic,
            "dispersion": r.dispersion,
            "p_monte_carlo": r.p_monte_carlo,
            "p_gumbel": r.p_gumbel if np.isfinite(r.p_gumbel) else None,
            "season_p": r.season_p,
        },
    )


def _force_wide(
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
        interval=_finite(rise.interval, rise.ratio),
        p_value=rise.p_value,
        q_value=f.q_value,
        established=established,
        harm=None if weight is None else max(0.0, rise.observed - rise.expected) * weight,
        why=sentences.force_wide(
            f.category, months[f.since], months[-1], rise.observed, rise.expected, rise.ratio, rise.interval, rise.seasonal
        ),
        cautions=tuple(cautions) + _common(ground, f.category, rise.observed),
        series=_series(ground, f.category, total, [None if np.isnan(v) else float(v) for v in rise.fitted]),
        details={
            "dispersion": rise.dispersion,
            "autocorrelation": rise.autocorrelation,
            "unplaced": unplaced,
        },
    )


def _concentrated(ground: Ground, g: concentrated.Gathering, scheme: catalogue.HarmScheme) -> Signal:
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
        cautions=tuple(cautions) + _common(ground, g.category, g.observed),
        series=_series(ground, g.category, zone, expected),
        details={
            "share": g.share,
            "chance_share": g.chance,
            "excess": g.observed - g.expected,
            "persistence": g.kept / g.quarters,
            "quarters": g.quarters,
            "quarters_kept": g.kept,
        },
    )  # fmt: skip


def _finite(interval: tuple[float, float], ratio: float) -> tuple[float, float]:
    """An interval that JSON can hold: an open upper end is cut at a thousand times the ratio."""
    low, high = interval
    return (low if np.isfinite(low) else 0.0, high if np.isfinite(high) else 1000.0 * ratio)


def _series(ground: Ground, category: str, observed: Any, expected: list[float | None]) -> Series:
    usable = ground.usable[category]
    return Series(ground.cube.months, tuple(int(v) for v in observed), tuple(expected), tuple(not bool(u) for u in usable))


def _common(ground: Ground, category: str, observed: int) -> tuple[Message, ...]:
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


def _checks(ground: Ground, tested: dict[str, bool]) -> tuple[Check, ...]:
    cube = ground.cube
    untested = [c for c, done in tested.items() if not done]
    police = [c for c in cube.categories if c not in tested]
    broken = sorted({cube.areas[i] for b in ground.broken.values() for i in np.flatnonzero(b)})
    checks = [
        Check(
            "history",
            not untested,
            msg(
                "Too little usable history up to {until:month} to test these for a rise: {names:list}.",
                until=cube.months[-1], names=[sentences.title(c) for c in untested],
            )
            if untested
            else msg("Every category has a year or more of usable history before its windows."),
        ),
        Check(
            "continuity",
            not broken,
            msg(
                "{n:count} areas are left out of zones for some category, because their level broke where map points, "
                "street names or recording changed: {codes:list}.",
                n=len(broken), codes=broken,
            )
            if broken
            else msg("No area's history crosses a suspected recording event without passing a test of continuity."),
        ),
        Check(
            "placed",
            ground.outside <= 0.02 * max(1, int(cube.counts.sum())),
            msg("{n:count} records lie in areas that are not the force's and count nowhere here.", n=ground.outside),
        ),
    ]  # fmt: skip
    if police:
        checks.append(
            Check(
                "origin",
                True,
                msg(
                    "Counted but never a signal, because they measure police activity: {names:list}.",
                    names=[sentences.title(c) for c in police],
                ),
            )
        )
    checks += [Check("places", ground.places.version != "none", note) for note in ground.places.notes]
    return tuple(checks)
