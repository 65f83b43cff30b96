"""The chart of a design and of its evaluation: what was counted month by month, beside what was to be expected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.text import msg

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def course_drawing(
    months: Sequence[str],
    treated: npt.NDArray[np.float64],
    expected: npt.NDArray[np.float64],
    starts: str | None,
    language: str = "en",
) -> dict[str, Any]:
    """``treated`` and ``expected``: one value a month, NaN where none; ``starts``: the response's first month."""
    names = {
        "treated": msg("Treated areas").render(language),
        "expected": (msg("Comparison, scaled") if starts is None else msg("Expected without the response")).render(
            language
        ),
    }
    rows = [
        {"month": f"{m}-01", "value": float(v), "which": names[which]}
        for which, line in (("treated", treated), ("expected", expected))
        for m, v in zip(months, line.tolist(), strict=True)
        if math.isfinite(v)
    ]
    x = {"field": "month", "type": "temporal", "title": None, "axis": {"format": "%b %Y"}}
    y = {"field": "value", "type": "quantitative", "title": msg("A month").render(language), "scale": {"zero": True}}
    dash = {
        "field": "which", "type": "nominal", "title": None, "scale": {"range": [[1, 0], [5, 4]]}, "legend": {"orient": "top"},
        "sort": list(names.values()),
    }  # fmt: skip
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "line", "fillOpacity": 0},
            "encoding": {"x": x, "y": y, "strokeDash": dash, "detail": {"field": "which"}},
        }
    ]
    if starts is not None:
        layers.append(
            {
                "data": {"values": [{"month": f"{starts}-01"}]},
                "mark": {"type": "rule", "style": "limit"},
                "encoding": {"x": x},
            }
        )
    return {"$schema": SCHEMA, "width": 600, "height": 240, "data": {"values": rows}, "layer": layers}
