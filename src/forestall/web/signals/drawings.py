"""The pages' maps and charts as SVG, each drawn once for a scan and a language."""

from __future__ import annotations

import functools
from collections.abc import Callable

from forestall.report import charts, maps
from forestall.results import Signal
from forestall.results.signal import UNMAPPED_KINDS
from forestall.text import Message, msg
from forestall.web.signals import present
from forestall.web.signals.pinned import Pinned


def force_map(held: Pinned, rows: tuple[present.Row, ...], language: str, href: Callable[[Signal], str]) -> str:
    """The map of the force with the listed zones outlined and numbered, each a link."""
    listed = tuple((r.number, r.signal.id) for r in rows)
    return _force_map(held, listed, language, href)


@functools.lru_cache(maxsize=64)
def _force_map(held: Pinned, listed: tuple[tuple[int, str], ...], language: str, href: Callable[[Signal], str]) -> str:
    by_id = {s.id: s for s in held.scan.signals}
    rows = [present.Row(number, by_id[i]) for number, i in listed]
    return maps.map_svg(
        held.geojson,
        zones=present.zones(rows, language, href),
        title=msg("Map of the force area with the listed problems outlined and numbered"),
        language=language,
        width=560,
        tallest=1.35,
    )


@functools.lru_cache(maxsize=256)
def signal_map(held: Pinned, signal_id: str, language: str) -> str:
    """A signal's areas with the ones around them."""
    signal = next(s for s in held.scan.signals if s.id == signal_id)
    near = around(held, signal)
    collection = {
        "type": "FeatureCollection",
        "features": [f for f in held.geojson["features"] if f["properties"]["code"] in near],
    }
    inside = dict.fromkeys(signal.areas, 1.0)
    return maps.map_svg(
        collection,
        {**dict.fromkeys(near, 0.0), **inside},
        maps.Classes((0.5,), ("#f3f6f7", "#bcdbe0"), (msg("areas around"), msg("areas of this problem"))),
        zones=[maps.Zone(1, signal.areas, signal.place)] if signal.kind not in UNMAPPED_KINDS else [],
        title=msg("Map of the areas of this problem and those around them"),
        language=language,
        width=520,
        tallest=0.9,
    )


def around(held: Pinned, signal: Signal, at_least: int = 24) -> frozenset[str]:
    """The signal's areas and those nearest to them, enough to know where one is."""
    level = held.places.level("lsoa")
    have = set(held.areas)
    mine = [i for i in level.positions(signal.areas) if i >= 0]
    if len(mine) >= len(have) // 2 or not mine:
        return frozenset(have)
    close = held.places.nearest("lsoa", k=min(len(level), max(at_least, 2 * len(mine))))[mine]
    codes = {level.codes[i] for i in close.ravel() if i >= 0}
    return frozenset(codes & have | set(signal.areas))


@functools.lru_cache(maxsize=512)
def series_chart(held: Pinned, signal_id: str, language: str, width: int) -> str:
    """A signal's months, its window marked."""
    signal = next(s for s in held.scan.signals if s.id == signal_id)
    title: Message = present.headline(signal)
    desc = msg(
        "Bars: records a month. The window {since:month} to {until:month} is shaded; a mark across each bar is what was "
        "expected; hatched months were set aside. The table on this page has every figure.",
        since=signal.since,
        until=signal.until,
    )
    return charts.chart_svg(charts.series_chart(signal, language, width=width, height=230), language, title, desc)


@functools.lru_cache(maxsize=2048)
def sparkline(held: Pinned, signal_id: str, language: str) -> str:
    signal = next(s for s in held.scan.signals if s.id == signal_id)
    return charts.sparkline(signal.series, language, since=signal.since, until=signal.until, last=24)
