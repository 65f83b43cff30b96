"""What change points look like: a series with its levels and the spans in which they may have changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.text import msg

Floats = npt.NDArray[np.float64]

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def period_axis(labels: Sequence[str], language: str) -> dict[str, Any]:
    """The axis of periods, in the order given, labelled as there is room."""
    return {
        "field": "period",
        "type": "ordinal",
        "title": msg("period").render(language),
        "scale": {"domain": list(labels)},
        "axis": {"labelOverlap": "greedy", "labelAngle": 0, "grid": False},
    }


def changes_chart(
    labels: Sequence[str], counts: Floats, fitted: Floats, spans: Sequence[tuple[int, int, int]], language: str
) -> dict[str, Any]:
    """``spans``: (index, first, last) of each change, periods counted from 0."""
    labels = unique(labels)
    x = period_axis(labels, language)
    title = msg("count a period").render(language)
    rows = [
        {"period": label, "count": float(c), "expected": float(f)}
        for label, c, f in zip(labels, counts, fitted, strict=True)
    ]
    inside = [{"period": labels[i]} for _, first, last in spans for i in range(first, last + 1)]
    starts = [{"period": labels[i], "count": float(counts[i])} for i, _, _ in spans]
    y = {"field": "count", "type": "quantitative", "title": title}
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": inside},
            "mark": {"type": "bar", "style": "interval", "width": {"band": 1}},
            "encoding": {"x": x, "y": {"value": 0}, "y2": {"value": "height"}},
        },
        {"mark": {"type": "line", "style": "observed"}, "encoding": {"x": x, "y": y}},
        {
            "mark": {"type": "line", "style": "expected", "interpolate": "step"},
            "encoding": {"x": x, "y": {"field": "expected", "type": "quantitative", "title": title}},
        },
        {
            "data": {"values": starts},
            "mark": {"type": "point", "style": "flagged", "filled": True, "size": 90},
            "encoding": {"x": x, "y": y},
        },
    ]
    if not spans:
        layers = layers[1:3]
    return {"$schema": SCHEMA, "width": 600, "height": 220, "data": {"values": rows}, "layer": layers}


def shared_chart(ratios: Floats, whole: float, language: str) -> dict[str, Any]:
    """How many groups of areas moved by how much, and by how much the whole did, on a logarithmic axis."""
    rows = [{"ratio": float(r), "rank": i + 1} for i, r in enumerate(np.sort(ratios))]
    x = {
        "field": "ratio",
        "type": "quantitative",
        "scale": {"type": "log"},
        "title": msg("after, over before").render(language),
    }
    y = {"field": "rank", "type": "quantitative", "title": msg("areas, by their change").render(language)}
    return {
        "$schema": SCHEMA,
        "width": 600,
        "height": 220,
        "data": {"values": rows},
        "layer": [
            {"mark": {"type": "rule", "style": "limit"}, "encoding": {"x": {"datum": 1.0, "type": "quantitative"}}},
            {
                "mark": {"type": "rule", "style": "expected"},
                "encoding": {"x": {"datum": float(whole), "type": "quantitative"}},
            },
            {"mark": {"type": "point", "style": "observed", "filled": True}, "encoding": {"x": x, "y": y}},
        ],
    }


def unique(labels: Sequence[str]) -> list[str]:
    """Labels that a chart can tell apart: a second one of the same text gets its number."""
    seen: dict[str, int] = {}
    out = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        out.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return out
