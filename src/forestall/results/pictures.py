"""Pictures of a table: a Vega-Lite specification for each way of showing one, made in the reader's language.

The table is the data and the picture is drawn from its columns by name, so that the two cannot differ.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forestall.results.base import Table
from forestall.text import Message, month_name, msg

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
Spec = dict[str, Any]


@dataclass(frozen=True)
class View:
    """``title`` of the numbers' axis, the reader's ``language``, and the ``width`` of the plot in pixels."""

    title: str | None
    language: str
    width: int


def picture(kind: str, table: Table, axis: Message | None, language: str = "en", width: int = 520) -> Spec:
    """The specification of ``table`` drawn as ``kind``. Raises ``ValueError`` for a kind that is not known."""
    if kind not in KINDS:
        raise ValueError(f"a picture is one of {', '.join(KINDS)}, not {kind!r}")
    names = [c.name for c in table.columns]
    rows = [dict(zip(names, (_plain(v, language) for v in row), strict=True)) for row in table.rows]
    title = axis.render(language) if axis is not None else None
    spec: Spec = KINDS[kind](rows, names, View(title, language, width))
    # Words at the left are measured by another font than the reader may have: leave room.
    return {"$schema": SCHEMA, "width": width, "padding": {"left": 16, "right": 8, "top": 4, "bottom": 4}, **spec}


def _plain(value: Any, language: str) -> Any:
    return value.render(language) if isinstance(value, Message) else value


def _week(rows: list[Spec], names: list[str], view: View) -> Spec:
    """Columns day, hour and ``n``: seven days by twenty-four hours."""
    days = list(dict.fromkeys(str(r[names[0]]) for r in rows))
    values = [{"day": r[names[0]], "hour": r[names[1]], "end": r[names[1]] + 1, "n": r[names[2]]} for r in rows]
    return {
        "height": 200,
        "data": {"values": values},
        "mark": {"type": "rect"},
        "encoding": {
            "x": {
                "field": "hour", "type": "quantitative", "title": msg("hour of the day").render(view.language),
                "scale": {"domain": [0, 24], "nice": False},
                "axis": {"values": [0, 3, 6, 9, 12, 15, 18, 21, 24], "grid": False},
            },
            "x2": {"field": "end"},
            "y": {"field": "day", "type": "ordinal", "sort": days, "title": None},
            "color": {
                "field": "n", "type": "quantitative", "title": view.title, "scale": {"domainMin": 0},
                "legend": {"orient": "bottom", "type": "symbol", "symbolType": "square", "tickCount": 4},
            },
        },
    }  # fmt: skip


def _series(rows: list[Spec], names: list[str], view: View) -> Spec:
    """Columns month, recorded, and perhaps expected, lower, upper, in_window, flagged."""
    del names
    months = [r["month"] for r in rows]
    fit = max(2, view.width // 90)
    shown = [m for i, m in enumerate(months) if i % max(1, -(-len(months) // fit)) == 0]
    x = {
        "field": "month", "type": "ordinal", "title": None, "scale": {"domain": months},
        "axis": {"values": shown, "labelAngle": 0, "labelExpr": _labels(shown, view.language), "grid": False},
    }  # fmt: skip
    y = {"type": "quantitative", "title": view.title}
    layers: list[Spec] = []
    if any(r.get("upper") is not None for r in rows):
        some = {"transform": [{"filter": "isValid(datum.upper)"}]}
        layers.append(
            {**some, "mark": {"type": "area", "style": "interval", "interpolate": "step"},
             "encoding": {"x": x, "y": {**y, "field": "lower"}, "y2": {"field": "upper"}}}
        )  # fmt: skip
        layers.append(
            {**some, "mark": {"type": "line", "style": "expected", "interpolate": "step"},
             "encoding": {"x": x, "y": {**y, "field": "expected"}}}
        )  # fmt: skip
    known = {"transform": [{"filter": "isValid(datum.recorded)"}]}
    layers.append(
        {**known, "mark": {"type": "line", "style": "observed", "strokeWidth": 1.5},
         "encoding": {"x": x, "y": {**y, "field": "recorded"}}}
    )  # fmt: skip
    for style, test, shape in (("observed", "!datum.flagged", "circle"), ("flagged", "datum.flagged", "diamond")):
        layers.append(
            {"transform": [{"filter": f"isValid(datum.recorded) && {test}"}],
             "mark": {"type": "point", "style": style, "filled": True, "size": 35 if shape == "circle" else 90,
                      "shape": shape},
             "encoding": {"x": x, "y": {**y, "field": "recorded"}}}
        )  # fmt: skip
    return {"height": 190, "data": {"values": rows}, "layer": layers}


def _labels(months: list[str], language: str) -> str:
    short = {m: f"{month_name(m, language).split()[0][:3]} {m[2:4]}" for m in months}
    return f"{json.dumps(short)}[datum.value]"


def _title(view: View) -> list[str] | None:
    """The title below a chart, in lines that its plot has room for."""
    return textwrap.wrap(view.title, max(16, view.width // 11)) if view.title else None


def _ticks(view: View) -> Spec:
    """As many figures below a chart as a phone or a desk has room for."""
    return {"tickCount": max(3, view.width // 90), "labelSeparation": 8}


def _words(labels: list[str], view: View) -> tuple[Spec, int]:
    """The axis for words at the left, in lines where they are long, and the most lines that any takes."""
    limit = max(110, view.width // 3)
    parts = {words: textwrap.wrap(words, max(10, limit // 7), break_long_words=False) or [words] for words in labels}
    deep = max(map(len, parts.values()), default=1)
    axis: Spec = {"labelLimit": 2 * limit}
    if deep > 1:
        axis |= {
            "labelExpr": f"{json.dumps(parts, ensure_ascii=False)}[datum.label]",
            "labelFontSize": 12,
            "labelLineHeight": 13,
        }
    return axis, deep


def _bars(rows: list[Spec], names: list[str], view: View) -> Spec:
    """The first column against the second, in the order of the table; ``flagged`` marks what stands out."""
    values = [{"label": str(r[names[0]]), "n": r[names[1]], "flagged": bool(r.get("flagged"))} for r in rows]
    values = [v for v in values if v["n"] is not None]
    axis, deep = _words([str(v["label"]) for v in values], view)
    encoding = {
        "y": {
            "field": "label", "type": "nominal", "sort": None, "title": None,
            "axis": axis, "scale": {"domain": [v["label"] for v in values]},
        },
        "x": {"field": "n", "type": "quantitative", "title": _title(view), "axis": _ticks(view)},
    }  # fmt: skip
    layers = [
        {"transform": [{"filter": test}], "mark": {"type": "bar", "style": style, "height": {"band": 0.7}},
         "encoding": encoding}
        for style, test in (("observed", "!datum.flagged"), ("flagged", "datum.flagged"))
    ]  # fmt: skip
    return {"height": {"step": 24 if deep == 1 else 4 + 14 * deep}, "data": {"values": values}, "layer": layers}


def _intervals(rows: list[Spec], names: list[str], view: View) -> Spec:
    """The first column against ``ratio`` with ``low`` and ``high``; a line at 1; ``flagged`` marks what stands out."""
    finite = [r for r in rows if r["ratio"] is not None]
    tops = [float(r["ratio"]) for r in finite] or [1.0]
    most = max(2.0, 2.5 * max(tops))
    values = [
        {"label": str(r[names[0]]), "ratio": r["ratio"], "low": r["low"] or 0.0,
         "high": min(most, most if r["high"] is None else float(r["high"])), "flagged": bool(r.get("flagged"))}
        for r in finite
    ]  # fmt: skip
    axis, deep = _words([str(v["label"]) for v in values], view)
    y = {"field": "label", "type": "nominal", "sort": None, "title": None, "axis": axis}
    x = {"type": "quantitative", "title": _title(view), "axis": _ticks(view)}
    layers: list[Spec] = [
        {"data": {"values": [{"at": 1}]}, "mark": {"type": "rule", "style": "limit"},
         "encoding": {"x": {**x, "field": "at"}}},
        {"mark": {"type": "bar", "style": "interval", "height": 5},
         "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}}},
    ]  # fmt: skip
    for style, test, shape in (("observed", "!datum.flagged", "circle"), ("flagged", "datum.flagged", "diamond")):
        layers.append(
            {"transform": [{"filter": test}], "mark": {"type": "point", "style": style, "filled": True, "size": 80,
                                                       "shape": shape, "opacity": 1},
             "encoding": {"y": y, "x": {**x, "field": "ratio"}}}
        )  # fmt: skip
    return {"height": {"step": 26 if deep == 1 else 4 + 14 * deep}, "data": {"values": values}, "layer": layers}


KINDS: Mapping[str, Any] = {"week": _week, "series": _series, "bars": _bars, "intervals": _intervals, "map": None}
