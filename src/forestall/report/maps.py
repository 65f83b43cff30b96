"""Maps drawn on the server: areas shaded, zones outlined and numbered as in the list beside them, and no tile anywhere.

Without boundaries, areas are circles at their centroids whose size says the amount, over the records' own points as a
backdrop. Projection: equirectangular, true to scale at the middle latitude, which is honest over one force.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from forestall.report import palette, svg
from forestall.text import Message, msg

Text = Message | str
#: Metres in a degree of latitude.
DEGREE = 111_320.0


@dataclass(frozen=True)
class Zone:
    """Areas to outline together, with the number they have in the list. ``href`` makes the outline a link."""

    number: int
    codes: tuple[str, ...]
    label: Text = ""
    href: str | None = None


@dataclass(frozen=True)
class Classes:
    """Bands of values, each with a colour and words. ``breaks`` are the lower bounds of all bands but the first."""

    breaks: tuple[float, ...]
    colours: tuple[str, ...]
    labels: tuple[Text, ...]
    heading: Text = ""

    def __post_init__(self) -> None:
        if not len(self.colours) == len(self.labels) == len(self.breaks) + 1:
            raise ValueError("classes need one colour and one label more than breaks")

    def of(self, value: float) -> str:
        """The colour of a value."""
        return self.colours[bisect_right(self.breaks, value)]


def amount(values: Iterable[float | None], heading: Text = "") -> Classes:
    """Up to five bands of an amount, about as many areas in each, with round bounds; light to dark."""
    known = sorted(v for v in values if v is not None and math.isfinite(v))
    cuts: list[float] = []
    for i in range(1, 5):
        cut = _round(known[min(len(known) - 1, len(known) * i // 5)]) if known else 0.0
        if known and cut > known[0] and (not cuts or cut > cuts[-1]):
            cuts.append(cut)
    n = len(cuts) + 1
    colours = tuple(palette.AMOUNT[round(i * 4 / max(1, n - 1))] for i in range(n)) if n > 1 else (palette.AMOUNT[2],)
    if not cuts:
        return Classes((), colours, (msg("all alike"),), heading)
    whole = all(float(v).is_integer() for v in known)
    below: Text = msg("under {high:count}", high=cuts[0]) if cuts[0] >= 1 else f"< {cuts[0]:g}"
    labels: list[Text] = [below]
    for low, high in itertools.pairwise(cuts):
        labels.append(f"{low:,.0f}–{high - 1:,.0f}" if whole and high - low > 1 else f"{low:g}–{high:g}")
    labels.append(msg("{low:count} or more", low=cuts[-1]) if cuts[-1] >= 1 else f"≥ {cuts[-1]:g}")
    return Classes(tuple(cuts), colours, tuple(labels), heading)


def change(heading: Text = "") -> Classes:
    """Five bands of a ratio to what was expected: purple is lower, orange is higher, near-white about the same."""
    return Classes(
        (0.67, 0.9, 1.1, 1.5),
        palette.CHANGE,
        (
            msg("down by a third or more"),
            msg("down by a tenth or more"),
            msg("about as expected"),
            msg("up by a tenth or more"),
            msg("up by half or more"),
        ),
        heading,
    )


def map_svg(
    geojson: Mapping[str, Any],
    values: Mapping[str, float | None] | None = None,
    classes: Classes | None = None,
    *,
    zones: Sequence[Zone] = (),
    backdrop: Iterable[tuple[float, float]] = (),
    ground: Mapping[str, Any] | None = None,
    title: Text,
    desc: Text = "",
    language: str = "en",
    width: int = 680,
    tallest: float = 1.15,
) -> str:
    """A map of the features of ``geojson`` (WGS84 polygons or points, with ``properties.code`` and perhaps ``name``).

    ``values`` shade areas by ``classes`` (:func:`amount` of the values unless given); an area without a value is hatched
    where areas have outlines, small and hollow where they are points. ``backdrop``: (lon, lat) dots that show where
    records lie. ``ground``: GeoJSON outlines drawn below everything, for orientation. ``tallest``: the most height for a
    unit of width. Areas carry ``data-code`` and zones ``data-zone`` for pages that tie map and list together. Links only
    where zones have ``href``; else the map is one image.
    """
    import shapely
    from shapely.geometry import shape as as_shape

    shapes = [
        (_code(f), str(f.get("properties", {}).get("name") or ""), as_shape(f["geometry"]))
        for f in geojson.get("features", ())
        if f.get("geometry")
    ]
    shapes = [s for s in shapes if not s[2].is_empty]
    dots = list(backdrop)
    below = [as_shape(f["geometry"]) for f in (ground or {}).get("features", ()) if f.get("geometry")]
    to_page, height, metre = _projection([*(s[2] for s in shapes), *below], dots, width, tallest)
    values = values or {}
    if classes is None and values:
        classes = amount(values.values())
    placed = {code: shapely.transform(shape, to_page) for code, _, shape in shapes}
    words = [_text(title, language), _text(desc, language)]
    key = svg.identifier(*words, str(width), *(f"{c}{v}" for c, v in values.items()), *(str(z.codes) for z in zones))

    parts = [f'<rect width="{width}" height="{height:g}" fill="{palette.PAPER}"/>']
    parts += [
        f'<path d="{_path(shapely.transform(s, to_page))}" fill="none" stroke="{palette.LINE}" stroke-width="1"/>'
        for s in below
    ]
    if dots:
        parts.append(_dots(dots, to_page))
    flat = all(p.geom_type == "Point" for p in placed.values())
    largest = max((v for v in values.values() if v is not None), default=0.0)
    parts.append("<g>")
    for code, name, _ in sorted(shapes, key=lambda s: -(values.get(s[0]) or 0.0)):
        parts.append(
            _area(
                placed[code], code, name, values.get(code), classes, largest, bool(values), key, 8.5 * min(1.0, width / 680)
            )
        )
    parts.append("</g>")
    taken: list[tuple[float, float]] = []
    outlines = [(z, _outline([placed[c] for c in z.codes if c in placed], flat)) for z in zones]
    drawn = [(z, o) for z, o in outlines if o is not None]
    parts += [_zone(z, o, language) for z, o in drawn]
    parts += [_label(z, o, taken, width, height, language) for z, o in drawn]
    parts.append(_scale_bar(metre, height))

    entries: list[tuple[str, str, str]] = []
    if classes is not None and values:
        used = {classes.of(v) for v in values.values() if v is not None}
        shape_of = "circle" if flat else "square"
        entries = [
            (_text(label, language), shape_of, colour)
            for label, colour in zip(classes.labels, classes.colours, strict=True)
            if colour in used
        ]
        if not flat and any(values.get(c) is None for c in placed):
            entries.append((msg("can't tell").render(language), "square", f"url(#{key}-hatch)"))
    if drawn:
        entries.append((msg("numbered as in the list").render(language), "outline", palette.INK))
    heading = _text(classes.heading, language) if classes is not None else ""
    above, band = svg.legend_band(entries, width)
    if heading:
        above = f'{_words(8, 15, heading, colour=palette.MUTED)}<g transform="translate(0,20)">{above}</g>'
        band += 20
    inner = f'{above}<g transform="translate(0,{band:g})">{"".join(parts)}</g>'
    total = height + band
    return svg.document(
        inner, key=key, title=words[0], desc=words[1], viewbox=f"0 0 {width} {total:g}", width=str(width),
        height=f"{total:g}", hatch=f"url(#{key}-hatch)" in inner,
        role="group" if any(z.href for z in zones) else "img",
    )  # fmt: skip


def _projection(
    shapes: Sequence[Any], dots: Sequence[tuple[float, float]], width: int, tallest: float
) -> tuple[Any, float, float]:
    """A function from lon/lat rows to pixels, the height in pixels, and the pixels of a metre."""
    boxes = [s.bounds for s in shapes] or [(x, y, x, y) for x, y in dots] or [(-3.0, 51.5, -2.9, 51.6)]
    west, south = min(b[0] for b in boxes), min(b[1] for b in boxes)
    east, north = max(b[2] for b in boxes), max(b[3] for b in boxes)
    squeeze = math.cos(math.radians((south + north) / 2))
    margin = 24.0
    across, up = max((east - west) * squeeze, 1e-4), max(north - south, 1e-4)
    scale = min((width - 2 * margin) / across, (width * tallest - 2 * margin) / up)
    height = round(up * scale + 2 * margin)
    left = (width - across * scale) / 2

    def to_page(xy: Any) -> Any:
        import numpy as np

        return np.column_stack([left + (xy[:, 0] - west) * squeeze * scale, height - margin - (xy[:, 1] - south) * scale])

    return to_page, float(height), scale / DEGREE


def _area(
    shape: Any,
    code: str,
    name: str,
    value: float | None,
    classes: Classes | None,
    largest: float,
    shaded: bool,
    key: str,
    size: float,
) -> str:
    title = escape(f"{name or code}{'' if value is None else f': {value:,.4g}'}")
    fill = palette.PAPER if not shaded or classes is None else f"url(#{key}-hatch)" if value is None else classes.of(value)
    tag = f"data-code={quoteattr(code)}"
    if shape.geom_type == "Point":
        r = 2.0 if not shaded or value is None else 2.2 + size * math.sqrt(max(0.0, value) / largest if largest else 0.0)
        paint = palette.PAPER if value is None else fill
        return (
            f'<circle {tag} cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{r:.1f}" fill="{paint}" fill-opacity="0.88" '
            f'stroke="{palette.UNKNOWN_INK}" stroke-width="0.6"><title>{title}</title></circle>'
        )
    return (
        f'<path {tag} d="{_path(shape)}" fill="{fill}" fill-rule="evenodd" stroke="{palette.LINE}" stroke-width="0.7" '
        f'stroke-linejoin="round"><title>{title}</title></path>'
    )


def _outline(shapes: Sequence[Any], flat: bool) -> Any | None:
    """The line around a zone: the joined polygons, or a smooth hull around points."""
    import shapely

    if not shapes:
        return None
    if flat:
        return shapely.MultiPoint([(s.x, s.y) for s in shapes]).convex_hull.buffer(11, quad_segs=6)
    solid = [s if s.geom_type != "Point" else s.buffer(4) for s in shapes]
    return shapely.union_all([s.buffer(0.6) for s in solid]).buffer(-0.6).simplify(0.2)


def _zone(zone: Zone, outline: Any, language: str) -> str:
    path = _path(outline)
    label = escape(f"{zone.number}. {_text(zone.label, language)}".rstrip(". "))
    shape = (
        f'<path d="{path}" fill="none" stroke="{palette.PAPER}" stroke-width="5" stroke-opacity="0.85" '
        f'stroke-linejoin="round"/>'
        f'<path data-zone="{zone.number}" d="{path}" fill="{palette.INK}" fill-opacity="0.001" stroke="{palette.INK}" '
        f'stroke-width="2.2" stroke-linejoin="round"><title>{label}</title></path>'
    )
    if zone.href is None:
        return f"<g>{shape}</g>"
    return f"<a href={quoteattr(zone.href)} aria-label={quoteattr(_plain(zone, language))}>{shape}</a>"


def _label(zone: Zone, outline: Any, taken: list[tuple[float, float]], width: float, height: float, language: str) -> str:
    """The number on its zone where there is room, else beside it, tied by a line, where it hides no other number."""
    import shapely

    middle = outline.representative_point()
    west, south, east, north = outline.bounds
    reach = max(east - west, north - south) / 2
    candidates = [(middle.x, middle.y, 0.0)] if outline.contains(middle.buffer(16)) else []
    for away in (min(reach, 60) + 13, min(reach, 60) + 30, min(reach, 60) + 50):
        for step in range(16):
            angle = -math.pi / 4 + step * math.pi / 8
            candidates.append((middle.x + away * math.cos(angle), middle.y + away * math.sin(angle), away / 100))
    inside = [c for c in candidates if 12 < c[0] < width - 12 and 12 < c[1] < height - 12] or candidates
    x, y, away = min(inside, key=lambda c: c[2] + sum(max(0.0, 25 - math.hypot(c[0] - a, c[1] - b)) for a, b in taken))
    taken.append((x, y))
    edge = shapely.shortest_line(shapely.Point(x, y), outline).coords[-1]
    tie = (
        f'<path d="M{x:.1f},{y:.1f}L{edge[0]:.1f},{edge[1]:.1f}" stroke="{palette.INK}" stroke-width="1.2"/>'
        if away
        else ""
    )
    number = str(zone.number)
    return (
        f'<g data-zone="{number}">{tie}<circle cx="{x:.1f}" cy="{y:.1f}" r="11" fill="{palette.INK}" '
        f'stroke="{palette.PAPER}" stroke-width="1.5"/><text x="{x:.1f}" y="{y + 4.6:.1f}" text-anchor="middle" '
        f'font-family={quoteattr(palette.FONT)} font-size="13px" font-weight="bold" fill="{palette.PAPER}">{number}</text>'
        f"<title>{escape(_plain(zone, language))}</title></g>"
    )


def _dots(dots: Sequence[tuple[float, float]], to_page: Any, most: int = 6000) -> str:
    """Dots as one path of zero-length strokes; those that share a pixel are one."""
    import numpy as np

    xy = np.unique(np.round(to_page(np.asarray(dots, dtype=float))).astype(int), axis=0)
    if len(xy) > most:
        xy = xy[:: -(-len(xy) // most)]
    moves = "".join(f"M{x},{y}h0" for x, y in xy.tolist())
    paint = f'stroke="{palette.UNKNOWN_INK}" stroke-opacity="0.55" stroke-width="1.3"'
    return f'<path d="{moves}" {paint} stroke-linecap="round" fill="none"/>'


def _scale_bar(metre: float, height: float) -> str:
    length = next((m for m in (50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100) if m * metre <= 150), 50)
    px = length * metre
    y = height - 10
    words = f"{length // 1000} km" if length >= 1000 else f"{length} m"
    line = f'<path d="M10,{y - 5:g}v5h{px:.1f}v-5" fill="none" stroke="{palette.MUTED}" stroke-width="1.2"/>'
    return line + _words(16 + px, y, words, size=12, colour=palette.MUTED)


def _words(x: float, y: float, words: str, *, size: int = 13, colour: str = palette.INK) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family={quoteattr(palette.FONT)} font-size="{size}px" '
        f'fill="{colour}">{escape(words)}</text>'
    )


def _path(shape: Any) -> str:
    if shape.geom_type == "Polygon":
        rings = [shape.exterior, *shape.interiors]
        return "".join("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y, *_ in list(ring.coords)[:-1]) + "Z" for ring in rings)
    return "".join(_path(part) for part in getattr(shape, "geoms", ()))


def _code(feature: Mapping[str, Any]) -> str:
    return str(feature.get("properties", {}).get("code") or feature.get("id") or "")


def _plain(zone: Zone, language: str) -> str:
    label = _text(zone.label, language)
    return f"{zone.number}. {label}" if label else str(zone.number)


def _round(value: float) -> float:
    """Two significant digits at most."""
    if value <= 0:
        return 0.0
    digits = 1 - math.floor(math.log10(value))
    return round(value, digits)


def _text(text: Text, language: str) -> str:
    return text.render(language) if isinstance(text, Message) else text
