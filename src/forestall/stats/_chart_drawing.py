"""What a control chart looks like: the series, what is expected, limits, and the periods that a rule points out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.stats._shift_charts import SCHEMA, period_axis, unique
from forestall.text import msg

Floats = npt.NDArray[np.float64]


def control_drawing(
    labels: Sequence[str],
    values: Floats,
    lines: tuple[Floats, Floats, Floats],
    flagged: Sequence[int],
    rebased: Sequence[int],
    days: bool,
    language: str,
) -> dict[str, Any]:
    """``lines``: centre, lower and upper; ``flagged``: periods to point out; ``rebased``: where new limits begin."""
    labels = unique(labels)
    title = (msg("days since the event before") if days else msg("value a period")).render(language)
    known = [[None if not math.isfinite(v) else float(v) for v in line] for line in lines]
    phase = np.searchsorted(np.asarray(rebased, int), np.arange(len(labels)), side="right")
    rows = [
        {"period": label, "value": float(v), "centre": c, "lower": low, "upper": high, "phase": int(k)}
        for label, v, c, low, high, k in zip(labels, values, *known, phase, strict=True)
    ]
    x = period_axis(labels, language)
    hits = [{"period": labels[i], "value": float(values[i])} for i in flagged]

    def line(name: str, style: str) -> dict[str, Any]:
        return {
            "transform": [{"filter": f"isValid(datum.{name})"}],
            "mark": {"type": "line", "style": style, "interpolate": "step"},
            "encoding": {
                "x": x,
                "y": {"field": name, "type": "quantitative", "title": title},
                "detail": {"field": "phase", "type": "nominal"},
            },
        }

    y = {"field": "value", "type": "quantitative", "title": title}
    layers: list[dict[str, Any]] = [
        line("lower", "limit"),
        line("upper", "limit"),
        line("centre", "expected"),
        {"mark": {"type": "line", "style": "observed", "point": False}, "encoding": {"x": x, "y": y}},
        {"mark": {"type": "point", "style": "observed", "filled": True, "size": 30}, "encoding": {"x": x, "y": y}},
    ]
    if hits:
        layers.append(
            {
                "data": {"values": hits},
                "mark": {"type": "point", "style": "flagged", "filled": True, "size": 90},
                "encoding": {"x": x, "y": y},
            }
        )
    return {"$schema": SCHEMA, "width": 600, "height": 240, "data": {"values": rows}, "layer": layers}
