"""Charts: Vega-Lite specifications as Altair writes them, drawn to SVG on the server.

A specification is a plain dictionary made in the reader's language and at a width in pixels, so that a phone gets a
chart drawn for a phone. It loads nothing from anywhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from forestall.report import palette, svg
from forestall.results import Series, Signal
from forestall.text import Message, msg

Spec = dict[str, Any]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
VEGALITE = "6.4"
#: What a mark's ``style`` in a specification of `stats` looks like: it names a role, and the colours are chosen here.
#: ``color`` fills what a mark fills and strokes what it strokes; ``fill`` would fill lines too.
STYLES: Spec = {
    "observed": {"color": palette.ACCENT},
    "expected": {"color": palette.OTHER, "stroke": palette.OTHER, "strokeDash": [5, 3]},
    "limit": {"color": palette.MUTED, "stroke": palette.MUTED, "strokeDash": [2, 2]},
    "interval": {"color": palette.QUIET, "fillOpacity": 0.35},
    "flagged": {"color": palette.CHANGE[-1]},
    "quiet": {"color": palette.QUIET},
    "unknown": {"color": palette.UNKNOWN},
}

#: Widths in pixels at which pages draw: a desk's column and a phone's.
WIDE, NARROW = 680, 330


def chart_svg(spec: Mapping[str, Any], language: str, title: Message | str, desc: Message | str = "") -> str:
    """The specification drawn as one accessible SVG, named ``title`` and described by ``desc``.

    Raises ``ValueError`` where the specification can't be drawn. Nothing is fetched: data with an address is refused.
    """
    import vl_convert

    if _addresses(spec):
        raise ValueError("a chart carries its data with it: this one names an address to load from")
    drawn = vl_convert.vegalite_to_svg(dict(spec), vl_version=VEGALITE, config=config(), allowed_base_urls=[])
    entries = spec.get("usermeta", {}).get("legend", ())
    return svg.accessible(drawn, _text(title, language), _text(desc, language), legend=entries)


def config() -> Spec:
    """The look of every chart."""
    return {
        "background": palette.PAPER,
        "font": palette.FONT,
        "view": {"stroke": None},
        "padding": {"left": 4, "right": 8, "top": 4, "bottom": 4},
        "axis": {
            "labelColor": palette.INK,
            "labelFontSize": 13,
            "titleColor": palette.MUTED,
            "titleFontSize": 13,
            "titleFontWeight": "normal",
            "gridColor": "#e6eaec",
            "domainColor": palette.LINE,
            "tickColor": palette.LINE,
        },
        "mark": {"color": palette.ACCENT},
        "text": {"fontSize": 13, "color": palette.INK},
        "range": {
            "ramp": list(palette.AMOUNT),
            "heatmap": list(palette.AMOUNT),
            "diverging": list(palette.CHANGE),
            "category": [palette.ACCENT, palette.OTHER, palette.QUIET, palette.UNKNOWN_INK],
        },
        "style": STYLES,
    }


def series_chart(
    signal_or_series: Signal | Series,
    language: str = "en",
    *,
    since: str | None = None,
    until: str | None = None,
    width: int = WIDE,
    height: int | None = None,
) -> Spec:
    """Recorded counts by month as bars, what was expected as a mark across each bar, the window shaded, months set aside
    hatched and cut off, with their number, where they would dwarf the rest. ``since`` and ``until`` (inclusive months) are
    the signal's own where a signal is given."""
    if isinstance(signal_or_series, Signal):
        since, until = signal_or_series.since, signal_or_series.until
        series = signal_or_series.series
    else:
        series = signal_or_series
    recorded, window, aside = (
        msg("recorded").render(language),
        msg("recorded, in the window").render(language),
        msg("set aside: suspected recording event").render(language),
    )
    masked = series.masked or (False,) * len(series.months)
    rest = [n for n, m in zip(series.observed, masked, strict=True) if not m] + [
        e for e in series.expected if e is not None
    ]
    top = max([*rest, 1]) * 1.15 if any(not m for m in masked) else max([*series.observed, 1])
    rows: list[dict[str, Any]] = [
        {
            "month": month,
            "n": n,
            "drawn": min(n, top),
            "expected": None if e is None else round(e, 2),
            "what": aside if m else (window if _within(month, since, until) else recorded),
        }
        for month, n, e, m in zip(series.months, series.observed, series.expected, masked, strict=True)
    ]
    present = [(recorded, palette.QUIET), (window, palette.ACCENT), (aside, svg.HATCH)]
    present = [p for p in present if any(r["what"] == p[0] for r in rows)]
    shown = [(words, "square", colour) for words, colour in present]
    x = month_axis(series.months, language, width)
    y = {
        "field": "drawn",
        "type": "quantitative",
        "title": msg("recorded a month").render(language),
        "axis": {"tickMinStep": 1, "tickCount": 4, "format": ",d"},
        "scale": {"nice": all(r["n"] <= top for r in rows)},
    }
    bars = {
        "mark": {"type": "bar", "width": {"band": 0.82}},
        "encoding": {
            "x": x,
            "y": y,
            "color": {
                "field": "what",
                "type": "nominal",
                "scale": {"domain": [p[0] for p in present], "range": [p[1] for p in present]},
                "legend": None,
            },
        },
    }
    layers: list[Spec] = [bars]
    if any(r["what"] == window for r in rows):
        shade = {
            "transform": [{"filter": {"field": "month", "oneOf": [r["month"] for r in rows if r["what"] == window]}}],
            "mark": {"type": "bar", "width": {"band": 1}, "color": palette.WINDOW},
            "encoding": {"x": x, "y": {"value": 0}, "y2": {"value": "height"}},
        }
        layers.insert(0, shade)
    if any(r["expected"] is not None for r in rows):
        for colour, thickness in ((palette.PAPER, 5.5), (palette.INK, 2.5)):
            layers.append(
                {
                    "transform": [{"filter": "isValid(datum.expected)"}],
                    "mark": {"type": "tick", "thickness": thickness, "width": {"band": 1}, "color": colour, "opacity": 1},
                    "encoding": {"x": x, "y": {"field": "expected", "type": "quantitative"}},
                }
            )
        shown.append((msg("expected from its own past").render(language), "line", palette.INK))
    cut = [{"month": r["month"], "text": f"{r['n']:,}"} for r in _peaks([r for r in rows if r["n"] > top], width)]
    if cut:
        layers.append(
            {
                "data": {"values": cut},
                "mark": {"type": "text", "align": "left", "dx": -6, "angle": 270, "dy": -1, "baseline": "middle"},
                "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "text"}},
            }
        )
    spec = {
        "$schema": SCHEMA,
        "width": width - 62,
        "height": height or (200 if width > 500 else 170),
        "data": {"values": rows},
        "layer": layers,
    }
    return legend(spec, shown)


def concentration_chart(
    observed: Sequence[float],
    chance: Sequence[float],
    language: str = "en",
    *,
    mark: tuple[float, float] | None = None,
    width: int = WIDE,
    height: int = 260,
) -> Spec:
    """The cumulative share of records in the most burdened areas, against the curve that chance alone would give.

    ``observed`` and ``chance``: cumulative shares from 0 to 1 at the top 0, 1, 2 … areas, the most burdened first.
    ``mark``: (share of areas, share of records) to point out. All areas would carry the same on the diagonal, but chance
    alone lifts counts above it; only what stands above the chance curve is concentration.
    """
    here, by_chance = msg("as recorded").render(language), msg("chance alone").render(language)
    rows = [
        {"x": i / max(1, len(values) - 1), "y": y, "what": what}
        for what, values in ((here, list(observed)), (by_chance, list(chance)))
        for i, y in _thinned(values)
    ]
    share = {"format": ".0%", "tickCount": 5 if width > 500 else 3, "labelFlush": False}
    x = {
        "field": "x",
        "type": "quantitative",
        "title": msg("share of areas, the most burdened first").render(language),
        "axis": share,
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": msg("share of records").render(language),
        "axis": share,
        "scale": {"domain": [0, 1]},
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "strokeWidth": 2.5},
            "encoding": {
                "x": x,
                "y": y,
                "color": {
                    "field": "what",
                    "type": "nominal",
                    "scale": {"domain": [here, by_chance], "range": [palette.ACCENT, palette.MUTED]},
                    "legend": None,
                },
                "strokeDash": {
                    "field": "what",
                    "type": "nominal",
                    "scale": {"domain": [here, by_chance], "range": [[1, 0], [5, 4]]},
                },
            },
        }
    ]
    if mark is not None:
        text = f"{mark[0] * 100:.0f}% → {mark[1] * 100:.0f}%"
        at = {"values": [{"x": mark[0], "y": mark[1], "text": text}]}
        layers += [
            {
                "data": at,
                "mark": {"type": "point", "filled": True, "size": 90, "color": palette.INK},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": at,
                "mark": {"type": "text", "align": "left", "dx": 9, "dy": 12, "fontWeight": "bold"},
                "encoding": {"x": x, "y": y, "text": {"field": "text"}},
            },
        ]
    spec = {"$schema": SCHEMA, "width": width - 88, "height": height, "data": {"values": rows}, "layer": layers}
    return legend(spec, [(here, "line", palette.ACCENT), (by_chance, "dash", palette.MUTED)])


def compared_chart(
    months: Sequence[str],
    first: Sequence[float | None],
    second: Sequence[float | None],
    names: tuple[Message, Message],
    axis: Message,
    language: str = "en",
    *,
    line: float | None = None,
    width: int = WIDE,
    height: int = 200,
) -> Spec:
    """Two monthly figures side by side, told apart by shape and colour; None leaves a gap. ``line``: where to draw a
    reference line."""
    labels = [n.render(language) for n in names]
    rows = [
        {"month": m, "y": y, "what": what}
        for what, values in zip(labels, (first, second), strict=True)
        for m, y in zip(months, values, strict=True)
        if y is not None
    ]
    x = month_axis(months, language, width, every=1 if width > 500 else 3)
    encoding = {
        "x": x,
        "y": {"field": "y", "type": "quantitative", "title": axis.render(language), "axis": {"tickCount": 5}},
        "color": {
            "field": "what",
            "type": "nominal",
            "scale": {"domain": labels, "range": [palette.ACCENT, palette.OTHER]},
            "legend": None,
        },
        "shape": {
            "field": "what",
            "type": "nominal",
            "scale": {"domain": labels, "range": ["circle", "square"]},
        },
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "strokeWidth": 1.5, "opacity": 0.6},
            "encoding": {k: encoding[k] for k in ["x", "y", "color"]},
        },
        {"mark": {"type": "point", "filled": True, "size": 90, "opacity": 1}, "encoding": encoding},
    ]
    if line is not None:
        layers.insert(0, {"mark": {"type": "rule", "color": palette.MUTED}, "encoding": {"y": {"datum": line}}})
    spec = {"$schema": SCHEMA, "width": width - 62, "height": height, "data": {"values": rows}, "layer": layers}
    return legend(spec, [(labels[0], "circle", palette.ACCENT), (labels[1], "square", palette.OTHER)])


def share_curve(
    points: Sequence[tuple[float, float]],
    language: str = "en",
    *,
    subjects: Message,
    width: int = NARROW,
    height: int = 190,
) -> Spec:
    """The share of the records at the fullest share of people or places, against the line that all would lie on if
    everybody had as many. ``points``: (share of subjects, share of records); the ends at 0 and 1 are added. ``subjects``:
    what the horizontal axis counts."""
    ends = sorted({(0.0, 0.0), *points, (1.0, 1.0)})
    percent = {"format": ".0%", "values": [0, 0.25, 0.5, 0.75, 1], "labelFlush": False}
    x = {"field": "a", "type": "quantitative", "title": subjects.render(language), "axis": percent}
    y = {
        "field": "b", "type": "quantitative", "title": msg("share of the records").render(language), "axis": percent,
        "scale": {"domain": [0, 1]},
    }  # fmt: skip
    even = [{"a": 0, "b": 0}, {"a": 1, "b": 1}]
    layers = [
        {
            "data": {"values": even},
            "mark": {"type": "line", "color": palette.MUTED, "strokeDash": [5, 4]},
            "encoding": {"x": x, "y": y},
        },
        {"mark": {"type": "line", "color": palette.ACCENT, "strokeWidth": 2.5}, "encoding": {"x": x, "y": y}},
        {
            "transform": [{"filter": "datum.a > 0 && datum.a < 1"}],
            "mark": {"type": "point", "filled": True, "size": 55, "opacity": 1, "color": palette.ACCENT},
            "encoding": {"x": x, "y": y},
        },
    ]
    spec = {
        "$schema": SCHEMA, "width": width - 84, "height": height, "layer": layers,
        "data": {"values": [{"a": a, "b": b} for a, b in ends]},
    }  # fmt: skip
    here, equal = msg("as recorded").render(language), msg("if all had as many").render(language)
    return legend(spec, [(here, "line", palette.ACCENT), (equal, "dash", palette.MUTED)])


def sparkline(
    series: Series, language: str = "en", *, since: str | None = None, until: str | None = None, last: int = 24
) -> str:
    """The last months as a word-sized SVG: dark bars in the window, hollow ones where months were set aside."""
    masked = series.masked or (False,) * len(series.months)
    rows = list(zip(series.months, series.observed, masked, strict=True))[-last:]
    top = max([n for _, n, m in rows if not m] or [n for _, n, _ in rows] or [0]) or 1
    bar, gap, high = 4, 1, 26
    parts = []
    for i, (month, n, aside) in enumerate(rows):
        h = max(1.0, min(1.0, n / top) * high)
        fill = palette.ACCENT if _within(month, since, until) else palette.QUIET
        paint = f'fill="none" stroke="{palette.UNKNOWN_INK}"' if aside else f'fill="{fill}"'
        parts.append(f'<rect x="{i * (bar + gap)}" y="{high - h + 1:.1f}" width="{bar}" height="{h:.1f}" {paint}/>')
    width = len(rows) * (bar + gap)
    title = (
        msg(
            "{first:month} to {last:month}: {counts} a month",
            first=rows[0][0],
            last=rows[-1][0],
            counts=", ".join(str(n) for _, n, _ in rows),
        ).render(language)
        if rows
        else msg("no months").render(language)
    )
    key = svg.identifier("spark", title, "".join(parts))
    return svg.document(
        "".join(parts), key=key, title=title, desc="", viewbox=f"0 0 {width} {high + 2}", width=str(width),
        height=str(high + 2), hatch=False,
    )  # fmt: skip


def month_axis(months: Sequence[str], language: str, width: int, *, every: int | None = None) -> Spec:
    """An ordinal axis of months that labels as many as fit, Januaries first."""
    from babel.dates import format_date

    if every is None:
        fit = max(2, (width - 62) // 78)
        every = next((e for e in (1, 2, 3, 6, 12, 24, 36, 60, 120) if math.ceil(len(months) / e) <= fit), 120)
    shown = [m for m in months if (int(m[:4]) * 12 + int(m[5:]) - 1) % every == 0] or list(months[:1])
    labels = {m: str(format_date(_first_day(m), "MMM", locale=language)) for m in shown}
    years = {m: m[:4] if m[5:] == "01" or m == shown[0] else "" for m in shown}
    return {
        "field": "month",
        "type": "ordinal",
        "title": None,
        "scale": {"domain": list(months), "paddingInner": 0, "paddingOuter": 0.05},
        "axis": {
            "values": shown,
            "labelExpr": f"[{json.dumps(labels)}[datum.value], {json.dumps(years)}[datum.value]]",
            "labelAngle": 0,
            "labelOverlap": False,
            "grid": False,
        },
    }


def legend(spec: Spec, entries: Sequence[tuple[str, str, str]]) -> Spec:
    """``spec`` with a legend: (words, shape, colour) each; :func:`chart_svg` draws it above the chart, wrapped to its
    width. Shapes: ``square``, ``circle``, ``line``, ``dash``."""
    return {**spec, "usermeta": {"legend": [list(e) for e in entries]}}


def _first_day(month: str) -> Any:
    import datetime as dt

    return dt.date(int(month[:4]), int(month[5:]), 1)


def _within(month: str, since: str | None, until: str | None) -> bool:
    return (since is not None or until is not None) and (since or "") <= month <= (until or "9999-99")


def _peaks(rows: Sequence[dict[str, Any]], width: int) -> list[dict[str, Any]]:
    """The rows whose numbers there is room to write: all of a few, else the highest."""
    return list(rows) if len(rows) * 14 < width / 8 else sorted(rows, key=lambda r: -r["n"])[:1]


def _thinned(values: Sequence[float], most: int = 240) -> list[tuple[int, float]]:
    step = max(1, len(values) // most)
    kept = [(i, v) for i, v in enumerate(values) if i % step == 0 or i == len(values) - 1]
    n = len(values) - 1
    return [(i, round(v, 4)) for i, v in kept] if n else []


def _addresses(part: Any) -> bool:
    if isinstance(part, Mapping):
        return "url" in part or any(_addresses(v) for v in part.values())
    return isinstance(part, list | tuple) and any(_addresses(v) for v in part)


def _text(text: Message | str, language: str) -> str:
    return text.render(language) if isinstance(text, Message) else text
