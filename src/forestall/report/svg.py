"""SVG as every renderer here hands it on: named, described, scalable, and free of anything a strict policy refuses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from forestall.report import palette

SVG = "http://www.w3.org/2000/svg"
ET.register_namespace("", SVG)

#: What a chart's specification writes as a colour where it wants hatching; see :func:`accessible`.
HATCH = "url(#hatch)"

#: Only what draws may stay. Scripts, styles, links, images and foreign content have no place in a chart.
_ELEMENTS = {"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "title", "desc", "defs", "pattern", "clipPath"}
_DROPPED = re.compile(r"^(on.*|style|class|role|aria-.*|.*href)$")


def identifier(*parts: str) -> str:
    """A short id, the same for the same parts, that may stand in ``id=""``."""
    return "f" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]


def accessible(svg: str, title: str, desc: str, legend: Iterable[Sequence[str]] = ()) -> str:
    """``svg`` as one image with a name and a description.

    Roles and labels inside are dropped (a reader hears one sentence and finds the figures in the table beside it), and so
    are styles, scripts and references; ``url(#hatch)`` becomes a hatching of its own. ``legend``: (words, shape, colour)
    each, drawn above. Raises ``ValueError`` where ``svg`` isn't SVG.
    """
    try:
        root = ET.fromstring(svg)
    except ET.ParseError as error:
        raise ValueError(f"not SVG: {error}") from error
    key = identifier(svg, title, desc)
    _clean(root, key)
    width, height = float(root.get("width", "0")), float(root.get("height", "0"))
    inner = "".join(ET.tostring(child, encoding="unicode") for child in root).replace(f' xmlns="{SVG}"', "")
    above, band = legend_band(legend, width)
    if band:
        above = above.replace(HATCH, f"url(#{key}-hatch)")
        paper = f'<rect width="{width:g}" height="{band:g}" fill="{palette.PAPER}"/>'
        inner = f'{paper}{above}<g transform="translate(0,{band:g})">{inner}</g>'
    height += band
    return document(
        inner, key=key, title=title, desc=desc, viewbox=f"0 0 {width:g} {height:g}", width=f"{width:g}",
        height=f"{height:g}", hatch=f"url(#{key}-hatch)" in inner,
    )  # fmt: skip


def legend_band(entries: Iterable[Sequence[str]], width: float, *, left: float = 8, line: float = 22) -> tuple[str, float]:
    """A legend wrapped to ``width``, and the height that it takes. Entries are (words, shape, colour)."""
    x, y, parts = left, 0.0, []
    for words, shape, colour in entries:
        room = 24 + text_width(words)
        if x > left and x + room > width:
            x, y = left, y + line
        middle = y + line / 2
        box = f'<rect x="{x:g}" y="{middle - 6:g}" width="12" height="12"'
        match shape:
            case "circle":
                mark = f'<circle cx="{x + 6:g}" cy="{middle:g}" r="5.5" fill="{colour}"/>'
            case "line" | "dash":
                dash = ' stroke-dasharray="5 4"' if shape == "dash" else ""
                mark = f'<path d="M{x - 2:g},{middle:g}h16" stroke="{colour}" stroke-width="2.5"{dash}/>'
            case "outline":
                mark = f'{box} fill="none" stroke="{colour}" stroke-width="2"/>'
            case _:
                mark = f'{box} fill="{colour}" stroke="{palette.LINE}"/>'
        parts.append(
            f'{mark}<text x="{x + 19:g}" y="{middle + 4.5:g}" font-family={quoteattr(palette.FONT)} font-size="13px" '
            f'fill="{palette.INK}">{escape(words)}</text>'
        )
        x += room + 14
    return "".join(parts), (y + line + 6 if parts else 0.0)


def text_width(words: str, size: float = 13) -> float:
    """About how wide words are in a wide system font, in pixels."""
    return len(words) * size * 0.57


def document(
    inner: str, *, key: str, title: str, desc: str, viewbox: str, width: str, height: str, hatch: bool, role: str = "img"
) -> str:
    """The outermost element around ``inner`` (already escaped SVG)."""
    pattern = (
        f'<defs><pattern id="{key}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="6" height="6" fill="{palette.UNKNOWN}"/>'
        f'<rect width="1.5" height="6" fill="{palette.UNKNOWN_INK}"/></pattern></defs>'
        if hatch
        else ""
    )
    described = f'<desc id="{key}-d">{escape(desc)}</desc>' if desc else ""
    refers = f"{key}-t {key}-d" if desc else f"{key}-t"
    return (
        f'<svg xmlns="{SVG}" role="{role}" aria-labelledby="{refers}" focusable="false" width={quoteattr(width)} '
        f"height={quoteattr(height)} viewBox={quoteattr(viewbox)}>"
        f'<title id="{key}-t">{escape(title)}</title>{described}{pattern}{inner}</svg>'
    )


def _clean(element: ET.Element, key: str) -> None:
    for child in list(element):
        tag = child.tag.removeprefix(f"{{{SVG}}}") if isinstance(child.tag, str) else ""
        if tag not in _ELEMENTS or tag in ("title", "desc") or child.get("display") == "none":
            element.remove(child)
            continue
        for name in list(child.attrib):
            if _DROPPED.match(name.rpartition("}")[2]):
                del child.attrib[name]
            elif child.attrib[name] == HATCH:
                child.attrib[name] = f"url(#{key}-hatch)"
            elif name == "id":
                child.attrib[name] = f"{key}-{child.attrib[name]}"
            elif name == "clip-path":
                child.attrib[name] = child.attrib[name].replace("url(#", f"url(#{key}-")
        _clean(child, key)
