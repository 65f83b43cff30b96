"""What a forest chart looks like: each evaluation on its interval, larger where it weighs more, and below them all together
with what the next place may expect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forestall.stats._shift_charts import SCHEMA, unique
from forestall.text import Message, msg


def forest_drawing(
    rows: Sequence[tuple[Any, ...]],
    together: tuple[float | None, ...],
    prediction: tuple[float | None, ...],
    ratio: bool,
    title: Message,
    language: str,
) -> dict[str, Any]:
    """``rows``: name, value, low, high, weight. ``together``: value, low, high; ``prediction``: low, high; None where there
    is none. ``ratio``: a logarithmic axis about 1."""
    names = unique([r[0] for r in rows])
    last = msg("All together").render(language)
    order = [*names, last]
    values = [
        {"name": n, "value": r[1], "low": r[2], "high": r[3], "weight": r[4]} for n, r in zip(names, rows, strict=True)
    ]
    summary = {"name": last, "value": together[0], "low": together[1], "high": together[2]}
    y = {"field": "name", "type": "nominal", "sort": order, "title": None, "scale": {"domain": order}}
    scale = {"type": "log", "nice": False} if ratio else {"zero": False}
    x = {"type": "quantitative", "title": title.render(language), "scale": scale}
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": [{"x": 1 if ratio else 0}]},
            "mark": {"type": "rule", "style": "expected"},
            "encoding": {"x": {"field": "x", **x}},
        },
        {
            "data": {"values": values},
            "mark": {"type": "rule", "style": "observed"},
            "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
        },
        {
            "data": {"values": values},
            "mark": {"type": "square", "style": "observed", "filled": True},
            "encoding": {
                "y": y,
                "x": {"field": "value", **x},
                "size": {
                    "field": "weight",
                    "type": "quantitative",
                    "legend": None,
                    "scale": {"domainMin": 0, "range": [10, 220]},
                },
            },
        },
    ]
    if None not in prediction:
        expected = [{"name": last, "low": prediction[0], "high": prediction[1]}]
        layers.append(
            {
                "data": {"values": expected},
                "mark": {"type": "bar", "style": "interval", "height": 14},
                "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
            }
        )
    if None not in together:
        layers.append(
            {
                "data": {"values": [summary]},
                "mark": {"type": "rule", "style": "flagged", "size": 4},
                "encoding": {"y": y, "x": {"field": "low", **x}, "x2": {"field": "high"}},
            }
        )
    layers.append(
        {
            "data": {"values": [summary]},
            "mark": {"type": "point", "shape": "diamond", "style": "flagged", "filled": True, "size": 140},
            "encoding": {"y": y, "x": {"field": "value", **x}},
        }
    )
    return {"$schema": SCHEMA, "width": 420, "height": {"step": 26}, "layer": layers}
