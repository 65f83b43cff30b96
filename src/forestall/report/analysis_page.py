"""An analysis as pictures and as one page: its chart and map as SVG or PNG, and the document that holds them."""

from __future__ import annotations

import re
from typing import Any

from forestall.report import charts, maps, palette
from forestall.report import document as d
from forestall.report.fitting import fitted
from forestall.results import AnalysisResult, Check, Table
from forestall.text import Message, Name, msg, msg_n

#: Rows of a table that a page shows; the CSV has them all.
ROWS = 60
#: Dots of a PNG for each pixel of the drawing.
SHARP = 2.0


def chart_spec(result: AnalysisResult, language: str, width: int) -> dict[str, Any]:
    """The result's chart at a width in pixels, where it is one view; a chart of several views keeps its own."""
    spec = dict(result.chart(language))
    several = any(k in spec for k in ("hconcat", "vconcat", "concat", "facet", "repeat", "spec"))
    if not several:
        spec = fitted(spec, language, width)
    told = dict(spec.get("config", {}))
    spec["config"] = {**told, "legend": {"orient": "top", **told.get("legend", {})}}
    return spec


def chart_svg(result: AnalysisResult, language: str = "en", width: int = charts.WIDE) -> str:
    """The chart as one accessible SVG."""
    return charts.chart_svg(chart_spec(result, language, width), language, result.title, description(result))


def map_svg(result: AnalysisResult, language: str = "en", width: int = charts.WIDE, tallest: float = 1.15) -> str:
    """The map as one accessible SVG. Raises ``ValueError`` where the analysis has none."""
    if result.layer is None:
        raise ValueError("this analysis has no map: ask for its chart")
    layer = result.layer
    return maps.map_svg(
        layer.geojson, layer.values, classes(result), title=result.title, desc=description(result), language=language,
        width=width, tallest=tallest,
    )  # fmt: skip


def png(svg: str, scale: float = SHARP) -> bytes:
    """A drawing as PNG."""
    import vl_convert

    drawn: bytes = vl_convert.svg_to_png(svg, scale=scale)
    return drawn


def classes(result: AnalysisResult) -> maps.Classes | None:
    """The bands of the map: chosen from its values, or low, neither and high."""
    layer = result.layer
    if layer is None:
        return None
    if layer.scale == "sides":
        colours = (palette.CHANGE[0], "#f3f6f7", palette.CHANGE[-1])
        return maps.Classes((-0.5, 0.5), colours, layer.labels, layer.heading)
    if layer.scale == "bands":
        breaks = tuple(i - 0.5 for i in range(1, len(layer.labels)))
        return maps.Classes(breaks, tuple(palette.AMOUNT[: len(layer.labels)]), layer.labels, layer.heading)
    return maps.amount([v for v in layer.values.values() if v is not None], layer.heading)


def description(result: AnalysisResult) -> Message:
    return msg("{n:count} records. The table has every figure.", n=result.records)


def explained(result: AnalysisResult) -> tuple[Message, ...]:
    """The paragraphs, one for each method, in the reader's language when they are rendered."""
    said = tuple(msg("{name}", name=Name(f.explain("en"), f.explain("cy"))) for f in result.figures)
    return (*said, *result.notes)


def headline(said: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The first sentence of what is said, and the rest of it in its paragraphs."""
    if not said:
        return "", ()
    first, *more = said
    parts = re.split(r"(?<=[.!?])\s+(?=[A-ZÀ-ÞŴŶ\d“])", first, maxsplit=1)
    return parts[0], tuple(p for p in (*parts[1:], *more) if p)


def beware(checks: tuple[Check, ...]) -> tuple[Message, ...]:
    """What the checks that did not pass say, each once."""
    out: dict[str, Message] = {}
    for check in checks:
        if not check.passed:
            out.setdefault(check.text.render("en"), check.text)
    return tuple(out.values())


def first_rows(table: Table, rows: int = ROWS) -> Table:
    return Table(table.columns, table.rows[:rows], table.caption)


def document(result: AnalysisResult, command: str | None = None, synthetic: bool = False) -> d.Document:
    """The page: the answer, its picture, its map, its table, what to beware of, and where it comes from."""
    title = result.title
    table = result.table()
    blocks: list[d.Block] = []
    if "chart" in result.pictures:
        drawn = d.Chart(lambda language, width: chart_spec(result, language, width), title, description(result))
        blocks.append(d.Figure(title, drawn))
    if result.layer is not None and "map" in result.pictures:
        layer = result.layer
        picture = d.Map(layer.geojson, title, description(result), layer.values, classes(result))
        blocks.append(d.Figure(layer.heading, picture))
    sections = [d.Section("answer", title, tuple(blocks), msg("Picture"))]
    shown = msg_n(
        "{n:count} row", "{n:count} rows", n=len(table.rows)
    )  # fmt: skip
    sections.append(d.Section("table", shown, (d.TableBlock(table, result.method),), msg("Table")))
    warned = beware(result.all_checks)
    if warned:
        sections.append(d.Section("beware", msg("What to beware of"), (d.Bullets(warned),), msg("Beware")))
    source = d.Source(result.provenance, (), command)
    sections.append(d.Section("source", msg("Where these figures come from"), (source,), msg("Source")))
    return d.Document(
        title=title,
        about=(msg("{n:count} records", n=result.records), msg("snapshot {id}", id=result.provenance.snapshot)),
        sections=tuple(sections),
        lead=explained(result),
        banner=msg("Made-up records: no person, place or event is real.") if synthetic else None,
    )
