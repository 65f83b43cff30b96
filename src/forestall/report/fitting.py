"""A chart's specification made to fit the width that it is drawn at: titles and labels in lines, as many ticks as have
room, months by name, and room for letters that the reader's own font makes wider than the one that measured them."""

from __future__ import annotations

import copy
import json
import math
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Spec = dict[str, Any]

#: Pixels of a letter of 13 pixels in a wide system font.
LETTER = 7.4
#: Room around a chart that asks for none: letters are measured by another font than the reader may have.
PADDING = {"left": 18, "right": 14, "top": 4, "bottom": 12}
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])$")


def fitted(spec: Mapping[str, Any], language: str, width: int) -> Spec:
    """``spec`` (one view, its data within) laid out for a drawing of ``width`` pixels."""
    out: Spec = copy.deepcopy(dict(spec))
    out.setdefault("padding", dict(PADDING))
    room = width - PADDING["left"] - PADDING["right"]
    labels = _labels(out, "y")
    down = out["height"] if isinstance(out.get("height"), int | float) else 240
    if isinstance(out.get("width"), Mapping):
        _steps(out, room, labels)
    else:
        out["width"] = max(160, room - _left(labels, width) - 16 * (_title_lines(out, down) - 1))
    across = out["width"] if isinstance(out["width"], int | float) else room
    for view in _views(out):
        _bare(view)
        encoding = view.get("encoding", {})
        for name, length in (("x", across), ("y", down)):
            channel = encoding.get(name)
            if isinstance(channel, dict):
                _axis(channel, name, length, language, width)
        for name in ("color", "fill"):
            channel = encoding.get(name)
            if isinstance(channel, dict) and channel.get("type") == "quantitative":
                _key(channel, width)
    return out


def lines(words: str, letters: int) -> list[str]:
    """``words`` in lines of about so many letters."""
    return textwrap.wrap(words, max(4, letters), break_long_words=False) or [words]


def _views(spec: Spec) -> Iterator[Spec]:
    yield spec
    for layer in spec.get("layer", ()):
        yield from _views(layer)


def _bare(view: Spec) -> None:
    """A line has no inside: a style's fill is for areas and bars."""
    mark = view.get("mark")
    if isinstance(mark, dict) and mark.get("type") in ("line", "trail"):
        mark.setdefault("fill", None)


def _labels(spec: Spec, name: str) -> list[str]:
    """The words along an axis of words; none along one of numbers."""
    for view in _views(spec):
        channel = view.get("encoding", {}).get(name)
        if isinstance(channel, dict) and channel.get("type") in ("nominal", "ordinal") and "field" in channel:
            scale = channel.get("scale") or {}
            domain = scale.get("domain") if isinstance(scale, Mapping) else None
            data = (view.get("data") or spec.get("data") or {}).get("values", ())
            found = domain or [row.get(channel["field"]) for row in data]
            return list(dict.fromkeys(str(v) for v in found if v is not None))
    return []


def _title_lines(spec: Spec, length: float) -> int:
    """Lines that the vertical axis's title takes."""
    titles = [(view.get("encoding", {}).get("y") or {}).get("title") for view in _views(spec)]
    return max((len(_title(t, length)) for t in titles if isinstance(t, str)), default=1)


def _title(words: str, length: float) -> list[str]:
    return lines(words, round(length / LETTER)) if len(words) * LETTER > length else [words]


def _left(labels: Sequence[str], width: int) -> int:
    """Room for the vertical axis: its words, or the figures and title of an axis of numbers."""
    if not labels:
        return 62
    return min(round(max(map(len, labels)) * LETTER) + 14, round(width * (0.42 if width < 500 else 0.34)))


def _steps(spec: Spec, room: int, labels: Sequence[str]) -> None:
    """A grid of words by words: as wide as there is room, its rows as high as their words need."""
    columns = _labels(spec, "x") or [""]
    left = min(round(max(map(len, labels or [""])) * LETTER) + 40, round(room * (0.26 if room < 500 else 0.36)) + 30)
    step = max(38, min(int(spec["width"].get("step", 130)), (room - left) // len(columns)))
    spec["width"] = {"step": step}
    longest = max((len(word) for words in columns for word in words.split()), default=0)
    small = 13 if step >= 70 else 11 if longest * 6.3 <= step else 10
    letters = {"x": round(step / LETTER), "y": round((left - 36) / LETTER)}
    words = {"x": columns, "y": labels}
    deep = {name: max((len(lines(w, letters[name])) for w in words[name]), default=1) for name in ("x", "y")}
    rows = spec.get("height") if isinstance(spec.get("height"), Mapping) else {}
    spec["height"] = {"step": max(int((rows or {}).get("step", 34)), 8 + (small + 2) * deep["y"])}
    for view in _views(spec):
        for name in ("x", "y"):
            channel = view.get("encoding", {}).get(name)
            if isinstance(channel, dict):
                more = _broken(words[name], letters[name])
                # Lines run on downwards from the first: lift them by what they run over.
                lift = (small + 2) * (deep[name] - 1)
                more |= {"labelPadding": 4 + lift} if name == "x" else {"labelOffset": -round(lift / 3)}
                channel["axis"] = {**channel.get("axis", {}), **more, "labelLimit": 400, "labelFontSize": small}


def _axis(channel: Spec, name: str, length: float, language: str, width: int) -> None:
    axis = channel.get("axis", {})
    if axis is None:
        return
    title = channel.get("title")
    if isinstance(title, str) and len(_title(title, length)) > 1:
        channel["title"] = _title(title, length)
    if channel.get("type") == "quantitative":
        scale = channel.get("scale") or {}
        plain = isinstance(scale, Mapping) and scale.get("type", "linear") == "linear"
        if plain and not {"values", "tickCount"} & set(axis):
            axis = {**axis, "tickCount": max(3, round(length / (80 if name == "x" else 45)))}
        elif not plain and name == "x":
            axis = {"labelSeparation": 14, "labelOverlap": "greedy", **_fewer(axis, length)}
        channel["axis"] = {"labelSeparation": 8, "labelFlush": False, **axis}
        if "labelExpr" in axis and "values" in axis:
            channel["axis"] = {**channel["axis"], **_fewer(axis, length, 74)}
    elif name == "x" and channel.get("type") == "ordinal":
        scale = channel.get("scale") or {}
        domain = scale.get("domain") if isinstance(scale, Mapping) else None
        if domain and all(isinstance(v, str) and MONTH.match(v) for v in domain):
            from forestall.report.charts import month_axis

            channel["axis"] = {**axis, **month_axis(list(domain), language, width)["axis"]}
            channel["title"] = None
    elif name == "y" and channel.get("type") in ("nominal", "ordinal") and "labelExpr" not in axis:
        channel["axis"] = {**axis, "labelLimit": round(width * (0.42 if width < 500 else 0.34))}


def _fewer(axis: Mapping[str, Any], length: float, each: float = 52) -> Spec:
    """The axis with as many of its given values as have room."""
    values = list(axis.get("values", ()))
    step = max(1, math.ceil(len(values) * each / max(length, 1)))
    if step == 1:
        return dict(axis)
    middle = values.index(1) if 1 in values else values.index(0) if 0 in values else 0
    return {**axis, "values": values[middle % step :: step]}


def _broken(labels: Sequence[str], letters: int) -> Spec:
    """Labels in lines of so many letters."""
    parts = {words: lines(words, letters) for words in labels}
    return {"labelExpr": f"{json.dumps(parts, ensure_ascii=False)}[datum.label]"} if labels else {}


def _key(channel: Spec, width: int) -> None:
    """A key of squares: what a strict page draws has no gradients."""
    legend = channel.get("legend", {})
    if legend is not None:
        channel["legend"] = {
            "type": "symbol", "symbolType": "square", "orient": "top", "tickCount": 4 if width < 500 else 6, **legend,
        }  # fmt: skip
