"""What a draw looks like: pairs on their level, or each place's months with the response on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forestall.text import msg

Floats = npt.NDArray[np.float64]
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


def lots_drawing(
    places: Sequence[str], blocks: Sequence[int], arms: Sequence[int], starts: Sequence[str], first: str, end: str,
    level: Floats, scheme: str, language: str,
) -> dict[str, Any]:  # fmt: skip
    """A Vega-Lite specification; arguments as the fields of the design."""
    return (
        _pairs(blocks, arms, level, language) if scheme == "pairs" else _wedge(places, arms, starts, first, end, language)
    )


def _pairs(blocks: Sequence[int], arms: Sequence[int], level: Floats, language: str) -> dict[str, Any]:
    begins, compared = msg("begins").render(language), msg("compared").render(language)
    rows = [
        {"pair": b + 1, "level": float(v), "what": begins if a == 0 else compared}
        for b, a, v in zip(blocks, arms, level, strict=True)
    ]
    y = {"field": "pair", "type": "ordinal", "title": msg("pair").render(language)}
    x = {"field": "level", "type": "quantitative", "title": msg("level it was matched on").render(language)}
    return {
        "$schema": SCHEMA,
        "width": 480,
        "height": {"step": 18},
        "data": {"values": rows},
        "layer": [
            {"mark": {"type": "line", "style": "limit"}, "encoding": {"y": y, "x": x, "detail": {"field": "pair"}}},
            {
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                "encoding": {
                    "y": y,
                    "x": x,
                    "shape": {"field": "what", "type": "nominal", "title": None, "scale": _two(begins, compared, "shape")},
                    "color": {"field": "what", "type": "nominal", "title": None, "scale": _two(begins, compared, "color")},
                },
            },
        ],
    }


def _two(first: str, second: str, channel: str) -> dict[str, Any]:
    """The two kinds in their order, told apart by shape as well as by colour."""
    return {"domain": [first, second], **({"range": ["circle", "square"]} if channel == "shape" else {})}


def _wedge(
    places: Sequence[str], arms: Sequence[int], starts: Sequence[str], first: str, end: str, language: str
) -> dict[str, Any]:
    after = str(np.datetime64(end, "M") + 1)
    order = [places[i] for i in np.lexsort((np.array(places), np.array(arms)))]
    y = {"field": "place", "type": "ordinal", "sort": order, "title": msg("place").render(language)}

    def months(field: str) -> dict[str, Any]:
        return {
            "field": field,
            "type": "temporal",
            "timeUnit": "utcyearmonth",
            "title": msg("month").render(language),
            "axis": {"format": "%m/%y", "tickCount": 6},
            "scale": {"type": "utc"},
        }

    on = [{"place": p, "from": f"{starts[a]}-01", "to": f"{after}-01"} for p, a in zip(places, arms, strict=True)]
    waits = [{"place": p, "from": f"{first}-01", "to": f"{starts[a]}-01"} for p, a in zip(places, arms, strict=True)]

    def bars(rows: list[dict[str, str]], style: str) -> dict[str, Any]:
        return {
            "data": {"values": rows},
            "mark": {"type": "bar", "style": style, "height": {"band": 0.7}},
            "encoding": {"y": y, "x": months("from"), "x2": {"field": "to", "timeUnit": "utcyearmonth"}},
        }

    return {
        "$schema": SCHEMA,
        "width": 480,
        "height": {"step": 18},
        "layer": [bars(waits, "unknown"), bars(on, "observed")],
    }
