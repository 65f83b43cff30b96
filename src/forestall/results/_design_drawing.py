"""The chart of a design and of its evaluation: what was counted month by month, beside what was to be expected."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from babel.dates import format_date

from forestall.text import msg

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
#: Months that are named on the axis, at most.
NAMED = 6


def course_drawing(
    months: Sequence[str],
    treated: npt.NDArray[np.float64],
    expected: npt.NDArray[np.float64],
    starts: str | None,
    language: str = "en",
) -> dict[str, Any]:
    """``treated`` and ``expected``: one value a month, NaN where none; ``starts``: the response's first month, from which
    on the months are shaded. Months set aside are gaps."""
    whole = _between(months[0], months[-1]) if months else []
    second = msg("Comparison, scaled") if starts is None else msg("Expected without the response")
    names = [msg("Treated areas").render(language), second.render(language)]
    rows = [
        {"month": m, "value": round(float(v), 3), "which": name, "run": run}
        for name, line in zip(names, (treated, expected), strict=True)
        for m, v, run in zip(months, line.tolist(), _runs(months, whole), strict=True)
        if math.isfinite(v)
    ]
    x = _axis(whole, language)
    y = {"field": "value", "type": "quantitative", "title": msg("A month").render(language), "scale": {"zero": True}}
    which = {"field": "which", "type": "nominal", "title": None, "scale": {"domain": names}, "legend": {"orient": "top"}}
    layers: list[dict[str, Any]] = []
    after = [m for m in whole if starts is not None and m >= starts]
    if after:
        layers.append(
            {
                "data": {"values": [{"month": after[0], "last": after[-1]}]},
                "mark": {"type": "rect", "style": "interval"},
                "encoding": {
                    "x": {**x, "bandPosition": 0},
                    "x2": {"field": "last", "bandPosition": 1},
                    "y": {"value": 0},
                    "y2": {"value": "height"},
                },
            }
        )
    layers.append(
        {
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {
                "x": x,
                "y": y,
                "color": which,
                "strokeDash": {**which, "scale": {"domain": names, "range": [[1, 0], [5, 4]]}},
                "detail": {"field": "run"},
            },
        }
    )
    if after:
        layers.append(
            {
                "data": {"values": [{"month": after[0]}]},
                "mark": {"type": "text", "align": "left", "baseline": "top", "dx": -6, "dy": 3},
                "encoding": {"x": x, "y": {"value": 0}, "text": {"value": msg("Response").render(language)}},
            }
        )
    return {"$schema": SCHEMA, "width": 600, "height": 240, "data": {"values": rows}, "layer": layers}


def _axis(months: Sequence[str], language: str) -> dict[str, Any]:
    """An ordinal axis of months, some of them named in the reader's language."""
    every = next((e for e in (1, 2, 3, 6, 12, 24) if len(months) <= e * NAMED), 60)
    shown = [m for i, m in enumerate(months) if i % every == 0]
    labels = {m: str(format_date(dt.date(int(m[:4]), int(m[5:]), 1), "MMM y", locale=language)) for m in shown}
    return {
        "field": "month",
        "type": "ordinal",
        "title": None,
        "scale": {"domain": list(months)},
        "axis": {"values": shown, "labelExpr": f"{json.dumps(labels)}[datum.value]", "labelAngle": 0, "grid": False},
    }


def _between(first: str, last: str) -> list[str]:
    a, b = (int(m[:4]) * 12 + int(m[5:]) - 1 for m in (first, last))
    return [f"{k // 12:04d}-{k % 12 + 1:02d}" for k in range(a, b + 1)]


def _runs(months: Sequence[str], whole: Sequence[str]) -> list[int]:
    """Of each month, the number of the unbroken stretch that it belongs to."""
    at = {m: i for i, m in enumerate(whole)}
    return [at[m] - i for i, m in enumerate(months)]
