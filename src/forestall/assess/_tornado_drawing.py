"""What a tornado chart looks like: how far net present value moves as one thing at a time is set low and high."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forestall.text import Message

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def tornado_drawing(
    rows: Sequence[tuple[str, float, float]], middle: float, title: Message, language: str
) -> dict[str, Any]:
    """``rows``: label and the two ends, widest first; ``middle``: the value with nothing moved."""
    order = [label for label, _, _ in rows] or [""]
    values = [{"what": label, "low": min(a, b), "high": max(a, b)} for label, a, b in rows]
    y = {"field": "what", "type": "nominal", "sort": order, "title": None, "axis": {"labelLimit": 280}}
    x = {"type": "quantitative", "title": title.render(language), "axis": {"format": ",.0f", "tickCount": 5}}
    rules = [{"x": 0.0, "style": "limit"}, {"x": middle, "style": "expected"}]
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": values},
            "mark": {"type": "bar", "style": "interval", "height": 16},
            "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
        }
    ]
    layers += [
        {
            "data": {"values": [{"x": rule["x"]}]},
            "mark": {"type": "rule", "style": rule["style"]},
            "encoding": {"x": {"field": "x", "type": "quantitative"}},
        }
        for rule in rules
    ]
    return {"$schema": SCHEMA, "width": 320, "height": {"step": 28}, "layer": layers}
