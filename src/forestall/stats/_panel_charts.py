"""The charts of a difference in differences, as Vega-Lite specifications."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.stats._event_study import EventStudy
from forestall.stats.rates import SCHEMA

Floats = npt.NDArray[np.float64]
Layer = dict[str, Any]


def courses(came: Floats, expected: Floats, first: int, labels: Sequence[str], title: str) -> Layer:
    """What came in each period, and what the comparison makes one expect."""
    y = {"field": "y", "type": "quantitative", "title": title, "scale": {"zero": True}}
    lines = [
        _layer({"type": "line", "style": style}, _points(values), labels, y=y)
        for style, values in (("expected", expected), ("observed", came))
    ]
    return _chart(lines, first, labels)


def effects(study: EventStudy, labels: Sequence[str], title: str) -> Layer:
    """The effect in each period on its interval, and no effect as a line."""
    y = {"type": "quantitative", "title": title}
    bars: list[dict[str, float]] = [
        {"x": int(i), "low": float(study.low[i]), "high": float(study.high[i])}
        for i in np.flatnonzero(np.isfinite(study.low))
    ]
    none = {
        "data": {"values": [{"y": 0}]},
        "mark": {"type": "rule", "style": "expected"},
        "encoding": {"y": {**y, "field": "y"}},
    }
    ends = {"y": {**y, "field": "low"}, "y2": {"field": "high"}}
    rule = _layer({"type": "rule", "style": "interval", "strokeWidth": 5}, bars, labels, **ends)
    point = {"type": "point", "style": "observed", "filled": True, "size": 45}
    return _chart([rule, _layer(point, _points(study.effect), labels, y={**y, "field": "y"}), none], study.first, labels)


def _points(values: Floats) -> list[dict[str, float]]:
    return [{"x": int(i), "y": float(values[i])} for i in np.flatnonzero(np.isfinite(values))]


def _layer(mark: Layer, values: list[dict[str, float]], labels: Sequence[str], **encoding: Layer) -> Layer:
    n = len(labels)
    ticks = list(range(0, n, max(1, math.ceil(n / 8))))
    names = {str(t): labels[t] for t in ticks}
    x = {
        "field": "x", "type": "quantitative", "title": None, "scale": {"nice": False, "domain": [-0.5, n - 0.5]},
        "axis": {"values": ticks, "grid": False, "labelExpr": f"{json.dumps(names)}[toString(datum.value)]"},
    }  # fmt: skip
    return {"data": {"values": values}, "mark": mark, "encoding": {"x": x, **encoding}}


def _chart(layers: list[Layer], first: int, labels: Sequence[str]) -> Layer:
    began = _layer({"type": "rule", "style": "limit"}, [{"x": first - 0.5}], labels)
    return {"$schema": SCHEMA, "width": 560, "height": 240, "layer": [*layers, began]}
