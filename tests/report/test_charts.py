"""Charts are accessible SVG that a strict policy lets through, and say what they were given."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import altair as alt
import pytest

from forestall.report import charts, palette, svg
from forestall.results import Series
from forestall.text import msg

SVG = "{http://www.w3.org/2000/svg}"


def series(masked: bool = True) -> Series:
    months = tuple(f"{y}-{m:02d}" for y in (2020, 2021) for m in range(1, 13))
    observed = [10 + i % 4 for i in range(24)]
    observed[3] = 400
    observed[-2:] = [25, 27]
    expected = tuple(None if i < 12 else 11.5 for i in range(24))
    return Series(months, tuple(observed), expected, tuple(masked and i == 3 for i in range(24)))


def specs(width: int) -> dict[str, charts.Spec]:
    months = [f"2022-{m:02d}" for m in range(1, 13)]
    return {
        "series": charts.series_chart(series(), since="2021-11", until="2021-12", width=width),
        "bare series": charts.series_chart(Series(("2022-01",), (3,), (None,)), width=width),
        "concentration": charts.concentration_chart([0, 0.5, 0.8, 1.0], [0, 0.4, 0.7, 1.0], mark=(1 / 3, 0.5), width=width),
        "compared": charts.compared_chart(
            months, [0.1, None, *[0.4] * 10], [0.2] * 12, (msg("the scan"), msg("last year")), msg("share"), width=width
        ),
    }


@pytest.mark.parametrize("width", [charts.WIDE, charts.NARROW])
@pytest.mark.parametrize("name", ["series", "bare series", "concentration", "compared"])
def test_each_chart_is_valid_vega_lite_and_accessible_svg(name: str, width: int) -> None:
    spec = specs(width)[name]
    alt.Chart.from_dict({k: v for k, v in spec.items() if k != "usermeta"})
    text = charts.chart_svg(spec, "en", msg("A <title> & more"), msg("What it shows"))
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    ids = {e.get("id"): e for e in root.iter() if e.get("id")}
    title, desc = (root.get("aria-labelledby") or "").split()
    assert ids[title].text == "A <title> & more"
    assert ids[desc].text == "What it shows"
    assert float(root.get("width") or 0) <= width + 14
    for element in root.iter():
        for attribute, value in element.attrib.items():
            assert attribute not in ("style", "class")
            assert not attribute.startswith("on")
            assert "href" not in attribute
            assert not re.search(r"https?:", value), f"{attribute}={value} refers outside"
            for reference in re.findall(r"url\(#([^)]*)\)", value):
                assert reference in ids


def test_series_chart_draws_every_month_and_cuts_off_months_set_aside() -> None:
    text = charts.chart_svg(charts.series_chart(series(), since="2021-11", until="2021-12"), "en", "t")
    root = ET.fromstring(text)
    fills = [e.get("fill") or "" for e in root.iter(f"{SVG}path")]
    assert fills.count(palette.ACCENT) == 2
    assert fills.count(palette.WINDOW) == 2
    assert fills.count(palette.QUIET) == 21
    assert sum(f.startswith("url(#") for f in fills) == 1
    words = [e.text for e in root.iter(f"{SVG}text")]
    assert "400" in words, "a bar that is cut off carries its number"
    assert "expected from its own past" in words
    assert fills.count(palette.INK) + sum(e.get("fill") == palette.INK for e in root.iter(f"{SVG}rect")) >= 12


def test_a_chart_speaks_welsh_month_names() -> None:
    text = charts.chart_svg(charts.series_chart(series(), "cy"), "cy", "t")
    assert "Ion" in text
    assert ">Jan<" not in text


@pytest.mark.parametrize("style", sorted(charts.STYLES))
def test_a_style_strokes_lines_and_fills_bars(style: str) -> None:
    def drawn(mark: str) -> str:
        at = {name: {"field": name, "type": "quantitative", "axis": None} for name in ("x", "y")}
        rows = [{"x": 0, "y": 1}, {"x": 1, "y": 3}, {"x": 2, "y": 2}]
        spec = {"$schema": charts.SCHEMA, "data": {"values": rows}, "mark": {"type": mark, "style": style}, "encoding": at}
        return re.findall(r"<path [^>]*>", charts.chart_svg(spec, "en", "t"))[-1]

    colour = charts.STYLES[style]["color"]
    assert f'stroke="{colour}"' in drawn("line")
    assert " fill=" not in drawn("line")
    assert f' fill="{colour}"' in drawn("bar")


def test_a_chart_never_fetches() -> None:
    with pytest.raises(ValueError, match="carries its data"):
        charts.chart_svg({"data": {"url": "https://example.org/x.csv"}, "mark": "bar"}, "en", "t")


def test_hostile_svg_is_stripped() -> None:
    dirty = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="10" '
        'onload="x()"><script>x()</script><a xlink:href="javascript:x()"><path/></a><image href="http://x/y.png"/>'
        '<path d="M0,0" style="fill:red" onclick="x()" fill="red"/></svg>'
    )
    clean = svg.accessible(dirty, "t", "d")
    for bad in ("script", "href", "onclick", "onload", "style", "image"):
        assert bad not in clean
    assert 'fill="red"' in clean


def test_sparkline_is_named_by_its_counts_and_marks_its_window() -> None:
    text = charts.sparkline(series(), since="2021-11", until="2021-12")
    root = ET.fromstring(text)
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == ("January 2020 to December 2021: " + ", ".join(str(n) for n in series().observed) + " a month")
    fills = [e.get("fill") for e in root.iter(f"{SVG}rect")]
    assert len(fills) == 24
    assert fills.count(palette.ACCENT) == 2
    assert fills.count("none") == 1


def test_an_empty_series_has_a_sparkline() -> None:
    assert "no months" in charts.sparkline(Series((), (), ()))
